//! Telling the camera, again and again.

use std::time::Duration;

use filmwire_camera::Geotagger;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::{Fix, GeotagError, Gpsd, NoFix, Place, Track};

/// While no place is known it is looked for this often.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks whether camera and receiver are still there: places are told minutes apart, or
/// hours from now. Chosen: a person who is near notices.
const WATCH_PAUSE: Duration = Duration::from_secs(5);

/// Who knows the place.
#[derive(Debug)]
pub enum Source {
    /// It never changes.
    Still(Place),
    /// A track, read against the clock.
    Track(Track),
    /// A receiver.
    Gpsd(Gpsd),
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// The camera took this.
    Told(Fix),
    /// No place is known; the camera was told nothing.
    NoFix(NoFix),
    /// The track is over; there is nothing to come.
    Over,
}

/// Tells a camera where it is, every so often.
pub struct Tagger<C> {
    geotagger: Geotagger,
    source: Source,
    every: Duration,
    clock: C,
    due: Instant,
    /// When the camera answered last.
    seen: Instant,
}

impl<C: Fn() -> Timestamp> Tagger<C> {
    /// `clock` tells the time of day.
    pub fn new(geotagger: Geotagger, source: Source, every: Duration, clock: C) -> Self {
        let now = Instant::now();
        Self { geotagger, source, every, clock, due: now, seen: now }
    }

    /// Waits until the camera is to be told again, and tells it.
    ///
    /// Fails with [`GeotagError::Camera`] if the camera refused or is gone, [`GeotagError::Gpsd`] if
    /// gpsd is gone, also while it waits. Cancel-safe.
    pub async fn step(&mut self) -> Result<Step, GeotagError> {
        self.wait().await?;
        let now = (self.clock)();
        let look = match &self.source {
            Source::Still(place) => Ok(Fix { place: *place, at: now }),
            Source::Gpsd(gpsd) => gpsd.now()?,
            Source::Track(track) => match track.at(now) {
                Some(look) => look.map(|place| Fix { place, at: now }),
                None => return Ok(Step::Over),
            },
        };
        let look = look.and_then(|fix| match fix.geolocation() {
            Some(text) => Ok((fix, text)),
            None => Err(NoFix::Unsayable),
        });
        let start = Instant::now();
        match look {
            Ok((fix, text)) => {
                self.geotagger.write(&text).await?;
                self.seen = Instant::now();
                self.due = start + self.every;
                Ok(Step::Told(fix))
            }
            Err(no_fix) => {
                self.due = start + LOOK.min(self.every);
                Ok(Step::NoFix(no_fix))
            }
        }
    }

    /// Waits until it is time, and looks meanwhile who is still there.
    async fn wait(&mut self) -> Result<(), GeotagError> {
        loop {
            let watch = self.seen + WATCH_PAUSE;
            if self.due < watch {
                sleep_until(self.due).await;
                return Ok(());
            }
            sleep_until(watch).await;
            self.geotagger.look().await?;
            self.seen = Instant::now();
            match &self.source {
                // What it tells is for later; that it tells is what counts.
                Source::Gpsd(gpsd) => drop(gpsd.now()?),
                Source::Track(track) if track.at((self.clock)()).is_none() => return Ok(()),
                _ => {}
            }
        }
    }

    /// Leaves the camera; it keeps what it was told last as long as it likes.
    pub async fn leave(self) {
        self.geotagger.leave().await;
    }
}
