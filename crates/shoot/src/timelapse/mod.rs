//! Timelapse: frames by an absolute schedule, each of them taken or accounted for.
//!
//! A [`schedule::Schedule`] says when frames are due, [`run()`] takes them, and a
//! [`journal::Journal`] accounts for each, so that the same command goes on after a crash.

pub mod clock;
mod errand;
mod event;
pub mod gap;
mod hook;
pub mod journal;
mod keep;
mod link;
mod log;
pub mod ramp;
mod run;
pub mod schedule;
pub mod sun;
pub mod video;
pub mod window;
pub mod words;

pub use errand::{Errand, Fetched, Originals};
pub use event::Event;
pub use keep::Keep;
pub use link::ConnectRemote;
pub use run::{End, Error, Outcome, Setup, run};
