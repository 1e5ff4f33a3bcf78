//! The relay: bytes from one side to the other as they come, and how connections end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use filmwire_trace::Crossing;
use filmwire_trace::record::Side;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::tap::{Note, Tap};

/// Bytes that are read at a time; a buffer with less room than the least is replaced.
pub(super) const MOST_READ_BYTES: usize = 64 * 1024;
const LEAST_READ_BYTES: usize = 16 * 1024;
/// How long a connection that one side has closed may be silent: as long as systems keep what is
/// left of one whose program is gone. Without a proxy the camera would see the phone's system end it.
const HALF_OPEN_WAIT: Duration = Duration::from_secs(60);

/// Nanoseconds since 1970 by a clock that does not jump while we run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    start_ns: u64,
}

impl Clock {
    pub(super) fn start() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), start_ns: nanoseconds(since) }
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.start_ns.saturating_add(nanoseconds(self.start.elapsed()))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What passed, all connections together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) refused: AtomicU64,
    /// The last client that wanted to register found no camera.
    is_away: AtomicBool,
    pub(super) bytes: AtomicU64,
    pieces: AtomicU64,
    held_ns: AtomicU64,
    longest_ns: AtomicU64,
}

impl Counts {
    /// A client found a camera to register with, or none. True for the first that found none since
    /// another did: apps try again and again.
    pub(super) fn is_newly_away(&self, is_away: bool) -> bool {
        !self.is_away.swap(is_away, Ordering::Relaxed) && is_away
    }

    /// Time from having read a piece to the system's having taken it for the other side: mean, most.
    pub(super) fn held(&self) -> Option<(Duration, Duration)> {
        let total = self.held_ns.load(Ordering::Relaxed);
        let mean = total.checked_div(self.pieces.load(Ordering::Relaxed))?;
        let longest = self.longest_ns.load(Ordering::Relaxed);
        Some((Duration::from_nanos(mean), Duration::from_nanos(longest)))
    }

    fn pass(&self, bytes: usize, held: Duration) {
        let held_ns = nanoseconds(held);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.pieces.fetch_add(1, Ordering::Relaxed);
        self.held_ns.fetch_add(held_ns, Ordering::Relaxed);
        self.longest_ns.fetch_max(held_ns, Ordering::Relaxed);
    }
}

/// A connection, as those who watch know it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) clock: Clock,
    pub(super) tap: Arc<Tap>,
    pub(super) counts: Arc<Counts>,
    /// Pieces that came, to see whether a connection is still alive.
    pieces: AtomicU64,
    half_closed: Notify,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Both sides have said everything.
    Closed,
    /// One broke it off, or nobody was left; the other has to learn of it.
    Broken,
}

impl Line {
    pub(super) fn new(number: u32, clock: Clock, tap: Arc<Tap>, counts: Arc<Counts>) -> Self {
        let (pieces, half_closed) = (AtomicU64::new(0), Notify::new());
        Self { number, clock, tap, counts, pieces, half_closed }
    }

    pub(super) fn tell(&self, crossing: Crossing<Bytes>) {
        let at_ns = self.clock.now_ns();
        self.tap.tell(&Note { at_ns, connection: self.number, crossing });
    }

    /// Waits until one side has closed and the other is silent.
    async fn forgotten(&self) {
        self.half_closed.notified().await;
        loop {
            let seen = self.pieces.load(Ordering::Relaxed);
            tokio::time::sleep(HALF_OPEN_WAIT).await;
            if self.pieces.load(Ordering::Relaxed) == seen {
                return;
            }
        }
    }
}

/// Passes bytes both ways until both sides have ended, or one is gone.
pub(super) async fn stand_between(
    (client_out, client_in): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    (camera_out, camera_in): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    line: &Line,
) -> End {
    let both = async {
        tokio::try_join!(
            pass(client_out, camera_in, Side::Client, line),
            pass(camera_out, client_in, Side::Camera, line),
        )
    };
    let broken = tokio::select! {
        passed = both => passed.err(),
        () = line.forgotten() => Some(Side::Client),
    };
    match broken {
        None => End::Closed,
        Some(side) => {
            line.tell(Crossing::Reset(side));
            End::Broken
        }
    }
}

/// Passes what one side sends, to its end. Fails with the side that broke the connection off.
///
/// Those who watch hold the same memory as the relay; nothing is copied for them, and a full queue
/// is not waited for. They are told before the bytes go on, so that no answer is told before what it
/// answers.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Side,
    line: &Line,
) -> Result<(), Side> {
    let other = match side {
        Side::Client => Side::Camera,
        Side::Camera => Side::Client,
    };
    let mut buffer = BytesMut::new();
    loop {
        if buffer.capacity() < LEAST_READ_BYTES {
            buffer.reserve(MOST_READ_BYTES);
        }
        let count = from.read_buf(&mut buffer).await.map_err(|_| side)?;
        let came = Instant::now();
        line.pieces.fetch_add(1, Ordering::Relaxed);
        if count == 0 {
            line.tell(Crossing::Ended(side));
            to.shutdown().await.or_else(is_gone).map_err(|_| other)?;
            line.half_closed.notify_one();
            return Ok(());
        }
        let bytes = buffer.split().freeze();
        line.tell(Crossing::Bytes(side, bytes.clone()));
        to.write_all(&bytes).await.map_err(|_| other)?;
        line.counts.pass(count, came.elapsed());
    }
}

/// Telling the end to somebody who is gone already is no failure.
fn is_gone(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotConnected => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex, split};

    use super::super::tap::Queue;
    use super::*;

    /// A relay with a client and a camera in memory, and what is told of it.
    struct Scene {
        client: DuplexStream,
        camera: DuplexStream,
        queue: Queue,
        relay: tokio::task::JoinHandle<End>,
    }

    fn scene(room: usize) -> Scene {
        let mut tap = Tap::default();
        let (queue, _) = tap.add(1 << 20);
        let line = Line::new(1, Clock::start(), Arc::new(tap), Arc::default());
        let ((client, inner), (camera, outer)) = (duplex(room), duplex(room));
        let relay =
            tokio::spawn(async move { stand_between(split(inner), split(outer), &line).await });
        Scene { client, camera, queue, relay }
    }

    fn told(queue: &Queue) -> Vec<Crossing<Bytes>> {
        std::iter::from_fn(|| queue.waiting()).map(|note| note.crossing).collect()
    }

    #[tokio::test]
    async fn bytes_pass_and_a_closed_half_leaves_the_other_open() {
        let Scene { mut client, mut camera, queue, relay } = scene(100);
        client.write_all(b"ask").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = Vec::new();
        camera.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, b"ask");
        let answer = vec![5; 1000];
        let mut heard = Vec::new();
        let say = async {
            camera.write_all(&answer).await.unwrap();
            camera.shutdown().await.unwrap();
        };
        let (_, read) = tokio::join!(say, client.read_to_end(&mut heard));
        read.unwrap();
        assert_eq!((heard, relay.await.unwrap()), (answer, End::Closed));
        let told = told(&queue);
        assert_eq!(told[0], Crossing::Bytes(Side::Client, Bytes::from_static(b"ask")));
        assert_eq!(told[1], Crossing::Ended(Side::Client));
        assert_eq!(told.last(), Some(&Crossing::Ended(Side::Camera)));
    }

    #[tokio::test]
    async fn a_side_that_is_gone_ends_the_other() {
        let Scene { mut client, camera, queue, relay } = scene(100);
        drop(camera);
        // The camera's end is seen as one; what cannot be delivered shows that it is gone.
        client.write_all(b"ask").await.unwrap();
        assert_eq!(relay.await.unwrap(), End::Broken);
        assert_eq!(told(&queue).last(), Some(&Crossing::Reset(Side::Camera)));
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_connection_that_is_silent_is_given_up_and_one_that_speaks_is_not() {
        let Scene { mut client, mut camera, relay, .. } = scene(100);
        client.shutdown().await.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(HALF_OPEN_WAIT / 2).await;
            camera.write_all(b"x").await.unwrap();
            assert_eq!(client.read(&mut [0]).await.unwrap(), 1);
        }
        let start = tokio::time::Instant::now();
        assert_eq!(relay.await.unwrap(), End::Broken);
        assert!(start.elapsed() <= 2 * HALF_OPEN_WAIT, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_left_alone() {
        let Scene { client, camera, relay, .. } = scene(100);
        tokio::time::sleep(HALF_OPEN_WAIT * 100).await;
        assert!(!relay.is_finished());
        drop((client, camera));
        assert_eq!(relay.await.unwrap(), End::Closed);
    }

    #[tokio::test]
    async fn those_who_watch_hold_the_same_memory() {
        let Scene { mut client, mut camera, queue, .. } = scene(1 << 20);
        client.write_all(&[9; 5000]).await.unwrap();
        camera.read_exact(&mut [0; 5000]).await.unwrap();
        let told = told(&queue);
        let Crossing::Bytes(_, bytes) = &told[0] else { panic!("{told:?}") };
        assert!(!bytes.is_unique(), "it was copied");
    }
}
