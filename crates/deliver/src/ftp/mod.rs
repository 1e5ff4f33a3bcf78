//! An FTP server, by TLS unless told otherwise.
//!
//! Source: RFC 959, RFC 4217 (TLS), RFC 3659 (MLST, SIZE). The rename of RFC 959 replaces on most
//! servers, and nothing in FTP looks and renames at once: before each we look, and two who deliver
//! to one folder at the same moment can be in each other's way. Nothing in it can be asked to be on
//! the disk either.

mod connect;
mod link;

use std::path::PathBuf;

use suppaftp::types::Response;
use suppaftp::{FtpError, FtpResult, Status};

use self::connect::Connection;
use self::link::Link;
use crate::fault::{Fault, FaultKind};
use crate::secret::Secret;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Where the server is, and who we are to it.
#[derive(Debug, Clone)]
pub struct FtpOptions {
    /// Name or address of the server.
    pub host: String,
    /// Its port, 21 as a rule.
    pub port: u16,
    /// User and password; none to be anonymous.
    pub user: Option<(String, Secret)>,
    /// Whether what is sent can be read on the way.
    pub safety: FtpSafety,
    /// The folder that is the target; without a `/` in front it begins where a login begins.
    pub path: String,
}

/// Whether what is sent can be read on the way.
#[derive(Debug, Clone)]
pub enum FtpSafety {
    /// Commands and files go by TLS (`AUTH TLS`), or not at all.
    Tls {
        /// A PEM file with certificates to trust beside the system's.
        ca: Option<PathBuf>,
    },
    /// All of it can, the password too.
    None,
}

/// A folder on an FTP server as a [`Store`]. It is made if it is missing, its parents are not.
pub struct Ftp {
    place: String,
    root: String,
    connection: Connection,
}

impl Ftp {
    /// Sets up; nothing is sent yet.
    ///
    /// # Errors
    /// If the certificates cannot be read.
    pub fn new(options: FtpOptions) -> Result<Self, Fault> {
        let FtpOptions { host, port, path, safety, .. } = &options;
        let scheme = if matches!(safety, FtpSafety::None) { "ftp" } else { "ftps" };
        let place = format!("{scheme}://{host}:{port}/{}", path.trim_start_matches('/'));
        let root = match path.trim_end_matches('/') {
            "" if path.starts_with('/') => "/".to_owned(),
            path => path.to_owned(),
        };
        Ok(Self { place, root, connection: Connection::new(options)? })
    }

    /// The whole path, for a server that begins logins in `home`.
    fn at(&self, home: &str, path: &str) -> String {
        let begin = if self.root.starts_with('/') { "" } else { home };
        let parts = [begin, &self.root, path].map(|part| part.trim_matches('/'));
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("/{}", parts.join("/"))
    }

    /// Connects if need be; returns the connection and the whole path.
    async fn open(&self, path: &str) -> Result<(Link, String), Fault> {
        let link = self.connection.take().await?;
        let at = self.at(&link.home, path);
        Ok((link, at))
    }

    /// Puts the connection back, and tells what a failure means.
    fn close<T>(&self, link: Link, what: &str, path: &str, done: FtpResult<T>) -> Result<T, Fault> {
        self.connection.give(link, &done);
        done.map_err(|cause| {
            let (kind, why) = match &cause {
                FtpError::UnexpectedResponse(said) => (judge(said.status), words(said)),
                other => (FaultKind::Transient, other.to_string()),
            };
            let path = if path.is_empty() { "it" } else { path };
            Fault { kind, reason: format!("cannot {what} {path} at {}: {why}", self.place) }
        })
    }
}

/// Whether trying again helps.
fn judge(status: Status) -> FaultKind {
    match status {
        Status::RequestedActionNotTaken | Status::ExceededStorage => FaultKind::Full,
        Status::BadFilename | Status::NotImplemented | Status::NotImplementedParameter => {
            FaultKind::Permanent
        }
        _ => FaultKind::Transient,
    }
}

/// What a server says ends up on terminals and in logs.
fn words(said: &Response) -> String {
    String::from_utf8_lossy(&said.body).chars().filter(|c| !c.is_control()).take(300).collect()
}

impl Store for Ftp {
    fn place(&self) -> &str {
        &self.place
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(path).await?;
            let done = link.look(&at).await;
            self.close(link, "look at", path, done)
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(folder).await?;
            let done = link.names(&at).await;
            self.close(link, "list", folder, done)
        })
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(folder).await?;
            let done = link.make(&at).await;
            self.close(link, "make", folder, done)
        })
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        _size: u64,
        mut pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(path).await?;
            let done = link.write(&at, &mut pieces).await;
            self.close(link, "write", path, done)
        })
    }

    fn read<'a>(&'a self, path: &'a str, mut sink: Sink) -> Future<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(path).await?;
            let done = link.read(&at, &mut sink).await;
            self.close(link, "read", path, done)
        })
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(to).await?;
            let from = self.at(&link.home, from);
            let done = link.give_name(&from, &at).await;
            self.close(link, "rename to", to, done)
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(to).await?;
            let from = self.at(&link.home, from);
            let done = link.replace(&from, &at).await;
            self.close(link, "rename to", to, done)
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(async move {
            let (mut link, at) = self.open(path).await?;
            let done = link.remove(&at).await;
            self.close(link, "remove", path, done)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_root_or_where_a_login_begins() {
        for (root, path, whole) in [
            ("photos", "a/b", "/home/anna/photos/a/b"),
            ("photos/", "", "/home/anna/photos"),
            ("", "", "/home/anna"),
            ("/srv", "a", "/srv/a"),
            ("/", "", "/"),
            ("/", "a", "/a"),
        ] {
            let options = FtpOptions {
                host: "nas".to_owned(),
                port: 21,
                user: None,
                safety: FtpSafety::None,
                path: root.to_owned(),
            };
            assert_eq!(Ftp::new(options).unwrap().at("/home/anna", path), whole);
        }
    }
}
