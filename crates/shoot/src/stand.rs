//! Cameras around one thing: one label, the same profile, fired together.
//!
//! A [`Stand`] of one camera is a series with a guard; with several, all are made ready before any is
//! fired, and all are fired at one moment.

use std::time::{Duration, Instant};

use filmwire_camera::Reading;
use futures_util::future::join_all;
use jiff::Zoned;

use crate::profile::{Drift, Guard, Policy};
use crate::series::{Error, Exposed, Frame, Series};

/// Between two looks whether the cameras are still there. Chosen: a person at a stand notices.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// One camera of a stand.
pub struct Post {
    /// What the person calls it.
    pub name: String,
    /// Its frames.
    pub series: Series,
    /// What it has to keep; `None` if nobody watches. Bodies of two kinds may have two profiles.
    pub guard: Option<Guard>,
}

/// Cameras that are fired together.
pub struct Stand {
    posts: Vec<Post>,
}

/// What one camera gave for one label.
#[derive(Debug)]
pub struct Given {
    /// The frame, or why there is none. The other cameras' frames are not touched by that.
    pub frame: Result<Frame, Error>,
    /// What was not as the profile has it before the release.
    pub before: Vec<Drift>,
    /// The same after it; empty as well if the camera could not be asked.
    pub after: Vec<Drift>,
    /// What is known of a picture that was taken and could not be kept.
    pub unkept: Option<Unkept>,
}

/// A picture that is on the card alone: what finds it there.
#[derive(Debug, Clone)]
pub struct Unkept {
    /// When the release was sent.
    pub at: Zoned,
    /// What the camera reported before.
    pub settings: Vec<Reading>,
}

/// What all cameras gave for one label, in their order.
#[derive(Debug)]
pub struct Round {
    /// One for each camera.
    pub given: Vec<Given>,
    /// Between the first and the last release that was sent; `None` with fewer than two.
    pub spread: Option<Duration>,
}

/// Why no camera was fired.
#[derive(Debug)]
pub enum Held {
    /// A camera could not be made ready; its place, from 0. The next round may be tried unless
    /// [`Error::ends_series`].
    NotReady(usize, Error),
    /// Something drifted, and the guard stops at that; drifts of each camera.
    Drift(Vec<Vec<Drift>>),
}

impl Round {
    /// True if something drifted, before or after.
    pub fn has_drift(&self) -> bool {
        self.given.iter().any(|given| !given.before.is_empty() || !given.after.is_empty())
    }
}

impl Stand {
    /// Puts cameras together.
    pub fn new(posts: Vec<Post>) -> Self {
        Self { posts }
    }

    /// Its cameras.
    pub fn posts(&self) -> &[Post] {
        &self.posts
    }

    /// The cameras, to leave them.
    pub fn into_posts(self) -> Vec<Post> {
        self.posts
    }

    /// True if a guard ends the series at such a round.
    pub fn stops_at(&self, round: &Round) -> bool {
        let stops = |(post, given): (&Post, &Given)| {
            post.policy() == Some(Policy::Stop)
                && !(given.before.is_empty() && given.after.is_empty())
        };
        self.posts.iter().zip(&round.given).any(stops)
    }

    /// Waits until a camera is lost, and says which, from 0, and why: nobody should learn of it with
    /// the next label. Cancel-safe.
    pub async fn lost(&self) -> (usize, Error) {
        loop {
            tokio::time::sleep(WATCH_PAUSE).await;
            // What is to be connected anew is not lost.
            let live = self.posts.iter().enumerate().filter(|(_, post)| !post.series.is_stale());
            for (place, post) in live {
                match post.series.remote().settings().await {
                    Err(error) if error.is_link_trouble() => return (place, error.into()),
                    seen => drop(seen),
                }
            }
        }
    }

    /// Takes one frame with each camera: reads what is set on all, makes all ready, fires all, reads
    /// again what is set, and keeps what is wanted.
    ///
    /// Fails with [`Held`] if no camera was fired. Cancel-safe: as [`Series::frame`].
    pub async fn round(&mut self, label: Option<&str>) -> Result<Round, Held> {
        let ready = join_all(self.posts.iter_mut().map(|post| post.series.ready())).await;
        let mut all = Vec::new();
        for (place, ready) in ready.into_iter().enumerate() {
            all.push(ready.map_err(|error| Held::NotReady(place, error))?);
        }
        let before: Vec<_> =
            self.posts.iter().zip(&all).map(|(post, ready)| post.drifts(&ready.settings)).collect();
        let stops = |(post, drifts): (&Post, &Vec<Drift>)| {
            post.policy() == Some(Policy::Stop) && !drifts.is_empty()
        };
        if self.posts.iter().zip(&before).any(stops) {
            return Err(Held::Drift(before));
        }
        // Nothing is left to be waited for: each release goes out as this is polled, one behind the
        // other, before any answer is looked at.
        let exposed = join_all(all.into_iter().map(|ready| ready.fire())).await;
        let spread =
            spread(exposed.iter().filter_map(|exposed| Some(exposed.as_ref().ok()?.sent())));
        let given = self.posts.iter_mut().zip(exposed).zip(before);
        let given = join_all(given.map(|((post, exposed), before)| async move {
            // At once: what is fetched may take its time.
            let after = post.drifts_now().await;
            let (frame, unkept) = match exposed {
                Ok(exposed) => post.kept(exposed, label).await,
                Err(error) => (Err(error), None),
            };
            Given { frame, before, after, unkept }
        }));
        Ok(Round { given: given.await, spread })
    }
}

impl Post {
    fn policy(&self) -> Option<Policy> {
        self.guard.as_ref().map(|guard| guard.policy)
    }

    fn drifts(&self, readings: &[Reading]) -> Vec<Drift> {
        self.guard.as_ref().map_or_else(Vec::new, |guard| guard.drifts(readings))
    }

    async fn kept(
        &mut self,
        exposed: Exposed,
        label: Option<&str>,
    ) -> (Result<Frame, Error>, Option<Unkept>) {
        let unkept = Unkept { at: exposed.at().clone(), settings: exposed.settings().to_vec() };
        let frame = self.series.keep(exposed, label).await;
        let unkept = frame.is_err().then_some(unkept);
        (frame, unkept)
    }

    async fn drifts_now(&self) -> Vec<Drift> {
        let Some(guard) = &self.guard else { return Vec::new() };
        match self.series.remote().settings().await {
            Ok(readings) => guard.drifts(&readings),
            Err(error) => {
                // The next frame tells; this one is taken.
                tracing::debug!(%error, "what is set after a frame");
                Vec::new()
            }
        }
    }
}

/// Between the first and the last of some moments; `None` with fewer than two.
fn spread(moments: impl Iterator<Item = Instant>) -> Option<Duration> {
    let mut moments: Vec<_> = moments.collect();
    moments.sort_unstable();
    let (first, last) = (moments.first()?, moments.last()?);
    (moments.len() > 1).then(|| last.duration_since(*first))
}
