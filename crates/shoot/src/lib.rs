//! Activities that make pictures with a Fujifilm X camera over Wi-Fi.
//!
//! One operation of a camera lives in `filmwire-camera`; what takes many of them, a clock, or a file
//! beside lives here: series ([`series`]), timelapse, exposure profiles, live view for many ([`Hub`]),
//! and telling a camera where it is ([`Tagger`]).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

pub mod frame_log;
mod geotag;
mod hub;
pub mod label;
pub mod profile;
pub mod series;
pub mod stand;
pub mod timelapse;

pub use geotag::{Fix, GeotagError, Gpsd, NoFix, Place, Source, Step, Tagger, Track, TrackError};
pub use hub::{Hub, Viewer};
