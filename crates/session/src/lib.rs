//! The Initiator of Fujifilm's PTP dialect as a state machine: bytes and instants in, bytes and
//! events out.
//!
//! It registers (init, ack, fail and retry on the same connection), waits the pause cameras want
//! before OpenSession, runs one transaction at a time, and gives every wait a deadline, because
//! these cameras answer mistakes with silence. It must not know sockets, clocks, async or files.
//!
//! The caller's loop, after every call: send what [`Initiator::poll_transmit`] gives, take
//! [`Initiator::poll_event`] until it is empty, then wait for input or for
//! [`Initiator::poll_timeout`].
//!
//! ```
//! use std::time::{Duration, Instant};
//! use filmwire_codec::init::{InitAck, InitRequest};
//! use filmwire_session::{Event, Initiator, Timing};
//!
//! let start = Instant::now();
//! let mut initiator = Initiator::new(Timing::default());
//! initiator.register(start, &InitRequest::new("filmwire"));
//! assert_eq!(initiator.poll_transmit(start).unwrap().len(), 82);
//! initiator.handle_input(start, &InitAck::new("X-T2").encode());
//! assert!(matches!(initiator.poll_event(), Some(Event::Registered(ack)) if ack.name == "X-T2"));
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod event;
mod inbox;
mod initiator;

pub use event::{Event, Fault};
pub use initiator::{Initiator, Request, Timing};
