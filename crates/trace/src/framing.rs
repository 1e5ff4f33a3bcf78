//! Where a packet of the protocol begins and how long it is, for those who read the bytes that
//! [`Flows`](crate::Flows) gives out.

pub use crate::ptp::judge::{Channel, HEAD_BYTES, Judgement, Kind, judge};
