//! What is told while delivering.

use std::sync::Arc;

/// Is told what happens; called from the tasks that deliver, so it must not block.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// Something that happened at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name of the target.
    pub target: String,
    /// What happened.
    pub what: Happening,
}

/// What happened. Paths are those of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// Files were queued, or found cut by a dead process and queued again.
    Queued {
        /// How many.
        files: u64,
    },
    /// Sending a file begins.
    Sending {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A file is proven to be at the target.
    Proven {
        /// The file.
        path: String,
        /// Where it is at the target.
        placed: String,
        /// How that is known, in words.
        proof: String,
    },
    /// A file is not at the target.
    Failed {
        /// The file.
        path: String,
        /// Why.
        reason: String,
        /// When it is tried again, epoch milliseconds; none: when a person says so.
        next: Option<i64>,
    },
    /// The target as a whole cannot be used.
    Paused {
        /// Why.
        reason: String,
        /// When it is tried again, epoch milliseconds.
        next: i64,
    },
    /// Quiet hours have begun, in which nothing is.
    Quiet {
        /// When they end, epoch milliseconds.
        until: i64,
    },
    /// Nothing is due.
    Idle {
        /// When something is due by itself, epoch milliseconds.
        next: Option<i64>,
    },
}

/// How delivering to a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing was due any more. What failed may be due later.
    Idle {
        /// When something is due by itself, epoch milliseconds.
        next: Option<i64>,
    },
    /// It was asked to stop.
    Stopped,
}
