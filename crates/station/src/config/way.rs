//! The kinds of targets: what each needs, and what is made of it.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use filmwire_deliver::store::Store;
use filmwire_deliver::{
    ExecOptions, Fault, Folder, Ftp, FtpOptions, FtpSafety, HostKey, Rclone, RcloneOptions, S3,
    S3Options, Secret, Sftp, SftpOptions, Smb, SmbOptions, SshLogin, WebDav, WebDavOptions,
    Webhook, WebhookOptions,
};
use filmwire_program::exit::Trouble;
use filmwire_program::places::Places;
use serde::Deserialize;

use super::secret::{SecretEntry, SecretPlace};

/// How long a program may take for a file if nothing else is said.
pub(super) const LIMIT: Duration = Duration::from_secs(600);

const CURE: &str = "mend the target in the configuration";

/// What paths and secrets are found by.
pub(super) struct Around<'a> {
    pub(super) places: &'a Places,
    /// The folder the configuration lies in.
    pub(super) folder: Option<&'a Path>,
}

impl Around<'_> {
    fn path(&self, text: &str) -> PathBuf {
        self.places.expand(text, self.folder)
    }

    pub(super) fn secret(&self, entry: &SecretEntry) -> SecretPlace {
        SecretPlace::of(entry, self.places, self.folder)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecEntry {
    command: Vec<String>,
    limit_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderEntry {
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebDavEntry {
    url: String,
    user: Option<String>,
    password: Option<SecretEntry>,
    ca: Option<String>,
    chunk_mib: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SftpEntry {
    host: String,
    port: Option<u16>,
    user: String,
    path: String,
    password: Option<SecretEntry>,
    key: Option<String>,
    passphrase: Option<SecretEntry>,
    host_key: Option<String>,
    known_hosts: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmbEntry {
    host: String,
    port: Option<u16>,
    share: String,
    #[serde(default)]
    path: String,
    user: Option<String>,
    password: Option<SecretEntry>,
    #[serde(default)]
    domain: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FtpEntry {
    host: String,
    port: Option<u16>,
    path: String,
    user: Option<String>,
    password: Option<SecretEntry>,
    tls: Option<bool>,
    ca: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct S3Entry {
    endpoint: Option<String>,
    region: Option<String>,
    bucket: String,
    #[serde(default)]
    path: String,
    access_key: String,
    secret_key: SecretEntry,
    ca: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookEntry {
    url: String,
    secret: SecretEntry,
    file: Option<bool>,
    ca: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RcloneEntry {
    remote: String,
    program: Option<String>,
    config: Option<String>,
}

/// Where a place that keeps files is.
#[derive(Debug, Clone)]
pub(crate) enum StoreWay {
    /// A folder or mounted share.
    Folder(PathBuf),
    /// A WebDAV server.
    WebDav {
        /// Address of the folder.
        url: String,
        /// Who we are to it.
        user: Option<(String, SecretPlace)>,
        /// Certificates to trust besides.
        ca: Option<PathBuf>,
        /// Bytes of a chunk, for Nextcloud.
        chunk: Option<NonZeroU64>,
    },
    /// An SSH server.
    Sftp(SftpWay),
    /// A share of a file server.
    Smb(SmbWay),
    /// An FTP server.
    Ftp(FtpWay),
    /// A bucket.
    S3(S3Way),
    /// A remote of rclone's.
    Rclone(RcloneOptions),
}

/// Where an SSH server is, and how we log in.
#[derive(Debug, Clone)]
pub(crate) struct SftpWay {
    host: String,
    port: u16,
    user: String,
    path: String,
    login: LoginWay,
    host_key: HostKey,
}

/// Where a share is, and who we are to its server.
#[derive(Debug, Clone)]
pub(crate) struct SmbWay {
    host: String,
    port: u16,
    share: String,
    path: String,
    /// None for guests.
    user: Option<(String, SecretPlace)>,
    domain: String,
}

/// Where an FTP server is, and who we are to it.
#[derive(Debug, Clone)]
pub(crate) struct FtpWay {
    host: String,
    port: u16,
    path: String,
    /// None to be anonymous.
    user: Option<(String, SecretPlace)>,
    safety: FtpSafety,
}

/// Where a bucket is, and who we are to its server.
#[derive(Debug, Clone)]
pub(crate) struct S3Way {
    endpoint: Option<String>,
    region: String,
    bucket: String,
    path: String,
    access_key: String,
    secret_key: SecretPlace,
    ca: Option<PathBuf>,
}

/// Which address gets files, and how we prove who we are.
#[derive(Debug, Clone)]
pub(crate) struct WebhookWay {
    url: String,
    secret: SecretPlace,
    sends_file: bool,
    ca: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum LoginWay {
    Password(SecretPlace),
    Key(PathBuf, Option<SecretPlace>),
}

impl ExecEntry {
    pub(super) fn check(self) -> Result<ExecOptions, &'static str> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err("command names no program");
        }
        let limit = self.limit_s.map_or(LIMIT, Duration::from_secs);
        Ok(ExecOptions { argv: self.command, limit })
    }
}

impl FolderEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        match self.path.is_empty() {
            true => Err("path is empty"),
            false => Ok(StoreWay::Folder(around.path(&self.path))),
        }
    }
}

impl WebDavEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        let user = login(self.user, self.password, around)?;
        let ca = self.ca.map(|ca| around.path(&ca));
        let chunk = match self.chunk_mib {
            // What Nextcloud takes is between 5 MB and 5 GB.
            Some(mib @ 5..=4768) => NonZeroU64::new(mib << 20),
            Some(_) => return Err("chunk_mib is 5 to 4768"),
            None => None,
        };
        Ok(StoreWay::WebDav { url: self.url, user, ca, chunk })
    }
}

impl SftpEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        let passphrase = self.passphrase.as_ref().map(|phrase| around.secret(phrase));
        let login = match (self.password, self.key, passphrase) {
            (Some(password), None, None) => LoginWay::Password(around.secret(&password)),
            (None, Some(key), passphrase) => LoginWay::Key(around.path(&key), passphrase),
            _ => return Err("write a password or a key (with its passphrase, if it has one)"),
        };
        let host_key = match (self.host_key, self.known_hosts) {
            (Some(key), None) => HostKey::Is(key),
            (None, Some(path)) => HostKey::In(around.path(&path)),
            (None, None) => HostKey::In(around.path("~/.ssh/known_hosts")),
            (Some(_), Some(_)) => return Err("write host_key or known_hosts, not both"),
        };
        let Self { host, user, path, .. } = self;
        let port = self.port.unwrap_or(22);
        Ok(StoreWay::Sftp(SftpWay { host, port, user, path, login, host_key }))
    }
}

impl SmbEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        let user = login(self.user, self.password, around)?;
        if self.share.is_empty() || self.share.contains(['/', '\\']) {
            return Err("share is the name of a share; folders in it go to path");
        }
        let Self { host, share, path, domain, .. } = self;
        let port = self.port.unwrap_or(445);
        Ok(StoreWay::Smb(SmbWay { host, port, share, path, user, domain }))
    }
}

impl FtpEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        let user = login(self.user, self.password, around)?;
        let ca = self.ca.map(|ca| around.path(&ca));
        let safety = match (self.tls, ca) {
            (Some(false), Some(_)) => return Err("ca is of no use without tls"),
            (Some(false), None) => FtpSafety::None,
            (_, ca) => FtpSafety::Tls { ca },
        };
        let Self { host, path, .. } = self;
        let port = self.port.unwrap_or(21);
        Ok(StoreWay::Ftp(FtpWay { host, port, path, user, safety }))
    }
}

impl S3Entry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        if self.bucket.is_empty() || self.bucket.contains('/') {
            return Err("bucket is the name of a bucket; what keys begin with goes to path");
        }
        let secret_key = around.secret(&self.secret_key);
        let ca = self.ca.map(|ca| around.path(&ca));
        let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
        let Self { endpoint, bucket, path, access_key, .. } = self;
        Ok(StoreWay::S3(S3Way { endpoint, region, bucket, path, access_key, secret_key, ca }))
    }
}

impl WebhookEntry {
    pub(super) fn check(self, around: &Around<'_>) -> WebhookWay {
        let secret = around.secret(&self.secret);
        let ca = self.ca.map(|ca| around.path(&ca));
        WebhookWay { url: self.url, secret, sends_file: self.file.unwrap_or(true), ca }
    }
}

impl RcloneEntry {
    pub(super) fn check(self, around: &Around<'_>) -> Result<StoreWay, &'static str> {
        let program = match self.program {
            Some(program) if program.contains('/') => around.path(&program),
            Some(program) => program.into(),
            None => "rclone".into(),
        };
        let config = self.config.map(|config| around.path(&config));
        Ok(StoreWay::Rclone(RcloneOptions { remote: self.remote, program, config }))
    }
}

/// Who we are to a server, if it wants to know.
fn login(
    user: Option<String>,
    password: Option<SecretEntry>,
    around: &Around<'_>,
) -> Result<Option<(String, SecretPlace)>, &'static str> {
    match (user, password) {
        (Some(user), Some(password)) => Ok(Some((user, around.secret(&password)))),
        (None, None) => Ok(None),
        _ => Err("user and password belong together"),
    }
}

/// Reads the password.
fn known(user: &Option<(String, SecretPlace)>) -> Result<Option<(String, Secret)>, Trouble> {
    match user {
        Some((user, password)) => Ok(Some((user.clone(), password.read()?))),
        None => Ok(None),
    }
}

impl FtpWay {
    fn options(&self) -> Result<FtpOptions, Trouble> {
        let user = known(&self.user)?;
        let Self { host, port, path, safety, .. } = self.clone();
        Ok(FtpOptions { host, port, path, user, safety })
    }
}

impl SmbWay {
    fn options(&self) -> Result<SmbOptions, Trouble> {
        let (user, password) = known(&self.user)?.unwrap_or_default();
        let Self { host, port, share, path, domain, .. } = self.clone();
        Ok(SmbOptions { host, port, share, path, user, password, domain })
    }
}

impl S3Way {
    fn options(&self) -> Result<S3Options, Trouble> {
        let secret_key = self.secret_key.read()?;
        let Self { endpoint, region, bucket, path, access_key, ca, .. } = self.clone();
        Ok(S3Options { endpoint, region, bucket, path, access_key, secret_key, ca })
    }
}

impl SftpWay {
    fn options(&self) -> Result<SftpOptions, Trouble> {
        let login = match &self.login {
            LoginWay::Password(password) => SshLogin::Password(password.read()?),
            LoginWay::Key(path, passphrase) => {
                let passphrase = passphrase.as_ref().map(SecretPlace::read).transpose()?;
                SshLogin::Key(path.clone(), passphrase)
            }
        };
        let Self { host, port, user, path, host_key, .. } = self.clone();
        Ok(SftpOptions { host, port, user, path, login, host_key })
    }
}

impl WebhookWay {
    /// What sends. Reads the secret.
    pub(super) fn open(&self) -> Result<Webhook, Trouble> {
        let secret = self.secret.read()?;
        let Self { url, sends_file, ca, .. } = self.clone();
        Webhook::new(&WebhookOptions { url, secret, sends_file, ca }).map_err(wrong)
    }

    /// What it is, for people.
    pub(crate) fn words(&self) -> String {
        let what = if self.sends_file { "" } else { ", without files" };
        format!("webhook {}{what}", shown(&self.url))
    }
}

/// An address, without what may be a secret in it: it is shown before it is refused for that.
pub(super) fn shown(address: &str) -> String {
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let bare = bare.rsplit('@').next().unwrap_or_default();
    let end = bare.find(['?', '#']).unwrap_or(bare.len());
    format!("{scheme}://{}", &bare[..end])
}

fn wrong(fault: Fault) -> Trouble {
    Trouble::usage(fault.reason, CURE)
}

impl StoreWay {
    /// What does the calls. Reads secrets.
    pub(super) fn open(&self) -> Result<Arc<dyn Store>, Trouble> {
        Ok(match self {
            Self::Folder(root) => Arc::new(Folder::new(root.clone())),
            Self::WebDav { url, user, ca, chunk } => {
                let options = WebDavOptions {
                    url: url.clone(),
                    user: known(user)?,
                    ca: ca.clone(),
                    chunk_bytes: *chunk,
                };
                Arc::new(WebDav::new(&options).map_err(wrong)?)
            }
            Self::Sftp(way) => Arc::new(Sftp::new(way.options()?)),
            Self::Smb(way) => Arc::new(Smb::new(way.options()?)),
            Self::Ftp(way) => Arc::new(Ftp::new(way.options()?).map_err(wrong)?),
            Self::S3(way) => Arc::new(S3::new(&way.options()?).map_err(wrong)?),
            Self::Rclone(options) => Arc::new(Rclone::new(options.clone()).map_err(wrong)?),
        })
    }

    /// What it is, for people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Folder(root) => format!("folder {}", root.display()),
            Self::WebDav { url, user, .. } => match user {
                Some((user, _)) => format!("WebDAV {} as {user}", shown(url)),
                None => format!("WebDAV {}", shown(url)),
            },
            Self::Sftp(SftpWay { host, port, user, path, .. }) => {
                format!("SFTP {path} at {host}:{port} as {user}")
            }
            Self::Smb(SmbWay { host, port, share, path, user, .. }) => {
                let user = user.as_ref().map_or("a guest", |(user, _)| user);
                format!("SMB {share}/{path} at {host}:{port} as {user}")
            }
            Self::Ftp(FtpWay { host, port, path, user, safety }) => {
                let scheme = if matches!(safety, FtpSafety::None) { "FTP" } else { "FTPS" };
                let user = user.as_ref().map_or("anonymous", |(user, _)| user);
                format!("{scheme} {path} at {host}:{port} as {user}")
            }
            Self::S3(S3Way { endpoint, bucket, path, access_key, .. }) => {
                let server = endpoint.as_deref().map_or_else(|| "Amazon".to_owned(), shown);
                format!("S3 {bucket}/{path} at {server} as {access_key}")
            }
            Self::Rclone(options) => format!("rclone {}", options.remote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (address, seen) in [
            ("https://cloud.example/dav/Photos", "https://cloud.example/dav/Photos"),
            ("https://anna:hun/te?r2@cloud.example/dav", "https://cloud.example/dav"),
            ("https://cloud.example/hook?token=hunter2#x", "https://cloud.example/hook"),
            ("anna:hunter2@cloud.example", "://cloud.example"),
        ] {
            assert_eq!(shown(address), seen);
        }
    }
}
