//! Finds what is new on a camera, fetches, checks and publishes it.
//!
//! [`sync()`] is the main job: it looks at the card with as few operations as prove what changed,
//! fetches one file at a time while the last one is hashed, written and published, and tells what
//! happens as [`Event`]s. How a file is published, step by step, stands in
//! `docs/design/publish.md`; how little listing is enough, and which changes no bounded probe can
//! see, in `docs/design/listing.md`. This crate must not open sockets of its own or know targets.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod adopt;
mod check;

mod desk;
mod error;
mod event;
pub mod files;
mod librarian;
mod listing;
mod options;
mod serial;
mod stop;
mod sync;
mod template;

pub use adopt::{Adoption, adopt};
pub use error::Error;
pub use event::{Event, FileDone, FileStart, FullReason, Look, OUT_OF_REACH, SkipReason, Summary};
pub use options::{Kind, Now, SyncOptions};
pub use stop::{Stop, Stopper};
pub use sync::{Connect, mark_known, mend, sync, sync_with};
pub use template::{BadTemplate, Fields, Template};
