//! What clients and cameras do against the fact sheet, called out; and retries and silences.
//!
//! A `Case` watches one connection, packet by packet, with constant work and memory each. It
//! accuses nobody of what the capture may be guilty of:
//!
//! * What was said is judged only in a way of the connection that has no hole and no stranger's
//!   bytes so far, and whose start was captured. After the first hole that way is not judged again.
//! * Each way is in order, as TCP sees to it. What depends on both (was it answered before?) is
//!   judged only while no segment acknowledged bytes that had not come: then nothing of the other
//!   side is missing that the sender knew when it spoke.
//! * What follows from a breach is not called a second breach.
//!
//! Rules that need another connection (a preview that was announced) look into `Neighbours`.

mod answer;
mod case;
mod command;
mod finding;
mod neighbours;
mod pause;
mod side;
mod table;

pub use finding::{Finding, MOST_TOLD, What};
pub use pause::{PAUSES, Pause};
pub use table::{RULES, Rule};

pub(crate) use case::{Case, Container};
pub(crate) use neighbours::{Ends, Neighbours};
