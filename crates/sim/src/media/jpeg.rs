//! Photos: real JPEG files with Exif, of exactly the size one asks for.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::Look;
use super::exif::{self, Body, Gps, Shot};
use super::exposure::{Exposure, expose, grey};
use super::random::{Random, mix};
use super::scene::{Canvas, Scene};
use super::stamp::Stamp;

/// Size of a thumbnail as GetThumb hands it out, also of a portrait photo.
///
/// Source: ISO 15740, ObjectInfo of an X-T10 (320 by 240).
pub const THUMB_SIZE: (u16, u16) = (320, 240);

/// Size of a reduced 3:2 photo (property 0xD226 = 1). Seen: ObjectInfo of an X-T10.
pub const REDUCED_SIZE: (u16, u16) = (1776, 1184);

/// Size of a preview after a capture from afar. Reported: ptp-ip.
pub const PREVIEW_SIZE: (u16, u16) = (640, 480);

/// All there is to know about a generated photo: equal specs make equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhotoSpec {
    /// Chooses the landscape and the padding.
    pub seed: u64,
    /// Position in the series: what moves in the scene moves with it.
    pub index: u32,
    /// Stored width in pixels, also of portrait photos.
    pub width: u16,
    /// Stored height in pixels.
    pub height: u16,
    /// Exif orientation: 1, or 8 for portrait.
    pub orientation: u16,
    /// Time in Exif; the scene's hour as well.
    pub capture: Stamp,
    /// The body that took it.
    pub body: Arc<Body>,
    /// Length of the file, raised to [`PhotoSpec::minimum_bytes`]; `None` for as it comes.
    pub size_bytes: Option<u64>,
    /// Time of the satellites and zone in Exif, for a body that has them.
    pub gps: Option<Gps>,
    /// What it was exposed with, for a photo taken from afar: it becomes as bright as that makes it.
    /// Without it brightness and Exif are made up.
    pub exposure: Option<Exposure>,
    /// How much work goes into the pixels.
    pub look: Look,
    /// Text drawn in the corner of a scene, usually the file name.
    pub label: String,
}

impl PhotoSpec {
    /// Length of the file if it is known without rendering.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes.map(|size| size.max(self.minimum_bytes()))
    }

    /// The shortest file that can be promised: a plain one takes 4 KiB and a byte for 32 pixels,
    /// a scene 96 KiB and a byte for 8.
    pub fn minimum_bytes(&self) -> u64 {
        let blocks = |side: u16| u64::from(side).next_multiple_of(16);
        let pixels = blocks(self.width) * blocks(self.height);
        match self.look {
            Look::Plain => 4 * 1024 + pixels / 32,
            Look::Scene => 96 * 1024 + pixels / 8,
        }
    }

    /// Length of [`thumb`], known without rendering for a scene, cheap for a plain photo.
    pub fn thumb_bytes(&self) -> u32 {
        match self.look {
            Look::Plain => plain_thumb(self).len() as u32,
            Look::Scene => 14_000 + (self.stream(3) % 10_000) as u32,
        }
    }

    /// The photo as the camera hands it out with property 0xD226 = 1: smaller, about 0.5 MB, and
    /// encoded anew.
    pub fn reduced(&self) -> Self {
        let (width, height) = match self.look {
            Look::Scene => REDUCED_SIZE,
            Look::Plain => (self.width.min(REDUCED_SIZE.0), self.height.min(REDUCED_SIZE.1)),
        };
        let size = match self.look {
            Look::Scene => 400_000 + self.stream(4) % 300_000,
            Look::Plain => 0,
        };
        Self { width, height, size_bytes: Some(size), ..self.clone() }
    }

    /// The photo as the camera hands it out after a capture from afar. Reported: ptp-ip, 640 by 480.
    pub fn preview(&self) -> Self {
        let (width, height) = PREVIEW_SIZE;
        Self { width, height, size_bytes: Some(0), ..self.clone() }
    }

    /// A number that belongs to this photo and `purpose`.
    fn stream(&self, purpose: u64) -> u64 {
        mix(self.seed ^ mix(u64::from(self.index) << 8 | purpose))
    }

    fn shot(&self) -> Shot<'_> {
        let mut random = Random::new(self.stream(5), 0);
        let shot = Shot {
            body: &self.body,
            capture: self.capture,
            orientation: self.orientation,
            width: self.width,
            height: self.height,
            shutter: (1, [30, 60, 125, 250, 500, 1000][random.between(0, 5) as usize]),
            aperture: ([14, 20, 28, 40, 56, 80][random.between(0, 5) as usize], 10),
            iso: [200, 400, 800, 1600][random.between(0, 3) as usize],
            gps: self.gps,
        };
        let Some(exposure) = self.exposure else { return shot };
        Shot {
            shutter: (exposure.time_us, 1_000_000),
            aperture: (u32::from(exposure.f_number), 100),
            // Exif has 16 bits for it.
            iso: u16::try_from(exposure.iso).unwrap_or(u16::MAX),
            ..shot
        }
    }

    /// A flat picture of this photo's brightness, from its first table on.
    fn flat_scan(&self, width: u16, height: u16) -> Bytes {
        match self.exposure {
            Some(exposure) => flat_scan(width, height, [grey(exposure.over_mev); 3]),
            None => plain_scan(width, height, self.stream(1)),
        }
    }

    fn expose(&self, pixels: &mut [u8]) {
        if let Some(exposure) = self.exposure {
            expose(pixels, exposure.over_mev);
        }
    }
}

/// Renders the whole file. A scene takes some 40 ms a megapixel, a plain photo microseconds.
pub fn photo(spec: &PhotoSpec) -> Vec<u8> {
    let small = match spec.look {
        Look::Plain => with_start(&spec.flat_scan(160, 120)),
        Look::Scene => scene_thumb(spec, 160, 120, 82, 2.0),
    };
    let exif = exif::segment(&spec.shot(), &small);
    let around = 2 + exif.len();
    let room = spec.size_bytes().map(|size| size as usize - around);
    let scan = match spec.look {
        Look::Plain => spec.flat_scan(spec.width, spec.height),
        Look::Scene => Bytes::from(scene_scan(spec, room.map(|room| room - MINIMUM_PADDING))),
    };
    let mut out = Vec::with_capacity(room.unwrap_or(scan.len()) + around);
    out.extend_from_slice(&[0xFF, 0xD8]);
    out.extend_from_slice(&exif);
    if let Some(room) = room {
        pad(&mut out, room - scan.len(), spec.stream(2));
    }
    out.extend_from_slice(&scan);
    out
}

/// Renders what GetThumb hands out: 320 by 240, in the sensor's orientation as the photo itself.
pub fn thumb(spec: &PhotoSpec) -> Vec<u8> {
    match spec.look {
        Look::Plain => plain_thumb(spec),
        Look::Scene => {
            let (width, height) = THUMB_SIZE;
            let pixels = scene_pixels(spec, width, height, 3.0);
            let scan = encode_within(&pixels, (width, height), 88, spec.thumb_bytes() as usize - 6);
            exactly(&scan, spec.thumb_bytes() as usize, spec.stream(2))
        }
    }
}

/// A plain thumbnail carries a few bytes of its own, so that no two photos share one.
fn plain_thumb(spec: &PhotoSpec) -> Vec<u8> {
    let scan = spec.flat_scan(THUMB_SIZE.0, THUMB_SIZE.1);
    exactly(&scan, 2 + scan.len() + 16, spec.stream(2))
}

/// What a padding segment takes at least: marker and length.
const MINIMUM_PADDING: usize = 4;

/// Appends `count` bytes (0, or 4 and more) as APP2 segments of pseudo-random bytes.
fn pad(out: &mut Vec<u8>, mut count: usize, seed: u64) {
    const LONGEST: usize = 2 + 0xFFFF;
    let mut random = Random::new(seed, 2);
    while count > 0 {
        let mut part = count.min(LONGEST);
        if (1..MINIMUM_PADDING).contains(&(count - part)) {
            part -= MINIMUM_PADDING;
        }
        out.extend_from_slice(&[0xFF, 0xE2]);
        out.extend_from_slice(&((part - 2) as u16).to_be_bytes());
        random.fill(out, part - 4);
        count -= part;
    }
}

/// A JPEG without Exif, padded to `size_bytes`.
fn exactly(scan: &[u8], size_bytes: usize, seed: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(size_bytes);
    out.extend_from_slice(&[0xFF, 0xD8]);
    pad(&mut out, size_bytes - 2 - scan.len(), seed);
    out.extend_from_slice(scan);
    out
}

fn with_start(scan: &[u8]) -> Vec<u8> {
    [&[0xFF, 0xD8], scan].concat()
}

/// One frame of a film: a JPEG without Exif of exactly `size_bytes`, which must be at least
/// [`frame_bytes`] of the same arguments.
pub(crate) fn frame(scene: &Scene, look: Look, size: (u16, u16), size_bytes: usize) -> Vec<u8> {
    let scan = match look {
        Look::Plain => plain_scan(size.0, size.1, scene.shade()).to_vec(),
        Look::Scene => {
            let canvas = Canvas {
                width: usize::from(size.0),
                height: usize::from(size.1),
                orientation: 1,
                grain: 2.5,
                label: "",
            };
            encode_within(&scene.render(&canvas), size, 88, size_bytes - 2 - MINIMUM_PADDING)
        }
    };
    exactly(&scan, size_bytes, scene.shade())
}

/// Length of a frame that holds a picture of this size for certain.
pub(crate) fn frame_bytes(look: Look, (width, height): (u16, u16)) -> usize {
    let pixels = usize::from(width).next_multiple_of(16) * usize::from(height).next_multiple_of(16);
    match look {
        Look::Plain => 1024 + pixels / 32,
        Look::Scene => 2048 + pixels / 6,
    }
}

/// The pictures of a thumbnail: the scene in the photo's shape with black bars above and below.
fn scene_pixels(spec: &PhotoSpec, width: u16, height: u16, grain: f32) -> Vec<u8> {
    let (across, down) = (usize::from(width), usize::from(height));
    let full = (usize::from(spec.width.max(1)), usize::from(spec.height.max(1)));
    let inner = (across * full.1 / full.0).clamp(1, down);
    let canvas =
        Canvas { width: across, height: inner, orientation: spec.orientation, grain, label: "" };
    let mut picture = Scene::new(spec.seed, spec.index as f32, spec.capture).render(&canvas);
    spec.expose(&mut picture);
    let above = (down - inner) / 2 * across * 3;
    let mut out = vec![0; above];
    out.extend_from_slice(&picture);
    out.resize(across * down * 3, 0);
    out
}

fn scene_thumb(spec: &PhotoSpec, width: u16, height: u16, quality: u8, grain: f32) -> Vec<u8> {
    let pixels = scene_pixels(spec, width, height, grain);
    with_start(&encode(&pixels, (width, height), quality))
}

/// Renders the scene so that it fills most of `room` bytes, or at a fixed quality without a room.
fn scene_scan(spec: &PhotoSpec, room: Option<usize>) -> Vec<u8> {
    let size = (spec.width.max(1), spec.height.max(1));
    let pixels = f32::from(size.0) * f32::from(size.1);
    let (quality, grain) = room.map_or((92, 4.0), |room| fit(room as f32 / pixels));
    let canvas = Canvas {
        width: usize::from(size.0),
        height: usize::from(size.1),
        orientation: spec.orientation,
        grain,
        label: &spec.label,
    };
    let mut picture = Scene::new(spec.seed, spec.index as f32, spec.capture).render(&canvas);
    spec.expose(&mut picture);
    match room {
        Some(room) => encode_within(&picture, size, quality, room),
        None => encode(&picture, size, quality),
    }
}

/// What quality and grain take, in bytes a pixel, when rendered by day (measured at 2400 by 1600;
/// nights take up to a tenth less). From the thriftiest to the most lavish.
const DENSITY: [(f32, u8, f32); 9] = [
    (0.07, 70, 1.5),
    (0.10, 80, 2.0),
    (0.17, 88, 2.5),
    (0.21, 90, 3.0),
    (0.47, 95, 6.0),
    (0.58, 97, 6.0),
    (0.65, 97, 9.0),
    (0.77, 99, 6.0),
    (0.87, 99, 9.0),
];

/// Quality and grain that use most of `density` bytes a pixel; the rest of the room is padding.
fn fit(density: f32) -> (u8, f32) {
    let fits = |row: &&(f32, u8, f32)| row.0 * 1.04 <= density;
    let (_, quality, grain) = DENSITY.iter().rev().find(fits).unwrap_or(&DENSITY[0]);
    (*quality, *grain)
}

/// Encodes at `quality` or, where that does not fit, at the next one that does; a flat colour is
/// the last resort, which [`PhotoSpec::minimum_bytes`] has room for.
fn encode_within(pixels: &[u8], size: (u16, u16), quality: u8, room: usize) -> Vec<u8> {
    [quality, quality - 2, quality - 5, quality - 10, 60, 30, 10, 2]
        .into_iter()
        .map(|quality| encode(pixels, size, quality))
        .find(|scan| scan.len() <= room)
        .unwrap_or_else(|| plain_scan(size.0, size.1, 0).to_vec())
}

/// Encodes red, green and blue bytes; returns the file from its first table on, without the start
/// marker and without the JFIF segment, which no camera writes.
fn encode(pixels: &[u8], (width, height): (u16, u16), quality: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() / 3);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_2);
    encoder
        .encode(pixels, width, height, ColorType::Rgb)
        .expect("three bytes a pixel, sides of at least one, and memory never refuses a write");
    let jfif = 2 + usize::from(u16::from_be_bytes([out[4], out[5]]));
    out.drain(..2 + jfif);
    out
}

/// Flat pictures already encoded, by size and colour.
type Flat = HashMap<(u16, u16, [u8; 3]), Bytes>;

static FLAT: LazyLock<Mutex<Flat>> = LazyLock::new(Mutex::default);

/// More sizes and colours than most tests use; past it the cache starts over, so that it stays small.
const FLAT_LIMIT: usize = 256;

/// A picture of one of sixteen colours, from its first table on.
fn plain_scan(width: u16, height: u16, shade: u64) -> Bytes {
    let shade = (shade % 16) as u8;
    flat_scan(width, height, [shade * 16, 255 - shade * 12, 96 + shade * 8])
}

fn flat_scan(width: u16, height: u16, colour: [u8; 3]) -> Bytes {
    let (width, height) = (width.max(1), height.max(1));
    let mut flat = FLAT.lock().unwrap_or_else(PoisonError::into_inner);
    if flat.len() >= FLAT_LIMIT {
        flat.clear();
    }
    let entry = flat.entry((width, height, colour));
    entry
        .or_insert_with(|| {
            let count = usize::from(width) * usize::from(height);
            Bytes::from(encode(&colour.repeat(count), (width, height), 75))
        })
        .clone()
}
