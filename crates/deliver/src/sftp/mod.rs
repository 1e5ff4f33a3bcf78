//! An SSH server with SFTP.
//!
//! Source: draft-ietf-secsh-filexfer-02 (version 3), by which a rename replaces nothing. For
//! servers that do not keep to that, we look first.

mod connect;

use std::io;
use std::path::PathBuf;

use russh_sftp::client::error::Error;
use russh_sftp::protocol::{OpenFlags, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::connect::{Connection, Link, POSIX_RENAME};
use crate::fault::{Fault, FaultKind};
use crate::secret::Secret;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Bytes read back at once.
const PIECE_BYTES: usize = 1 << 18;

/// Where the server is, who it is, and who we are to it.
#[derive(Debug, Clone)]
pub struct SftpOptions {
    /// Name or address of the server.
    pub host: String,
    /// Its port, 22 as a rule.
    pub port: u16,
    /// Whom to log in as.
    pub user: String,
    /// What to log in with.
    pub login: SshLogin,
    /// How the server is recognized.
    pub host_key: HostKey,
    /// The folder that is the target; without a `/` in front it begins where a login begins.
    pub path: String,
}

/// What to log in with.
#[derive(Debug, Clone)]
pub enum SshLogin {
    /// A password.
    Password(Secret),
    /// A private key in a file, and its passphrase if it has one.
    Key(PathBuf, Option<Secret>),
}

/// How a server is recognized. One that is not is never logged in to.
#[derive(Debug, Clone)]
pub enum HostKey {
    /// By its public key, as in `ssh-ed25519 AAAA...`.
    Is(String),
    /// By a file in the format of OpenSSH's `known_hosts`.
    In(PathBuf),
}

/// A folder on an SSH server as a [`Store`]. It is made if it is missing, its parents are not.
pub struct Sftp {
    place: String,
    root: String,
    connection: Connection,
}

impl Sftp {
    /// Sets up; nothing is sent yet.
    #[must_use]
    pub fn new(options: SftpOptions) -> Self {
        let SftpOptions { host, port, user, path, .. } = &options;
        let place = format!("sftp://{user}@{host}:{port}/{}", path.trim_start_matches('/'));
        let root = match path.trim_end_matches('/') {
            "" if path.starts_with('/') => "/".to_owned(),
            "" => ".".to_owned(),
            path => path.to_owned(),
        };
        Self { place, root, connection: Connection::new(options) }
    }

    fn at(&self, path: &str) -> String {
        match (path, self.root.as_str()) {
            ("", root) => root.to_owned(),
            (path, "/") => format!("/{path}"),
            (path, root) => format!("{root}/{path}"),
        }
    }

    /// What a server's refusal means. After anything else the connection is not used again.
    async fn fault(&self, what: &str, path: &str, cause: Error) -> Fault {
        let at = self.at(path);
        let (kind, words) = match &cause {
            Error::Status(status) => match status.status_code {
                StatusCode::OpUnsupported => (FaultKind::Permanent, said(status)),
                _ => (FaultKind::Transient, said(status)),
            },
            // What its library calls so is an answer that will not come any more.
            Error::UnexpectedBehavior(_) => (FaultKind::Transient, "the connection broke".into()),
            other => (FaultKind::Transient, other.to_string()),
        };
        if !matches!(cause, Error::Status(_)) {
            self.connection.forget().await;
        }
        Fault { kind, reason: format!("cannot {what} {at} at {}: {words}", self.connection.host()) }
    }

    async fn look_at(&self, path: &str) -> Result<Look, Fault> {
        let link = self.connection.get().await?;
        let data = match link.run(link.sftp.symlink_metadata(self.at(path))).await {
            Ok(data) => data,
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                return Ok(Look::Nothing);
            }
            Err(cause) => return Err(self.fault("look at", path, cause).await),
        };
        if !data.file_type().is_file() {
            return Ok(Look::Other);
        }
        let size = data.size.ok_or_else(|| {
            Fault::permanent(format!("{}: the server does not tell its size", self.at(path)))
        })?;
        // There is no number of the file; when it was changed, by whom, and its size must do.
        let tag = data.mtime.map(|time| format!("{time}-{}-{size}", data.uid.unwrap_or_default()));
        Ok(Look::File { size, tag })
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let link = self.connection.get().await?;
        match link.run(link.sftp.read_dir(self.at(folder))).await {
            Ok(entries) => Ok(entries.map(|entry| entry.file_name()).collect()),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                Ok(Vec::new())
            }
            Err(cause) => Err(self.fault("list", folder, cause).await),
        }
    }

    async fn make(&self, folder: &str) -> Result<(), Fault> {
        let link = self.connection.get().await?;
        let made = link.run(link.sftp.create_dir(self.at(folder))).await;
        let Err(cause) = made else { return Ok(()) };
        // That it exists has no code of its own.
        match &cause {
            Error::Status(_) if self.look_at(folder).await? == Look::Other => Ok(()),
            _ => Err(self.fault("make", folder, cause).await),
        }
    }

    async fn write_new(&self, path: &str, size: u64, mut pieces: Pieces) -> Result<(), Fault> {
        let link = self.connection.get().await?;
        let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
        let file = link.run(link.sftp.open_with_flags(self.at(path), flags)).await;
        let mut file = match file {
            Ok(file) => file,
            Err(cause) => return Err(self.fault("make", path, cause).await),
        };
        let written = async {
            while let Some(piece) = pieces.next().await {
                file.write_all(&piece?).await?;
            }
            file.flush().await?;
            file.sync_all().await?;
            file.close().await?;
            Ok::<(), io::Error>(())
        };
        let Err(cause) = link.run(written).await else { return Ok(()) };
        let kind = match self.has_no_room(&link, size).await {
            true => FaultKind::Full,
            false => FaultKind::Transient,
        };
        self.connection.forget().await;
        Err(Fault { kind, reason: format!("cannot write {}: {cause}", self.at(path)) })
    }

    /// A full disk is no more than a failure in version 3; where the server tells its room, we ask.
    async fn has_no_room(&self, link: &Link, size: u64) -> bool {
        match link.run(link.sftp.fs_info(&self.root)).await {
            Ok(Some(room)) => room.blocks_avail.saturating_mul(room.fragment_size) < size,
            _ => false,
        }
    }

    async fn read_back(&self, path: &str, mut sink: Sink) -> Result<bool, Fault> {
        let link = self.connection.get().await?;
        let mut file = match link.run(link.sftp.open(self.at(path))).await {
            Ok(file) => file,
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                return Ok(false);
            }
            Err(cause) => return Err(self.fault("read", path, cause).await),
        };
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = match link.run(file.read(&mut piece)).await {
                Ok(length) => length,
                Err(cause) => {
                    self.connection.forget().await;
                    let reason = format!("cannot read {}: {cause}", self.at(path));
                    return Err(Fault::transient(reason));
                }
            };
            piece.truncate(length);
            if length == 0 || !sink.take(piece.into()).await {
                return Ok(true);
            }
        }
    }

    async fn give_name(&self, from: &str, to: &str) -> Result<Moved, Fault> {
        if self.look_at(to).await? != Look::Nothing {
            return Ok(Moved::Taken);
        }
        let link = self.connection.get().await?;
        let moved = link.run(link.sftp.rename(self.at(from), self.at(to))).await;
        let Err(cause) = moved else { return Ok(Moved::Done) };
        match &cause {
            Error::Status(_) if self.look_at(to).await? != Look::Nothing => Ok(Moved::Taken),
            _ => Err(self.fault("rename to", to, cause).await),
        }
    }

    /// By OpenSSH's extension; the rename of version 3 replaces nothing.
    async fn replace_by(&self, from: &str, to: &str) -> Result<(), Fault> {
        let link = self.connection.get().await?;
        let replaced = link.run(link.replace(&self.at(from), &self.at(to))).await;
        match replaced {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::permanent(format!(
                "{} cannot rename over a file ({POSIX_RENAME} is missing), which a site needs",
                self.connection.host()
            ))),
            Err(cause) => Err(self.fault("rename to", to, cause).await),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let link = self.connection.get().await?;
        match link.run(link.sftp.remove_file(self.at(path))).await {
            Ok(()) => Ok(()),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(()),
            Err(cause) => Err(self.fault("remove", path, cause).await),
        }
    }
}

/// What a server says ends up on terminals and in logs.
fn said(status: &russh_sftp::protocol::Status) -> String {
    let text: String = status.error_message.chars().filter(|c| !c.is_control()).take(300).collect();
    if text.is_empty() { status.status_code.to_string() } else { text }
}

impl Store for Sftp {
    fn place(&self) -> &str {
        &self.place
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        Box::pin(self.look_at(path))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        Box::pin(self.names(folder))
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.make(folder))
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.write_new(path, size, pieces))
    }

    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>> {
        Box::pin(self.read_back(path, sink))
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(self.give_name(from, to))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.replace_by(from, to))
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.delete(path))
    }
}
