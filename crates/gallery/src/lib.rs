//! Makes a static gallery of photos.
//!
//! [`copies`] makes of a JPEG a smaller one and a thumbnail: the right way up, and without
//! metadata. A [`Gallery`] renders the pages around such copies. Who puts both somewhere, and in
//! which order, is no affair of this crate: it reads and writes no files, and knows neither time
//! nor chance, so that equal input gives equal pages.
//!
//! Pages work without scripts. Their links are relative: a gallery works below any address, and
//! from a disk. Only the feed needs to know where it lies, as Atom demands.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod copy;
mod pages;

pub use copy::{Copies, Copy, CopyError, CopyOptions, copies, copy};
pub use pages::{Entry, Gallery, Page, Settings};

/// Stands in each copy and on each page, so that they can be told from files of others.
pub const MARK: &str = "filmwire gallery";

/// Most pixels of a thumbnail's longer side.
pub const THUMB_SIDE: u16 = 640;

/// The size within a square of `side`, never larger.
fn fitted((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= side {
        return (width, height);
    }
    let scaled = |length: u32| {
        let (length, side, long) = (u64::from(length), u64::from(side), u64::from(long));
        ((length * side + long / 2) / long).max(1) as u32
    };
    (scaled(width), scaled(height))
}
