//! The stream of live view: frames as they come, the newest first. Source: the fact sheet's 8.6.

use std::time::Duration;

use bytes::Bytes;
use filmwire_codec::DecodeError;
use filmwire_codec::dataset::LiveViewHeader;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Remote;
use crate::error::Error;

/// A greater jump of the counter is taken for one that counts in its low byte alone.
const MOST_MISSED: u32 = 1 << 16;

/// One picture of live view. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The whole JPEG as the camera sent it.
    pub jpeg: Bytes,
    /// Which of the frames that came it is, from 1. A reader that sees 7 after 4 was too slow for
    /// two.
    pub number: u64,
    /// The camera's own counter; only its low byte is sure.
    pub counter: u32,
    /// When its last byte came.
    pub arrived: std::time::Instant,
}

impl Frame {
    /// Width and height in pixels; `None` if the JPEG does not tell.
    pub fn pixels(&self) -> Option<(u16, u16)> {
        pixels(&self.jpeg)
    }
}

/// What came so far, whether a reader took it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Frames.
    pub frames: u64,
    /// Bytes of their JPEGs.
    pub bytes: u64,
    /// Frames that the camera counted and did not send.
    pub missed: u64,
    /// How often it left frames out.
    pub gaps: u64,
    /// Packets that held no JPEG.
    pub damaged: u64,
    /// Longest time between two frames.
    pub longest: Duration,
    /// From the first frame to the last one, both counted: a rate has one interval less.
    pub span: Duration,
}

/// A running stream of live view.
///
/// 1. [`Remote::live_view`] opens the port; the camera then sends by itself. A task reads all that
///    comes, so that the camera never waits and what is seen is never old.
/// 2. [`LiveView::next`] gives the newest frame. One is kept: what a slow reader leaves is replaced.
/// 3. Dropping this value closes the port, which ends live view on the camera; so does leaving.
///
/// The session is kept alive meanwhile, and settings may be read and changed.
pub struct LiveView {
    /// The session lasts as long as its live view.
    _remote: Remote,
    seen: watch::Receiver<Seen>,
    wait: Duration,
    /// Number of the frame that was taken last.
    taken: u64,
    /// Silence counts from here.
    since: Instant,
}

/// The newest of the stream.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    frame: Option<Frame>,
    /// When the first one came.
    first: Option<Instant>,
    tally: Tally,
    end: Option<Error>,
}

impl LiveView {
    pub(super) fn new(remote: Remote, seen: watch::Receiver<Seen>, wait: Duration) -> Self {
        Self { _remote: remote, seen, wait, taken: 0, since: Instant::now() }
    }

    /// The newest frame that was not given yet; waits for one.
    ///
    /// Fails with [`Error::NoFrame`] if none came for as long as [`crate::Waits::live_view`]; it may
    /// be called again then. Fails with [`Error::Lost`] once the camera ended the stream,
    /// [`Error::Broken`] if it cannot be read on, [`Error::Left`] if the camera was left.
    /// Cancel-safe: nothing is lost, and the silence counts from the last frame all the same.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let taken = self.taken;
        let fresh = |seen: &Seen| seen.tally.frames > taken || seen.end.is_some();
        let deadline = self.since + self.wait;
        let Ok(waited) = timeout_at(deadline, self.seen.wait_for(|seen| fresh(seen))).await else {
            self.since = Instant::now();
            return Err(Error::NoFrame { waited: self.wait });
        };
        let seen = waited.map_err(|_| Error::Left)?;
        match (&seen.frame, &seen.end) {
            (Some(frame), _) if frame.number > taken => {
                self.taken = frame.number;
                self.since = Instant::from_std(frame.arrived);
                Ok(frame.clone())
            }
            (_, end) => Err(end.clone().unwrap_or(Error::Left)),
        }
    }

    /// What came so far.
    pub fn tally(&self) -> Tally {
        self.seen.borrow().tally
    }
}

/// Reads frames until the camera ends the stream or nobody is left to see them.
pub(crate) async fn feed(mut stream: impl AsyncRead + Unpin, seen: watch::Sender<Seen>) {
    let end = tokio::select! {
        biased;
        () = seen.closed() => return,
        end = read(&mut stream, &seen) => end,
    };
    tracing::debug!(%end, "live view ended");
    // The port is closed before anybody hears of it.
    drop(stream);
    seen.send_modify(|seen| seen.end = Some(end));
}

async fn read(stream: &mut (impl AsyncRead + Unpin), seen: &watch::Sender<Seen>) -> Error {
    let mut last = None;
    loop {
        match packet(stream).await {
            Ok((header, jpeg)) => {
                let arrived = Instant::now();
                seen.send_modify(|seen| seen.take(&header, jpeg, arrived, last));
                last = Some((header.counter, arrived));
            }
            Err(error) => return error,
        }
    }
}

/// One packet; its JPEG if it holds one.
async fn packet(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<(LiveViewHeader, Result<Bytes, DecodeError>), Error> {
    let mut start = [0; LiveViewHeader::BYTES];
    stream.read_exact(&mut start).await.map_err(lost)?;
    let header = LiveViewHeader::decode(&start).map_err(|error| Error::Broken(error.into()))?;
    // At most 4 MiB, by the header's own limit.
    let mut rest = vec![0; header.rest_bytes()];
    stream.read_exact(&mut rest).await.map_err(lost)?;
    let rest = Bytes::from(rest);
    let jpeg = header.jpeg(&rest).map(|jpeg| rest.slice_ref(jpeg));
    Ok((header, jpeg))
}

fn lost(cause: std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::Lost("the camera closed live view".into()),
        _ => Error::Lost(cause.to_string()),
    }
}

impl Seen {
    fn take(
        &mut self,
        header: &LiveViewHeader,
        jpeg: Result<Bytes, DecodeError>,
        arrived: Instant,
        last: Option<(u32, Instant)>,
    ) {
        let tally = &mut self.tally;
        if let Some((counter, before)) = last {
            let missed = missed(counter, header.counter);
            tally.missed += u64::from(missed);
            tally.gaps += u64::from(missed > 0);
            tally.longest = tally.longest.max(arrived - before);
        }
        let jpeg = match jpeg {
            Ok(jpeg) => jpeg,
            Err(error) => {
                tracing::warn!(%error, "a packet of live view held no frame");
                tally.damaged += 1;
                return;
            }
        };
        tally.frames += 1;
        tally.bytes += jpeg.len() as u64;
        tally.span = arrived - *self.first.get_or_insert(arrived);
        let (number, counter) = (tally.frames, header.counter);
        self.frame = Some(Frame { jpeg, number, counter, arrived: arrived.into_std() });
    }
}

/// Frames left out between two counters. hkr reads 32 bits, of which ptp-ip is sure of 8; a counter
/// that wraps at 0xFF jumps back by so much that it cannot be taken for the other.
fn missed(before: u32, now: u32) -> u32 {
    let step = now.wrapping_sub(before);
    let step = if step > MOST_MISSED { step & 0xFF } else { step };
    step.saturating_sub(1)
}

/// Width and height of a JPEG, which stand in the segment that starts its frame (SOF).
fn pixels(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.get(2..)?;
    loop {
        let &[0xFF, marker, high, low, ref body @ ..] = rest else { return None };
        match marker {
            // C4, C8 and CC are tables and a reserved code.
            0xC0..=0xCF if ![0xC4, 0xC8, 0xCC].contains(&marker) => {
                let &[_, h1, h2, w1, w2, ..] = body else { return None };
                return Some((u16::from_be_bytes([w1, w2]), u16::from_be_bytes([h1, h2])));
            }
            // The picture itself, its end, and codes without a length.
            0xDA | 0xD9 | 0x00 | 0x01 | 0xD0..=0xD8 | 0xFF => return None,
            _ => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                rest = body.get(length.checked_sub(2)?..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn sent(counter: u32, jpeg: &[u8]) -> Vec<u8> {
        let length = (LiveViewHeader::BYTES + jpeg.len()) as u32;
        let mut out = Vec::new();
        LiveViewHeader { length, reserved: 0, counter, extra_bytes: 0, unknown: 0 }
            .encode(&mut out);
        out.extend(jpeg);
        out
    }

    #[tokio::test(start_paused = true)]
    async fn the_port_is_closed_when_nobody_sees_it_any_more() {
        let (mut camera, stream) = tokio::io::duplex(64);
        let (feeding, seen) = watch::channel(Seen::default());
        let task = tokio::spawn(feed(stream, feeding));
        drop(seen);
        tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
        assert_eq!(camera.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_packet_without_a_frame_is_passed_over_and_one_out_of_step_ends_it() {
        let (mut camera, stream) = tokio::io::duplex(1024);
        let (feeding, mut seen) = watch::channel(Seen::default());
        let task = tokio::spawn(feed(stream, feeding));
        let jpeg = [0xFF, 0xD8, 0xFF, 0xD9];
        for packet in [sent(1, &jpeg), sent(2, b"odd"), sent(5, &jpeg), vec![1; 18]] {
            camera.write_all(&packet).await.unwrap();
        }
        task.await.unwrap();
        let seen = seen.borrow_and_update();
        assert!(matches!(seen.end, Some(Error::Broken(_))), "{:?}", seen.end);
        assert_eq!(seen.frame.as_ref().map(|frame| (frame.number, frame.counter)), Some((2, 5)));
        let Tally { frames, bytes, missed, gaps, damaged, .. } = seen.tally;
        assert_eq!((frames, bytes, missed, gaps, damaged), (2, 8, 2, 1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_lasts_from_its_first_frame_to_its_last() {
        let (mut camera, stream) = tokio::io::duplex(1024);
        let (feeding, mut seen) = watch::channel(Seen::default());
        let task = tokio::spawn(feed(stream, feeding));
        for counter in 1..=3 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            camera.write_all(&sent(counter, &[0xFF, 0xD8, 0xFF, 0xD9])).await.unwrap();
            seen.changed().await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        camera.write_all(&sent(4, b"odd")).await.unwrap();
        drop(camera);
        task.await.unwrap();
        let Tally { frames, span, longest, .. } = seen.borrow().tally;
        assert_eq!((frames, span.as_secs(), longest.as_secs()), (3, 4, 2));
    }

    #[test]
    fn frames_left_out_are_counted_whatever_the_counter_counts_in() {
        for (before, now, left_out) in [
            (7, 8, 0),
            (7, 10, 2),
            (0xFF, 0x100, 0),
            (u32::MAX, 0, 0),
            // In the low byte alone.
            (0xFF, 0, 0),
            (0xFE, 2, 3),
            // The same again is nothing left out.
            (7, 7, 0),
        ] {
            assert_eq!(missed(before, now), left_out, "{before:#X} {now:#X}");
        }
    }

    #[test]
    fn a_jpeg_tells_its_size_where_it_is_whole_enough() {
        let tables = [0xFF, 0xD8, 0xFF, 0xC4, 0, 4, 1, 2];
        let frame = [0xFF, 0xC0, 0, 17, 8, 0x01, 0xE0, 0x02, 0x80, 3];
        let jpeg = [&tables[..], &frame].concat();
        assert_eq!(pixels(&jpeg), Some((640, 480)));
        for cut in 0..jpeg.len() - 1 {
            assert_eq!(pixels(&jpeg[..cut]), None, "{cut}");
        }
        assert_eq!(pixels(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0, 0]), None, "a length below itself");
        assert_eq!(pixels(&[0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 0xFF, 0xC0]), None);
    }
}
