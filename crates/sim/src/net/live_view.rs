//! The live view stream: JPEG frames behind an 18-byte prefix, as long as the client reads.
//!
//! Prefix: u32 length of the packet, u32 0, u32 frame counter, u32 0, u16 unknown. Source: the fact
//! sheet's section 8.6; the frame rate is chosen by us.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// Frames a second.
const RATE: u32 = 15;
/// Bytes before the JPEG.
const PREFIX_BYTES: usize = 18;
/// Frames in the little film that is shown again and again.
const FRAMES: usize = 8;

/// A bar that wanders over a grey ramp, 640 by 480, baseline and without APP segments.
static FILM: LazyLock<Vec<Bytes>> = LazyLock::new(|| (0..FRAMES).map(render).collect());

fn render(step: usize) -> Bytes {
    let (width, height) = (640usize, 480usize);
    let bar = step * width / FRAMES;
    let mut pixels = Vec::with_capacity(width * height);
    for _ in 0..height {
        pixels.extend((0..width).map(|x| match x.wrapping_sub(bar) < width / FRAMES {
            true => 255,
            false => (x * 200 / width) as u8,
        }));
    }
    let mut out = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut out, 70);
    let done = encoder.encode(&pixels, width as u16, height as u16, jpeg_encoder::ColorType::Luma);
    debug_assert!(done.is_ok(), "the measures are those of the pixels");
    Bytes::from(out)
}

/// One packet of the stream.
pub(crate) fn packet(counter: u32) -> Bytes {
    let jpeg = &FILM[counter as usize % FRAMES];
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
) {
    let mut clock = interval(Duration::from_secs(1) / RATE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start = tokio::time::Instant::now();
    let mut last = None;
    loop {
        // The sender goes with the session.
        if streaming.wait_for(|on| *on).await.is_err() {
            return;
        }
        let tick = tokio::select! {
            tick = clock.tick() => tick,
            changed = streaming.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let elapsed = tick.saturating_duration_since(start).as_micros() + 500;
        let counter = (elapsed * u128::from(RATE) / 1_000_000) as u32;
        if last.replace(counter) == Some(counter) {
            continue;
        }
        let frame = packet(counter);
        tokio::select! {
            written = stream.write_all(&frame) => if written.is_err() { return },
            () = closed(streaming.clone()) => return,
        }
    }
}

/// Waits until the session is over.
async fn closed(mut streaming: watch::Receiver<bool>) {
    while streaming.changed().await.is_ok() {}
}
