//! Where a frame of 802.11 begins and ends in what was captured: radiotap, check sequence.
//!
//! Source: radiotap.org, "Defined fields"; IEEE 802.11-2020, 9.2.4.8 (FCS).

use std::sync::LazyLock;

use crate::capture::LinkType;

/// Version, filler, length, the first word of which fields there are.
const LEAST_BYTES: usize = 8;
/// Fields of the first word: the time, then the flags.
const TIME: u32 = 1 << 0;
const FLAGS: u32 = 1 << 1;
/// Another such word follows.
const MORE: u32 = 1 << 31;
/// Flags: the check sequence is there; the header is padded; the check failed.
const HAS_CHECK: u8 = 0x10;
const PADDED: u8 = 0x20;
const BAD: u8 = 0x40;
const CHECK_BYTES: usize = 4;

/// A frame without what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bare<'a> {
    pub(super) frame: &'a [u8],
    /// The header was made a multiple of four bytes long.
    pub(super) padded: bool,
}

/// The frame in a captured packet. `cut`: its end was left out. `None` if there is none, or the
/// radio found it damaged.
pub(super) fn bare(link: LinkType, data: &[u8], cut: bool) -> Option<Bare<'_>> {
    if link != LinkType::RADIOTAP {
        return Some(Bare { frame: without_check(data, cut), padded: false });
    }
    let length = usize::from(u16::from_le_bytes(*data.get(2..)?.first_chunk()?));
    let (header, frame) = data.split_at_checked(length)?;
    if header.len() < LEAST_BYTES || header.first() != Some(&0) {
        return None;
    }
    let Some(flags) = flags(header)? else {
        return Some(Bare { frame: without_check(frame, cut), padded: false });
    };
    if flags & BAD != 0 {
        return None;
    }
    let has_check = flags & HAS_CHECK != 0 && !cut;
    let end = if has_check { frame.len().checked_sub(CHECK_BYTES)? } else { frame.len() };
    Some(Bare { frame: frame.get(..end)?, padded: flags & PADDED != 0 })
}

/// The flags of a radiotap header; `None` outside if it contradicts itself, inside if it has none.
fn flags(header: &[u8]) -> Option<Option<u8>> {
    let (mut at, mut first) = (4, None);
    loop {
        let word = u32::from_le_bytes(*header.get(at..)?.first_chunk()?);
        at += 4;
        first.get_or_insert(word);
        if word & MORE == 0 {
            break;
        }
    }
    let present = first?;
    if present & FLAGS == 0 {
        return Some(None);
    }
    if present & TIME != 0 {
        // Fields are aligned to their own length, from the header's start.
        at = at.next_multiple_of(8) + 8;
    }
    Some(Some(*header.get(at)?))
}

/// A frame without its check sequence, where nothing tells if it has one: one that is right is one.
fn without_check(frame: &[u8], cut: bool) -> &[u8] {
    match frame.split_last_chunk::<CHECK_BYTES>() {
        Some((bytes, check)) if !cut && crc32(bytes) == u32::from_le_bytes(*check) => bytes,
        _ => frame,
    }
}

/// Remainders of all bytes.
static TABLE: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let step = |value: u32| if value & 1 != 0 { 0xEDB8_8320 ^ value >> 1 } else { value >> 1 };
    std::array::from_fn(|byte| (0..8).fold(byte as u32, |value, _| step(value)))
});

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        let at = (crc as u8 ^ byte) as usize;
        TABLE.get(at).copied().unwrap_or_default() ^ crc >> 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 12] = [0xD4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

    fn radiotap(present: &[u32], fields: &[u8], frame: &[u8]) -> Vec<u8> {
        let length = (4 + present.len() * 4 + fields.len()) as u16;
        let mut bytes = vec![0, 0];
        bytes.extend(length.to_le_bytes());
        present.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend(fields);
        bytes.extend(frame);
        bytes
    }

    fn frame(data: &[u8]) -> Option<(&[u8], bool)> {
        bare(LinkType::RADIOTAP, data, false).map(|bare| (bare.frame, bare.padded))
    }

    #[test]
    fn flags_are_found_behind_other_words_and_the_time() {
        assert_eq!(frame(&radiotap(&[0], &[], &FRAME)), Some((&FRAME[..], false)));
        assert_eq!(frame(&radiotap(&[2], &[0x10], &FRAME)), Some((&FRAME[..8], false)));
        assert_eq!(frame(&radiotap(&[2], &[0x20], &FRAME)), Some((&FRAME[..], true)));
        assert_eq!(frame(&radiotap(&[2], &[0x50], &FRAME)), None);
        let time = [0xFF; 8];
        let fields = [&time[..], &[0x10]].concat();
        assert_eq!(frame(&radiotap(&[3], &fields, &FRAME)), Some((&FRAME[..8], false)));
        // Three words end at 16, which is aligned; two at 12, which is not.
        let words = [3 | MORE, MORE, 0];
        assert_eq!(frame(&radiotap(&words, &fields, &FRAME)), Some((&FRAME[..8], false)));
        let fields = [&[0; 4][..], &time, &[0x10]].concat();
        assert_eq!(frame(&radiotap(&words[1..], &[0; 13], &FRAME)), Some((&FRAME[..], false)));
        assert_eq!(frame(&radiotap(&[3 | MORE, 0], &fields, &FRAME)), Some((&FRAME[..8], false)));
    }

    #[test]
    fn headers_that_lie_end() {
        // Words without an end, flags behind the end, a length behind the packet.
        assert_eq!(frame(&radiotap(&[MORE, MORE], &[], &FRAME)), None);
        assert_eq!(frame(&radiotap(&[3], &[0; 4], &[])), None);
        let whole = radiotap(&[2], &[0x10], &FRAME);
        (0..whole.len())
            .for_each(|cut| assert!(frame(&whole[..cut]).is_none_or(|it| it.0.len() < 8)));
        assert_eq!(frame(&[0, 0, 200, 0, 0, 0, 0, 0]), None);
        assert_eq!(frame(&[0, 0, 2, 0, 0, 0, 0, 0]), None);
        assert_eq!(frame(&[7, 0, 8, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn a_check_sequence_that_nobody_told_of_is_recognised() {
        // Origin: the check value of CRC-32, of "123456789".
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let with = [&FRAME[..], &crc32(&FRAME).to_le_bytes()].concat();
        let bare = |data, cut| bare(LinkType::IEEE802_11, data, cut).unwrap().frame;
        assert_eq!(bare(&with, false), FRAME);
        assert_eq!(bare(&with, true), with);
        assert_eq!(bare(&FRAME, false), FRAME);
    }
}
