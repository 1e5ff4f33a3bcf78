//! Generated pictures and films: every byte follows from a seed, so that a test knows what must
//! be on disk without a reference file, and a card of any size needs no disk at all.
//!
//! - [`jpeg`]: photos with Exif as the cameras write it, and their thumbnails;
//! - [`mov`]: QuickTime films of any length, produced piece by piece;
//! - [`raf`]: raw containers with an embedded preview;
//! - [`exposure`]: what pictures taken from afar were exposed with;
//! - [`pattern`]: a prepared endless buffer, for measuring speed;
//! - [`stamp`]: the camera's idea of date and time, which has no zone.

pub mod exif;
pub mod exposure;
mod font;
pub mod jpeg;
pub(crate) mod live;
pub mod mov;
pub mod pattern;
pub mod raf;
pub(crate) mod random;
mod scene;
pub mod stamp;

/// How much work goes into the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Look {
    /// A landscape that moves from photo to photo, with film grain: for people.
    Scene,
    /// One flat colour, encoded once and reused: for tests, thousands a second.
    #[default]
    Plain,
}
