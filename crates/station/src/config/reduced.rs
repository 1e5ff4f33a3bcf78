//! Smaller copies in the configuration.

use std::ops::RangeInclusive;

use filmwire_deliver::{CopyOptions, Reduced, Usage};
use filmwire_program::exit::Trouble;
use serde::Deserialize;

use super::way::StoreWay;

/// Pixels of a copy's longer side if nothing else is said, and between which it may be.
const SIZE: u16 = 2048;
const SIZES: RangeInclusive<u16> = 640..=8192;

/// What a place that keeps files gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhotosEntry {
    #[serde(default)]
    photos: PhotosWord,
    size: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PhotosWord {
    #[default]
    Originals,
    Reduced,
}

/// A place that keeps files and gets smaller copies.
#[derive(Debug, Clone)]
pub(crate) struct ReducedWay {
    to: StoreWay,
    usage: Usage,
    size: u16,
}

impl PhotosEntry {
    /// The size of the copies it gets; none if it gets the photos themselves.
    pub(super) fn check(self) -> Result<Option<u16>, &'static str> {
        match (self.photos, self.size) {
            (PhotosWord::Reduced, size) => copy_size(size).map(Some),
            (PhotosWord::Originals, None) => Ok(None),
            (PhotosWord::Originals, Some(_)) => {
                Err("size is that of smaller copies: write photos = \"reduced\" too")
            }
        }
    }
}

/// The size of copies, from what was written of it.
pub(super) fn copy_size(size: Option<u16>) -> Result<u16, &'static str> {
    let size = size.unwrap_or(SIZE);
    match SIZES.contains(&size) {
        true => Ok(size),
        false => Err("size is 640 to 8192 pixels of a photo's longer side"),
    }
}

impl ReducedWay {
    pub(super) fn new(to: StoreWay, usage: Usage, size: u16) -> Self {
        Self { to, usage, size }
    }

    /// What brings copies there. `owner` names our temporary files. Reads secrets.
    pub(super) fn open(&self, owner: &str) -> Result<Reduced, Trouble> {
        let copies = CopyOptions { long_side: self.size, ..CopyOptions::default() };
        Ok(Reduced::new(self.to.open()?, self.usage, copies, owner))
    }

    /// What it is, for people.
    pub(crate) fn words(&self) -> String {
        format!("{}, smaller copies of {} pixels", self.to.words(), self.size)
    }

    /// How its files are put and proven.
    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }
}
