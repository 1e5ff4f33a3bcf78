//! A profile that a timelapse keeps to.

use filmwire_camera::Reading;

use crate::profile::{Drift, Policy, Profile};

/// A profile that is set before the first frame, and watched over.
#[derive(Debug, Clone)]
pub struct Keep {
    /// What frames have to have.
    pub profile: Profile,
    /// What to do where a setting moves; `None` if nobody looks.
    pub policy: Option<Policy>,
}

/// What a run knows of the settings it keeps to.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The profile was set in this run.
    pub(super) is_set: bool,
    /// What differed at the last look.
    pub(super) drifts: Vec<Drift>,
    /// That was not told yet.
    pub(super) is_news: bool,
    /// It differed at some look of this run.
    pub(super) ever: bool,
    /// The run ends for it.
    pub(super) ends: bool,
}

impl Kept {
    /// After a look at the camera.
    pub(super) fn look(&mut self, keep: &Keep, readings: &[Reading]) {
        if keep.policy.is_none() || !self.is_set {
            return;
        }
        let drifts = keep.profile.drifts(readings);
        self.is_news |= drifts != self.drifts;
        self.ever |= !drifts.is_empty();
        self.ends |= !drifts.is_empty() && keep.policy == Some(Policy::Stop);
        self.drifts = drifts;
    }

    /// What differs, in words; `None` if nothing does.
    pub(super) fn text(&self) -> Option<String> {
        let words: Vec<_> = self.drifts.iter().map(Drift::to_string).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}
