//! From the relay to those who watch it: queues that never make the relay wait.
//!
//! A queue takes what there is room for. What does not fit is counted, and told as missed in front
//! of the next thing that does: whoever writes or shows is too slow, not the connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use bytes::Bytes;
use filmwire_trace::Crossing;
use filmwire_trace::record::Side;

/// What a thing in a queue costs besides its bytes.
const NOTE_BYTES: usize = 256;
/// What a connection costs besides: pieces hold the buffer they were read into, one each way.
const OPENED_BYTES: usize = 2 * super::relay::MOST_READ_BYTES;

/// What happened on a connection, and when, in nanoseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) at_ns: u64,
    pub(super) connection: u32,
    pub(super) crossing: Crossing<Bytes>,
}

/// Where the relay tells what happens.
#[derive(Debug, Default)]
pub(super) struct Tap {
    ways: Vec<Way>,
}

/// What was missed in a queue, in bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Missed(Arc<AtomicU64>);

/// One who watches, seen from the relay.
#[derive(Debug)]
struct Way {
    to: mpsc::Sender<Note>,
    held: Arc<AtomicUsize>,
    most_bytes: usize,
    /// It was full, and is not half empty yet: one long gap tells more than many short ones.
    full: AtomicBool,
    /// Bytes of a connection's side that nobody was told of.
    missed: Mutex<HashMap<(u32, Side), u64>>,
    missed_in_all: Missed,
}

/// One who watches, seen from there.
#[derive(Debug)]
pub(super) struct Queue {
    from: mpsc::Receiver<Note>,
    held: Arc<AtomicUsize>,
}

impl Tap {
    /// Adds a queue that holds so many bytes at most.
    pub(super) fn add(&mut self, most_bytes: usize) -> (Queue, Missed) {
        let (to, from) = mpsc::channel();
        let (held, missed_in_all) = (Arc::<AtomicUsize>::default(), Missed::default());
        self.ways.push(Way {
            to,
            held: Arc::clone(&held),
            most_bytes,
            full: AtomicBool::new(false),
            missed: Mutex::default(),
            missed_in_all: missed_in_all.clone(),
        });
        (Queue { from, held }, missed_in_all)
    }

    /// Tells everyone. Never waits.
    pub(super) fn tell(&self, note: &Note) {
        self.ways.iter().for_each(|way| way.take(note));
    }
}

impl Missed {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Way {
    fn take(&self, note: &Note) {
        match &note.crossing {
            Crossing::Bytes(side, bytes) if !self.has_room(bytes.len()) => {
                self.miss((note.connection, *side), bytes.len() as u64);
                return;
            }
            Crossing::Bytes(side, _) | Crossing::Ended(side) => self.own_up(note, *side),
            Crossing::Reset(_) => {
                self.own_up(note, Side::Client);
                self.own_up(note, Side::Camera);
            }
            _ => {}
        }
        self.send(note.clone());
    }

    fn has_room(&self, bytes: usize) -> bool {
        let held = self.held.load(Ordering::Acquire);
        let most =
            if self.full.load(Ordering::Relaxed) { self.most_bytes / 2 } else { self.most_bytes };
        let fits = held + bytes + NOTE_BYTES <= most;
        self.full.store(!fits, Ordering::Relaxed);
        fits
    }

    fn miss(&self, of: (u32, Side), bytes: u64) {
        *self.lock().entry(of).or_default() += bytes;
        self.missed_in_all.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells what was missed before `note`.
    fn own_up(&self, note: &Note, side: Side) {
        let missed = self.lock().remove(&(note.connection, side));
        if let Some(bytes) = missed {
            self.send(Note { crossing: Crossing::Missed(side, bytes), ..note.clone() });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u32, Side), u64>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, note: Note) {
        self.held.fetch_add(cost(&note), Ordering::AcqRel);
        // Who is gone has told why by itself.
        let _ = self.to.send(note);
    }
}

impl Queue {
    /// The next thing, as soon as there is one; `None` once the relay has ended. Blocks.
    pub(super) fn next(&self) -> Option<Note> {
        self.taken(self.from.recv().ok())
    }

    /// The next thing if it is here already.
    pub(super) fn waiting(&self) -> Option<Note> {
        self.taken(self.from.try_recv().ok())
    }

    fn taken(&self, note: Option<Note>) -> Option<Note> {
        if let Some(note) = &note {
            self.held.fetch_sub(cost(note), Ordering::AcqRel);
        }
        note
    }
}

fn cost(note: &Note) -> usize {
    match &note.crossing {
        Crossing::Bytes(_, bytes) => bytes.len() + NOTE_BYTES,
        Crossing::Opened { .. } => OPENED_BYTES + NOTE_BYTES,
        _ => NOTE_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    const PIECE: usize = 1000;

    fn bytes(side: Side) -> Note {
        let crossing = Crossing::Bytes(side, Bytes::from(vec![7; PIECE]));
        Note { at_ns: 1, connection: 1, crossing }
    }

    #[test]
    fn what_does_not_fit_is_told_as_missed_and_nobody_waits() {
        let mut tap = Tap::default();
        let (slow, missed) = tap.add(10 * (PIECE + NOTE_BYTES));
        let (quick, none) = tap.add(1 << 20);
        for _ in 0..100 {
            tap.tell(&bytes(Side::Camera));
            assert!(quick.next().is_some());
        }
        assert_eq!((missed.bytes(), none.bytes()), (90 * PIECE as u64, 0));
        assert!(slow.held.load(Ordering::Relaxed) <= 10 * (PIECE + NOTE_BYTES));
        // It takes some, and the next ones come behind what was missed.
        for _ in 0..4 {
            assert!(matches!(slow.next().unwrap().crossing, Crossing::Bytes(..)));
        }
        tap.tell(&bytes(Side::Camera));
        for _ in 0..6 {
            assert!(matches!(slow.next().unwrap().crossing, Crossing::Bytes(..)));
        }
        assert!(slow.waiting().is_none(), "it was not half empty");
        tap.tell(&bytes(Side::Client));
        tap.tell(&bytes(Side::Camera));
        let rest: Vec<_> = std::iter::from_fn(|| slow.waiting()).map(|n| n.crossing).collect();
        let lost = Crossing::Missed(Side::Camera, 91 * PIECE as u64);
        assert!(matches!(rest[0], Crossing::Bytes(Side::Client, _)), "{rest:?}");
        assert_eq!((rest.len(), &rest[1]), (3, &lost));
        assert_eq!(slow.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn many_short_connections_hold_no_more_than_one() {
        let mut tap = Tap::default();
        let (slow, missed) = tap.add(1 << 20);
        let [client, camera] = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        for connection in 0..100 {
            let crossing = Crossing::Opened { asked_ns: 1, client, camera };
            tap.tell(&Note { at_ns: 1, connection, crossing });
            tap.tell(&Note { connection, ..bytes(Side::Client) });
        }
        // Each piece that waits keeps the buffer it was read into.
        let waiting = std::iter::from_fn(|| slow.waiting()).map(|note| note.crossing);
        let pieces = waiting.filter(|crossing| matches!(crossing, Crossing::Bytes(..))).count();
        assert_eq!((pieces, missed.bytes()), (7, 93 * PIECE as u64));
    }

    #[test]
    fn the_end_is_told_with_what_was_missed_before_it() {
        let mut tap = Tap::default();
        let (queue, _) = tap.add(0);
        tap.tell(&bytes(Side::Client));
        tap.tell(&bytes(Side::Camera));
        tap.tell(&Note { crossing: Crossing::Reset(Side::Camera), ..bytes(Side::Camera) });
        drop(tap);
        let told: Vec<_> = std::iter::from_fn(|| queue.next()).map(|note| note.crossing).collect();
        let size = PIECE as u64;
        let [client, camera] = [Side::Client, Side::Camera];
        let missed = [Crossing::Missed(client, size), Crossing::Missed(camera, size)];
        assert_eq!(told, [missed[0].clone(), missed[1].clone(), Crossing::Reset(camera)]);
    }

    #[test]
    fn who_is_gone_holds_nobody_up() {
        let mut tap = Tap::default();
        drop(tap.add(usize::MAX));
        tap.tell(&bytes(Side::Client));
    }
}
