//! Captures of Fujifilm's PTP over Wi-Fi, made readable.
//!
//! [`capture`] reads pcap and pcapng from a file or a pipe. A [`Decoder`] takes their packets, puts
//! TCP streams together and gives out [`Record`]s: registration, transactions, events, live view,
//! gaps; what breaks a [`rule`] of the protocol is a note. Frames of Wi-Fi itself are opened by
//! [`wifi`], with the keys of their owner. What a capture lost is shown as lost; decoding goes on at
//! the next packet that makes sense. [`Segments`] makes packets of what crossed a relay, and
//! [`capture::Writer`] a file of them. [`Flows`] puts connections in
//! order and reads no further, for those who pass the bytes on.
//! It shares bytes with the client ([`filmwire_codec`]), never beliefs, and does not print.
//!
//! # Memory
//!
//! Bounded for any input, well below 64 MiB ([`Decoder::held_bytes`] tells how much is held):
//!
//! | what | most |
//! | --- | --- |
//! | a packet of a capture ([`capture::MOST_PACKET_BYTES`]), and its buffer | 0.5 MiB |
//! | fragments of IP packets ([`MOST_FRAGMENT_BYTES`]) | 4 MiB |
//! | what came behind a hole, one way of a connection ([`MOST_AHEAD_BYTES`]) | 1 MiB |
//! | the same, all connections ([`MOST_AHEAD_BYTES_IN_ALL`]) | 16 MiB |
//! | a packet of PTP being put together, one way of a connection ([`KEPT_BYTES`]) | 32 KiB |
//! | unfinished transactions of a connection ([`MOST_OPEN`], each with its data) | 384 KiB |
//! | what the rules know of a connection (a bit an object) | 4 KiB |
//! | connections at a time ([`MOST_CONNECTIONS`]) | 64: 28 MiB for the three rows above |
//! | networks and stations of Wi-Fi ([`wifi::MOST_NETWORKS`], [`wifi::MOST_STATIONS`]), keys, fragments | 6 MiB |
//!
//! ```
//! use filmwire_trace::{Decoder, capture};
//!
//! # fn main() -> Result<(), capture::CaptureError> {
//! // An empty pcap: its header alone, of Ethernet packets.
//! let file = [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
//! let mut reader = capture::Reader::new(file.as_slice())?;
//! let mut decoder = Decoder::default();
//! while let Some(item) = reader.next_item()? {
//!     decoder.take(&item, &mut |record| println!("{record:?}"));
//! }
//! decoder.finish(&mut |record| println!("{record:?}"));
//! assert_eq!(decoder.tally().packets, 0);
//! # Ok(())
//! # }
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

pub mod capture;
pub mod framing;
pub mod record;
pub mod rule;
#[cfg(feature = "stand-in")]
pub mod stand_in;
pub mod wifi;

mod connection;
mod crossing;
mod decoder;
mod discovery;
mod dissector;
mod flow;
mod ip;
mod link;
mod live;
mod ptp;
mod tcp;

pub use connection::{MOST_CONNECTIONS, Role};
pub use crossing::{Crossing, RECORDING, Segments, recording_comment};
pub use decoder::{Decoder, OperationTally, Ports, Tally};
pub use dissector::dissector;
pub use flow::{End, Flow, FlowTally, Flows};
pub use ip::MOST_FRAGMENT_BYTES;
pub use live::LiveTally;
pub use ptp::{KEPT_BYTES, MOST_OPEN};
pub use record::Record;
pub use tcp::{MOST_AHEAD_BYTES, MOST_AHEAD_BYTES_IN_ALL};
