//! The live view stream: JPEG frames behind an 18-byte prefix, as long as the client reads.
//!
//! Prefix: u32 length of the packet, u32 0, u32 frame counter, u32 0, u16 unknown. Source: the fact
//! sheet's section 8.6; the frame rate is a switch of the persona.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::media::live::Frame;
use crate::replay::View;
use crate::simulator::Shared;

/// Bytes before the JPEG.
const PREFIX_BYTES: usize = 18;

/// One packet of the stream.
fn packet(counter: u32, jpeg: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + jpeg.len());
    out.put_u32_le((PREFIX_BYTES + jpeg.len()) as u32);
    out.put_u32_le(0);
    out.put_u32_le(counter);
    out.put_u32_le(0);
    out.put_u16_le(0xFFFF);
    out.extend_from_slice(jpeg);
    out.freeze()
}

/// Streams until the client closes or the session ends; silent while the remote function is off.
///
/// A client that reads slowly misses frames: the counter goes on, the camera never waits for it.
pub(crate) async fn stream(
    mut stream: impl AsyncWrite + Unpin,
    mut streaming: watch::Receiver<bool>,
    shared: Weak<Shared>,
) {
    let Some(rate) = shared.upgrade().map(|shared| shared.camera().live_rate()) else { return };
    let mut clock = interval(Duration::from_secs(1) / rate);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start = Instant::now();
    let mut last = None;
    loop {
        // The sender goes with the session.
        if streaming.wait_for(|on| *on).await.is_err() {
            return;
        }
        tokio::select! {
            _ = clock.tick() => {}
            changed = streaming.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        // Not the tick's own time: the first one after a pause is one that was missed.
        let elapsed = start.elapsed().as_micros() + 500;
        let counter = (elapsed * u128::from(rate) / 1_000_000) as u32;
        if last.replace(counter) == Some(counter) {
            continue;
        }
        // A camera that is gone streams no more.
        let Some((frame, stall)) = next(&shared, counter) else { return };
        if let Some(time) = stall {
            tokio::select! {
                () = sleep(time) => continue,
                () = closed(streaming.clone()) => return,
            }
        }
        let Some(jpeg) = rendered(frame).await else { return };
        let frame = packet(counter, &jpeg);
        tokio::select! {
            written = stream.write_all(&frame) => {
                let Some(shared) = shared.upgrade().filter(|_| written.is_ok()) else { return };
                shared.camera().stats.frames += 1;
            }
            () = closed(streaming.clone()) => return,
        }
    }
}

/// Streams a recorded live view at its pace, over again until the client closes or the session ends.
pub(crate) async fn replay(
    mut stream: impl AsyncWrite + Unpin,
    mut streaming: watch::Receiver<bool>,
    view: Arc<View>,
) {
    let mut start = Instant::now();
    for number in 0.. {
        let waited = !*streaming.borrow();
        if streaming.wait_for(|on| *on).await.is_err() {
            return;
        }
        let due = view.due(number);
        if waited {
            // What the client did meanwhile took as long as it took.
            start = Instant::now().checked_sub(due).unwrap_or(start);
        }
        tokio::select! {
            () = sleep_until(start + due) => {}
            () = closed(streaming.clone()) => return,
        }
        let read = Arc::clone(&view);
        let packet = tokio::task::spawn_blocking(move || read.packet(number)).await;
        let Ok(Ok(packet)) = packet else { return };
        tokio::select! {
            written = stream.write_all(&packet) => if written.is_err() { return },
            () = closed(streaming.clone()) => return,
        }
    }
}

/// Sends nothing until the session ends: the recording has no live view.
pub(crate) async fn silence(stream: impl AsyncWrite + Unpin, streaming: watch::Receiver<bool>) {
    closed(streaming).await;
    drop(stream);
}

/// What the next frame shows, and how long a fault has the stream stand still instead.
fn next(shared: &Weak<Shared>, counter: u32) -> Option<(Frame, Option<Duration>)> {
    let shared = shared.upgrade()?;
    let mut camera = shared.camera();
    let stall = camera.faults.live_stall();
    Some((camera.live_frame(Instant::now(), counter), stall))
}

/// Renders a frame, on a thread of its own where that may take long.
async fn rendered(frame: Frame) -> Option<Bytes> {
    if let Some(jpeg) = frame.known() {
        return Some(jpeg);
    }
    if !frame.is_slow() {
        return Some(frame.render());
    }
    tokio::task::spawn_blocking(move || frame.render()).await.ok()
}

/// Waits until the session is over.
async fn closed(mut streaming: watch::Receiver<bool>) {
    while streaming.changed().await.is_ok() {}
}
