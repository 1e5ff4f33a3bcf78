//! Brings the files of a filmwire library to targets, with proof that they are there.
//!
//! [`deliver()`] works through what the catalogue says is due, target by target and each on its
//! own, until there is nothing left or it is asked to stop. A [`Target`] puts one file in place
//! without ever overwriting another, and proves that it is there: [`FileTarget`] does so for any
//! [`Store`](store::Store) of files, such as a [`Folder`]; [`Exec`] runs a program for each
//! file. States, the order of writes, and what a crash leaves stand in `docs/design/delivery.md`.
//! Time and randomness are passed in ([`Clock`], [`Random`]), so that days of waiting are tested in
//! milliseconds. This crate knows no PTP and prints nothing.
//!
//! ```
//! # use std::sync::Arc;
//! use filmwire_catalogue::{Choice, Create, Library, OpenOptions};
//! use filmwire_deliver::{Around, FileTarget, Folder, Job, Options, Until, Usage, deliver};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (photos, nas) = (folder.path().join("photos"), folder.path().join("nas"));
//! let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
//! let library = Library::open(&photos, options)?;
//!
//! let owner = format!("{} nas", library.id());
//! let usage = Usage { make: true, read_back: true };
//! let target = FileTarget::new(Arc::new(Folder::new(nas)), usage, &owner);
//! let job = Job::new("nas", Arc::new(target));
//! let options = Options { until: Until::Idle, ..Options::default() };
//! let ends = deliver(&library, vec![job], &options, &Around::default()).await?;
//! println!("{ends:?}");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod backoff;
mod clock;
#[cfg(feature = "site")]
mod copying;
mod courier;
mod deliver;
mod error;
mod event;
mod exec;
mod fault;
mod file_target;
pub mod files;
mod folder;
#[cfg(feature = "ftp")]
mod ftp;
mod gate;
#[cfg(feature = "http")]
#[cfg_attr(
    not(any(feature = "webdav", feature = "webhook")),
    allow(dead_code, reason = "S3 has a client of its own")
)]
mod http;
mod ledger;
mod order;
mod pace;
mod process;
mod prune;
mod pulse;
mod quiet;
mod rclone;
#[cfg(feature = "site")]
mod reduced;
#[cfg(feature = "s3")]
mod s3;
mod secret;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(feature = "site")]
mod site;
#[cfg(feature = "smb")]
mod smb;
mod source;
mod stop;
pub mod store;
mod target;
mod verify;
#[cfg(feature = "webdav")]
mod webdav;
#[cfg(feature = "webhook")]
mod webhook;

pub use backoff::Backoff;
pub use clock::{Clock, Random, SystemClock, system_random};
pub use deliver::{Around, Job, Naming, Options, Until, deliver};
pub use error::Error;
pub use event::{End, Event, Happening, Tell};
pub use exec::{Exec, ExecOptions};
pub use fault::{Fault, FaultKind};
pub use file_target::{FileTarget, MARK_FILE, Usage};
#[cfg(feature = "site")]
pub use filmwire_gallery::{CopyOptions, Settings};
pub use folder::Folder;
#[cfg(feature = "ftp")]
pub use ftp::{Ftp, FtpOptions, FtpSafety};
pub use gate::{Gate, Hold};
pub use pace::Pace;
pub use prune::{PruneRule, Pruned, mend_pruning, prune};
pub use quiet::{NoHours, Quiet};
pub use rclone::{Rclone, RcloneOptions};
#[cfg(feature = "site")]
pub use reduced::Reduced;
#[cfg(feature = "s3")]
pub use s3::{S3, S3Options};
pub use secret::Secret;
#[cfg(feature = "sftp")]
pub use sftp::{HostKey, Sftp, SftpOptions, SshLogin};
#[cfg(feature = "site")]
pub use site::{Site, SiteOptions};
#[cfg(feature = "smb")]
pub use smb::{Smb, SmbOptions};
pub use stop::Stop;
pub use target::{Future, Keep, Placed, Proof, Settle, Target, Upload, Verdict};
pub use verify::{Found, Verified, verify};
#[cfg(feature = "webdav")]
pub use webdav::{WebDav, WebDavOptions};
#[cfg(feature = "webhook")]
pub use webhook::{Webhook, WebhookOptions};
