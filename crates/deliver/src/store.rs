//! What a place has to be able to do so that [`FileTarget`](crate::FileTarget) can deliver to it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::stop::Stop;
use crate::target::Future;

/// How long a server may be silent.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Nothing,
    /// A regular file.
    File {
        /// Its size in bytes.
        size: u64,
        /// Tells this very file, unchanged, from another under the same name; none where the
        /// place has nothing for it.
        tag: Option<String>,
    },
    /// Something else: a folder, a link.
    Other,
}

/// What became of a wish to give a file its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It has it.
    Done,
    /// There is something under that name.
    Taken,
}

/// A place that keeps files under names: a folder, a share, a server.
///
/// Paths are relative to its root, with `/`, and hold neither `.` nor `..`; the root is the empty
/// path. Cancel-safe unless [`Store::patience`] says otherwise, in that a dropped call may have
/// happened, partly happened, or not. No error holds a secret.
pub trait Store: Send + Sync {
    /// What it is called in messages.
    fn place(&self) -> &str;

    /// How long a call may go on without a byte that moves before it is given up. `None` if calls
    /// run on threads of their own and are not to be dropped; they end soon after their [`Pieces`]
    /// or [`Sink`] did.
    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    /// Looks at what is at a path; links are not followed.
    ///
    /// # Errors
    /// If that cannot be told.
    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>>;

    /// Names of what is in a folder, without the folder; none if there is no such folder.
    ///
    /// # Errors
    /// If they cannot be told.
    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>>;

    /// Whether files lie in folders, which are looked for and made before them.
    fn has_folders(&self) -> bool {
        true
    }

    /// Makes one folder, not those above it; one that exists is fine.
    ///
    /// # Errors
    /// If it is not there afterwards.
    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>>;

    /// Fills a new file; `size` is that of all pieces. The name is one that nobody else uses.
    /// Where the place can be asked to, its bytes are on its disk afterwards.
    ///
    /// # Errors
    /// If it is not whole; what is there of it is of no use. Always, if the pieces ended so.
    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>>;

    /// Whether [`Store::create`] can be asked for. Else files get a temporary name first.
    fn creates(&self) -> bool {
        false
    }

    /// Fills a new file under the name it is to keep, at once or not at all, and replaces nothing.
    /// `size` is that of all pieces.
    ///
    /// # Errors
    /// If it is not there. It may be, if only the answer was lost. Always, if the pieces ended so.
    fn create<'a>(
        &'a self,
        path: &'a str,
        _size: u64,
        _pieces: Pieces,
    ) -> Future<'a, Result<Moved, Fault>> {
        let reason = format!("{} cannot make {path} at once", self.place());
        Box::pin(async { Err(Fault::permanent(reason)) })
    }

    /// Reads a file, as it is kept rather than as it is remembered, until the sink has enough.
    /// Returns false if there is nothing.
    ///
    /// # Errors
    /// If it ended before its end.
    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>>;

    /// Gives a file another name, which may be in another folder, and replaces nothing.
    ///
    /// # Errors
    /// If it may not have the name; and `Permanent` if the place cannot do that without replacing.
    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>>;

    /// Gives a file another name, and replaces the file that has it. Whoever looks at that name
    /// meanwhile finds the old file or the new one, as far as the place lets that be asked for. Where
    /// it does not, as with rclone, a call that is cut may leave the name without a file.
    ///
    /// # Errors
    /// If it may not have the name. Where a place could only do without the name for a moment, this
    /// fails instead, with `Permanent`.
    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>>;

    /// Removes a file; one that is missing is fine.
    ///
    /// # Errors
    /// If it may be there still.
    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>>;

    /// Waits until a file that somebody else put there is on the disk, where that can be asked
    /// for.
    ///
    /// # Errors
    /// If it may not be.
    fn settle<'a>(&'a self, _path: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

/// The content of a file on its way to a store, in pieces of at most 512 KiB.
pub struct Pieces {
    pub(crate) from: mpsc::Receiver<io::Result<Bytes>>,
    pub(crate) pulse: Pulse,
}

impl Pieces {
    /// The next piece; `None` after the last. Cancel-safe.
    ///
    /// # Errors
    /// If the file cannot be read, is not what it should be, or is not wanted any more: what was
    /// sent of it is of no use. The last piece comes only of a file that is what it should be.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.pulse.beat();
        self.from.recv().await
    }

    /// As [`Pieces::next`], on a thread that may block.
    pub fn next_blocking(&mut self) -> Option<io::Result<Bytes>> {
        self.pulse.beat();
        self.from.blocking_recv()
    }
}

/// Takes the content of a file that is read back.
pub struct Sink {
    pub(crate) to: mpsc::Sender<Bytes>,
    pub(crate) pulse: Pulse,
    pub(crate) stop: Stop,
}

impl Sink {
    /// Passes a piece on; false if no more is wanted. Cancel-safe, but for the piece.
    pub async fn take(&mut self, piece: Bytes) -> bool {
        self.pulse.beat();
        !self.stop.is_asked() && self.to.send(piece).await.is_ok()
    }

    /// As [`Sink::take`], on a thread that may block.
    pub fn take_blocking(&mut self, piece: Bytes) -> bool {
        self.pulse.beat();
        !self.stop.is_asked() && self.to.blocking_send(piece).is_ok()
    }
}
