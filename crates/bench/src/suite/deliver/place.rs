//! Where a file is delivered to, in the station's words and in rclone's.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// The folder below what servers serve, and the bucket that shows it; each place has one in it.
const PARENT: &str = "bench";

/// A place that both can deliver to.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    pub(super) name: String,
    /// What stands in the station's configuration below the target's name.
    pub(super) target: String,
    /// A section of rclone's configuration; none for what it does not reach.
    pub(super) remote: Option<String>,
    /// What rclone calls the folder.
    pub(super) at: String,
    /// More words for rclone.
    pub(super) words: Vec<String>,
    /// The folder on our disk.
    pub(super) folder: PathBuf,
}

/// What a server is reached with.
struct Keys<'a> {
    /// The folder all of it lies in.
    folder: &'a Path,
    /// Name of the place's folder.
    own: String,
    password: String,
    /// As rclone keeps it.
    obscured: String,
}

impl Place {
    /// A folder of our disk.
    pub(super) fn local(folder: &Path) -> Self {
        let path = folder.display();
        Self {
            name: "folder".into(),
            target: format!("kind = \"folder\"\npath = \"{path}\"\n"),
            remote: Some("type = local\n".into()),
            at: path.to_string(),
            words: Vec::new(),
            folder: folder.to_owned(),
        }
    }
}

/// The places at the servers that are listed in a folder: a line `KIND ADDRESS [USER]` each.
pub(super) fn listed(folder: &Path) -> anyhow::Result<Vec<Place>> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let password = read("password")?;
    let obscured = Command::new("rclone").args(["obscure", &password]).output();
    let obscured =
        obscured.context("cannot run rclone, which deliveries to servers stand beside")?;
    ensure!(obscured.status.success(), "rclone cannot obscure a password");
    let obscured = String::from_utf8(obscured.stdout)?.trim().to_owned();
    let mut keys = Keys { folder, own: String::new(), password, obscured };
    let mut places = Vec::new();
    for line in read("servers")?.lines().filter(|line| !line.starts_with("rclone ")) {
        keys.own = format!("at-{}", places.len());
        places.push(place(line, &keys)?);
    }
    Ok(places)
}

fn place(line: &str, keys: &Keys<'_>) -> anyhow::Result<Place> {
    let mut words = line.split(' ');
    let (kind, address) = words.next().zip(words.next()).context("a line without an address")?;
    let user = words.next().unwrap_or("filmwire");
    let at = keys.at();
    let folder = keys.folder.join("served").join(&at);
    let (target, remote) = match kind {
        "webdav" => webdav(address, user, keys),
        "sftp-key" | "sftp-password" => sftp(kind, address, user, keys)?,
        "smb" => smb(address, user, keys)?,
        "ftp" | "ftps" => ftp(kind, address, user, keys)?,
        "s3" => s3(address, user, keys),
        other => bail!("nothing is known of {other}"),
    };
    // rclone 1.60 and vsftpd 3.0 agree on no way of TLS.
    let remote = (kind != "ftps").then_some(remote);
    let at = match kind {
        "sftp-key" => folder.display().to_string(),
        "smb" => format!("served/{at}"),
        _ => at,
    };
    let words = match kind {
        "s3" => ["--s3-no-check-bucket", "--s3-disable-checksum"].map(str::to_owned).to_vec(),
        "webdav" if address.starts_with("https") => {
            vec!["--ca-cert".to_owned(), keys.path("ca.pem")]
        }
        _ => Vec::new(),
    };
    let name = match kind {
        "webdav" if address.starts_with("https") => "webdav, https".to_owned(),
        _ => kind.replace('-', ", "),
    };
    Ok(Place { name, target, remote, at, words, folder })
}

type Both = (String, String);

fn webdav(address: &str, user: &str, keys: &Keys<'_>) -> Both {
    let address = address.trim_end_matches('/');
    let mut target = format!(
        "kind = \"webdav\"\nurl = \"{address}/{}\"\nuser = \"{user}\"\npassword = {}\n",
        keys.at(),
        keys.file("password")
    );
    if address.starts_with("https") {
        let _ = writeln!(target, "ca = \"{}\"", keys.path("ca.pem"));
    }
    let remote = format!("type = webdav\nvendor = other\nurl = {address}\n");
    (target, remote + &keys.login(user))
}

fn sftp(kind: &str, address: &str, user: &str, keys: &Keys<'_>) -> anyhow::Result<Both> {
    let ((host, port), at) = (split(address)?, keys.at());
    let begin = format!("kind = \"sftp\"\nhost = \"{host}\"\nport = {port}\nuser = \"{user}\"\n");
    let remote = format!("type = sftp\nhost = {host}\nport = {port}\n");
    Ok(match kind {
        "sftp-key" => {
            let (key, known, path) =
                (keys.path("ssh-key"), keys.path("known_hosts"), keys.path("served"));
            (
                format!(
                    "{begin}path = \"{path}/{at}\"\nkey = \"{key}\"\nknown_hosts = \"{known}\"\n"
                ),
                format!("{remote}user = {user}\nkey_file = {key}\n"),
            )
        }
        _ => {
            let key = std::fs::read_to_string(keys.folder.join("host-key"))?;
            let (password, key) = (keys.file("password"), key.trim().to_owned());
            (
                format!("{begin}path = \"{at}\"\npassword = {password}\nhost_key = \"{key}\"\n"),
                remote + &keys.login(user),
            )
        }
    })
}

fn smb(address: &str, user: &str, keys: &Keys<'_>) -> anyhow::Result<Both> {
    let (host, port) = split(address)?;
    let target = format!(
        "kind = \"smb\"\nhost = \"{host}\"\nport = {port}\nshare = \"served\"\npath = \"{}\"\nuser = \"{user}\"\npassword = {}\n",
        keys.at(),
        keys.file("password")
    );
    Ok((target, format!("type = smb\nhost = {host}\nport = {port}\n") + &keys.login(user)))
}

fn ftp(kind: &str, address: &str, user: &str, keys: &Keys<'_>) -> anyhow::Result<Both> {
    let (host, port) = split(address)?;
    let safety = match kind {
        "ftps" => format!("ca = \"{}\"", keys.path("ca.pem")),
        _ => "tls = false".to_owned(),
    };
    let target = format!(
        "kind = \"ftp\"\nhost = \"{host}\"\nport = {port}\npath = \"{}\"\nuser = \"{user}\"\npassword = {}\n{safety}\n",
        keys.at(),
        keys.file("password")
    );
    let remote = format!("type = ftp\nhost = {host}\nport = {port}\n") + &keys.login(user);
    Ok((target, remote))
}

fn s3(address: &str, user: &str, keys: &Keys<'_>) -> Both {
    let endpoint = address.trim_end_matches('/');
    let target = format!(
        "kind = \"s3\"\nendpoint = \"{endpoint}\"\nbucket = \"{PARENT}\"\npath = \"{}\"\naccess_key = \"{user}\"\nsecret_key = {}\n",
        keys.own,
        keys.file("password")
    );
    let remote = format!(
        "type = s3\nprovider = Other\nendpoint = {endpoint}\naccess_key_id = {user}\nsecret_access_key = {}\n",
        keys.password
    );
    (target, remote)
}

impl Keys<'_> {
    /// The folder below what is served.
    fn at(&self) -> String {
        format!("{PARENT}/{}", self.own)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// A secret in the station's words.
    fn file(&self, name: &str) -> String {
        format!("{{ file = \"{}\" }}", self.path(name))
    }

    fn login(&self, user: &str) -> String {
        format!("user = {user}\npass = {}\n", self.obscured)
    }
}

fn split(address: &str) -> anyhow::Result<(&str, &str)> {
    let (host, port) = address.rsplit_once(':').context("no port")?;
    ensure!(!host.is_empty(), "no host in {address}");
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys<'static> {
        Keys {
            folder: Path::new("/servers"),
            own: "at-3".into(),
            password: "secret".into(),
            obscured: "hidden".into(),
        }
    }

    #[test]
    fn both_are_told_of_one_folder() {
        let place = place("smb 127.0.0.1:4450 anna", &keys()).unwrap();
        assert_eq!(place.folder, Path::new("/servers/served/bench/at-3"));
        assert_eq!(place.at, "served/bench/at-3");
        let target = [
            "kind = \"smb\"",
            "host = \"127.0.0.1\"",
            "port = 4450",
            "share = \"served\"",
            "path = \"bench/at-3\"",
            "user = \"anna\"",
            "password = { file = \"/servers/password\" }",
        ];
        assert_eq!(place.target.lines().collect::<Vec<_>>(), target);
        let remote =
            ["type = smb", "host = 127.0.0.1", "port = 4450", "user = anna", "pass = hidden"];
        assert_eq!(place.remote.unwrap().lines().collect::<Vec<_>>(), remote);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert!(place("gopher 127.0.0.1:70", &keys()).is_err());
        assert!(place("smb", &keys()).is_err());
        assert!(place("smb 4450", &keys()).is_err());
        assert_eq!(place("ftps localhost:21", &keys()).unwrap().remote, None);
    }
}
