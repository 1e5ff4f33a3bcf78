//! One file on the card.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::inspect;
use super::rendered::{Key, rendered, slice};
use crate::media::Look;
use crate::media::exif::Body;
use crate::media::jpeg::{self, PhotoSpec, THUMB_SIZE};
use crate::media::mov::FilmSpec;
use crate::media::pattern::Framed;
use crate::media::raf::RawSpec;
use crate::media::stamp::Stamp;

/// Object format codes of what a camera writes, as plain numbers.
///
/// Source: ISO 15740, object formats; Reported: libfuji, for RAF.
pub mod format {
    /// A file of no known kind.
    pub const UNDEFINED: u16 = 0x3000;
    /// A folder; never an object of this card.
    pub const ASSOCIATION: u16 = 0x3001;
    /// QuickTime film.
    pub const MOV: u16 = 0x300D;
    /// Exif/JPEG photo.
    pub const JPEG: u16 = 0x3801;
    /// Fujifilm raw photo.
    pub const RAF: u16 = 0xB103;
    /// Film in an MP4 container. Source: MTP.
    pub const MP4: u16 = 0xB982;
    /// HEIF photo. Guess: Sony's code; the standard has none, Fujifilm's is unknown.
    pub const HEIF: u16 = 0xB110;

    /// Tells the format by the name's extension, in either case.
    pub fn of_name(name: &str) -> u16 {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_uppercase());
        match extension.as_deref() {
            Some("JPG" | "JPEG") => JPEG,
            Some("MOV") => MOV,
            Some("RAF") => RAF,
            Some("MP4") => MP4,
            Some("HIF" | "HEIC" | "HEIF") => HEIF,
            _ => UNDEFINED,
        }
    }
}

/// Where an object's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file on disk; it is only read.
    File(PathBuf),
    /// Bytes in memory.
    Memory(Bytes),
    /// A generated photo, rendered when first read.
    Photo(PhotoSpec),
    /// A generated film, rendered when first read.
    Film(FilmSpec),
    /// A generated raw file, rendered when first read.
    Raw(RawSpec),
    /// Pieces of the prepared buffer: for measuring speed.
    Pattern(Framed),
}

/// A thumbnail's measures, known before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThumbInfo {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Length in bytes.
    pub size_bytes: u32,
}

/// One file on the card, with what ObjectInfo says of it. The fields are what the camera claims:
/// a test may make them lie, the content stays what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardObject {
    /// File name with extension, for example `DSCF0001.JPG`.
    pub name: String,
    /// Folder below DCIM, for example `100_FUJI`.
    pub folder: String,
    /// Object format code, see [`mod@format`].
    pub format: u16,
    /// Length in bytes.
    pub size_bytes: u64,
    /// When it was taken, if it says so.
    pub capture: Option<Stamp>,
    /// Stored width in pixels; 0 if unknown.
    pub width: u32,
    /// Stored height in pixels; 0 if unknown.
    pub height: u32,
    /// Exif orientation, 1 to 8.
    pub orientation: u16,
    /// The thumbnail, if there is one.
    pub thumb: Option<ThumbInfo>,
    /// What GetThumb hands out where that is not what the content has: an X-T4 hands out 42,562
    /// bytes of a photo with 8,837 in its Exif (log:XT4).
    pub own_thumb: Option<Bytes>,
    /// The bytes.
    pub content: Content,
}

impl CardObject {
    /// A generated photo. One without a size is rendered once to learn it.
    pub fn photo(folder: &str, name: &str, spec: PhotoSpec) -> Self {
        let known = spec.size_bytes();
        let mut object = Self::bare(folder, name, 0, Content::Photo(spec.clone()));
        object.size_bytes = known.unwrap_or_else(|| jpeg::photo(&spec).len() as u64);
        object.describe(&spec, (spec.width, spec.height));
        object
    }

    /// A generated film.
    pub fn film(folder: &str, name: &str, spec: FilmSpec) -> Self {
        let content = Content::Film(spec.clone());
        let mut object = Self::bare(folder, name, spec.size_bytes(), content);
        object.describe(&spec.poster(), (spec.width, spec.height));
        object
    }

    /// A generated raw file.
    pub fn raw(folder: &str, name: &str, spec: RawSpec) -> Self {
        let content = Content::Raw(spec.clone());
        let mut object = Self::bare(folder, name, spec.size_bytes(), content);
        object.describe(&spec.preview, (spec.preview.width, spec.preview.height));
        object
    }

    /// Bytes under a name; the format follows from the extension, and of a JPEG's bytes date,
    /// measures and thumbnail are read.
    pub fn memory(folder: &str, name: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let facts = inspect::jpeg(&bytes);
        let size = bytes.len() as u64;
        let mut object = Self::bare(folder, name, size, Content::Memory(bytes));
        object.learn(&facts);
        object
    }

    /// A file of meaningless bytes for measuring speed. By its extension it passes a structure
    /// check: a JPEG has segments, a scan and an end, the boxes of a MOV sum to its length.
    pub fn pattern(folder: &str, name: &str, seed: u64, size_bytes: u64) -> Self {
        let (prefix, suffix) = match format::of_name(name) {
            format::JPEG => jpeg_frame(seed),
            format::MOV => (mov_frame(size_bytes), Bytes::new()),
            _ => (Bytes::new(), Bytes::new()),
        };
        let framed = Framed::new(prefix, suffix, seed, size_bytes);
        Self::bare(folder, name, framed.size_bytes(), Content::Pattern(framed))
    }

    /// A file on disk.
    ///
    /// Fails with the error of the file system if its beginning cannot be read.
    pub fn file(folder: &str, path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let meta = path.metadata()?;
        let content = Content::File(path.to_owned());
        let mut object = Self::bare(folder, &name, meta.len(), content);
        object.learn(&inspect::file(path, object.format)?);
        if object.capture.is_none() {
            let changed = meta.modified()?.duration_since(std::time::UNIX_EPOCH);
            let seconds = changed.map_or(0, |since| since.as_secs());
            object.capture = Some(Stamp::from_seconds(seconds as i64));
        }
        Ok(object)
    }

    fn bare(folder: &str, name: &str, size_bytes: u64, content: Content) -> Self {
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            format: format::of_name(name),
            size_bytes,
            capture: None,
            width: 0,
            height: 0,
            orientation: 1,
            thumb: None,
            own_thumb: None,
            content,
        }
    }

    fn describe(&mut self, spec: &PhotoSpec, (width, height): (u16, u16)) {
        self.capture = Some(spec.capture);
        (self.width, self.height) = (u32::from(width), u32::from(height));
        self.orientation = spec.orientation;
        let (width, height) = THUMB_SIZE;
        self.thumb = Some(ThumbInfo { width, height, size_bytes: spec.thumb_bytes() });
    }

    fn learn(&mut self, facts: &inspect::Facts) {
        self.capture = facts.capture;
        (self.width, self.height) = (facts.width, facts.height);
        self.orientation = facts.orientation;
        self.thumb = facts.thumb.as_ref().map(|thumb| thumb.info);
    }

    /// Returns up to `max` bytes at `offset`; fewer only at the end of the content, none past it.
    ///
    /// Fails with the error of the file system if the content is a file.
    pub fn read_at(&self, offset: u64, max: usize) -> io::Result<Bytes> {
        match &self.content {
            Content::File(path) => read_file(path, offset, max),
            Content::Memory(bytes) => Ok(slice(bytes, offset, max)),
            Content::Photo(spec) => Ok(rendered(Key::Photo(spec.clone())).read_at(offset, max)),
            Content::Film(spec) => Ok(rendered(Key::Film(spec.clone())).read_at(offset, max)),
            Content::Raw(spec) => Ok(rendered(Key::Raw(spec.clone())).read_at(offset, max)),
            Content::Pattern(framed) => Ok(framed.read_at(offset, max)),
        }
    }

    /// Returns the thumbnail: its own one if it was given one, else a JPEG of 320 by 240 for
    /// generated content and the one in Exif for others; `None` if there is none.
    ///
    /// Fails with the error of the file system if the content is a file.
    pub fn thumb(&self) -> io::Result<Option<Bytes>> {
        if let Some(own) = &self.own_thumb {
            return Ok(Some(own.clone()));
        }
        let spec = match &self.content {
            Content::Photo(spec) => spec.clone(),
            Content::Film(spec) => spec.poster(),
            Content::Raw(spec) => spec.preview.clone(),
            Content::Memory(bytes) => return Ok(inspect::jpeg(bytes).thumb.map(|t| t.bytes)),
            Content::File(path) => {
                return Ok(inspect::file(path, self.format)?.thumb.map(|t| t.bytes));
            }
            Content::Pattern(_) => return Ok(None),
        };
        Ok(Some(rendered(Key::Thumb(spec)).read_at(0, usize::MAX)))
    }

    /// The object as the camera hands it out with property 0xD226 = 1: a generated photo in
    /// 1776 by 1184, encoded anew. `None` where this card cannot make one: films, raw files and
    /// everything that was not generated.
    pub fn reduced(&self) -> Option<Self> {
        let Content::Photo(spec) = &self.content else { return None };
        let mut object = Self::photo(&self.folder, &self.name, spec.reduced());
        object.thumb = self.thumb;
        Some(object)
    }
}

/// A small photo without its end, behind which a scan may go on, and an end.
fn jpeg_frame(seed: u64) -> (Bytes, Bytes) {
    let spec = PhotoSpec {
        seed,
        index: 0,
        width: 48,
        height: 32,
        orientation: 1,
        capture: Stamp::new(2016, 1, 2, 15, 1, 36),
        body: Body::new("X-T2", "00000000"),
        size_bytes: None,
        gps: None,
        exposure: None,
        look: Look::Plain,
        label: String::new(),
    };
    let mut photo = Bytes::from(jpeg::photo(&spec));
    let end = photo.split_off(photo.len() - 2);
    (photo, end)
}

/// `ftyp` and the header of an `mdat` that fills the rest.
fn mov_frame(size_bytes: u64) -> Bytes {
    let mut out = b"\0\0\0\x14ftypqt  \x20\x05\x03\x00qt  \0\0\0\x01mdat".to_vec();
    out.extend_from_slice(&size_bytes.saturating_sub(20).max(16).to_be_bytes());
    Bytes::from(out)
}

fn read_file(path: &Path, offset: u64, max: usize) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    let rest = file.metadata()?.len().saturating_sub(offset).min(max as u64);
    if rest == 0 {
        // Seeking further than a file system can count would be an error.
        return Ok(Bytes::new());
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut out = Vec::with_capacity(rest as usize);
    file.take(rest).read_to_end(&mut out)?;
    Ok(Bytes::from(out))
}
