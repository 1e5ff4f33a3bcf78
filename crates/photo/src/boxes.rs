//! Boxes of QuickTime, MP4 and HEIF files.
//!
//! Source: ISO/IEC 14496-12, 4.2 (size, type, 64-bit size; a size of 0 means to the end of the
//! file); QuickTime File Format Specification, atoms.

use std::io::{self, Read, Seek};

use crate::source::{be_u32, be_u64, read_at};

/// Name of a box.
pub(crate) type Name = [u8; 4];

/// One box: where it is and what it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Box {
    pub(crate) name: Name,
    /// Where its content begins.
    pub(crate) body: u64,
    /// Where it ends.
    pub(crate) end: u64,
}

/// What was found where a box should be.
pub(crate) enum Found {
    Box(Box),
    /// Why there is none.
    Broken(&'static str),
}

/// Reads the header of the box at `at`, which must end at `end` or before.
pub(crate) fn read_box(
    file: &mut (impl Read + Seek + ?Sized),
    at: u64,
    end: u64,
) -> io::Result<Found> {
    let header = read_at(file, at, 16)?;
    let (Some(size), Some(name)) = (be_u32(&header, 0), header.get(4..8)) else {
        return Ok(Found::Broken("is cut short"));
    };
    let (size, body) = match size {
        0 => (end.saturating_sub(at), at + 8),
        1 => match be_u64(&header, 8) {
            Some(size) => (size, at + 16),
            None => return Ok(Found::Broken("is cut short")),
        },
        size => (u64::from(size), at + 8),
    };
    let Some(box_end) = at.checked_add(size).filter(|box_end| *box_end <= end) else {
        return Ok(Found::Broken("does not end inside the file"));
    };
    if box_end < body {
        return Ok(Found::Broken("is smaller than its header"));
    }
    let name = name.first_chunk().copied().unwrap_or_default();
    Ok(Found::Box(Box { name, body, end: box_end }))
}

/// The first box called `name` between `at` and `end`; looks at no more than `most` boxes.
pub(crate) fn find(
    file: &mut (impl Read + Seek + ?Sized),
    name: &Name,
    (mut at, end): (u64, u64),
    most: u32,
) -> io::Result<Option<Box>> {
    for _ in 0..most {
        if at >= end {
            break;
        }
        match read_box(file, at, end)? {
            Found::Box(found) if found.name == *name => return Ok(Some(found)),
            Found::Box(found) => at = found.end,
            Found::Broken(_) => break,
        }
    }
    Ok(None)
}

/// True if a file of this family may begin with a box called `name`.
pub(crate) fn is_first(name: &Name) -> bool {
    [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"].contains(&name)
}

/// The brands of a leading `ftyp` as far as they are in `head`, four bytes each; empty without it.
pub(crate) fn brands(head: &[u8]) -> Vec<u8> {
    let Some(size) = be_u32(head, 0).filter(|_| head.get(4..8) == Some(b"ftyp")) else {
        return Vec::new();
    };
    let end = usize::try_from(size).unwrap_or(usize::MAX).min(head.len());
    let major = head.get(8..12.min(end)).unwrap_or_default();
    // Four bytes of version stand between them.
    [major, head.get(16..end).unwrap_or_default()].concat()
}
