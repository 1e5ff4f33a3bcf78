//! Activities that make pictures with a Fujifilm X camera over Wi-Fi.
//!
//! One operation of a camera lives in `filmwire-camera`; what takes many of them, a clock, or a file
//! beside lives here: series, timelapse, exposure profiles, the hub of live view.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

pub mod frame_log;
pub mod label;
pub mod profile;
pub mod series;
pub mod stand;
