//! One way of a TCP connection, put in order.
//!
//! What came first stands: a retransmission never replaces bytes that were given out. A hole is
//! waited for until the peer has acknowledged it (so that it was sent, and the capture lost it) and
//! further packets did not bring it, or until too much waits behind it.
//!
//! Source: RFC 9293, sections 3.4 and 3.10.7.4.

use std::collections::BTreeMap;

use crate::ip::Segment;

/// Most bytes that wait behind a hole.
pub const MOST_AHEAD_BYTES: usize = 1 << 20;
/// The same for all connections together.
pub const MOST_AHEAD_BYTES_IN_ALL: usize = 16 << 20;
/// What a waiting segment costs besides its bytes.
const PIECE_BYTES: usize = 96;
/// Packets of the connection in which an acknowledged hole may still be filled: captures of several
/// processors or interfaces are out of order by a few.
const PATIENCE_PACKETS: u32 = 16;
/// So many segments of the past in a row mean that the capture lost 2 GiB or more.
const MOST_OLD: u32 = 256;

/// What comes out, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// So many bytes are lost; 0 if nobody knows how many, as where a capture starts in the middle.
    Gap(u64),
}

/// Bytes that wait behind holes, all connections together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) held_bytes: usize,
}

/// One way of a connection.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Sequence number of the first byte, and of the next one to give out.
    numbers: Option<(u32, u32)>,
    /// Bytes and gaps given out so far.
    offset: u64,
    /// Segments behind a hole by their offset, with their time.
    ahead: BTreeMap<u64, (Option<u64>, Vec<u8>)>,
    held_bytes: usize,
    /// Packets since the peer acknowledged what is missing.
    waited: u32,
    old: u32,
    /// Offset of the end, once FIN came.
    end: Option<u64>,
    /// Segments that brought nothing new.
    pub(crate) repeated: u64,
}

impl Stream {
    /// Where the connection began, from its SYN. True if it is news.
    pub(crate) fn begin(&mut self, syn: u32) -> bool {
        let first = syn.wrapping_add(1);
        let news = self.numbers.is_none();
        if news {
            self.numbers = Some((first, first));
        }
        news
    }

    /// True if the SYN is not of this connection, but of a later one between the same ports.
    ///
    /// A SYN captured late, behind the first data, is of this one.
    pub(crate) fn is_other(&self, syn: u32) -> bool {
        let late = |(first, _): (u32, u32)| first.wrapping_sub(syn.wrapping_add(1));
        self.numbers.is_some_and(|numbers| late(numbers) as usize > MOST_AHEAD_BYTES)
    }

    /// True if the peer, who acknowledges so much, knows more of it than came yet.
    pub(crate) fn lacks(&self, acknowledged: Option<u32>) -> bool {
        let Some((_, next)) = self.numbers else { return acknowledged.is_some() };
        // FIN is acknowledged like a byte.
        let known = next.wrapping_add(u32::from(self.has_ended()));
        let ahead = |ack: u32| ack.wrapping_sub(known) as i32 > 0;
        !self.ahead.is_empty() || acknowledged.is_some_and(ahead)
    }

    /// True if all that was said before this segment, which ends the way, was given out.
    pub(crate) fn is_all(&self, end: &Segment) -> bool {
        if end.rst { !self.lacks(Some(end.sequence)) } else { self.has_ended() }
    }

    /// True if nothing was said yet, as far as is known.
    pub(crate) fn is_silent(&self) -> bool {
        self.offset == 0 && self.ahead.is_empty()
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.numbers.is_some()
    }

    /// True once FIN came, if not all that was said before it.
    pub(crate) fn is_closed(&self) -> bool {
        self.end.is_some()
    }

    /// True once everything up to FIN was given out.
    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some_and(|end| self.offset >= end)
    }

    /// Takes a segment's bytes and gives out what is in order now.
    pub(crate) fn take(
        &mut self,
        at_ns: Option<u64>,
        segment: &Segment,
        payload: &[u8],
        budget: &mut Budget,
        give: &mut impl FnMut(Option<u64>, Piece<'_>),
    ) {
        if segment.syn || (payload.is_empty() && !(segment.fin && self.has_begun())) {
            return;
        }
        if !self.has_begun() {
            self.numbers = Some((segment.sequence, segment.sequence));
            give(at_ns, Piece::Gap(0));
        }
        let next = self.numbers.map_or(segment.sequence, |(_, next)| next);
        let distance = i64::from(segment.sequence.wrapping_sub(next) as i32);
        if segment.fin && distance >= 0 {
            self.end = Some(self.offset + distance as u64 + payload.len() as u64);
        }
        if payload.is_empty() {
            return;
        }
        let known = usize::try_from(-distance).unwrap_or(0);
        match payload.get(known..).filter(|news| !news.is_empty()) {
            None => self.take_old(at_ns, segment, payload, give),
            Some(news) if distance <= 0 => {
                self.old = 0;
                self.give_out(at_ns, news, give);
                self.drain(budget, give);
            }
            Some(news) => {
                self.old = 0;
                self.put_aside(self.offset + distance as u64, at_ns, news, budget);
                while self.held_bytes > MOST_AHEAD_BYTES
                    || (self.held_bytes > 0 && budget.held_bytes > MOST_AHEAD_BYTES_IN_ALL)
                {
                    self.give_up(budget, give);
                }
            }
        }
    }

    fn take_old(
        &mut self,
        at_ns: Option<u64>,
        segment: &Segment,
        payload: &[u8],
        give: &mut impl FnMut(Option<u64>, Piece<'_>),
    ) {
        self.repeated += 1;
        self.old += 1;
        if self.old > MOST_OLD && self.ahead.is_empty() {
            self.old = 0;
            self.numbers = Some((segment.sequence, segment.sequence));
            give(at_ns, Piece::Gap(0));
            self.give_out(at_ns, payload, give);
        }
    }

    /// Counts a packet of the connection, and what the peer has received according to it.
    pub(crate) fn watch(
        &mut self,
        acknowledged: Option<u32>,
        budget: &mut Budget,
        give: &mut impl FnMut(Option<u64>, Piece<'_>),
    ) {
        if self.ahead.is_empty() {
            self.waited = 0;
            return;
        }
        let Some((_, next)) = self.numbers else { return };
        let is_past = acknowledged.is_some_and(|ack| (ack.wrapping_sub(next) as i32) > 0);
        if is_past || self.waited > 0 {
            self.waited += 1;
        }
        if self.waited > PATIENCE_PACKETS {
            self.give_up(budget, give);
        }
    }

    /// Gives out everything that waits, with its holes: nothing will fill them.
    pub(crate) fn flush(
        &mut self,
        budget: &mut Budget,
        give: &mut impl FnMut(Option<u64>, Piece<'_>),
    ) {
        while !self.ahead.is_empty() {
            self.give_up(budget, give);
        }
    }

    fn give_out(
        &mut self,
        at_ns: Option<u64>,
        bytes: &[u8],
        give: &mut impl FnMut(Option<u64>, Piece<'_>),
    ) {
        self.advance(bytes.len() as u64);
        give(at_ns, Piece::Bytes(bytes));
    }

    fn advance(&mut self, count: u64) {
        self.offset += count;
        self.waited = 0;
        if let Some((_, next)) = &mut self.numbers {
            // Sequence numbers wrap around.
            *next = next.wrapping_add(count as u32);
        }
    }

    fn put_aside(&mut self, offset: u64, at_ns: Option<u64>, bytes: &[u8], budget: &mut Budget) {
        if self.ahead.get(&offset).is_some_and(|(_, there)| there.len() >= bytes.len()) {
            self.repeated += 1;
            return;
        }
        let cost = bytes.len() + PIECE_BYTES;
        self.held_bytes += cost;
        budget.held_bytes += cost;
        if let Some((_, old)) = self.ahead.insert(offset, (at_ns, bytes.to_vec())) {
            self.release(old.len(), budget);
        }
    }

    fn release(&mut self, bytes: usize, budget: &mut Budget) {
        self.held_bytes -= bytes + PIECE_BYTES;
        budget.held_bytes -= bytes + PIECE_BYTES;
    }

    /// Takes the next hole for lost.
    fn give_up(&mut self, budget: &mut Budget, give: &mut impl FnMut(Option<u64>, Piece<'_>)) {
        let Some((&start, (at_ns, _))) = self.ahead.first_key_value() else { return };
        let (hole, at_ns) = (start.saturating_sub(self.offset), *at_ns);
        if hole > 0 {
            self.advance(hole);
            give(at_ns, Piece::Gap(hole));
        }
        self.drain(budget, give);
    }

    /// Gives out what is no longer behind a hole.
    fn drain(&mut self, budget: &mut Budget, give: &mut impl FnMut(Option<u64>, Piece<'_>)) {
        while let Some(first) = self.ahead.first_entry() {
            let known = match self.offset.checked_sub(*first.key()) {
                Some(known) => usize::try_from(known).unwrap_or(usize::MAX),
                None => break,
            };
            let (at_ns, bytes) = first.remove();
            self.release(bytes.len(), budget);
            match bytes.get(known..).filter(|news| !news.is_empty()) {
                Some(news) => self.give_out(at_ns, news, give),
                None => self.repeated += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What came out: bytes, and `None` for each lost one.
    fn play(start: u32, syn: bool, segments: &[(u64, &[u8])]) -> (Vec<Option<u8>>, Stream) {
        let (mut stream, mut budget) = (Stream::default(), Budget::default());
        let mut out = Vec::new();
        let mut give = |_: Option<u64>, piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => out.extend(bytes.iter().copied().map(Some)),
            Piece::Gap(count) => out.extend((0..count).map(|_| None)),
        };
        if syn {
            stream.begin(start.wrapping_sub(1));
        }
        for (offset, bytes) in segments {
            let sequence = start.wrapping_add(*offset as u32);
            let segment =
                Segment { sequence, acknowledged: None, syn: false, fin: false, rst: false };
            stream.take(None, &segment, bytes, &mut budget, &mut give);
        }
        stream.flush(&mut budget, &mut give);
        assert_eq!((budget.held_bytes, stream.held_bytes), (0, 0));
        (out, stream)
    }

    fn text(out: &[Option<u8>]) -> String {
        out.iter().map(|byte| byte.map_or('.', char::from)).collect()
    }

    #[test]
    fn order_repetition_overlap_and_holes() {
        for start in [1, u32::MAX - 3] {
            let in_order = play(start, true, &[(0, b"abc"), (3, b"def")]).0;
            assert_eq!(text(&in_order), "abcdef");
            let swapped = play(start, true, &[(3, b"def"), (0, b"abc")]).0;
            assert_eq!(text(&swapped), "abcdef");
            let (overlapping, stream) =
                play(start, true, &[(0, b"abc"), (1, b"bcd"), (0, b"ab"), (4, b"ef")]);
            assert_eq!((text(&overlapping).as_str(), stream.repeated), ("abcdef", 1));
            assert_eq!(text(&play(start, true, &[(0, b"ab"), (4, b"ef")]).0), "ab..ef");
            assert_eq!(text(&play(start, false, &[(4, b"ef"), (6, b"gh")]).0), "efgh");
        }
    }

    #[test]
    fn what_came_first_stands() {
        assert_eq!(text(&play(9, true, &[(0, b"abc"), (0, b"xyzd")]).0), "abcd");
        assert_eq!(text(&play(9, true, &[(3, b"def"), (2, b"xyz"), (0, b"ab")]).0), "abxyzf");
    }

    #[test]
    fn an_acknowledged_hole_is_given_up_after_some_packets_and_no_sooner() {
        let (mut stream, mut budget) = (Stream::default(), Budget::default());
        let mut gaps = Vec::new();
        stream.begin(0);
        let segment =
            Segment { sequence: 11, acknowledged: None, syn: false, fin: false, rst: false };
        stream.take(None, &segment, b"later", &mut budget, &mut |_, _| panic!("too soon"));
        for _ in 0..100 {
            stream.watch(Some(1), &mut budget, &mut |_, _| panic!("it was not acknowledged"));
        }
        for _ in 0..PATIENCE_PACKETS {
            stream.watch(Some(16), &mut budget, &mut |_, _| panic!("too soon"));
        }
        stream.watch(Some(16), &mut budget, &mut |_, piece| {
            if let Piece::Gap(count) = piece {
                gaps.push(count);
            }
        });
        assert_eq!(gaps, [10]);
    }

    #[test]
    fn a_later_connection_is_told_from_a_late_syn() {
        let mut stream = Stream::default();
        assert!(!stream.is_other(77) && stream.begin(999));
        assert!(!stream.is_other(999) && !stream.is_other(500) && stream.is_other(1_000_000));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut stream, mut budget) = (Stream::default(), Budget::default());
        stream.begin(0);
        for number in 0..100_000u32 {
            let sequence = 100 + number * 40;
            let segment =
                Segment { sequence, acknowledged: None, syn: false, fin: false, rst: false };
            stream.take(None, &segment, &[0; 30], &mut budget, &mut |_, _| {});
            assert!(stream.held_bytes <= MOST_AHEAD_BYTES);
            assert_eq!(stream.held_bytes, budget.held_bytes);
        }
    }

    proptest! {
        /// Any cutting, order and repetition gives the same bytes; with some missing, every byte
        /// that comes out is where it belongs.
        #[test]
        fn bytes_come_out_where_they_belong(
            start: u32,
            mut cuts in proptest::collection::vec((0u64..300, 1usize..80), 1..60),
            lose in proptest::collection::vec(any::<bool>(), 60),
        ) {
            let sent: Vec<u8> = (0..400u32).map(|n| (n * 7 % 251) as u8).collect();
            cuts.push((0, 1));
            let segments: Vec<(u64, &[u8])> = cuts.iter().zip(lose.iter().chain(std::iter::repeat(&false)))
                .filter(|(_, lose)| !**lose)
                .map(|(&(offset, length), _)| {
                    (offset, &sent[offset as usize..][..length])
                }).collect();
            let (out, _) = play(start, true, &segments);
            for (at, byte) in out.iter().enumerate() {
                let covered = segments.iter().any(|&(offset, bytes)| {
                    (offset as usize..offset as usize + bytes.len()).contains(&at)
                });
                prop_assert_eq!(*byte, covered.then(|| sent[at]));
            }
        }
    }
}
