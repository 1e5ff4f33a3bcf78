//! Captures fit to be shown to everybody.
//!
//! A [`Redactor`] reads a capture as [`filmwire_trace`] does, and writes another one: what was said
//! on a camera's connections, with stand-ins of equal length for all that is not known to be
//! harmless. It is an allow-list. Bytes pass if a table tells which field they are and that the
//! field tells nothing of people: lengths, codes, ids, settings, versions, names of models. All else
//! is replaced: names, serial numbers, positions, dates, pictures with their Exif, texts, values
//! nobody can explain, bytes that belong to no packet. What is not a camera's is left out.
//!
//! Nothing around the bytes is taken over: IP and TCP are made up anew ([`filmwire_trace::Segments`]),
//! with stand-ins for addresses, and Ethernet or Wi-Fi are not written at all. So no header, option
//! or retransmission can tell what the streams do not; what the capture lost stays lost. Ports and
//! times are real.
//!
//! [`Replaced`] lists what was replaced, where, and how often, never what it was. The crate opens no
//! file and prints nothing.
//!
//! # Memory
//!
//! That of [`filmwire_trace::Flows`], for each of 64 connections 32 KiB a way and 128 KiB of the
//! camera's that wait for a command, and 2 MiB of packets that wait for earlier ones.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod address;
mod dataset;
mod discovery;
mod order;
mod picture;
mod redactor;
mod replaced;
mod way;
mod word;

pub use redactor::{LeftOut, Redactor};
pub use replaced::{Count, Place, Replaced, Secret};
