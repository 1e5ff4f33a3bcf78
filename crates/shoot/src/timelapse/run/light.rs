//! The exposure follows the light from frame to frame.

use bytes::Bytes;

use super::super::clock::Clock;
use super::super::event::Event;
use super::super::journal::{JournalError, Record};
use super::super::link::{ConnectRemote, Link};
use super::super::ramp::luminance::luminance;
use super::super::ramp::{Exposure, NoRamp};
use super::super::schedule::Due;
use super::Run;

impl<C: ConnectRemote, K: Clock> Run<'_, '_, C, K> {
    /// How bright a frame is, if the exposure is to follow the light.
    pub(super) async fn look_at(&self, preview: Bytes) -> Option<f64> {
        self.setup.ramp.as_ref()?;
        tokio::task::spawn_blocking(move || luminance(&preview)).await.ok().flatten()
    }

    /// Lets the exposure follow the light for the next frame.
    pub(super) async fn follow(&mut self, due: Due, seen: Option<f64>) -> Result<(), JournalError> {
        let (Some(limits), Some(seen), Link::Up { remote, .. }) =
            (&self.setup.ramp, seen, &self.link)
        else {
            return Ok(());
        };
        let mut changes = Vec::new();
        let camera = (remote, limits);
        let followed = Exposure::follow(&mut self.exposure, camera, seen, &mut changes).await;
        for changed in changes {
            let (from, to) = (changed.from.clone(), changed.to.clone());
            let (after, setting) = (due.number, changed.dial.key().to_owned());
            (self.tell)(Event::Exposure(after, changed));
            self.log.write(Record::Exposure { after, setting, from, to }).await?;
        }
        match followed {
            Ok(()) => Ok(()),
            Err(NoRamp::Camera(error)) if error.is_link_trouble() => {
                self.lose(&error, due).await;
                Ok(())
            }
            Err(error) => {
                (self.tell)(Event::NoRamp(error.to_string()));
                Ok(())
            }
        }
    }
}
