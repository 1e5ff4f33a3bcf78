//! Movies started and stopped from afar (fact sheet 8.5).

use filmwire_codec::DevicePropCode as Prop;
use tokio::time::Instant;

use crate::camera::Camera;
use crate::persona::Code;

/// A movie that is being recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movie {
    /// The id that 0x9021 must name.
    pub(crate) transaction: u32,
    started: Instant,
}

impl Camera {
    /// Whether a movie may be started: D019, where the body or a test says so, and room for one.
    fn may_film(&self) -> bool {
        let code = Prop::MOVIE_BUTTON;
        let fixed = || self.persona.properties.get(&Code(code.0)).map(|property| property.value);
        let enabled = self.settings.get(&code.0).copied().or_else(fixed).unwrap_or(1);
        enabled != 0 && self.film_seconds_left() > 0 && self.film_fits()
    }

    /// Starts recording; `false` if that is not possible now.
    pub(crate) fn start_movie(&mut self, now: Instant, transaction: u32) -> bool {
        if self.shooting.movie.is_some() || !self.shooting.is_idle() || !self.may_film() {
            return false;
        }
        self.shooting.movie = Some(Movie { transaction, started: now });
        true
    }

    /// Ends the movie, if there is one, and puts it on the card.
    pub(crate) fn stop_movie(&mut self, now: Instant) {
        self.roll(now);
        let Some(movie) = self.shooting.movie.take() else { return };
        self.shooting.film_room = Some(self.film_seconds_left());
        self.shooting.filmed_s = 0;
        let stamp = self.clock(movie.started);
        self.card.film(stamp);
        self.anchor_clock();
    }

    /// Counts the seconds of the movie; one that has no more room ends by itself. Guess: what bodies
    /// do then is unknown.
    pub(super) fn roll(&mut self, now: Instant) {
        let Some(movie) = self.shooting.movie else { return };
        let room = self.film_room();
        let filmed = now.saturating_duration_since(movie.started).as_secs();
        self.shooting.filmed_s = u32::try_from(filmed).unwrap_or(u32::MAX).min(room);
    }

    pub(super) fn end_full_movie(&mut self, now: Instant) {
        if self.shooting.movie.is_some() && self.film_seconds_left() == 0 {
            self.stop_movie(now);
        }
    }

    /// Seconds that fit on the card beside what was recorded before.
    fn film_room(&self) -> u32 {
        let switch = Some(self.persona.shooting.movie_seconds_remaining).filter(|&s| s > 0);
        let room = self.shooting.film_room.or(switch);
        room.or_else(|| self.listed(Prop::MOVIE_SECONDS_REMAINING)).unwrap_or(u32::MAX)
    }

    /// D22A: it goes down while a movie is recorded.
    pub(crate) fn film_seconds_left(&self) -> u32 {
        self.film_room().saturating_sub(self.shooting.filmed_s)
    }
}
