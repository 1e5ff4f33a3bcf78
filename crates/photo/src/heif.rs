//! HEIF: where its Exif lies, and its size in pixels.
//!
//! A directory (`meta`) lists items by number and type (`iinf`) and says where each is (`iloc`); one
//! of them is Exif. Sizes are among the properties (`iprp`, `ipco`, `ispe`). Source: ISO/IEC
//! 14496-12, 8.11; ISO/IEC 23008-12, 6.5.3 (`ispe`) and A.2.1 (Exif).

use std::io::{self, Read, Seek, SeekFrom};

use crate::boxes::{Box, Found, find, read_box};
use crate::exif;
use crate::facts::Facts;
use crate::source::{be_u16, be_u32, be_u64, read_at};
use crate::structure::{Structure, broken};

/// Boxes of a level that are looked at.
const MOST_BOXES: u32 = 10_000;
/// A directory of a thousand items has some 30 KiB.
const MOST_TABLE_BYTES: u64 = 256 * 1024;
/// Exif of a photo has some KiB, in a JPEG 64 at most. What is wanted of it stands in the beginning.
const MOST_EXIF_BYTES: u64 = 256 * 1024;
/// Version and flags at the beginning of some boxes.
const VERSION_BYTES: u64 = 4;

/// Where an item's bytes count from.
const IN_FILE: u16 = 0;
const IN_DIRECTORY: u16 = 1;

/// An item's place: what it counts from, offset, length.
type Place = (u16, u64, u64);

/// Reads the facts of a HEIF.
pub(crate) fn read(file: &mut (impl Read + Seek + ?Sized)) -> io::Result<Facts> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(meta) = find(file, b"meta", (0, length), MOST_BOXES)? else {
        return Ok(Facts::default());
    };
    let inside = (meta.body + VERSION_BYTES, meta.end);
    let tiff = tiff(file, inside)?;
    let mut facts = tiff.map(exif::read).unwrap_or_default();
    if facts.width.is_none() || facts.height.is_none() {
        (facts.width, facts.height) = pixels(file, inside)?.unzip();
    }
    Ok(facts)
}

/// The TIFF part of the item that holds Exif.
fn tiff(file: &mut (impl Read + Seek + ?Sized), inside: (u64, u64)) -> io::Result<Option<Vec<u8>>> {
    let mut table = |name| -> io::Result<Vec<u8>> {
        let found = find(file, name, inside, MOST_BOXES)?;
        found.map_or(Ok(Vec::new()), |found| content(file, found, MOST_TABLE_BYTES))
    };
    let (names, places) = (table(b"iinf")?, table(b"iloc")?);
    let place = exif_item(&names).and_then(|item| place(&places, item));
    let Some((from, offset, bytes)) = place else { return Ok(None) };
    let start = match from {
        IN_FILE => 0,
        IN_DIRECTORY => match find(file, b"idat", inside, MOST_BOXES)? {
            Some(data) => data.body,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let Some(at) = offset.checked_add(start) else { return Ok(None) };
    let bytes = read_at(file, at, bytes.min(MOST_EXIF_BYTES) as usize)?;
    Ok(tiff_of(&bytes).map(<[u8]>::to_vec))
}

/// The item begins with the offset of the TIFF part behind itself. Encoders leave out the `Exif`
/// before that part, or have it and do not count it.
fn tiff_of(item: &[u8]) -> Option<&[u8]> {
    let offset = usize::try_from(be_u32(item, 0)?).ok()?;
    let tiff = item.get(4..)?.get(offset..)?;
    Some(tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff))
}

fn content(file: &mut (impl Read + Seek + ?Sized), of: Box, most: u64) -> io::Result<Vec<u8>> {
    read_at(file, of.body, (of.end - of.body).min(most) as usize)
}

/// The number of the item that is Exif, in the content of `iinf`.
fn exif_item(names: &[u8]) -> Option<u32> {
    let mut at = if names.first()? == &0 { 6 } else { 8 };
    loop {
        let size = usize::try_from(be_u32(names, at)?).ok()?.max(8);
        let entry = names.get(at..at.checked_add(size)?)?;
        let (id, kind) = match entry.get(8)? {
            2 => (u32::from(be_u16(entry, 12)?), entry.get(16..20)),
            3 => (be_u32(entry, 12)?, entry.get(18..22)),
            // Older entries have no type.
            _ => (0, None),
        };
        if entry.get(4..8) == Some(b"infe") && kind == Some(b"Exif") {
            return Some(id);
        }
        at += size;
    }
}

/// Where an item is, in the content of `iloc`; items of more than one piece, and of other files,
/// are nowhere.
fn place(places: &[u8], wanted: u32) -> Option<Place> {
    let mut found = Vec::new();
    let mut is_single = true;
    each_piece(places, |piece| {
        if piece.item == u64::from(wanted) {
            is_single &= found.is_empty() && !piece.elsewhere;
            found.push((piece.from, piece.offset, piece.length));
        }
        is_single
    });
    found.pop().filter(|_| is_single)
}

/// Checks that there are items, and that all that the file holds of them lies inside.
pub(crate) fn check(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let Some(meta) = find(file, b"meta", (0, length), MOST_BOXES)? else {
        return broken("the HEIF has no directory");
    };
    let inside = (meta.body + VERSION_BYTES, meta.end);
    let places = match find(file, b"iloc", inside, MOST_BOXES)? {
        Some(found) => content(file, found, MOST_TABLE_BYTES)?,
        None => Vec::new(),
    };
    let (mut items, mut outside) = (0, None);
    each_piece(&places, |piece| {
        items += 1;
        let is_here = piece.from == IN_FILE && !piece.elsewhere;
        let end = piece.offset.saturating_add(piece.length);
        if is_here && end > length {
            outside = Some(end);
        }
        outside.is_none()
    });
    match (items, outside) {
        (0, _) => broken("the HEIF's directory names no pictures"),
        (_, Some(end)) => {
            broken(format!("a part of the HEIF ends at byte {end}, the file at {length}"))
        }
        _ => Ok(Structure::Whole),
    }
}

/// A piece of an item.
struct Piece {
    item: u64,
    /// What the offset counts from.
    from: u16,
    /// It is in another file.
    elsewhere: bool,
    offset: u64,
    length: u64,
}

/// Goes through the content of `iloc` as long as `each` says so, up to the first piece that cannot
/// be read.
fn each_piece(places: &[u8], mut each: impl FnMut(Piece) -> bool) -> Option<()> {
    let version = *places.first()?;
    let sizes = be_u16(places, 4)?;
    let half = |shift: u16| usize::from(sizes >> shift & 0xF);
    let (offset_size, length_size, base_size) = (half(12), half(8), half(4));
    let index_size = if version == 0 { 0 } else { half(0) };
    let mut words = Words { bytes: places, at: 6 };
    let short = if version < 2 { 2 } else { 4 };
    for _ in 0..words.next(short)? {
        let item = words.next(short)?;
        let from = if version == 0 { 0 } else { words.next(2)? & 0xF };
        let elsewhere = words.next(2)? != 0;
        let base = words.next(base_size)?;
        let pieces = words.next(2)?;
        // Pieces without a byte of their own are all the same, however many the item claims.
        let is_bare = index_size + offset_size + length_size == 0;
        for _ in 0..if is_bare { pieces.min(1) } else { pieces } {
            words.next(index_size)?;
            let (offset, length) = (words.next(offset_size)?, words.next(length_size)?);
            let (offset, from) = (base.checked_add(offset)?, u16::try_from(from).ok()?);
            if !each(Piece { item, from, elsewhere, offset, length }) {
                return Some(());
            }
        }
    }
    Some(())
}

/// Numbers of 0, 2, 4 or 8 bytes, one after the other.
struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Words<'_> {
    fn next(&mut self, size: usize) -> Option<u64> {
        let at = self.at;
        self.at += size;
        match size {
            0 => Some(0),
            2 => be_u16(self.bytes, at).map(u64::from),
            4 => be_u32(self.bytes, at).map(u64::from),
            8 => be_u64(self.bytes, at),
            _ => None,
        }
    }
}

/// The largest size among the properties: tiles and thumbnails have sizes of their own.
fn pixels(
    file: &mut (impl Read + Seek + ?Sized),
    inside: (u64, u64),
) -> io::Result<Option<(u32, u32)>> {
    let Some(properties) = find(file, b"iprp", inside, MOST_BOXES)? else { return Ok(None) };
    let inside = (properties.body, properties.end);
    let Some(list) = find(file, b"ipco", inside, MOST_BOXES)? else { return Ok(None) };
    let mut largest = None;
    let mut at = list.body;
    for _ in 0..MOST_BOXES {
        if at >= list.end {
            break;
        }
        let Found::Box(found) = read_box(file, at, list.end)? else { break };
        at = found.end;
        if found.name == *b"ispe" {
            let size = content(file, found, 12)?;
            let size = be_u32(&size, 4).zip(be_u32(&size, 8)).filter(|(w, h)| *w > 0 && *h > 0);
            let area = |size: &(u32, u32)| u64::from(size.0) * u64::from(size.1);
            largest = largest.into_iter().chain(size).max_by_key(area);
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
    }

    /// TIFF with nothing but a model.
    const TIFF: &[u8] = b"II*\0\x08\0\0\0\x01\0\x10\x01\x02\0\x04\0\0\0X-Q\0\0\0\0\0";

    fn entry(id: u16, kind: &[u8; 4]) -> Vec<u8> {
        boxed(b"infe", &[&[2, 0, 0, 0][..], &id.to_be_bytes(), &[0, 0], kind, b"\0"].concat())
    }

    fn names() -> Vec<u8> {
        [&[0, 0, 0, 0, 0, 2][..], &entry(1, b"hvc1"), &entry(2, b"Exif")].concat()
    }

    fn size(name: &[u8; 4], width: u32, height: u32) -> Vec<u8> {
        boxed(name, &[&[0; 4][..], &width.to_be_bytes(), &height.to_be_bytes()].concat())
    }

    /// A file with a picture, a tile and Exif, whose place is written by `places`.
    fn heif(places: impl Fn(u32) -> Vec<u8>, idat: &[u8], item: &[u8]) -> Vec<u8> {
        named(&names(), places, idat, item)
    }

    /// The same with `names` for the content of `iinf`.
    fn named(names: &[u8], places: impl Fn(u32) -> Vec<u8>, idat: &[u8], item: &[u8]) -> Vec<u8> {
        // A tile, the picture, a strip of tiles that is longer, and one without an area.
        let sizes = [(64, 48), (640, 426), (5000, 3), (0, 9)].map(|(w, h)| size(b"ispe", w, h));
        // As large as a size, and none.
        let list = boxed(b"ipco", &[sizes.concat(), size(b"clap", 9000, 9000)].concat());
        let build = |at| {
            let parts = [
                boxed(b"iloc", &places(at)),
                boxed(b"iinf", names),
                boxed(b"iprp", &list),
                boxed(b"idat", idat),
            ];
            let meta = boxed(b"meta", &[&[0; 4][..], &parts.concat()].concat());
            [boxed(b"ftyp", b"heic\0\0\0\0mif1"), meta].concat()
        };
        let at = build(0).len() as u32 + 8;
        [build(at), boxed(b"mdat", item)].concat()
    }

    /// Item 2 placed by version 1 of `iloc`: how it is placed, and its pieces as offset and length.
    fn version_1(how: u8, pieces: &[(u32, u32)]) -> Vec<u8> {
        let head = [1, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 2, 0, how, 0, 0, 0, pieces.len() as u8];
        let words = pieces.iter().flat_map(|&(at, length)| [at, length]);
        [&head[..], &words.flat_map(u32::to_be_bytes).collect::<Vec<_>>()].concat()
    }

    fn version_0(item: &[u8]) -> impl Fn(u32) -> Vec<u8> {
        let length = item.len() as u32;
        move |at: u32| {
            let one = |id: u16, at: u32, length: u32| {
                let head = [&id.to_be_bytes()[..], &[0, 0], &[0, 0, 0, 0], &[0, 1]].concat();
                [&head[..], &at.to_be_bytes(), &length.to_be_bytes()].concat()
            };
            let head = [0, 0, 0, 0, 0x44, 0x40, 0, 2];
            [&head[..], &one(1, 5, 7), &one(2, at, length)].concat()
        }
    }

    fn told(file: &[u8]) -> Facts {
        read(&mut Cursor::new(file)).unwrap()
    }

    #[test]
    fn exif_is_found_with_and_without_its_name_before_it() {
        let plain = [&[0, 0, 0, 0][..], TIFF].concat();
        let counted = [&[0, 0, 0, 6][..], b"Exif\0\0", TIFF].concat();
        let uncounted = [&[0, 0, 0, 0][..], b"Exif\0\0", TIFF].concat();
        for item in [plain, counted, uncounted] {
            let facts = told(&heif(version_0(&item), b"", &item));
            assert_eq!(facts.model.as_deref(), Some("X-Q"), "{}", item.escape_ascii());
            assert_eq!((facts.width, facts.height), (Some(640), Some(426)));
        }
    }

    #[test]
    fn exif_may_lie_in_the_directory_itself() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let data = [&[7; 3][..], &item].concat();
        // Version 1: how it is placed, eight bytes of offset, no base.
        let places = |_| {
            let head = [1, 0, 0, 0, 0x84, 0x00, 0, 1, 0, 2, 0, 1, 0, 0, 0, 1];
            [&head[..], &3u64.to_be_bytes(), &(item.len() as u32).to_be_bytes()].concat()
        };
        assert_eq!(told(&heif(places, &data, b"")).model.as_deref(), Some("X-Q"));
    }

    /// Version 3 of `infe` and version 2 of `iloc` number items with four bytes; version 1 of `iinf`
    /// counts with four.
    #[test]
    fn items_may_have_wide_numbers() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let wide = |id: u32, kind: &[u8; 4]| {
            boxed(b"infe", &[&[3, 0, 0, 0][..], &id.to_be_bytes(), &[0, 0], kind, b"\0"].concat())
        };
        let names = [
            &[1, 0, 0, 0, 0, 0, 0, 2][..],
            &wide(0x0001_0002, b"hvc1"),
            &wide(0x0002_0002, b"Exif"),
        ];
        let length = item.len() as u32;
        let places = |at: u32| {
            let one = |id: u32, at: u32| {
                let head = [&id.to_be_bytes()[..], &[0, 0, 0, 0, 0, 1]].concat();
                [&head[..], &at.to_be_bytes(), &length.to_be_bytes()].concat()
            };
            let head = [2, 0, 0, 0, 0x44, 0x00, 0, 0, 0, 2];
            [&head[..], &one(0x0001_0002, 5), &one(0x0002_0002, at)].concat()
        };
        let file = named(&names.concat(), places, b"", &item);
        assert_eq!(told(&file).model.as_deref(), Some("X-Q"));
    }

    #[test]
    fn offsets_count_from_the_base_and_come_behind_the_index() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let places = |at: u32| {
            // Offset and length of four bytes, a base and an index of eight.
            let head = [1, 0, 0, 0, 0x44, 0x88, 0, 1, 0, 2, 0, 0, 0, 0];
            let base = u64::from(at.saturating_sub(3)).to_be_bytes();
            let index = 7u64.to_be_bytes();
            let length = (item.len() as u32).to_be_bytes();
            [&head[..], &base, &[0, 1], &index, &3u32.to_be_bytes(), &length].concat()
        };
        assert_eq!(told(&heif(places, b"", &item)).model.as_deref(), Some("X-Q"));
    }

    #[test]
    fn only_entries_of_a_name_and_a_type_are_items() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let file = |second: &[u8]| {
            let names = [&[0, 0, 0, 0, 0, 2][..], &entry(1, b"hvc1"), second].concat();
            named(&names, version_0(&item), b"", &item)
        };
        assert_eq!(told(&file(&entry(2, b"Exif"))).model.as_deref(), Some("X-Q"));
        let mut renamed = entry(2, b"Exif");
        renamed[4..8].copy_from_slice(b"free");
        assert_eq!(told(&file(&renamed)).model, None);
        // Version 1 has no type; what stands in its place is a name.
        let mut older = entry(2, b"Exif");
        older[8] = 1;
        assert_eq!(told(&file(&older)).model, None);
        assert_eq!(told(&file(&entry(2, b"mime"))).model, None);
    }

    #[test]
    fn exif_in_pieces_or_made_of_other_items_is_not_read() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let length = item.len() as u32;
        let model = |how, pieces: &dyn Fn(u32) -> Vec<(u32, u32)>| {
            told(&heif(|at| version_1(how, &pieces(at)), b"", &item)).model
        };
        assert_eq!(model(0, &|at| vec![(at, length)]).as_deref(), Some("X-Q"));
        assert_eq!(model(2, &|at| vec![(at, length)]), None);
        assert_eq!(model(0, &|at| vec![(at, length - 9), (at + length - 9, 9)]), None);
        // Were the last piece the item, it would tell.
        assert_eq!(model(0, &|at| vec![(at, 4), (at, length)]), None);
    }

    #[test]
    fn what_the_directory_names_must_be_there() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let length = item.len() as u32;
        let check = |file: &[u8]| check(&mut Cursor::new(file), file.len() as u64).unwrap();
        let is_broken = |file: &[u8]| matches!(check(file), Structure::Broken(_));
        let whole = heif(version_0(&item), b"", &item);
        assert_eq!(check(&whole), Structure::Whole);
        assert!(is_broken(&heif(|_| vec![0, 0, 0, 0, 0x44, 0x40, 0, 0], b"", &item)), "no items");
        let beyond = |at| version_0(&item)(at + 1);
        assert!(is_broken(&heif(beyond, b"", &item)));
        // Each piece counts.
        let first = |at| version_1(0, &[(at, length + 1), (at, 1)]);
        assert!(is_broken(&heif(first, b"", &item)));
        let last = |at| version_1(0, &[(at, 1), (at + length, 1)]);
        assert!(is_broken(&heif(last, b"", &item)));
        // Also where pieces have lengths only, and count from the beginning.
        let lengths = |_| {
            let head = [0, 0, 0, 0, 0x04, 0x00, 0, 1, 0, 2, 0, 0, 0, 2];
            [&head[..], &1u32.to_be_bytes(), &9_999u32.to_be_bytes()].concat()
        };
        assert!(is_broken(&heif(lengths, b"", &item)));
        // Pictures in another file, in the directory, or made of others are not looked for in this
        // one.
        let elsewhere = |_| {
            let head = [1, 0, 0, 0, 0x44, 0x00, 0, 3];
            let one =
                |from: u8, file: u8| [0, 1, 0, from, 0, file, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 9];
            [&head[..], &one(0, 1), &one(1, 0), &one(2, 0)].concat()
        };
        assert_eq!(check(&heif(elsewhere, b"", &item)), Structure::Whole);
    }

    /// It would be read for minutes: items of 65,535 pieces without a byte.
    #[test]
    fn pieces_of_no_bytes_take_no_time() {
        let items = 40_000u16;
        let one = [&[0, 1, 0, 0][..], &[0xFF, 0xFF]].concat();
        let places =
            [&[0, 0, 0, 0, 0, 0][..], &items.to_be_bytes(), &one.repeat(items.into())].concat();
        let mut count = 0u32;
        each_piece(&places, |_| {
            count += 1;
            true
        });
        assert_eq!(count, u32::from(items));
    }

    #[test]
    fn what_is_cut_or_elsewhere_tells_nothing_of_itself() {
        let item = [&[0, 0, 0, 0][..], TIFF].concat();
        let whole = heif(version_0(&item), b"", &item);
        for cut in 0..whole.len() - item.len() {
            assert_eq!(told(&whole[..cut]).model, None, "cut at {cut}");
        }
        let elsewhere = |at| {
            let mut places = version_0(&item)(at);
            // The second item's reference, behind its number.
            places[8 + 18 + 3] = 1;
            places
        };
        assert_eq!(told(&heif(elsewhere, b"", &item)).model, None);
        let huge = |_| [&[0, 0, 0, 0, 0x44, 0x40, 0xFF, 0xFF][..], &[0xFF; 64]].concat();
        assert_eq!(told(&heif(huge, b"", &item)).model, None);
    }
}
