//! Brings the files of a filmwire library to targets, with proof that they are there.
//!
//! [`deliver()`] works through what the catalogue says is due, target by target and each on its
//! own, until there is nothing left or it is asked to stop. A [`Target`] puts one file in place
//! without ever overwriting another, and proves that it is there; [`Folder`] is a local folder or
//! a mounted share, [`Exec`] a program that is run for each file. States, the order of writes, and
//! what a crash leaves stand in `docs/design/delivery.md`. Time and randomness are passed in
//! ([`Clock`], [`Random`]), so that days of waiting are tested in milliseconds. This crate knows
//! no PTP and prints nothing.
//!
//! ```
//! # use std::sync::Arc;
//! use filmwire_catalogue::{Choice, Create, Library, OpenOptions};
//! use filmwire_deliver::{Around, Folder, FolderOptions, Job, Options, Until, deliver};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (photos, nas) = (folder.path().join("photos"), folder.path().join("nas"));
//! let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
//! let library = Library::open(&photos, options)?;
//!
//! let owner = format!("{} nas", library.id());
//! let target = Folder::new(FolderOptions { root: nas, make: true, read_back: true }, &owner);
//! let job = Job { name: "nas".to_owned(), target: Arc::new(target), choice: Choice::default() };
//! let options = Options { until: Until::Idle, ..Options::default() };
//! let ends = deliver(&library, vec![job], &options, &Around::default()).await?;
//! println!("{ends:?}");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod backoff;
mod clock;
mod courier;
mod deliver;
mod error;
mod event;
mod exec;
mod fault;
pub mod files;
mod folder;
mod ledger;
mod stop;
mod target;
mod verify;

pub use backoff::Backoff;
pub use clock::{Clock, Random, SystemClock, system_random};
pub use deliver::{Around, Job, Options, Until, deliver};
pub use error::Error;
pub use event::{End, Event, Happening, Tell};
pub use exec::{Exec, ExecOptions};
pub use fault::{Fault, FaultKind};
pub use folder::{Folder, FolderOptions, MARK_FILE};
pub use stop::Stop;
pub use target::{Future, Placed, Proof, Target, Upload, Verdict};
pub use verify::{Found, Verified, verify};
