//! Finds what is new on a camera, fetches, checks and publishes it.
//!
//! [`sync()`] is the main job: it looks at the card with as few operations as prove what changed,
//! fetches one file at a time while the last one is hashed, written and published, and tells what
//! happens as [`Event`]s. [`watch()`] does so each time the camera appears; [`receive()`] takes what the
//! person at the camera sends. How a file is published, step by step, stands in
//! `docs/design/publish.md`; how little listing is enough, and which changes no bounded probe can
//! see, in `docs/design/listing.md`. This crate must not open sockets of its own or know targets.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod adopt;
mod desk;
mod error;
mod event;
pub mod files;
mod ledger;
mod librarian;
mod listing;
mod look;
mod options;
mod receive;
mod stop;
mod sync;
mod tally;
mod template;
mod watch;

pub use adopt::{AdoptEvent, Adoption, adopt, adopt_from, adopt_from_with};
pub use error::Error;
pub use event::{
    Event, FileDone, FileStart, FullReason, Look, OUT_OF_REACH, SkipReason, Stopped, Summary,
};
pub use options::{Kind, Now, SyncOptions};
pub use receive::{ConnectReceive, NOT_SENT, ReceiveEnd, Received, receive, receive_with};
pub use stop::{Stop, Stopper};
pub use sync::{Connect, mark_known, mend, sync, sync_lent, sync_with};
pub use template::{BadTemplate, Fields, Template};
pub use watch::{Requests, WatchEvent, Watching, watch, watch_with};
