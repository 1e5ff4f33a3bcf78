//! Real servers, which `.ci/stores` starts and lists.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filmwire_deliver::Secret;
use filmwire_deliver::store::Store;

/// A server from the list.
#[cfg_attr(not(all(feature = "webdav", feature = "sftp")), allow(dead_code))]
#[derive(Clone, Debug)]
pub(crate) struct Server {
    kind: String,
    pub(crate) address: String,
    user: String,
    /// Where keys and certificates lie.
    folder: PathBuf,
    wrong: Wrong,
    /// Whether we reach it by way of another socket than its own.
    is_wired: bool,
}

/// What of a server's settings is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    Login,
    Identity,
}

#[cfg_attr(not(all(feature = "webdav", feature = "sftp")), allow(dead_code))]
impl Server {
    /// Lines of `servers` in the folder that `FILMWIRE_SERVERS` names: KIND ADDRESS [USER].
    pub(crate) fn all() -> Vec<Self> {
        let Some(folder) = std::env::var_os("FILMWIRE_SERVERS").map(PathBuf::from) else {
            return Vec::new();
        };
        let list = fs::read_to_string(folder.join("servers")).unwrap();
        let read = |line: &str| {
            let mut parts = line.split(' ').map(str::to_owned);
            let (kind, address) = (parts.next().unwrap(), parts.next().unwrap());
            let user = parts.next().unwrap_or_else(|| "filmwire".to_owned());
            Self {
                kind,
                address,
                user,
                folder: folder.clone(),
                wrong: Wrong::Nothing,
                is_wired: false,
            }
        };
        list.lines().map(read).collect()
    }

    /// A folder on it that is `root` on our disk.
    pub(crate) fn store(&self, root: &Path) -> Arc<dyn Store> {
        let password = match self.wrong {
            Wrong::Login => Secret::new("hunter2"),
            _ => Secret::new(self.read("password")),
        };
        match self.kind.as_str() {
            #[cfg(feature = "webdav")]
            "webdav" => self.webdav(root, password),
            #[cfg(feature = "sftp")]
            "sftp-key" | "sftp-password" => self.sftp(root, password),
            #[cfg(feature = "ftp")]
            "ftp" | "ftps" => self.ftp(root, password),
            #[cfg(feature = "s3")]
            "s3" => self.s3(root, password),
            #[cfg(feature = "smb")]
            "smb" => self.smb(root, password),
            "rclone" => self.rclone(root),
            other => panic!("no store for {other}; is its feature off? {password:?}"),
        }
    }

    /// Whether a connection to its port can be cut.
    pub(crate) fn can_be_cut(&self) -> bool {
        !self.is_rclone()
    }

    /// After how many bytes the first cut is of use: FTP has few, for files go over connections of
    /// their own.
    pub(crate) fn first_cut(&self) -> usize {
        if self.is_ftp() { 150 } else { 1_000 }
    }

    fn is_ftp(&self) -> bool {
        self.kind.starts_with("ftp")
    }

    /// Whether it looks for a name and gives it in two steps. Of 150 pairs of renames to one name
    /// that were sent at once both succeeded: Apache 109, rclone's SFTP 143, vsftpd 128, pyftpdlib
    /// 149; s3s-fs lost a photo in one of 5 runs of two deliverers. What rclone itself does is its
    /// remote's affair.
    pub(crate) fn names_in_two_steps(&self) -> bool {
        let is_apache = self.kind == "webdav" && self.address.starts_with("https");
        let is_rclones_sftp = self.kind == "sftp-password";
        self.is_ftp() || self.is_s3() || self.is_rclone() || is_apache || is_rclones_sftp
    }

    /// Whether folders are there once something is in them, and never else.
    pub(crate) fn makes_parents(&self) -> bool {
        self.is_rclone() || self.is_s3()
    }

    pub(crate) fn is_s3(&self) -> bool {
        self.kind == "s3"
    }

    /// Passwords and connections are rclone's own then.
    pub(crate) fn is_rclone(&self) -> bool {
        self.kind == "rclone"
    }

    /// Host and port.
    pub(crate) fn socket(&self) -> String {
        let bare = self.address.split("://").last().unwrap();
        bare.split('/').next().unwrap().replace("localhost", "127.0.0.1")
    }

    /// The same server by way of another socket.
    pub(crate) fn through(&self, socket: &str) -> Self {
        let bare = self.address.split("://").last().unwrap().split('/').next().unwrap();
        // A certificate is of the name.
        let port = socket.rsplit_once(':').unwrap().1;
        let host = bare.rsplit_once(':').unwrap().0;
        let address = self.address.replace(bare, &format!("{host}:{port}"));
        Self { address, is_wired: true, ..self.clone() }
    }

    /// With a password or key that the server does not take.
    pub(crate) fn with_wrong_login(&self) -> Self {
        Self { wrong: Wrong::Login, ..self.clone() }
    }

    /// With a key or authority by which the server is another; none where there is nothing to know
    /// it by.
    pub(crate) fn taken_for_another(&self) -> Option<Self> {
        let has = self.kind.starts_with("sftp")
            || self.kind == "ftps"
            || self.address.starts_with("https");
        has.then(|| Self { wrong: Wrong::Identity, ..self.clone() })
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn login_key(&self) -> &'static str {
        if self.wrong == Wrong::Login { "wrong-key" } else { "ssh-key" }
    }

    fn known_hosts(&self) -> &'static str {
        if self.wrong == Wrong::Identity { "wrong-hosts" } else { "known_hosts" }
    }

    fn host_key(&self) -> &'static str {
        if self.wrong == Wrong::Identity { "wrong-key.pub" } else { "host-key" }
    }

    /// The path below what is served.
    fn below(&self, root: &Path) -> String {
        root.strip_prefix(std::env::temp_dir()).unwrap().to_str().unwrap().to_owned()
    }

    fn rclone(&self, root: &Path) -> Arc<dyn Store> {
        use filmwire_deliver::{Rclone, RcloneOptions};
        let remote = format!("{}{}", self.address, self.below(root));
        let config = Some(self.folder.join("remotes.conf"));
        Arc::new(Rclone::new(RcloneOptions { remote, program: "rclone".into(), config }).unwrap())
    }

    #[cfg(feature = "webdav")]
    fn webdav(&self, root: &Path, password: Secret) -> Arc<dyn Store> {
        use filmwire_deliver::{WebDav, WebDavOptions};
        let url = format!("{}/{}", self.address.trim_end_matches('/'), self.below(root));
        let knows = url.starts_with("https") && self.wrong != Wrong::Identity;
        let ca = knows.then(|| self.folder.join("ca.pem"));
        let user = Some((self.user.clone(), password));
        Arc::new(WebDav::new(&WebDavOptions { url, user, ca, chunk_bytes: None }).unwrap())
    }

    #[cfg(feature = "ftp")]
    fn ftp(&self, root: &Path, password: Secret) -> Arc<dyn Store> {
        use filmwire_deliver::{Ftp, FtpOptions, FtpSafety};
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let knows = self.wrong != Wrong::Identity;
        let safety = match self.kind.as_str() {
            "ftps" => FtpSafety::Tls { ca: knows.then(|| self.folder.join("ca.pem")) },
            _ => FtpSafety::None,
        };
        let options = FtpOptions {
            host: host.to_owned(),
            port: port.parse().unwrap(),
            user: Some((self.user.clone(), password)),
            safety,
            path: self.below(root),
        };
        Arc::new(Ftp::new(options).unwrap())
    }

    /// The folder of each test is a bucket of its own: s3s-fs walks through all of a bucket to list
    /// some of it, and fails if another test removes its folder meanwhile.
    #[cfg(feature = "s3")]
    fn s3(&self, root: &Path, secret_key: Secret) -> Arc<dyn Store> {
        use filmwire_deliver::{S3, S3Options};
        let below = self.below(root);
        let (test, path) = below.split_once('/').unwrap();
        let hex: String = test.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bucket = format!("test-{hex}");
        let link = self.folder.join(&bucket);
        if !link.exists() {
            std::os::unix::fs::symlink(self.folder.join("served").join(test), link).unwrap();
        }
        let options = S3Options {
            endpoint: Some(self.address.clone()),
            region: "us-east-1".to_owned(),
            bucket,
            path: path.to_owned(),
            access_key: self.user.clone(),
            secret_key,
            ca: None,
        };
        Arc::new(S3::new(&options).unwrap())
    }

    #[cfg(feature = "smb")]
    fn smb(&self, root: &Path, password: Secret) -> Arc<dyn Store> {
        use filmwire_deliver::{Smb, SmbOptions};
        let (host, port) = self.address.rsplit_once(':').unwrap();
        Arc::new(Smb::new(SmbOptions {
            host: host.to_owned(),
            port: port.parse().unwrap(),
            share: "served".to_owned(),
            path: self.below(root),
            user: self.user.clone(),
            password,
            domain: String::new(),
        }))
    }

    #[cfg(feature = "sftp")]
    fn sftp(&self, root: &Path, password: Secret) -> Arc<dyn Store> {
        use filmwire_deliver::{HostKey, Sftp, SftpOptions, SshLogin};
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let (login, host_key, path) = match self.kind.as_str() {
            "sftp-key" => (
                SshLogin::Key(self.folder.join(self.login_key()), None),
                match self.is_wired {
                    // Such a file knows keys by the port.
                    true => HostKey::Is(self.read(self.host_key())),
                    false => HostKey::In(self.folder.join(self.known_hosts())),
                },
                root.to_str().unwrap().to_owned(),
            ),
            _ => (
                SshLogin::Password(password),
                HostKey::Is(self.read(self.host_key())),
                self.below(root),
            ),
        };
        Arc::new(Sftp::new(SftpOptions {
            host: host.to_owned(),
            port: port.parse().unwrap(),
            user: self.user.clone(),
            login,
            host_key,
            path,
        }))
    }
}
