//! Recording a movie. Source: the fact sheet's section 8.5.
//!
//! What a body sends on its port of events meanwhile, and what it does when a card is full, is
//! unknown (section 12.1, 7). What is known of a running movie is the time that is left (D22A).

use std::time::Duration;

use filmwire_codec::operation::{InitiateMovieCapture, TerminateMovieCapture};
use filmwire_codec::value::MovieButton;
use filmwire_codec::{DevicePropCode as Prop, ResponseCode, TransactionId};
use tokio::time::sleep;

use super::Remote;
use crate::driver::Job;
use crate::error::Error;

/// How often a camera that refuses to end a movie is asked, and the pause between. Chosen: a menu or a
/// card that is busy has time to be done, and the person who wants the movie to end need not wait long.
const STOP_ATTEMPTS: u32 = 4;
const STOP_PAUSE: Duration = Duration::from_millis(500);

/// A movie that is being recorded.
///
/// 1. [`Remote::start_movie`] starts it.
/// 2. [`Movie::seconds_left`] tells how long it can go on.
/// 3. [`Movie::stop`] ends it; so does dropping this value, and leaving the camera, where the link
///    allows it. A camera that cannot be reached any more may record on: its person has to end it.
pub struct Movie {
    remote: Remote,
    /// `None` until the camera has said that it records.
    started: Option<TransactionId>,
    ended: bool,
}

/// How a movie ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieEnd {
    /// We stopped it.
    Stopped,
    /// It was over before, as the camera told when it was to be stopped (0x2018). Guess: the code is
    /// that of a picture; no log shows it.
    Before,
}

impl Remote {
    /// Starts recording a movie.
    ///
    /// Fails with [`Error::NotOffered`] if the camera reports that none can be started now (D019),
    /// [`Error::Refused`] if it says no, [`Error::Forbidden`] unless [`crate::Allow::movie`] lets it
    /// pass, or with link trouble. Cancel-safe: a movie that has begun is ended.
    pub async fn start_movie(&self) -> Result<Movie, Error> {
        let list = self.camera.refresh().await?;
        // Read by itself it is 0 on an X-T1 whatever is true; only a list that has it counts.
        if list.value(Prop::MOVIE_BUTTON) == Some(u32::from(MovieButton::UNAVAILABLE.0)) {
            let text = "no movie can be started now (D019); leave the camera's menu, or look at its drive dial and card";
            return Err(Error::NotOffered(text.into()));
        }
        // Made before the camera is asked, so that whatever begins is ended when this future goes.
        let mut movie = Movie { remote: self.clone(), started: None, ended: false };
        movie.started = Some(self.camera.run(&InitiateMovieCapture, 0).await?);
        Ok(movie)
    }
}

impl Movie {
    /// Reads how many seconds the camera can still record (D22A); `None` if it does not tell.
    ///
    /// Fails with link trouble. Cancel-safe.
    pub async fn seconds_left(&self) -> Result<Option<u32>, Error> {
        Ok(self.remote.camera.refresh().await?.value(Prop::MOVIE_SECONDS_REMAINING))
    }

    /// Ends it. A camera that refuses is asked a few times, since the movie runs on meanwhile.
    ///
    /// Fails with [`Error::Refused`] if the camera says no each time, or with link trouble; leaving the
    /// camera tries once more then. Cancel-safe: it is ended all the same.
    pub async fn stop(mut self) -> Result<MovieEnd, Error> {
        let Some(started) = self.started else { return Ok(MovieEnd::Before) };
        let mut attempt = 1;
        let end = loop {
            match self.remote.camera.run(&TerminateMovieCapture(started), 0).await {
                Ok(()) => break MovieEnd::Stopped,
                Err(Error::Refused {
                    response: ResponseCode::CAPTURE_ALREADY_TERMINATED, ..
                }) => {
                    break MovieEnd::Before;
                }
                Err(Error::Refused { .. }) if attempt < STOP_ATTEMPTS => {
                    attempt += 1;
                    sleep(STOP_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.ended = true;
        Ok(end)
    }
}

impl Drop for Movie {
    /// Whoever holds the connection ends it, if nobody did; on leaving it does so anyway.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.remote.camera.hand_over(Job::StopMovie);
    }
}
