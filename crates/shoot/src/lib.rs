//! Activities that make pictures with a Fujifilm X camera over Wi-Fi.
//!
//! One operation of a camera lives in `filmwire-camera`; what takes many of them, a clock, or a file
//! beside lives here: series, timelapse, exposure profiles, the hub of live view.

pub mod frame_log;
pub mod label;
pub mod profile;
