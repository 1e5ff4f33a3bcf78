# shellcheck shell=bash
# Servers that photos are delivered to, each on a port of its own on loopback. Source it, with `here`
# set, and call start_servers.
#
# They serve $work/served; $work/servers is the list of them (KIND ADDRESS [USER]), and beside it lie
# the password and the keys. All of it ends with the script.
work=$(mktemp -d "${TMPDIR:-/tmp}/filmwire-stores.XXXXXX")
pids=()
clean() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    # Processes that Samba started end a little later, and write meanwhile.
    rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
}
trap clean EXIT
# Servers that run as another user work in folders the tests make.
umask 000
chmod 755 "$work"
mkdir "$work/served" "$work/log"

user=filmwire
password='a b:c"ä'

fail() {
    echo "$*" >&2
    tail -n 30 "$work/log"/* >&2
    exit 1
}

# A port nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# Starts a server under the name $1, and waits until port $2 answers.
serve() {
    local name=$1 port=$2
    shift 2
    "$@" </dev/null >"$work/log/$name" 2>&1 &
    pids+=($!)
    for _ in {1..100}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
        kill -0 "${pids[-1]}" 2>/dev/null || fail "$name ended"
        sleep 0.1
    done
    fail "$name does not answer on port $port"
}

# What the tests are told of a server: its kind, address, and a folder of its own.
tell() {
    printf '%s\n' "$*" >>"$work/servers"
}

serve_webdav() {
    local port
    : >"$work/rclone.conf"
    port=$(free_port)
    serve rclone-webdav "$port" rclone --config "$work/rclone.conf" serve webdav "$work/served" \
        --addr "127.0.0.1:$port" --user "$user" --pass "$password" --dir-cache-time 0 --poll-interval 0
    tell webdav "http://127.0.0.1:$port/"
    port=$(free_port)
    apache "$port"
    serve apache "$port" apache2 -d "$work/apache" -f apache.conf -DFOREGROUND
    tell webdav "https://localhost:$port/dav"
}

# A certificate of our own for localhost.
certificate() {
    [[ ! -e $work/ca.pem ]] || return 0
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
        -keyout "$work/key.pem" -out "$work/ca.pem" 2>/dev/null
}

# The strict one, with TLS by a certificate of its own.
apache() {
    local port=$1 modules=/usr/lib/apache2/modules folder=$work/apache as=''
    mkdir "$folder"
    certificate
    printf '%s:%s\n' "$user" "$(openssl passwd -apr1 "$password")" >"$folder/users"
    [[ $(id -u) -ne 0 ]] || as=$'User www-data\nGroup www-data'
    cat >"$folder/apache.conf" <<EOF
ServerName localhost
Listen 127.0.0.1:$port
PidFile $folder/pid
ErrorLog $work/log/apache-errors
$as
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authn_core_module $modules/mod_authn_core.so
LoadModule authn_file_module $modules/mod_authn_file.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule authz_user_module $modules/mod_authz_user.so
LoadModule auth_basic_module $modules/mod_auth_basic.so
LoadModule alias_module $modules/mod_alias.so
LoadModule dir_module $modules/mod_dir.so
LoadModule dav_module $modules/mod_dav.so
LoadModule dav_fs_module $modules/mod_dav_fs.so
LoadModule ssl_module $modules/mod_ssl.so
Mutex file:$folder
DavLockDB $folder/locks
SSLEngine on
SSLCertificateFile $work/ca.pem
SSLCertificateKeyFile $work/key.pem
Alias /dav $work/served
<Directory $work/served>
    Dav On
    LimitRequestBody 0
    # Else a folder with a site in it cannot be listed: it is taken for its index.html.
    DirectoryIndex disabled
    AuthType Basic
    AuthName filmwire
    AuthUserFile $folder/users
    Require valid-user
</Directory>
EOF
}

serve_sftp() {
    local port folder=$work/sshd
    mkdir -m 700 "$folder"
    for key in host login; do
        ssh-keygen -q -t ed25519 -N '' -C filmwire -f "$folder/$key"
    done
    # A second key, of the kind that is usually preferred, to be sure that ours is asked for.
    ssh-keygen -q -t ecdsa -N '' -f "$folder/other"
    port=$(free_port)
    cat >"$folder/config" <<EOF
Port $port
ListenAddress 127.0.0.1
PidFile $folder/pid
HostKey $folder/other
HostKey $folder/host
AuthorizedKeysFile $folder/login.pub
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp -u 000
EOF
    if [[ $(id -u) -eq 0 && ! -d /run/sshd ]]; then mkdir -m 755 /run/sshd; fi
    serve sshd "$port" /usr/sbin/sshd -D -e -f "$folder/config"
    printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$folder/host.pub")" >"$work/known_hosts"
    cp "$folder/login" "$work/ssh-key"
    chmod 600 "$work/ssh-key"
    ssh-keygen -q -t ed25519 -N '' -C filmwire -f "$work/wrong-key"
    printf '[127.0.0.1]:%s %s\n[127.0.0.1]:1 %s\n' "$port" "$(cat "$work/wrong-key.pub")" \
        "$(cat "$folder/host.pub")" >"$work/wrong-hosts"
    tell sftp-key "127.0.0.1:$port $(id -un)"
    port=$(free_port)
    : >"$work/rclone.conf"
    serve rclone-sftp "$port" rclone --config "$work/rclone.conf" serve sftp "$work/served" \
        --addr "127.0.0.1:$port" --user "$user" --pass "$password" --key "$folder/host" \
        --dir-cache-time 0 --poll-interval 0
    cut -d ' ' -f 1-2 "$folder/host.pub" >"$work/host-key"
    tell sftp-password "127.0.0.1:$port $user"
}

# A share as a NAS has it: users of its own, sessions signed.
serve_smb() {
    local port folder=$work/samba name
    name=$(id -un)
    mkdir -p "$folder"/{private,state}
    port=$(free_port)
    cat >"$folder/smb.conf" <<EOF
[global]
server role = standalone server
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = $port
private dir = $folder/private
passdb backend = tdbsam:$folder/private/passdb.tdb
pid directory = $folder/state
lock directory = $folder/state
state directory = $folder/state
cache directory = $folder/state
ncalrpc dir = $folder/state/ncalrpc
load printers = no
disable spoolss = yes
[served]
path = $work/served
read only = no
create mask = 0666
directory mask = 0777
EOF
    printf '%s\n%s\n' "$password" "$password" | smbpasswd -c "$folder/smb.conf" -a -s "$name" >"$work/log/smbpasswd" 2>&1
    # In a process group of its own, since it ends all of its group when it ends.
    serve samba "$port" smbd --configfile="$folder/smb.conf" --foreground --debug-stdout
    tell smb "127.0.0.1:$port $name"
}

# The one that knows no MLST and hides names with a dot, by TLS; and one that has it, in the clear.
serve_ftp() {
    local port folder=$work/vsftpd
    mkdir -p "$folder"/{pam.d,empty}
    certificate
    # It asks PAM alone for passwords; ours is found in a folder that only it sees.
    printf '%s:%s\n' "$user" "$(openssl passwd -6 "$password")" >"$folder/users"
    cat >"$folder/pam.d/vsftpd" <<EOF
auth required pam_pwdfile.so pwdfile=$folder/users
account required pam_permit.so
session required pam_permit.so
EOF
    port=$(free_port)
    cat >"$folder/vsftpd.conf" <<EOF
listen=YES
background=NO
listen_address=127.0.0.1
listen_port=$port
pam_service_name=vsftpd
anonymous_enable=NO
local_enable=YES
guest_enable=YES
guest_username=$(id -un)
virtual_use_local_privs=YES
local_root=$work/served
allow_writeable_chroot=YES
secure_chroot_dir=$folder/empty
write_enable=YES
local_umask=000
file_open_mode=0666
seccomp_sandbox=NO
ssl_enable=YES
ssl_tlsv1=YES
rsa_cert_file=$work/ca.pem
rsa_private_key_file=$work/key.pem
EOF
    # It insists on that nobody else writes to these.
    chmod 644 "$folder/vsftpd.conf"
    chmod 755 "$folder/empty"
    serve vsftpd "$port" unshare --mount sh -c \
        "mount --bind '$folder/pam.d' /etc/pam.d && exec /usr/sbin/vsftpd '$folder/vsftpd.conf'"
    tell ftps "localhost:$port"
    port=$(free_port)
    serve pyftpdlib "$port" /usr/bin/python3 -c '
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
port, user, password, served = sys.argv[1:]
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(user, password, served, perm="elradfmwMT")
FTPServer(("127.0.0.1", int(port)), FTPHandler).serve_forever()
' "$port" "$user" "$password" "$work/served"
    tell ftp "127.0.0.1:$port"
}

# A server whose buckets are folders on our disk, and which knows If-None-Match.
serve_s3() {
    local port version=0.14.1 tools=${CARGO_TARGET_DIR:-$here/target}/ci-tools as=(--debug)
    # One that is timed must not be slower than it can be.
    if [[ ${S3S_IS_TIMED:-} ]]; then tools+=-release as=(); fi
    if ! "$tools/bin/s3s-fs" --version 2>/dev/null | grep -qF " $version"; then
        CARGO_PROFILE_DEV_DEBUG=0 cargo install -q --locked "${as[@]}" --root "$tools" \
            "s3s-fs@$version" --features binary
    fi
    port=$(free_port)
    serve s3s-fs "$port" "$tools/bin/s3s-fs" --host 127.0.0.1 --port "$port" --access-key "$user" \
        --secret-key "$password" "$work"
    tell s3 "http://127.0.0.1:$port/"
}

# The program with a remote that is our disk.
serve_rclone() {
    printf '[disk]\ntype = alias\nremote = %s\n' "$work/served" >"$work/remotes.conf"
    tell rclone disk:
}

# Starts those of the kinds.
start_servers() {
    local kind
    printf '%s' "$password" >"$work/password"
    for kind in "$@"; do
        "serve_$kind"
    done
    cat "$work/servers"
}
