//! What a target is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use filmwire_catalogue::{Delivery, FileFacts, Sha256};

use crate::fault::Fault;
use crate::pace::Pace;
use crate::stop::Stop;

/// What the functions of a [`Target`] return.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// A file on its way to a target.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Name of the target.
    pub target: String,
    /// The file on this computer; read in pieces, never as a whole.
    pub source: PathBuf,
    /// The path wanted at the target: relative, with `/`, without `.` and `..`.
    pub path: String,
    /// Where it was at the target when last heard of.
    pub known: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content; a source with another is not delivered.
    pub sha256: Sha256,
    /// What the file tells of itself.
    pub facts: FileFacts,
    /// Which try this is, from 1. Above 1 an earlier one may have got through.
    pub attempt: u32,
    /// How fast it may go.
    pub pace: Pace,
    /// Asked when work on this file is to end early; blocking work looks at it between pieces.
    pub stop: Stop,
}

impl Upload {
    /// A file of the library in the folder `root`, on its way to the target `name`.
    pub(crate) fn of(
        delivery: &Delivery,
        facts: Option<FileFacts>,
        (name, root): (&str, &Path),
        stop: Stop,
    ) -> Self {
        Self {
            target: name.to_owned(),
            source: root.join(&delivery.file.path),
            path: delivery.file.path.clone(),
            known: delivery.path.clone(),
            size: delivery.file.size,
            sha256: delivery.file.sha256,
            facts: facts.unwrap_or_default(),
            attempt: delivery.tries.saturating_add(1),
            pace: Pace::default(),
            stop,
        }
    }
}

/// A file that is to be at a target.
#[derive(Debug, Clone)]
pub struct Keep {
    /// Where the target put it.
    pub placed: String,
    /// Its path in the library.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: Sha256,
    /// What it tells of itself.
    pub facts: FileFacts,
}

/// What a target is to be settled with.
#[derive(Debug, Clone, Default)]
pub struct Settle {
    /// All files that are to be there, whenever they were put; no others.
    pub keep: Vec<Keep>,
    /// How fast it may go.
    pub pace: Pace,
    /// Asked when the work is to end early.
    pub stop: Stop,
}

/// Where a target put a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Path relative to the target's root, with `/`.
    pub path: String,
    /// What tells the file this call made from one that takes its place later, in the target's own
    /// words; none if it was there before, or if the target cannot tell.
    pub made: Option<String>,
}

/// How a file is known to be at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proof {
    /// A file of its size is there.
    Size,
    /// Its content was read back, and its SHA-256 is the right one.
    ReadBack,
    /// A smaller copy that was made of it was read back, and on a site is shown. The file itself is
    /// not there.
    Copy,
    /// A smaller copy of it is there, of the size it was made with. The file itself is not there.
    CopySize,
    /// A smaller copy of it is shown. The file itself is not there.
    Shown,
    /// The target says so, and cannot be asked.
    Word,
}

impl Proof {
    /// Returns the words that stand in the catalogue and in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::ReadBack => "SHA-256 read back",
            // Never the words of a proof that the file itself is there: such may be pruned.
            Self::Copy => "smaller copy read back",
            Self::CopySize => "size of a smaller copy",
            Self::Shown => "smaller copy shown",
            Self::Word => "its word",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a target answers when it is asked for proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The file is there.
    Proven(Proof),
    /// The target can be used, and the file is not there, or is another one; in words.
    Wrong(String),
}

/// A place files are delivered to. Each function is called by one task at a time.
///
/// Whatever moment a call is cut at, what is at the target under a name that is no temporary one
/// is a whole file, and no file of others was changed. Cancel-safe, in that a dropped call may
/// have happened, partly happened, or not; the next [`Target::put`] of the file finds out.
pub trait Target: Send + Sync {
    /// Checks that the target can be used, and returns what it says it is, if it can say.
    ///
    /// `place` is what it said when it was used first. A target that says something else now is
    /// another one, such as the empty folder an unmounted share leaves. Without `place` it may be
    /// made, if it is configured to be.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>>;

    /// Puts a file in place: under a temporary name first, then under its own, or by the target's
    /// own atomic means. A file of equal content that is there already is taken for it; other
    /// content is never overwritten, the file gets another name then.
    ///
    /// # Errors
    /// Why it is not there. It may be there all the same, if only the answer was lost.
    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>>;

    /// How many files are put before the target is settled and they are proven; `None` if putting a
    /// file is all there is to do for it.
    fn batch(&self) -> Option<u32> {
        None
    }

    /// Makes the target show the files that are to be there, and no others of ours. It may be asked
    /// to without anything new, and costs little then.
    ///
    /// # Errors
    /// Why it may not show them, or may still show others.
    fn settle(&self, _settle: Settle) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }

    /// Looks whether a file is where it was put.
    ///
    /// # Errors
    /// Why that cannot be told.
    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>>;

    /// Takes back a file whose proof failed, only if it is the very one [`Placed::made`] tells of.
    ///
    /// # Errors
    /// Why it may still be there.
    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>>;
}
