//! A film of JPEGs as they are: Motion JPEG in AVI, for where there is no encoder.
//!
//! A film may be larger than the 4 GiB that the format's sizes reach: it is cut into parts of at most
//! 1 GiB, each with its index, and an index of those stands in the beginning. The first part has the
//! older index as well, for players that know no other.
//!
//! Source: Microsoft, AVI RIFF File Reference (headers, idx1); Matrox, OpenDML AVI File Format
//! Extensions 1.02 (indx, ix00, dmlh, AVIX).

use std::io::{self, Seek, SeekFrom, Write};

use super::rate::Rate;

/// Most bytes of a part. Source: OpenDML 1.02, which wants the first one below 1 GiB.
const PART_BYTES: u64 = 1 << 30;
/// Parts that the index in the beginning has room for.
const MOST_PARTS: usize = 1024;
/// A chunk's name and its length.
const CHUNK_HEAD: u64 = 8;
/// The name of a picture's chunk: stream 0, compressed.
const PICTURE: &[u8; 4] = b"00dc";
/// Bytes of an entry: in the old index, in a part's own, in that of the parts.
const OLD_ENTRY: u64 = 16;
const PART_ENTRY: u64 = 8;
const PARTS_ENTRY: usize = 16;
/// Bytes in front of the entries of a part's index, and of that of the parts.
const INDEX_HEAD: u32 = 24;

/// Where a picture lies in its part.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Of its bytes, from the word `movi`.
    offset: u32,
    bytes: u32,
}

/// A part's index.
#[derive(Debug, Clone, Copy)]
struct PartIndex {
    at: u64,
    bytes: u32,
    frames: u32,
}

/// The part that is being written.
#[derive(Debug)]
struct Part {
    /// Where its name stands.
    at: u64,
    /// Where the word `movi` stands.
    movi: u64,
    entries: Vec<Entry>,
}

/// Writes a film, picture by picture; what it keeps in memory is the index of a part.
///
/// 1. [`Avi::begin`] writes the head, with gaps where the end is not known yet.
/// 2. [`Avi::frame`] appends a picture.
/// 3. [`Avi::finish`] writes what is missing. Without it the file is no film.
#[derive(Debug)]
pub struct Avi<W> {
    file: W,
    /// Bytes written.
    end: u64,
    head: Head,
    most_bytes: u64,
    part: Part,
    parts: Vec<PartIndex>,
    frames: u32,
    /// Frames of the first part: what the old head counts.
    first_frames: u32,
    largest: u32,
}

/// What stands in the head from the beginning.
#[derive(Debug, Clone, Copy)]
struct Head {
    width: u32,
    height: u32,
    rate: Rate,
}

impl<W: Write + Seek> Avi<W> {
    /// Begins a film of pictures of this size in an empty file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn begin(file: W, (width, height): (u32, u32), rate: Rate) -> io::Result<Self> {
        Self::begin_in_parts(file, Head { width, height, rate }, PART_BYTES)
    }

    fn begin_in_parts(file: W, head: Head, most_bytes: u64) -> io::Result<Self> {
        let part = Part { at: 0, movi: 0, entries: Vec::new() };
        let mut avi = Self {
            file,
            end: 0,
            head,
            most_bytes,
            part,
            parts: Vec::new(),
            frames: 0,
            first_frames: 0,
            largest: 0,
        };
        let written = avi.head_bytes();
        avi.write(&written)?;
        avi.part.movi = avi.end - 4;
        Ok(avi)
    }

    /// Appends a picture: a JPEG of the film's size.
    ///
    /// # Errors
    /// Those of writing; `FileTooLarge` if the picture or the film is larger than the format takes.
    pub fn frame(&mut self, jpeg: &[u8]) -> io::Result<()> {
        let bytes = u32::try_from(jpeg.len()).ok().filter(|bytes| *bytes < 1 << 30);
        let bytes = bytes.ok_or(io::ErrorKind::FileTooLarge)?;
        let needed = |entries: u64| (entries + 1) * (OLD_ENTRY + PART_ENTRY) + 1024;
        let grown = self.end - self.part.at + u64::from(bytes) + CHUNK_HEAD;
        let entries = self.part.entries.len() as u64;
        if entries > 0 && grown + needed(entries) > self.most_bytes {
            self.end_part()?;
            self.begin_part()?;
        }
        // Less than a part's bytes, or one picture's.
        let offset = (self.end + CHUNK_HEAD - self.part.movi) as u32;
        self.write(PICTURE)?;
        self.write(&bytes.to_le_bytes())?;
        self.write(jpeg)?;
        if !bytes.is_multiple_of(2) {
            self.write(&[0])?;
        }
        self.part.entries.push(Entry { offset, bytes });
        self.frames = self.frames.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        self.largest = self.largest.max(bytes);
        Ok(())
    }

    /// Writes indexes and head; gives the file back.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_part()?;
        self.file.seek(SeekFrom::Start(0))?;
        let head = self.head_bytes();
        self.file.write_all(&head)?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn begin_part(&mut self) -> io::Result<()> {
        let at = self.end;
        self.write(b"RIFF\0\0\0\0AVIXLIST\0\0\0\0movi")?;
        self.part = Part { at, movi: self.end - 4, entries: Vec::new() };
        Ok(())
    }

    /// Writes the part's indexes, and the sizes that are known now.
    fn end_part(&mut self) -> io::Result<()> {
        if self.parts.len() == MOST_PARTS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let entries = std::mem::take(&mut self.part.entries);
        let index = self.part_index(&entries);
        // No part has as many entries as do not fit.
        let frames = entries.len() as u32;
        self.parts.push(PartIndex { at: self.end, bytes: index.len() as u32, frames });
        self.write(&index)?;
        let movi_end = self.end;
        if self.parts.len() == 1 {
            self.first_frames = frames;
            let index = old_index(&entries);
            self.write(&index)?;
        }
        self.patch(self.part.movi - 4, movi_end - self.part.movi)?;
        self.patch(self.part.at + 4, self.end - self.part.at - CHUNK_HEAD)
    }

    /// Writes a length where there was a gap.
    fn patch(&mut self, at: u64, bytes: u64) -> io::Result<()> {
        let bytes = u32::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(&bytes.to_le_bytes())?;
        self.file.seek(SeekFrom::Start(self.end)).map(drop)
    }

    fn part_index(&self, entries: &[Entry]) -> Vec<u8> {
        let mut body = Vec::with_capacity(entries.len() * PART_ENTRY as usize + 32);
        body.extend(2u16.to_le_bytes()); // Words of an entry.
        body.extend([0, 1]); // An index of chunks.
        body.extend((entries.len() as u32).to_le_bytes());
        body.extend(PICTURE);
        body.extend(self.part.movi.to_le_bytes());
        body.extend([0; 4]);
        for entry in entries {
            body.extend(entry.offset.to_le_bytes());
            body.extend(entry.bytes.to_le_bytes());
        }
        chunk(b"ix00", &body)
    }

    /// All up to the first picture, with what is known so far; always as long. Lengths of the first
    /// part are those of its end, or nothing.
    fn head_bytes(&self) -> Vec<u8> {
        let streams = list(b"strl", &[self.stream_head(), self.format(), self.parts_index()]);
        let mut extended = vec![0; 248];
        extended[..4].copy_from_slice(&self.frames.to_le_bytes());
        let extended = list(b"odml", &[chunk(b"dmlh", &extended)]);
        let lists = list(b"hdrl", &[self.main_head(), streams, extended]);
        let movi_bytes = self.parts.first().map_or(0, |first| {
            let end = first.at + u64::from(first.bytes);
            end - (12 + lists.len() as u64 + CHUNK_HEAD)
        });
        let old = u64::from(self.first_frames) * OLD_ENTRY + CHUNK_HEAD;
        let part_bytes = 4 + lists.len() as u64 + CHUNK_HEAD + movi_bytes + old;
        let mut head = b"RIFF".to_vec();
        head.extend((part_bytes as u32).to_le_bytes());
        head.extend(b"AVI ");
        head.extend(lists);
        head.extend(b"LIST");
        head.extend((movi_bytes as u32).to_le_bytes());
        head.extend(b"movi");
        head
    }

    fn main_head(&self) -> Vec<u8> {
        let Head { width, height, rate } = self.head;
        let frame_us = 1e6 / rate.per_second();
        let rate_bytes = f64::from(self.largest) * rate.per_second();
        // It has an index; its order is to be trusted.
        let flags = 0x10 | 0x800;
        let words = [
            frame_us.round() as u32,
            rate_bytes as u32,
            0,
            flags,
            self.first_frames,
            0,
            1, // Streams.
            self.largest,
            width,
            height,
            0,
            0,
            0,
            0,
        ];
        chunk(b"avih", &words.map(u32::to_le_bytes).concat())
    }

    fn stream_head(&self) -> Vec<u8> {
        let Head { width, height, rate } = self.head;
        let mut body = b"vidsMJPG".to_vec();
        let quality = u32::MAX; // The encoder's own.
        let (scale, per_scale) = (rate.denominator(), rate.numerator());
        let words = [0, 0, 0, scale, per_scale, 0, self.frames, self.largest, quality, 0];
        body.extend(words.map(u32::to_le_bytes).concat());
        let side = |pixels: u32| i16::try_from(pixels).unwrap_or(i16::MAX);
        body.extend([0, 0, side(width), side(height)].map(i16::to_le_bytes).concat());
        chunk(b"strh", &body)
    }

    /// Source: Microsoft, BITMAPINFOHEADER.
    fn format(&self) -> Vec<u8> {
        let Head { width, height, .. } = self.head;
        let image_bytes = width.saturating_mul(height).saturating_mul(3);
        let mut body = [40, width, height].map(u32::to_le_bytes).concat();
        body.extend([1u16, 24].map(u16::to_le_bytes).concat());
        body.extend(b"MJPG");
        body.extend([image_bytes, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
        chunk(b"strf", &body)
    }

    fn parts_index(&self) -> Vec<u8> {
        let mut body = 4u16.to_le_bytes().to_vec(); // Words of an entry.
        body.extend([0, 0]); // An index of indexes.
        body.extend((self.parts.len() as u32).to_le_bytes());
        body.extend(PICTURE);
        body.extend([0; 12]);
        for part in &self.parts {
            body.extend(part.at.to_le_bytes());
            body.extend(part.bytes.to_le_bytes());
            body.extend(part.frames.to_le_bytes());
        }
        body.resize(INDEX_HEAD as usize + MOST_PARTS * PARTS_ENTRY, 0);
        chunk(b"indx", &body)
    }
}

/// The index that all players know; offsets are those of the chunks, from the word `movi`.
fn old_index(entries: &[Entry]) -> Vec<u8> {
    let key_frame = 0x10u32;
    let mut body = Vec::with_capacity(entries.len() * OLD_ENTRY as usize);
    for entry in entries {
        body.extend(PICTURE);
        body.extend(key_frame.to_le_bytes());
        body.extend((entry.offset - CHUNK_HEAD as u32).to_le_bytes());
        body.extend(entry.bytes.to_le_bytes());
    }
    chunk(b"idx1", &body)
}

/// A chunk whose content has an even length.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&name[..], &(body.len() as u32).to_le_bytes(), body].concat()
}

fn list(name: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&name[..], &chunks.concat()].concat())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const RATE: Rate = Rate::new(25, 1);

    fn word(file: &[u8], at: usize) -> usize {
        u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize
    }

    fn picture(number: usize) -> Vec<u8> {
        let length = 1000 + number % 3;
        let mut picture = vec![number as u8; length];
        picture[..2].copy_from_slice(b"\xFF\xD8");
        picture
    }

    fn film(frames: usize, most_bytes: u64) -> Vec<u8> {
        let head = Head { width: 640, height: 480, rate: RATE };
        let mut avi = Avi::begin_in_parts(Cursor::new(Vec::new()), head, most_bytes).unwrap();
        for number in 0..frames {
            avi.frame(&picture(number)).unwrap();
        }
        avi.finish().unwrap().into_inner()
    }

    /// The chunks between two places: name, where their content begins, its length.
    fn chunks(file: &[u8], from: usize, to: usize) -> Vec<(String, usize, usize)> {
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            let bytes = word(file, at + 4);
            let name = String::from_utf8(file[at..at + 4].to_vec()).unwrap();
            found.push((name, at + 8, bytes));
            at += 8 + bytes + bytes % 2;
        }
        assert_eq!(at, to, "chunks end where what holds them does");
        found
    }

    fn find(file: &[u8], name: &[u8]) -> usize {
        file.windows(4).position(|four| four == name).unwrap()
    }

    #[test]
    fn the_head_tells_size_rate_and_count() {
        let file = film(7, PART_BYTES);
        let main = find(&file, b"avih") + 8;
        assert_eq!((word(&file, main), word(&file, main + 16)), (40_000, 7));
        assert_eq!((word(&file, main + 32), word(&file, main + 36)), (640, 480));
        let stream = find(&file, b"strh") + 8;
        assert_eq!(&file[stream..stream + 8], b"vidsMJPG");
        assert_eq!((word(&file, stream + 20), word(&file, stream + 24)), (1, 25));
        assert_eq!(word(&file, stream + 32), 7);
        assert_eq!(word(&file, find(&file, b"dmlh") + 8), 7);
    }

    #[test]
    fn both_indexes_lead_to_every_picture() {
        let file = film(7, PART_BYTES);
        let tops = chunks(&file, 0, file.len());
        assert_eq!(tops.len(), 1);
        let inner = chunks(&file, 12, file.len());
        let names: Vec<_> = inner.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["LIST", "LIST", "idx1"]);
        let (_, movi, movi_bytes) = inner[1];
        let pictures = chunks(&file, movi + 4, movi + movi_bytes);
        assert_eq!(pictures.len(), 8, "seven and their index");
        let (_, old, _) = inner[2];
        let (_, new, _) = pictures[7];
        for (number, &(_, at, bytes)) in pictures[..7].iter().enumerate() {
            let expected = picture(number);
            assert_eq!(&file[at..at + bytes], expected);
            let entry = old + number * 16;
            assert_eq!(movi + word(&file, entry + 8) + 8, at);
            assert_eq!(word(&file, entry + 12), bytes);
            let entry = new + 24 + number * 8;
            let base = word(&file, new + 12);
            assert_eq!((base + word(&file, entry), word(&file, entry + 4)), (at, bytes));
        }
    }

    #[test]
    fn a_large_film_is_cut_into_parts_that_are_all_found() {
        // The first part holds some twenty of these pictures, behind the head, others twice as many.
        let most = 40_000;
        let file = film(200, most);
        let tops = chunks(&file, 0, file.len());
        assert!(tops.len() > 5, "{}", tops.len());
        assert!(tops.iter().all(|(name, _, bytes)| name == "RIFF" && *bytes as u64 <= most));
        assert!(tops[1..].iter().all(|(_, at, _)| &file[*at..at + 4] == b"AVIX"));
        let index = find(&file, b"indx") + 8;
        assert_eq!(word(&file, index + 4), tops.len());
        let mut number = 0;
        for part in 0..tops.len() {
            let entry = index + 24 + part * 16;
            let at = word(&file, entry);
            assert_eq!(&file[at..at + 4], b"ix00");
            assert_eq!(word(&file, entry + 8), word(&file, at + 4) + 8);
            let frames = word(&file, entry + 12);
            assert_eq!(word(&file, at + 12), frames);
            let base = word(&file, at + 20);
            for frame in 0..frames {
                let from = base + word(&file, at + 32 + frame * 8);
                let bytes = word(&file, at + 36 + frame * 8);
                assert_eq!(&file[from..from + bytes], picture(number), "{number}");
                number += 1;
            }
        }
        assert_eq!(number, 200);
        let main = find(&file, b"avih") + 8;
        assert!(word(&file, main + 16) < 200, "the old head counts the first part");
        assert_eq!(word(&file, find(&file, b"dmlh") + 8), 200);
    }

    #[test]
    fn a_film_without_pictures_is_told_as_one() {
        let file = film(0, PART_BYTES);
        assert_eq!(chunks(&file, 0, file.len()).len(), 1);
        assert_eq!(word(&file, find(&file, b"dmlh") + 8), 0);
    }
}
