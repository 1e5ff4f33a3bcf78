//! Films: QuickTime files with one Motion-JPEG track, produced piece by piece.
//!
//! All frames have the same length, padded inside the JPEG, so that the byte at any offset is known
//! from a plan: a header, a few distinct frames shown forwards and backwards, the index, and a
//! `free` box up to the size one asked for. A film of 5 GB takes the memory of its distinct frames.
//!
//! Source: QuickTime File Format Specification, movie atoms and sample tables.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::Look;
use super::exif::Body;
use super::jpeg;
use super::scene::Scene;
use super::stamp::Stamp;

/// Frames a second.
pub const FRAME_RATE: u32 = 24;

/// Bytes before the first frame: `ftyp` and the header of `mdat` in either of its two lengths.
const HEADER_BYTES: u64 = 36;

/// How long a film is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// So many seconds, at least one frame.
    Seconds(u32),
    /// A file of exactly so many bytes, raised to [`FilmSpec::minimum_bytes`].
    Bytes(u64),
}

/// All there is to know about a generated film: equal specs make equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilmSpec {
    /// Chooses the landscape.
    pub seed: u64,
    /// Position in the series of photos and films.
    pub index: u32,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Time in the movie header; the scene's hour as well.
    pub capture: Stamp,
    /// The body that took it.
    pub body: Arc<Body>,
    /// Duration or file length.
    pub length: Length,
    /// How much work goes into the pixels.
    pub look: Look,
}

impl FilmSpec {
    /// Length of the file, known without rendering.
    pub fn size_bytes(&self) -> u64 {
        match self.length {
            Length::Bytes(size) => size.max(self.minimum_bytes()),
            Length::Seconds(seconds) => {
                let frames = (u64::from(seconds) * u64::from(FRAME_RATE)).max(1);
                Plan::of(self, frames).end_of_index()
            }
        }
    }

    /// The shortest file: one frame and its index.
    pub fn minimum_bytes(&self) -> u64 {
        Plan::of(self, 1).end_of_index() + 8
    }

    /// Longer frames for longer films keep the index of a plain one small.
    fn frame_bytes(&self) -> usize {
        let least = jpeg::frame_bytes(self.look, (self.width, self.height));
        match (self.look, self.length) {
            (Look::Plain, Length::Bytes(size)) if size >= 1024 * 1024 => least.max(64 * 1024),
            (Look::Plain, _) => least.max(4096),
            (Look::Scene, _) => least,
        }
    }

    fn moment(&self, frame: usize) -> Scene {
        Scene::new(self.seed, self.index as f32 + frame as f32 * 0.02, self.capture)
    }

    /// The picture that stands for the film in a list; its shape is the film's.
    pub fn poster(&self) -> jpeg::PhotoSpec {
        jpeg::PhotoSpec {
            seed: self.seed,
            index: self.index,
            width: self.width,
            height: self.height,
            orientation: 1,
            capture: self.capture,
            body: Arc::clone(&self.body),
            size_bytes: None,
            gps: None,
            exposure: None,
            look: self.look,
            label: String::new(),
        }
    }
}

/// Where everything stands, before any frame is rendered.
#[derive(Clone, Copy)]
struct Plan {
    frames: u64,
    frame_bytes: u64,
    index_bytes: u64,
}

impl Plan {
    fn of(spec: &FilmSpec, frames: u64) -> Self {
        let mut plan = Self { frames, frame_bytes: spec.frame_bytes() as u64, index_bytes: 0 };
        plan.index_bytes = index(spec, &plan).len() as u64;
        plan
    }

    /// The most frames that fit into `size_bytes` with a `free` box behind, which cannot be
    /// shorter than its own header.
    fn fitting(spec: &FilmSpec, size_bytes: u64) -> Self {
        let one = Self::of(spec, 1);
        // At least as many as fit, since the index only grows.
        let room = size_bytes.saturating_sub(HEADER_BYTES + one.index_bytes);
        let mut frames = (room / one.frame_bytes).max(1);
        loop {
            let plan = Self::of(spec, frames);
            let rest = size_bytes.saturating_sub(plan.end_of_index());
            if frames == 1 || rest >= 8 || plan.end_of_index() == size_bytes {
                return plan;
            }
            frames -= 1;
        }
    }

    fn end_of_frames(&self) -> u64 {
        HEADER_BYTES + self.frames * self.frame_bytes
    }

    fn end_of_index(&self) -> u64 {
        self.end_of_frames() + self.index_bytes
    }

    fn chunks(&self) -> u64 {
        self.frames.div_ceil(u64::from(FRAME_RATE))
    }
}

/// A film ready to be read anywhere: its distinct frames are rendered, the rest is arithmetic.
#[derive(Clone, Debug)]
pub struct Film {
    header: Bytes,
    frames: Vec<Bytes>,
    frame_bytes: u64,
    end_of_frames: u64,
    trailer: Bytes,
    size_bytes: u64,
}

/// Renders the frames of a film and plans the rest.
pub fn film(spec: &FilmSpec) -> Film {
    let size_bytes = spec.size_bytes();
    let plan = Plan::fitting(spec, size_bytes);
    let distinct = match spec.look {
        Look::Scene => 20,
        Look::Plain => 4,
    };
    let size = (spec.width, spec.height);
    let frame = |at| jpeg::frame(&spec.moment(at), spec.look, size, plan.frame_bytes as usize);
    let mut trailer = index(spec, &plan);
    if let Ok(rest @ 8..) = u32::try_from(size_bytes - plan.end_of_index()) {
        trailer.extend_from_slice(&rest.to_be_bytes());
        trailer.extend_from_slice(b"free");
    }
    Film {
        header: Bytes::from(header(&plan)),
        frames: (0..distinct.min(plan.frames as usize)).map(|at| frame(at).into()).collect(),
        frame_bytes: plan.frame_bytes,
        end_of_frames: plan.end_of_frames(),
        trailer: Bytes::from(trailer),
        size_bytes,
    }
}

impl Film {
    /// Length of the file.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Memory held, whatever the length.
    pub(crate) fn cost_bytes(&self) -> usize {
        self.frames.len() * self.frame_bytes as usize + self.trailer.len()
    }

    /// Returns up to `max` bytes at `offset`; fewer only at the end.
    pub fn read_at(&self, offset: u64, max: usize) -> Bytes {
        let end = self.size_bytes.min(offset.saturating_add(max as u64));
        let mut out = BytesMut::with_capacity(end.saturating_sub(offset) as usize);
        let mut at = offset;
        while at < end {
            let (source, from) = self.part(at);
            let rest = (end - at).min((source.len() - from) as u64) as usize;
            if rest == 0 {
                // Past the last box header: the content of `free`.
                out.resize(out.len() + (end - at) as usize, 0);
                break;
            }
            out.extend_from_slice(&source[from..from + rest]);
            at += rest as u64;
        }
        out.freeze()
    }

    /// The part that holds byte `at`, and where in it; at its end if behind the last part.
    fn part(&self, at: u64) -> (&Bytes, usize) {
        if at < HEADER_BYTES {
            return (&self.header, at as usize);
        }
        if at < self.end_of_frames {
            let number = (at - HEADER_BYTES) / self.frame_bytes;
            let within = (at - HEADER_BYTES) % self.frame_bytes;
            return (&self.frames[self.shown(number)], within as usize);
        }
        let within = (at - self.end_of_frames).min(self.trailer.len() as u64);
        (&self.trailer, within as usize)
    }

    /// Forwards, then backwards without showing the turning frames twice.
    fn shown(&self, number: u64) -> usize {
        let last = self.frames.len() as u64 - 1;
        if last == 0 {
            return 0;
        }
        let step = number % (2 * last);
        step.min(2 * last - step) as usize
    }
}

fn header(plan: &Plan) -> Vec<u8> {
    let mut out = boxed(b"ftyp", b"qt  \x20\x05\x03\x00qt  ");
    let content = plan.frames * plan.frame_bytes;
    match u32::try_from(content + 8) {
        Ok(short) => {
            out.extend_from_slice(&boxed(b"wide", b""));
            out.extend_from_slice(&short.to_be_bytes());
            out.extend_from_slice(b"mdat");
        }
        Err(_) => {
            out.extend_from_slice(b"\0\0\0\x01mdat");
            out.extend_from_slice(&(content + 16).to_be_bytes());
        }
    }
    out
}

/// The `moov` box.
fn index(spec: &FilmSpec, plan: &Plan) -> Vec<u8> {
    // Seconds since 1904 (QuickTime File Format Specification, Movie Header Atoms).
    let created = (spec.capture.seconds() + 2_082_844_800) as u32;
    let duration = plan.frames as u32;
    let mvhd = [
        words(&[0, created, created, FRAME_RATE, duration, 0x0001_0000]),
        vec![0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        matrix(),
        words(&[0, 0, 0, 0, 0, 0, 2]),
    ];
    let size = [u32::from(spec.width) << 16, u32::from(spec.height) << 16];
    let tkhd =
        [words(&[0x0F, created, created, 1, 0, duration, 0, 0, 0, 0]), matrix(), words(&size)];
    let mdhd = words(&[0, created, created, FRAME_RATE, duration, 0]);
    let vmhd = [words(&[1]), vec![0, 0x40, 0x80, 0, 0x80, 0, 0x80, 0]];
    let dref = [words(&[0, 1]), boxed(b"alis", &words(&[1]))];
    let minf = [
        boxed(b"vmhd", &vmhd.concat()),
        boxed(b"hdlr", &handler(b"dhlralis")),
        boxed(b"dinf", &boxed(b"dref", &dref.concat())),
        boxed(b"stbl", &sample_tables(spec, plan)),
    ];
    let mdia = [
        boxed(b"mdhd", &mdhd),
        boxed(b"hdlr", &handler(b"mhlrvide")),
        boxed(b"minf", &minf.concat()),
    ];
    let trak = [boxed(b"tkhd", &tkhd.concat()), boxed(b"mdia", &mdia.concat())];
    let udta = [text(b"\xA9mak", "FUJIFILM"), text(b"\xA9mod", &spec.body.model)];
    let moov = [
        boxed(b"mvhd", &mvhd.concat()),
        boxed(b"trak", &trak.concat()),
        boxed(b"udta", &udta.concat()),
    ];
    boxed(b"moov", &moov.concat())
}

fn sample_tables(spec: &FilmSpec, plan: &Plan) -> Vec<u8> {
    let frames = plan.frames as u32;
    let (full, left) = (frames / FRAME_RATE, frames % FRAME_RATE);
    let mut runs = Vec::new();
    if full > 0 {
        runs.extend_from_slice(&[1, FRAME_RATE, 1]);
    }
    if left > 0 {
        runs.extend_from_slice(&[full + 1, left, 1]);
    }
    let mut stsc = vec![0, runs.len() as u32 / 3];
    stsc.append(&mut runs);
    let tables = [
        boxed(b"stsd", &[words(&[0, 1]), sample_description(spec)].concat()),
        boxed(b"stts", &words(&[0, 1, frames, 1])),
        boxed(b"stsc", &words(&stsc)),
        boxed(b"stsz", &words(&[0, plan.frame_bytes as u32, frames])),
        chunk_offsets(plan),
    ];
    tables.concat()
}

/// `stco`, or `co64` where a chunk begins past 4 GiB.
fn chunk_offsets(plan: &Plan) -> Vec<u8> {
    let step = plan.frame_bytes * u64::from(FRAME_RATE);
    let offsets = (0..plan.chunks()).map(|chunk| HEADER_BYTES + chunk * step);
    let mut content = words(&[0, plan.chunks() as u32]);
    if plan.end_of_frames() <= u64::from(u32::MAX) {
        content.extend(offsets.flat_map(|offset| (offset as u32).to_be_bytes()));
        boxed(b"stco", &content)
    } else {
        content.extend(offsets.flat_map(u64::to_be_bytes));
        boxed(b"co64", &content)
    }
}

fn sample_description(spec: &FilmSpec) -> Vec<u8> {
    let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1];
    entry.extend_from_slice(&words(&[0, 0, 0x200, 0x200]));
    entry.extend_from_slice(&spec.width.to_be_bytes());
    entry.extend_from_slice(&spec.height.to_be_bytes());
    entry.extend_from_slice(&words(&[72 << 16, 72 << 16, 0]));
    entry.extend_from_slice(&[0, 1]);
    let mut name = b"\x0CPhoto - JPEG".to_vec();
    name.resize(32, 0);
    entry.append(&mut name);
    entry.extend_from_slice(&[0, 24, 0xFF, 0xFF]);
    boxed(b"jpeg", &entry)
}

/// A handler reference; `kind` is component type and subtype. The name is a counted string.
fn handler(kind: &[u8; 8]) -> Vec<u8> {
    [&words(&[0])[..], kind, &words(&[0, 0, 0])[..], b"\0"].concat()
}

/// A user data text: length, language (0 is English), characters.
fn text(kind: &[u8; 4], text: &str) -> Vec<u8> {
    let text: Vec<u8> = text.bytes().take(64).collect();
    boxed(kind, &[&(text.len() as u16).to_be_bytes()[..], &[0, 0], &text].concat())
}

fn matrix() -> Vec<u8> {
    words(&[0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000])
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = content.len() as u32 + 8;
    [&length.to_be_bytes()[..], kind, content].concat()
}
