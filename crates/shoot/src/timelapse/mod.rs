//! Timelapse: frames by an absolute schedule, each of them taken or accounted for.

pub mod schedule;
pub mod sun;
pub mod window;
