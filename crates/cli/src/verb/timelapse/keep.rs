//! A profile that the run keeps to, as the flags say.

use clap::Args;
use filmwire_program::exit::Trouble;
use filmwire_shoot::profile::Policy;
use filmwire_shoot::timelapse::Keep;
use filmwire_shoot::timelapse::ramp::Limits;

use crate::context::Context;
use crate::verb::profile::{Place, refuse_empty, warn_of_choices};

#[derive(Debug, Args)]
#[command(next_help_heading = "Exposure that stays")]
pub(super) struct KeepArgs {
    /// Apply this profile first (see `filmwire profile`); a new timelapse does not begin if the camera
    /// does not have it then, unless --guard mark
    #[arg(long, value_name = "NAME|PATH")]
    profile: Option<String>,
    /// Compare the settings with the profile once a second; where something moved, stop before the
    /// next frame, or mark frames: exit code 8 then
    #[arg(long, value_name = "stop|mark", requires = "profile")]
    guard: Option<Policy>,
}

impl KeepArgs {
    /// What the run keeps to; `None` if nothing is asked for.
    pub(super) fn keep(
        &self,
        ramp: Option<&Limits>,
        context: &Context<'_>,
    ) -> Result<Option<Keep>, Trouble> {
        let Some(name) = &self.profile else { return Ok(None) };
        let place = Place::of(name, &context.places)?;
        let profile = place.read()?;
        refuse_empty(&profile, &place)?;
        for (dial, _, _) in ramp.into_iter().flat_map(|limits| &limits.ends) {
            let key = dial.key();
            if profile.kept().iter().any(|kept| kept.setting.key == key) {
                let text = format!("the profile keeps {key}, and --ramp-{key} changes it");
                let cure =
                    format!("leave one out, or take {key} out of {}", place.path().display());
                return Err(Trouble::usage(text, cure));
            }
        }
        if self.guard.is_some() {
            warn_of_choices(&profile, &context.out);
        }
        Ok(Some(Keep { profile, policy: self.guard }))
    }
}
