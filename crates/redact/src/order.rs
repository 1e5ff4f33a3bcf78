//! Packets in the order of their times. What stands behind a hole is known late, when the other side
//! has gone on; written then, its commands would come behind their answers, and whoever reads the
//! capture would take a client for hasty.

use std::collections::BTreeMap;
use std::iter;
use std::net::SocketAddr;

use filmwire_trace::capture::Packet;
use filmwire_trace::record::Side;
use filmwire_trace::{Crossing, Segments};

use crate::redactor::{Give, Redactor};

/// Bytes that wait for earlier ones: twice what may wait behind a hole of a connection.
const MOST_BYTES: usize = 2 << 20;
/// What something that waits costs besides its bytes.
const PIECE_BYTES: usize = 128;
/// Nothing is known later than this by holes; what is further back comes of a clock that was set.
const MOST_LATE_NS: u64 = 10_000_000_000;

/// What waits.
#[derive(Debug)]
enum What {
    Crossing(u32, Crossing<Vec<u8>>),
    /// A connection, when it was known to be one; what was said on it may be older.
    Opened(u32),
    /// The end of a connection that nobody saw.
    Forgotten(u32),
    /// A whole packet.
    Packet(Vec<u8>),
}

/// Puts what happened in order, and makes packets of it.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// By time and by how many came before.
    waiting: BTreeMap<(u64, u64), (u64, What)>,
    held_bytes: usize,
    count: u64,
    newest_ns: u64,
    ways: BTreeMap<u32, [Line; 2]>,
    /// Connections of which nothing was given out.
    unopened: BTreeMap<u32, Unopened>,
    segments: Segments,
}

/// Of a way: the time of its last bytes, and how many are lost in front of the next ones.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    last_ns: u64,
    missed: u64,
}

#[derive(Debug)]
struct Unopened {
    /// When it was known.
    at_ns: u64,
    /// Client and camera.
    ends: [SocketAddr; 2],
    /// What is lost in front of the first bytes of its sides.
    holes: Vec<Crossing<Vec<u8>>>,
}

impl Order {
    pub(crate) fn open(&mut self, at_ns: u64, connection: u32, ends: [SocketAddr; 2]) {
        self.ways.insert(connection, Default::default());
        self.unopened.insert(connection, Unopened { at_ns, ends, holes: Vec::new() });
        let key = self.key(at_ns, 0);
        self.put(key, at_ns, What::Opened(connection));
    }

    pub(crate) fn bytes(&mut self, at_ns: u64, connection: u32, from: Side, bytes: &[u8]) {
        let key = self.after_hole(at_ns, connection, from);
        self.put(key, at_ns, What::Crossing(connection, Crossing::Bytes(from, bytes.to_vec())));
    }

    /// Takes note of a hole in front of what this side says next.
    pub(crate) fn miss(&mut self, connection: u32, from: Side, count: u64) {
        if let Some(ways) = self.ways.get_mut(&connection) {
            line(ways, from).missed += count;
        }
    }

    /// The end of a connection: ends of its ways, or none that anybody saw.
    pub(crate) fn close(&mut self, at_ns: u64, connection: u32, ends: &[Crossing<Vec<u8>>]) {
        // All that was said stands in front of it.
        let keys =
            [Side::Client, Side::Camera].map(|from| self.after_hole(at_ns, connection, from));
        let key = keys.into_iter().max().unwrap_or(at_ns);
        for end in ends {
            self.put(key, at_ns, What::Crossing(connection, end.clone()));
        }
        self.put(key, at_ns, What::Forgotten(connection));
        self.ways.remove(&connection);
    }

    pub(crate) fn packet(&mut self, at_ns: u64, data: Vec<u8>) {
        let key = self.key(at_ns, 0);
        self.put(key, at_ns, What::Packet(data));
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Gives out what has waited long enough.
    pub(crate) fn give_out(&mut self, give: Give<'_>) {
        while self.held_bytes > MOST_BYTES {
            self.give_first(give);
        }
    }

    /// Gives out everything, and begins anew.
    pub(crate) fn finish(&mut self, give: Give<'_>) {
        while self.give_first(give) {}
        *self = Self::default();
    }

    fn give_first(&mut self, give: Give<'_>) -> bool {
        let Some((_, (at_ns, what))) = self.waiting.pop_first() else {
            self.held_bytes = 0;
            return false;
        };
        self.held_bytes = self.held_bytes.saturating_sub(what.cost_bytes());
        match what {
            What::Opened(connection) => self.begin(at_ns, connection, give),
            What::Crossing(connection, crossing) => {
                self.begin(at_ns, connection, give);
                self.segments.take(at_ns, connection, &crossing, &mut |packet, _| give(packet));
            }
            What::Forgotten(connection) => {
                self.begin(at_ns, connection, give);
                self.segments.forget(connection);
            }
            What::Packet(data) => {
                let link = Redactor::LINK;
                give(&Packet { at_ns: Some(at_ns), link, data: &data, cut_bytes: 0 });
            }
        }
        true
    }

    /// Opens a connection in front of the first thing that happened on it.
    fn begin(&mut self, at_ns: u64, connection: u32, give: Give<'_>) {
        let Some(unopened) = self.unopened.remove(&connection) else { return };
        let Unopened { at_ns: known_ns, ends: [client, camera], holes } = unopened;
        let asked_ns = known_ns.min(at_ns);
        let opened = Crossing::Opened { asked_ns, client, camera };
        for crossing in iter::once(opened).chain(holes) {
            self.segments.take(asked_ns, connection, &crossing, &mut |packet, _| give(packet));
        }
    }

    /// Where something stands: at its time, but behind what its way said before.
    fn key(&mut self, at_ns: u64, behind_ns: u64) -> u64 {
        let is_late = self.newest_ns.saturating_sub(at_ns) > MOST_LATE_NS;
        let key = if is_late { self.newest_ns } else { at_ns.max(behind_ns) };
        self.newest_ns = self.newest_ns.max(key);
        key
    }

    fn after_hole(&mut self, at_ns: u64, connection: u32, from: Side) -> u64 {
        let Some(mut ways) = self.ways.get(&connection).copied() else {
            return self.key(at_ns, 0);
        };
        let own = line(&mut ways, from);
        let (before, missed) = (own.last_ns, std::mem::take(&mut own.missed));
        let key = self.key(at_ns, before);
        own.last_ns = key;
        self.ways.insert(connection, ways);
        if missed > 0 {
            // As early as it can have been said: what the other side says then acknowledges it, so
            // that readers know of the hole before they judge.
            let hole = Crossing::Missed(from, missed);
            match self.unopened.get_mut(&connection).filter(|_| before == 0) {
                Some(unopened) => unopened.holes.push(hole),
                None => self.put(before, at_ns, What::Crossing(connection, hole)),
            }
        }
        key
    }

    fn put(&mut self, key: u64, at_ns: u64, what: What) {
        self.held_bytes += what.cost_bytes();
        self.waiting.insert((key, self.count), (at_ns, what));
        self.count += 1;
    }
}

impl What {
    fn cost_bytes(&self) -> usize {
        let bytes = match self {
            Self::Crossing(_, Crossing::Bytes(_, bytes)) | Self::Packet(bytes) => bytes.len(),
            Self::Crossing(..) | Self::Opened(_) | Self::Forgotten(_) => 0,
        };
        bytes + PIECE_BYTES
    }
}

fn line(ways: &mut [Line; 2], from: Side) -> &mut Line {
    let [client, camera] = ways;
    match from {
        Side::Client => client,
        Side::Camera => camera,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    /// What is said at these times, each by the other side than the one before, as it comes out.
    fn told(times: &[(Side, u64)]) -> Vec<u8> {
        let mut order = Order::default();
        let ends = ["192.0.2.1:40000", "192.0.2.2:55740"].map(|end| end.parse().unwrap());
        // By its port, say, or by its first packet: what came before is told afterwards.
        let known_ns = 100 * SECOND_NS + 2_500_000;
        order.open(known_ns, 1, ends);
        for (index, (from, at_ns)) in times.iter().enumerate() {
            order.bytes(*at_ns, 1, *from, &[index as u8]);
        }
        let mut out = Vec::new();
        let first_ns = times.iter().map(|(_, at_ns)| *at_ns).min();
        order.finish(&mut |packet| {
            assert!(packet.at_ns >= first_ns.min(Some(known_ns)));
            out.extend(packet.data.get(40..).unwrap_or_default().last());
        });
        // A handshake has an option at its end.
        out.split_off(out.len() - times.len())
    }

    #[test]
    fn what_is_known_late_stands_at_its_time() {
        let [client, camera] = [Side::Client, Side::Camera];
        let at = |ms: u64| 100 * SECOND_NS + ms * 1_000_000;
        // The connection was known to be one between the two.
        let late = [(client, at(1)), (camera, at(2)), (camera, at(4)), (client, at(3))];
        assert_eq!(told(&late), [0, 1, 3, 2]);
        // Of a side what was said before stays before.
        assert_eq!(told(&[(client, at(9)), (client, at(3)), (camera, at(5))]), [2, 0, 1]);
        // The clock was set back an hour: nothing is known so late.
        let [before, after] = [4000 * SECOND_NS, 400 * SECOND_NS];
        let set = [(client, before), (camera, before + 5), (client, after), (camera, after + 5)];
        assert_eq!(told(&set), [0, 1, 2, 3]);
    }

    #[test]
    fn no_more_waits_than_may() {
        let mut order = Order::default();
        let mut count = 0;
        for at_ns in 0..200 {
            order.packet(at_ns, vec![0; 60_000]);
            order.give_out(&mut |_| count += 1);
            assert!(order.held_bytes() <= MOST_BYTES);
        }
        assert!(count > 150, "{count}");
        order.finish(&mut |_| count += 1);
        assert_eq!((count, order.held_bytes()), (200, 0));
    }
}
