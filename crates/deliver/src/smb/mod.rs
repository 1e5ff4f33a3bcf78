//! A share of Windows, Samba or a NAS, without mounting it.
//!
//! Source: MS-SMB2 and MS-FSCC: a file is made with `FILE_CREATE`, which fails where there is one,
//! and gets its name as a second link to it (MS-FSCC 2.4.27), which a file system does in one step.
//! Where the server refuses that it is renamed with `ReplaceIfExists` false (MS-FSCC 2.4.42): Samba 4.17
//! looks and renames in two steps, so that of two that want a name at once both got it. A session that
//! names a user is signed, so that nobody between changes what is said.

mod connect;
mod link;

use smb2::{Error, ErrorKind, RenameOptions};

use self::connect::Connection;
use crate::fault::{Fault, FaultKind};
use crate::secret::Secret;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Where the share is, and who we are to its server.
#[derive(Debug, Clone)]
pub struct SmbOptions {
    /// Name or address of the server.
    pub host: String,
    /// Its port, 445 as a rule.
    pub port: u16,
    /// Name of the share.
    pub share: String,
    /// The folder in the share that is the target; the share itself if it is empty.
    pub path: String,
    /// Whom to log in as; a guest if it is empty.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// The user's domain; empty for those the server keeps itself.
    pub domain: String,
}

/// A folder in a share as a [`Store`]. It is made if it is missing, its parents are not.
pub struct Smb {
    place: String,
    root: String,
    connection: Connection,
}

impl Smb {
    /// Sets up; nothing is sent yet.
    #[must_use]
    pub fn new(options: SmbOptions) -> Self {
        let SmbOptions { host, port, share, path, .. } = &options;
        let root = path.trim_matches('/').to_owned();
        let port = if *port == 445 { String::new() } else { format!(":{port}") };
        let place = format!("smb://{host}{port}/{share}/{root}").trim_end_matches('/').to_owned();
        Self { place, root, connection: Connection::new(options) }
    }

    fn at(&self, path: &str) -> String {
        match (self.root.as_str(), path) {
            ("", path) => path.to_owned(),
            (root, "") => root.to_owned(),
            (root, path) => format!("{root}/{path}"),
        }
    }

    /// What a failure means. After anything but a refusal the session is not used again.
    async fn fault(&self, what: &str, path: &str, cause: &Error) -> Fault {
        let kind = match cause.kind() {
            ErrorKind::DiskFull => FaultKind::Full,
            ErrorKind::InvalidName | ErrorKind::Unsupported => FaultKind::Permanent,
            _ => FaultKind::Transient,
        };
        if !matches!(cause, Error::Protocol { .. }) || cause.kind() == ErrorKind::ConnectionLost {
            self.connection.forget().await;
        }
        let path = if path.is_empty() { "it" } else { path };
        Fault { kind, reason: format!("cannot {what} {path} at {}: {cause}", self.place) }
    }

    async fn look_at(&self, path: &str) -> Result<Look, Fault> {
        let mut link = self.connection.get().await?;
        let found = link.tree.stat_with_identity(&mut link.wire, &self.at(path)).await;
        match found {
            Ok((info, _)) if info.is_directory || info.is_link() => Ok(Look::Other),
            Ok((info, identity)) => Ok(Look::File {
                size: info.size,
                // Renaming keeps all of this, and writing to the file does not.
                tag: identity.map(|file| {
                    let (volume, number) = (file.volume_serial, file.index_number);
                    format!("{volume}:{number}:{}:{}", info.size, info.modified.0)
                }),
            }),
            Err(cause) if is_missing(&cause) => Ok(Look::Nothing),
            Err(cause) => Err(self.fault("look at", path, &cause).await),
        }
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let mut link = self.connection.get().await?;
        match link.tree.list_directory(&mut link.wire, &self.at(folder)).await {
            Ok(entries) => {
                let names = entries.into_iter().map(|entry| entry.name);
                Ok(names.filter(|name| name != "." && name != "..").collect())
            }
            Err(cause) if is_missing(&cause) => Ok(Vec::new()),
            Err(cause) => Err(self.fault("list", folder, &cause).await),
        }
    }

    async fn make(&self, folder: &str) -> Result<(), Fault> {
        let mut link = self.connection.get().await?;
        let made = link.tree.create_directory(&mut link.wire, &self.at(folder)).await;
        let Err(cause) = made else { return Ok(()) };
        match cause {
            // A share itself may be refused in other words than a folder that exists.
            Error::Protocol { .. } if self.look_at(folder).await? == Look::Other => Ok(()),
            _ => Err(self.fault("make", folder, &cause).await),
        }
    }

    async fn write_new(&self, path: &str, mut pieces: Pieces) -> Result<(), Fault> {
        let link = self.connection.get().await?;
        let made = link.tree.create_file_writer_exclusive(link.wire, &self.at(path)).await;
        let mut writer = match made {
            Ok(writer) => writer,
            Err(cause) => return Err(self.fault("make", path, &cause).await),
        };
        while let Some(piece) = pieces.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(cause) => {
                    // The file can only be removed once it is closed.
                    let _ = writer.abort().await;
                    return Err(Fault::transient(format!("cannot write {path}: {cause}")));
                }
            };
            if let Err(cause) = writer.write_chunk(&piece).await {
                let fault = self.fault("write", path, &cause).await;
                let _ = writer.abort().await;
                return Err(fault);
            }
        }
        // Asks the server to flush, and waits until it did.
        match writer.finish().await {
            Ok(_) => Ok(()),
            Err(cause) => Err(self.fault("write", path, &cause).await),
        }
    }

    async fn read_back(&self, path: &str, mut sink: Sink) -> Result<bool, Fault> {
        let mut link = self.connection.get().await?;
        let mut file = match link.tree.download(&mut link.wire, &self.at(path)).await {
            Ok(file) => file,
            Err(cause) if is_missing(&cause) => return Ok(false),
            Err(cause) => return Err(self.fault("read", path, &cause).await),
        };
        while let Some(piece) = file.next_chunk().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(cause) => return Err(self.fault("read", path, &cause).await),
            };
            if !sink.take(piece.into()).await {
                break;
            }
        }
        Ok(true)
    }

    async fn give_name(&self, from: &str, to: &str) -> Result<Moved, Fault> {
        let mut link = self.connection.get().await?;
        let given = match link.add_name(&self.at(from), &self.at(to)).await {
            Ok(true) => {
                // It has its name; a temporary one that stays goes when the next process begins.
                let _ = self.delete(from).await;
                return Ok(Moved::Done);
            }
            Ok(false) => link.tree.rename(&mut link.wire, &self.at(from), &self.at(to)).await,
            Err(cause) => Err(cause),
        };
        let Err(cause) = given else { return Ok(Moved::Done) };
        match cause {
            Error::Protocol { .. } if self.look_at(to).await? != Look::Nothing => Ok(Moved::Taken),
            _ => Err(self.fault("rename to", to, &cause).await),
        }
    }

    /// The server swaps the file in: `ReplaceIfExists` true.
    async fn replace_by(&self, from: &str, to: &str) -> Result<(), Fault> {
        let mut link = self.connection.get().await?;
        let options = RenameOptions::new().replace_if_exists(true);
        let (from, at) = (self.at(from), self.at(to));
        match link.tree.rename_with(&mut link.wire, &from, &at, options).await {
            Ok(()) => Ok(()),
            Err(cause) => Err(self.fault("rename to", to, &cause).await),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let mut link = self.connection.get().await?;
        match link.tree.delete_file(&mut link.wire, &self.at(path)).await {
            Ok(()) => Ok(()),
            Err(cause) if is_missing(&cause) => Ok(()),
            Err(cause) => Err(self.fault("remove", path, &cause).await),
        }
    }
}

fn is_missing(cause: &Error) -> bool {
    matches!(cause, Error::Protocol { .. }) && cause.kind() == ErrorKind::NotFound
}

impl Store for Smb {
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
        _size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.write_new(path, pieces))
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
