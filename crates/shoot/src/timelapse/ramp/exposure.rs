//! The ramp at work on a camera.

use filmwire_camera::{Choices, Error as CameraError, Reading, Remote, Setting};

use super::{Dial, Ladder, NoLadder, Ramp};

/// What a ramp may change, and what it aims at.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Settings and their two ends, as bits. What is not named is left as it is.
    pub ends: Vec<(Dial, u32, u32)>,
    /// Stops from middle grey that previews are to have.
    pub target: f64,
}

/// A setting that the ramp changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Which one.
    pub dial: Dial,
    /// What it was, in words.
    pub from: String,
    /// What the camera has now.
    pub to: String,
}

/// Why the exposure cannot follow the light.
#[derive(Debug, thiserror::Error)]
pub enum NoRamp {
    /// The camera could not be asked.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The camera chooses it by itself.
    #[error("the camera chooses {0} by itself, so that a ramp cannot count with it")]
    NotFixed(Dial),
    /// It is not between its ends: on its way there the exposure would jump.
    #[error("the camera has {0} at {1}, which is outside of the ramp's limits")]
    Outside(Dial, String),
    /// There is nothing to choose from.
    #[error(transparent)]
    Ladder(#[from] NoLadder),
}

impl NoRamp {
    /// What the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Camera(error) => error.cure(),
            Self::NotFixed(_) => {
                "set the body to M, with an aperture and an ISO of your own, and run again"
            }
            Self::Outside(..) => "set it within the limits (filmwire settings set), or widen them",
            Self::Ladder(_) => "choose wider limits, and for ISO values the camera lists",
        }
    }
}

/// A ramp, and where the camera stands.
pub(in crate::timelapse) struct Exposure {
    ramp: Ramp,
    /// By dial; all three count, whether they may be changed or not.
    bits: [Option<u32>; 3],
    /// The camera may have something else by now.
    is_stale: bool,
}

/// All of them, in the order of the bits.
const DIALS: [Dial; 3] = [Dial::Shutter, Dial::Aperture, Dial::Iso];

impl Exposure {
    /// Reads what is set and what may be.
    pub(in crate::timelapse) async fn open(
        remote: &Remote,
        limits: &Limits,
    ) -> Result<Self, NoRamp> {
        let readings = remote.settings().await?;
        let of = |dial: Dial| find(&readings, dial);
        let mut ladders = Vec::new();
        for &(dial, one, other) in &limits.ends {
            let listed = match of(dial).map(|reading| &reading.choices) {
                Some(Choices::Listed(listed)) => listed.as_slice(),
                _ => &[],
            };
            ladders.push(Ladder::between(dial, one, other, listed)?);
        }
        let bits = DIALS.map(|dial| of(dial).and_then(|reading| reading.bits));
        let exposure = Self { ramp: Ramp::new(ladders, limits.target), bits, is_stale: false };
        // What the camera chooses works against whatever is set.
        let chosen = DIALS.into_iter().find(|dial| exposure.stops(*dial).is_none());
        match (chosen, exposure.outside()) {
            (Some(dial), _) => Err(NoRamp::NotFixed(dial)),
            (None, Some(dial)) => Err(NoRamp::Outside(dial, exposure.text(dial))),
            (None, None) => Ok(exposure),
        }
    }

    /// A setting that is not between its ends.
    fn outside(&self) -> Option<Dial> {
        let is_outside =
            |ladder: &&Ladder| self.stops(ladder.dial).is_some_and(|stops| !ladder.reaches(stops));
        self.ramp.ladders.iter().find(is_outside).map(|ladder| ladder.dial)
    }

    fn text(&self, dial: Dial) -> String {
        let bits = self.bits[dial as usize].unwrap_or_default();
        Setting::named(dial.key()).map_or_else(String::new, |setting| setting.text(bits))
    }

    /// Reads the camera anew before the next change: a step may have been taken and not confirmed, or
    /// somebody had the body in hand.
    pub(in crate::timelapse) fn doubt(&mut self) {
        self.is_stale = true;
    }

    /// What the camera has now and had not before.
    fn moved_since(&self, before: &Self) -> Vec<Changed> {
        let moved = DIALS
            .into_iter()
            .filter(|dial| self.bits[*dial as usize] != before.bits[*dial as usize]);
        moved.map(|dial| Changed { dial, from: before.text(dial), to: self.text(dial) }).collect()
    }

    fn stops(&self, dial: Dial) -> Option<f64> {
        dial.stops(self.bits[dial as usize]?)
    }

    /// Takes the luminance of the last frame, and changes what has to be for the next one; opens what
    /// is not there or in doubt. What is found changed is told as well, also if it fails.
    pub(in crate::timelapse) async fn follow(
        known: &mut Option<Self>,
        (remote, limits): (&Remote, &Limits),
        luminance: f64,
        changes: &mut Vec<Changed>,
    ) -> Result<(), NoRamp> {
        let exposure = match known.take() {
            Some(known) if !known.is_stale => known,
            before => {
                let opened = match Self::open(remote, limits).await {
                    Ok(opened) => opened,
                    Err(error) => {
                        *known = before;
                        return Err(error);
                    }
                };
                changes.extend(before.iter().flat_map(|before| opened.moved_since(before)));
                opened
            }
        };
        let exposure = known.insert(exposure);
        match exposure.step(remote, luminance).await {
            Ok(changed) => changes.extend(changed),
            Err(error) => {
                exposure.doubt();
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Changes one setting, if that is wanted.
    ///
    /// Fails if it is not known what the camera has now. A value that the camera does not take on is
    /// given up.
    async fn step(
        &mut self,
        remote: &Remote,
        luminance: f64,
    ) -> Result<Option<Changed>, CameraError> {
        let bits = self.bits;
        let at = |dial: Dial| dial.stops(bits[dial as usize]?);
        let Some(wanted) = self.ramp.follow(luminance, at) else { return Ok(None) };
        let Some(setting) = Setting::named(wanted.dial.key()) else { return Ok(None) };
        let before = bits[wanted.dial as usize].unwrap_or_default();
        match remote.set(setting, wanted.bits).await {
            Ok(reached) => self.bits[wanted.dial as usize] = Some(reached.actual),
            Err(CameraError::NotReached(what)) => {
                tracing::debug!(%what, "a step of the ramp was not taken");
                let readings = remote.settings().await?;
                let now = find(&readings, wanted.dial).and_then(|reading| reading.bits);
                self.bits[wanted.dial as usize] = now.or(Some(before));
                let at = self.stops(wanted.dial).unwrap_or_default();
                self.ramp.give_up(wanted, at);
            }
            Err(error) => return Err(error),
        }
        let now = self.bits[wanted.dial as usize].unwrap_or(before);
        let (from, to) = (setting.text(before), setting.text(now));
        Ok((now != before).then_some(Changed { dial: wanted.dial, from, to }))
    }
}

fn find(readings: &[Reading], dial: Dial) -> Option<&Reading> {
    readings.iter().find(|reading| reading.setting.is_some_and(|setting| setting.key == dial.key()))
}
