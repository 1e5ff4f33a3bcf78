//! Cards that cost no disk: what is on them follows from a seed.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::number::Number;
use super::{Card, CardObject, Kind, Made};
use crate::media::Look;
use crate::media::exif::{Body, Gps};
use crate::media::exposure::Exposure;
use crate::media::jpeg::PhotoSpec;
use crate::media::mov::{FilmSpec, Length};
use crate::media::raf::RawSpec;
use crate::media::random::mix;
use crate::media::stamp::Stamp;

/// What a generated card holds, and what photos taken later look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateSpec {
    /// Chooses scenes, sizes and padding.
    pub seed: u64,
    /// Number of photos.
    pub photos: u32,
    /// Number of films, spread among the photos.
    pub films: u32,
    /// How many of the photos have a raw file of the same name beside them.
    pub raw_pairs: u32,
    /// How much work goes into the pixels.
    pub look: Look,
    /// Stored size of photos in pixels.
    pub photo_pixels: (u16, u16),
    /// Stored size of films in pixels.
    pub film_pixels: (u16, u16),
    /// Length of a photo file; raised to what a photo needs.
    pub photo_bytes: RangeInclusive<u64>,
    /// Length of a film file.
    pub film_bytes: RangeInclusive<u64>,
    /// Length of a raw file.
    pub raw_bytes: RangeInclusive<u64>,
    /// Every so many photos one is portrait; 0 for none.
    pub portrait_every: u32,
    /// What the camera's clock shows at the first photo.
    pub start: Stamp,
    /// Seconds between two photos.
    pub interval_seconds: u32,
    /// Number of the first photo.
    pub first: Number,
    /// Names begin with `_DSF` instead of `DSCF`.
    pub adobe_rgb: bool,
    /// The body that took them.
    pub body: Arc<Body>,
    /// Photos tell the time of the satellites and the zone; most bodies know neither.
    pub gps: Option<Gps>,
}

impl Default for GenerateSpec {
    /// An empty card of an X-T2; photos taken on it are plain and small.
    fn default() -> Self {
        Self {
            seed: 1,
            photos: 0,
            films: 0,
            raw_pairs: 0,
            look: Look::Plain,
            photo_pixels: (96, 64),
            film_pixels: (64, 48),
            photo_bytes: 6_000..=12_000,
            film_bytes: 60_000..=120_000,
            raw_bytes: 20_000..=30_000,
            portrait_every: 5,
            start: Stamp::new(2026, 5, 14, 6, 10, 0),
            interval_seconds: 37,
            first: Number::FIRST,
            adobe_rgb: false,
            body: Body::new("X-T2", "53A01234"),
            gps: None,
        }
    }
}

impl GenerateSpec {
    /// A size that belongs to this seed, position and kind.
    fn size(&self, index: u32, range: &RangeInclusive<u64>) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + mix(self.seed ^ mix(u64::from(index) ^ 0x51_2E)) % width
    }

    fn photo(&self, made: &Made, exposure: Option<Exposure>, label: &str) -> PhotoSpec {
        let portrait = self.portrait_every > 0 && made.index % self.portrait_every == 3;
        PhotoSpec {
            seed: self.seed,
            index: made.index,
            width: self.photo_pixels.0,
            height: self.photo_pixels.1,
            orientation: if portrait { 8 } else { 1 },
            capture: made.capture(),
            body: Arc::clone(&self.body),
            size_bytes: Some(self.size(made.index, &self.photo_bytes)),
            gps: self.gps,
            exposure,
            look: self.look,
            label: match self.look {
                Look::Scene => label.to_owned(),
                Look::Plain => String::new(),
            },
        }
    }

    fn film(&self, made: &Made) -> FilmSpec {
        FilmSpec {
            seed: self.seed,
            index: made.index,
            width: self.film_pixels.0,
            height: self.film_pixels.1,
            capture: made.capture(),
            body: Arc::clone(&self.body),
            length: Length::Bytes(self.size(made.index, &self.film_bytes)),
            look: self.look,
        }
    }

    /// The most bytes that a photo taken now may have, with a raw file beside it if `raw` says so.
    pub(crate) fn most_picture_bytes(&self, raw: bool) -> u64 {
        let made = Made { index: 0, taken: 0, number: self.first, kind: Kind::Photo };
        let photo = self.photo(&made, None, "");
        let most = photo.minimum_bytes().max(*self.photo_bytes.end());
        // The preview in a raw file has one of a few sizes; the largest is no more than the photo's.
        let least_raw = RawSpec { preview: photo, size_bytes: 0 }.minimum_bytes() + most;
        most + if raw { least_raw.max(*self.raw_bytes.end()) } else { 0 }
    }

    /// The most bytes that a film may have.
    pub(crate) fn most_film_bytes(&self) -> u64 {
        let made = Made { index: 0, taken: 0, number: self.first, kind: Kind::Film };
        self.film(&made).minimum_bytes().max(*self.film_bytes.end())
    }

    /// Unfolds the compact form of an object.
    pub(super) fn object(&self, made: &Made, exposure: Option<Exposure>) -> CardObject {
        let number = made.number;
        let folder = number.folder_name();
        let name = |extension| number.file_name(self.adobe_rgb, extension);
        match made.kind {
            Kind::Photo => {
                let name = name("JPG");
                let spec = self.photo(made, exposure, &name);
                CardObject::photo(&folder, &name, spec)
            }
            Kind::Film => CardObject::film(&folder, &name("MOV"), self.film(made)),
            Kind::Raw => {
                let name = name("RAF");
                let preview = self.photo(made, exposure, &name);
                let size_bytes = self.size(made.index, &self.raw_bytes);
                CardObject::raw(&folder, &name, RawSpec { preview, size_bytes })
            }
        }
    }
}

impl Card {
    /// A card of generated photos and films in shooting order. Sizes are known without rendering
    /// anything, and an object takes some forty bytes of memory, whatever its size.
    pub fn generated(spec: &GenerateSpec) -> Self {
        let mut card = Self::new(spec.clone());
        let total = u64::from(spec.photos);
        // Whether the n-th of `total` photos is followed by one of `part` companions.
        let due = |n: u32, part: u32| {
            let (n, part) = (u64::from(n), u64::from(part));
            (n + 1) * part / total > n * part / total
        };
        for n in 0..spec.photos {
            if due(n, spec.raw_pairs.min(spec.photos)) {
                card.shoot_pair();
            } else {
                card.shoot(1);
            }
            if due(n, spec.films.min(spec.photos)) {
                card.shoot_film();
            }
        }
        for _ in spec.photos..spec.films {
            card.shoot_film();
        }
        card
    }

    /// The card of the demonstration: 25 photos of a day at a lake, some portrait, and a film;
    /// some 150 MB in all. The numbering has wrapped, so two photos are called `DSCF0012.JPG`.
    /// Nothing is rendered until it is read.
    pub fn demo(model: &str, serial: &str) -> Self {
        let mut card = Self::new(GenerateSpec {
            seed: 2026,
            look: Look::Scene,
            photo_pixels: (2880, 1920),
            film_pixels: (1280, 720),
            photo_bytes: 3_000_000..=5_200_000,
            film_bytes: 52_000_000..=58_000_000,
            raw_bytes: 24_000_000..=26_000_000,
            interval_seconds: 2_077,
            first: Number { folder: 100, file: 12 },
            body: Body::new(model, serial),
            ..GenerateSpec::default()
        });
        card.shoot(1);
        card.set_number(Number { folder: 100, file: 9989 });
        card.shoot(17);
        card.shoot_film();
        card.shoot(7);
        card
    }
}
