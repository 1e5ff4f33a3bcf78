use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::*;

/// Frames by hand.
struct Script {
    frames: mpsc::UnboundedReceiver<Result<Frame, Error>>,
    tally: Tally,
    /// Dropped with it, so that a test sees when the stream is closed.
    _open: mpsc::Sender<()>,
}

impl Source for Script {
    async fn next(&mut self) -> Result<Frame, Error> {
        let next = self.frames.recv().await.unwrap_or(Err(Error::Left));
        self.tally.frames += u64::from(next.is_ok());
        next
    }

    fn tally(&self) -> Tally {
        self.tally
    }
}

/// A hub, what it is fed by, and what ends with its stream.
fn hub() -> (Hub, mpsc::UnboundedSender<Result<Frame, Error>>, mpsc::Receiver<()>) {
    let (feed, frames) = mpsc::unbounded_channel();
    let (open, closed) = mpsc::channel(1);
    let script = Script { frames, tally: Tally::default(), _open: open };
    (Hub::relay(script), feed, closed)
}

fn frame(number: u64) -> Frame {
    let jpeg = Bytes::from(format!("frame {number}"));
    Frame { jpeg, number, counter: number as u32, arrived: std::time::Instant::now() }
}

/// Lets all tasks do what they can.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Whether the stream is closed, or will be soon.
async fn is_closed(stream: &mut mpsc::Receiver<()>) -> bool {
    timeout(Duration::from_secs(60), stream.recv()).await == Ok(None)
}

async fn number(viewer: &mut Viewer) -> u64 {
    viewer.next().await.unwrap().number
}

#[tokio::test(start_paused = true)]
async fn viewers_share_the_bytes_of_a_frame() {
    let (hub, feed, _closed) = hub();
    let mut viewers: Vec<_> = (0..50).map(|_| hub.viewer()).collect();
    let sent = frame(1);
    let bytes = sent.jpeg.as_ptr();
    feed.send(Ok(sent)).unwrap();
    for viewer in &mut viewers {
        let frame = viewer.next().await.unwrap();
        assert_eq!(frame.jpeg.as_ptr(), bytes, "the very same bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_frame_wins_and_the_slow_keep_nobody_waiting() {
    let (hub, feed, _closed) = hub();
    let (mut slow, mut quick) = (hub.viewer(), hub.viewer());
    for sent in 1..=100 {
        feed.send(Ok(frame(sent))).unwrap();
        assert_eq!(number(&mut quick).await, sent);
        if sent == 1 {
            assert_eq!(number(&mut slow).await, 1);
        }
    }
    assert_eq!(number(&mut slow).await, 100);
    assert_eq!((slow.skipped(), quick.skipped()), (98, 0));
    // There is nothing newer, and nothing is given twice.
    timeout(Duration::from_secs(60), slow.next()).await.unwrap_err();
}

/// However much comes, only the newest frame is held.
#[tokio::test(start_paused = true)]
async fn frames_nobody_takes_are_let_go() {
    let (hub, feed, _closed) = hub();
    let _slow = hub.viewer();
    let sent: Vec<_> = (1..=1000).map(frame).collect();
    for frame in &sent {
        feed.send(Ok(frame.clone())).unwrap();
    }
    settle().await;
    let held = sent.into_iter().filter(|frame| !frame.jpeg.is_unique()).count();
    assert_eq!((held, hub.tally().frames), (1, 1000));
}

#[tokio::test(start_paused = true)]
async fn viewers_come_and_go() {
    let (hub, feed, mut closed) = hub();
    let mut first = hub.viewer();
    feed.send(Ok(frame(1))).unwrap();
    assert_eq!((number(&mut first).await, hub.viewers()), (1, 1));
    drop(first);
    assert_eq!(hub.viewers(), 0);
    for sent in 2..=7 {
        feed.send(Ok(frame(sent))).unwrap();
    }
    settle().await;
    // Who comes later sees the newest at once, and was too slow for none.
    let mut later = hub.viewer();
    assert_eq!((number(&mut later).await, later.skipped()), (7, 0));
    // While nobody looks the stream stays open.
    assert_eq!(closed.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[tokio::test(start_paused = true)]
async fn an_end_reaches_every_viewer_behind_the_last_frame() {
    let (hub, feed, mut closed) = hub();
    let mut viewers: Vec<_> = (0..3).map(|_| hub.viewer()).collect();
    feed.send(Ok(frame(1))).unwrap();
    feed.send(Err(Error::Lost("pulled".into()))).unwrap();
    settle().await;
    viewers.push(hub.viewer());
    for viewer in &mut viewers {
        assert_eq!(number(viewer).await, 1);
        for _ in 0..2 {
            let end = viewer.next().await.unwrap_err();
            assert_eq!(end.to_string(), "the connection to the camera was lost: pulled");
        }
    }
    assert!(is_closed(&mut closed).await);
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_told_once_and_is_no_end() {
    let (hub, feed, _closed) = hub();
    let mut viewer = hub.viewer();
    let silence = || Err(Error::NoFrame { waited: Duration::from_secs(10) });
    feed.send(silence()).unwrap();
    assert!(matches!(viewer.next().await, Err(Error::NoFrame { .. })));
    timeout(Duration::from_secs(60), viewer.next()).await.unwrap_err();
    // One who was not there need not hear of it, nor one whom a frame told that it is over.
    timeout(Duration::from_secs(60), hub.viewer().next()).await.unwrap_err();
    feed.send(silence()).unwrap();
    feed.send(Ok(frame(1))).unwrap();
    settle().await;
    assert_eq!(number(&mut viewer).await, 1);
    timeout(Duration::from_secs(60), viewer.next()).await.unwrap_err();
    feed.send(silence()).unwrap();
    assert!(matches!(viewer.next().await, Err(Error::NoFrame { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_dropped_closes_the_stream_and_viewers_hear_of_it() {
    let (hub, feed, mut closed) = hub();
    let mut viewer = hub.viewer();
    feed.send(Ok(frame(1))).unwrap();
    settle().await;
    drop(hub);
    assert!(is_closed(&mut closed).await);
    // The last frame is still the newest.
    assert_eq!(number(&mut viewer).await, 1);
    assert!(matches!(viewer.next().await, Err(Error::Left)));
}
