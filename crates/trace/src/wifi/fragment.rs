//! Packets that were sent in several frames.
//!
//! Source: IEEE 802.11-2020, 10.4 and 10.5 (fragments come in order, each until it is
//! acknowledged), 12.5.3.4.4 (packet numbers of fragments follow each other).

use std::collections::VecDeque;

use super::frame::{Frame, Mac};

/// Packets that wait for fragments.
const MOST_WAITING: usize = 64;
/// Most bytes of fragments that wait for the others.
pub(super) const MOST_BYTES: usize = 256 * 1024;
/// What a packet costs besides its bytes.
const WAITING_BYTES: usize = 64;

/// Puts fragments together; forgets the oldest if there are too many.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: VecDeque<Waiting>,
    held_bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    /// The fragment that came last, and its packet number.
    last: (u8, u64),
    bytes: Vec<u8>,
}

/// Whose fragment it is, of which frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    ends: [Mac; 2],
    lane: u8,
    number: u16,
    protected: bool,
}

impl Fragments {
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Takes a fragment, opened, with its packet number (0 if it was not protected). Returns the
    /// packet if it is whole.
    pub(super) fn add(&mut self, frame: &Frame<'_>, packet: u64, body: &[u8]) -> Option<Vec<u8>> {
        let [receiver, transmitter, _] = frame.addresses;
        let (lane, number) = (frame.lane(), frame.number());
        let protected = frame.is_protected();
        let key = Key { ends: [receiver, transmitter], lane, number, protected };
        let found = self.waiting.iter().position(|waiting| waiting.key == key);
        let found = found.and_then(|at| self.waiting.remove(at));
        self.held_bytes -= found.as_ref().map_or(0, Waiting::held_bytes);
        let last = (frame.fragment(), packet);
        let waiting = match found {
            // The same again, in the open: it was not acknowledged. The protected are told before.
            Some(waiting) if !protected && waiting.last.0 == last.0 => {
                self.keep(waiting);
                return None;
            }
            _ if last.0 == 0 => Waiting { key, last, bytes: body.to_vec() },
            Some(mut waiting) => {
                let step = u64::from(protected);
                // Fragments that do not follow each other are a loss, or a trick.
                if waiting.last != (last.0 - 1, packet.wrapping_sub(step)) {
                    return None;
                }
                waiting.last = last;
                waiting.bytes.extend_from_slice(body);
                waiting
            }
            None => return None,
        };
        if !frame.has_more() {
            return Some(waiting.bytes);
        }
        self.keep(waiting);
        None
    }

    fn keep(&mut self, waiting: Waiting) {
        self.held_bytes += waiting.held_bytes();
        self.waiting.push_back(waiting);
        while self.held_bytes > MOST_BYTES || self.waiting.len() > MOST_WAITING {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.held_bytes -= oldest.held_bytes();
        }
    }
}

impl Waiting {
    fn held_bytes(&self) -> usize {
        self.bytes.capacity() + WAITING_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fragment of a frame from a station to its network.
    fn fragment(number: u16, fragment: u8, more: bool, protected: bool) -> Vec<u8> {
        let control = 0x0108 | if more { 0x0400 } else { 0 } | if protected { 0x4000 } else { 0 };
        let mut bytes = u16::to_le_bytes(control).to_vec();
        bytes.extend([0; 20]);
        bytes.extend((number << 4 | u16::from(fragment)).to_le_bytes());
        bytes
    }

    fn add(fragments: &mut Fragments, bytes: &[u8], packet: u64, body: &[u8]) -> Option<Vec<u8>> {
        fragments.add(&Frame::read(bytes, false).unwrap(), packet, body)
    }

    #[test]
    fn fragments_are_put_together_if_none_is_missing() {
        let frame = |number, more| fragment(7, number, more, true);
        let (mut all, mut lost, mut mixed) =
            (Fragments::default(), Fragments::default(), Fragments::default());
        for number in 0..3u8 {
            let bytes = frame(number, number < 2);
            let packet = 100 + u64::from(number);
            let whole = add(&mut all, &bytes, packet, &[number; 2]);
            assert_eq!(whole, (number == 2).then(|| vec![0, 0, 1, 1, 2, 2]));
            if number != 1 {
                assert_eq!(add(&mut lost, &bytes, packet, &[number; 2]), None);
            }
            // Fragments of two packets: their numbers do not follow each other (CVE-2020-24587).
            let other = packet + if number == 2 { 9 } else { 0 };
            assert_eq!(add(&mut mixed, &bytes, other, &[number; 2]), None);
        }
        for fragments in [all, lost, mixed] {
            assert_eq!(fragments.held_bytes(), 0);
        }
    }

    #[test]
    fn a_fragment_in_the_open_may_come_twice() {
        let mut fragments = Fragments::default();
        for (number, more) in [(0, true), (1, true), (1, true)] {
            assert_eq!(add(&mut fragments, &fragment(7, number, more, false), 0, &[number]), None);
        }
        let whole = add(&mut fragments, &fragment(7, 2, false, false), 0, &[2]);
        assert_eq!(whole, Some(vec![0, 1, 2]));
        // One that was not protected completes none that was.
        assert_eq!(add(&mut fragments, &fragment(8, 0, true, true), 5, &[0]), None);
        assert_eq!(add(&mut fragments, &fragment(8, 1, false, false), 0, &[1]), None);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut fragments = Fragments::default();
        for number in 0..200 {
            add(&mut fragments, &fragment(number, 0, true, true), 1, &[1; 100]);
            assert!(fragments.waiting.len() <= MOST_WAITING);
            add(&mut fragments, &fragment(number, 1, true, true), 2, &[1; 60_000]);
            assert!(fragments.held_bytes() <= MOST_BYTES);
        }
        assert!(fragments.held_bytes() > MOST_BYTES / 2);
    }
}
