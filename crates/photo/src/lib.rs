//! Photos and films of Fujifilm cameras as files: are they whole, and what do they say of
//! themselves.
//!
//! [`check_structure`] finds files that were cut short; cameras send no hash. [`Facts`] are what a
//! file tells: body, date, size, film simulation, rating, how far the camera's clock is off. Both
//! read JPEG, RAF, HEIF, MOV and MP4 from anything that reads and seeks, and stay within a fixed
//! amount of memory ([`MEMORY_BYTES`]) whatever a file claims. What is read of which format, and
//! what was never seen from a real camera, stands in `docs/guide/files.md`.
//!
//! The TIFF part of Exif is read by `nom-exif`; where it lies, Fujifilm's maker note, RAF and the
//! boxes of films and HEIF are read here.
//!
//! ```
//! use std::io::Cursor;
//! use filmwire_photo::{Facts, Kind, Structure, check_structure};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut file = Cursor::new(b"\xFF\xD8\xFF\xDA\x00\x02\x12\x34".to_vec());
//! let found = check_structure(&mut file, Some(Kind::Jpeg))?;
//! assert_eq!(found, Structure::Broken("the JPEG has no end marker".to_owned()));
//! assert_eq!(Facts::read(&mut file)?.serial, None);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod boxes;
mod clock;
mod dynamic_range;
mod exif;
mod facts;
mod film;
mod film_simulation;
mod heif;
mod jpeg;
mod kind;
mod maker_note;
mod multi_picture;
mod raf;
mod source;
mod structure;
mod tiff;

pub use dynamic_range::DynamicRange;
pub use facts::{Facts, Span};
pub use film_simulation::FilmSimulation;
pub use kind::Kind;
pub use maker_note::MakerNote;
pub use source::{HEAD_BYTES, MEMORY_BYTES};
pub use structure::{Structure, check_structure};
