//! Frames of live view: 640 by 480, as bright as the exposure would make a picture.

use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};

use super::Look;
use super::exposure::expose;
use super::scene::{Canvas, Scene};
use super::stamp::Stamp;

/// Frame size on Wi-Fi. Source: the fact sheet's section 8.6.
const WIDTH: u16 = 640;
const HEIGHT: u16 = 480;
/// Frames in the little film that is shown again and again.
const FRAMES: u32 = 8;
/// Brightness goes by steps of so many thousandths of a stop, so that frames can be kept.
const STEP_MEV: i32 = 100;
/// Beyond so many stops a picture is all black or white.
const MOST_STEPS: i32 = 10_000 / STEP_MEV;
/// The scene's hour moves by so many seconds.
const HOUR_STEP_S: i64 = 900;
/// Frames kept for the whole process, some 20 kB each.
const KEPT: usize = 32;

/// What a frame shows: equal ones are the same picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    look: Look,
    seed: u64,
    /// Where in the film.
    step: u32,
    /// When in the day, in [`HOUR_STEP_S`]; a plain frame has no hour.
    hour: i64,
    /// Brightness in [`STEP_MEV`].
    bright: i32,
}

/// Most recently used last.
static FRAMES_KEPT: LazyLock<Mutex<Vec<(Frame, Bytes)>>> = LazyLock::new(Mutex::default);

impl Frame {
    /// The frame number `counter` at a moment, `over_mev` brighter than a correct exposure.
    pub(crate) fn new(look: Look, seed: u64, counter: u32, clock: Stamp, over_mev: i32) -> Self {
        let bright = (over_mev as f32 / STEP_MEV as f32).round() as i32;
        let bright = bright.clamp(-MOST_STEPS, MOST_STEPS);
        let (seed, hour) = match look {
            Look::Scene => (seed, clock.seconds().div_euclid(HOUR_STEP_S)),
            Look::Plain => (0, 0),
        };
        Self { look, seed, step: counter % FRAMES, hour, bright }
    }

    /// Whether rendering takes long.
    pub(crate) fn is_slow(&self) -> bool {
        self.look == Look::Scene
    }

    /// The frame, if it was rendered lately.
    pub(crate) fn known(&self) -> Option<Bytes> {
        let mut kept = FRAMES_KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == self)?;
        let entry = kept.remove(at);
        let jpeg = entry.1.clone();
        kept.push(entry);
        Some(jpeg)
    }

    /// Renders the frame and keeps it: baseline, without APP segments that cameras do not write.
    pub(crate) fn render(&self) -> Bytes {
        let (mut pixels, colour) = match self.look {
            Look::Scene => (self.scene(), ColorType::Rgb),
            Look::Plain => (self.bars(), ColorType::Luma),
        };
        expose(&mut pixels, self.bright * STEP_MEV);
        let mut out = Vec::new();
        let done = Encoder::new(&mut out, 70).encode(&pixels, WIDTH, HEIGHT, colour);
        debug_assert!(done.is_ok(), "the measures are those of the pixels");
        let jpeg = Bytes::from(out);
        let mut kept = FRAMES_KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((*self, jpeg.clone()));
        jpeg
    }

    fn scene(&self) -> Vec<u8> {
        let canvas = Canvas {
            width: usize::from(WIDTH),
            height: usize::from(HEIGHT),
            orientation: 1,
            grain: 1.0,
            label: "",
        };
        let clock = Stamp::from_seconds(self.hour * HOUR_STEP_S);
        // Small steps: the boat moves, the hills hardly.
        Scene::new(self.seed, self.step as f32 * 0.05, clock).render(&canvas)
    }

    /// A bar that wanders over a grey ramp.
    fn bars(&self) -> Vec<u8> {
        let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
        let bar = width / FRAMES as usize;
        let left = self.step as usize * bar;
        let line = (0..width).map(|x| match x.wrapping_sub(left) < bar {
            true => 180,
            false => (40 + x * 100 / width) as u8,
        });
        line.collect::<Vec<_>>().repeat(height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Stamp = Stamp::new(2026, 5, 14, 12, 0, 0);

    #[test]
    fn frames_are_kept_and_few() {
        for counter in 0..40 {
            let frame = Frame::new(Look::Plain, 7, counter, NOON, 100 * (counter as i32 / 8));
            let jpeg = frame.known().unwrap_or_else(|| frame.render());
            assert_eq!(frame.known().unwrap().as_ptr(), jpeg.as_ptr(), "not rendered twice");
        }
        assert!(FRAMES_KEPT.lock().unwrap().len() <= KEPT);
    }

    #[test]
    fn brightness_goes_in_small_steps_and_has_an_end() {
        let frame = |over| Frame::new(Look::Plain, 7, 0, NOON, over);
        assert_eq!(frame(10), frame(-10));
        assert_ne!(frame(0), frame(60));
        assert_eq!(frame(20_000), frame(90_000));
    }
}
