//! Looks at the camera while no frame is due: is it there, has its card room, did a setting move?

use filmwire_camera::{Reading, Remote};
use filmwire_codec::DevicePropCode;

use super::super::clock::Clock;
use super::super::event::Event;
use super::super::journal::{JournalError, Record};
use super::super::keep::Keep;
use super::super::link::{ConnectRemote, Link};
use super::super::ramp::Exposure;
use super::{Error, Run, Setup};
use crate::profile::{Applied, Policy};

/// Makes the camera of a new journal ready, or says why its frames would not be what was asked for;
/// better known before the night.
pub(super) async fn make_ready<C, K>(
    remote: &Remote,
    setup: &Setup<'_, C, K>,
    tell: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    if let Some(keep) = &setup.keep {
        let is_reached = apply(remote, keep, tell).await?;
        if !is_reached && keep.policy != Some(Policy::Mark) {
            return Err(Error::NotSet);
        }
    }
    if let Some(limits) = &setup.ramp {
        Exposure::open(remote, limits).await?;
    }
    Ok(())
}

/// Sets the profile; true if the camera has all of it.
async fn apply(
    remote: &Remote,
    keep: &Keep,
    tell: &mut dyn FnMut(Event),
) -> Result<bool, filmwire_camera::Error> {
    let applied = keep.profile.apply(remote).await?;
    let is_reached = applied.iter().all(Applied::is_reached);
    tell(Event::Applied { model: remote.info().model.clone(), applied });
    Ok(is_reached)
}

impl<C: ConnectRemote, K: Clock> Run<'_, '_, C, K> {
    /// Sets the profile on the first camera of a run that goes on. What is not reached is found by
    /// the next look.
    pub(super) async fn set_profile(&mut self, remote: &Remote) {
        let Some(keep) = self.setup.keep.as_ref().filter(|_| !self.kept.is_set) else { return };
        match apply(remote, keep, self.tell).await {
            Ok(_) => self.kept.is_set = true,
            // The next look tells if the link is gone.
            Err(error) => tracing::debug!(%error, "the profile was not set"),
        }
    }

    /// What the camera answered to a look.
    pub(super) fn take_readings(&mut self, readings: &[Reading]) {
        let wanted = DevicePropCode::PICTURES_REMAINING;
        let found = readings.iter().find(|reading| reading.property == wanted);
        let found = found.and_then(|found| found.bits);
        if found.is_some() && found != self.remaining {
            self.remaining = found;
            found.into_iter().for_each(|count| (self.tell)(Event::Remaining(count)));
        }
        if let Some(keep) = &self.setup.keep {
            self.kept.look(keep, readings);
        }
    }

    /// Looks at once after a frame: a setting may have moved with it.
    pub(super) fn look_soon(&mut self) {
        let now = self.now();
        let is_watched = self.setup.keep.as_ref().is_some_and(|keep| keep.policy.is_some());
        if let (true, Link::Up { next_check, .. }) = (is_watched, &mut self.link) {
            *next_check = now;
        }
    }

    /// Tells of settings that moved, or are back.
    pub(super) async fn tell_of_drift(&mut self) -> Result<(), JournalError> {
        if !std::mem::take(&mut self.kept.is_news) {
            return Ok(());
        }
        let (at, after) = (self.now(), self.past.taken + self.past.gaps.frames());
        let drift = self.kept.text().unwrap_or_default();
        let is_end = self.kept.ends;
        (self.tell)(Event::Drift { at, after, drifts: self.kept.drifts.clone(), is_end });
        self.log.write(Record::Drift { at, after, drift }).await
    }
}
