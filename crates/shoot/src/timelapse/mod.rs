//! Timelapse: frames by an absolute schedule, each of them taken or accounted for.

pub mod clock;
pub mod gap;
pub mod journal;
pub mod schedule;
pub mod sun;
pub mod window;
