//! `profile apply`: a profile's settings, until the camera reports them.

use anyhow::Result;
use filmwire_camera::{Allow, Means, Remote};
use filmwire_shoot::profile::{Applied, Outcome, Problem, Profile};
use serde_json::json;

use super::{Place, WIDTH, hex, warn_of_model};
use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, heedless, text};

/// Runs the verb.
pub(super) async fn run(place: &Place, context: &Context<'_>) -> Result<Exit> {
    let (profile, out) = (place.read()?, &context.out);
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { settings: true, ..Allow::default() };
    let remote = context.connect_remote(&config, allow).await?;
    warn_of_model(&profile, &remote.info().model, out);
    let applied = profile.apply(&remote).await?;
    // Who reads slowly keeps no camera.
    remote.leave().await;
    let totals = Totals::of(&applied);
    heedless(tell_applied(&applied, out).map(drop))?;
    heedless(out.json("summary", json!({ "set": totals.set, "failed": totals.failed })))?;
    // The code tells what is missing, also where nobody reads of it.
    Ok(match totals {
        Totals { failed: 0, .. } => Exit::Done,
        Totals { set: 0, .. } => Exit::Refused,
        _ => Exit::SomeFailed,
    })
}

/// What became of the settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals {
    /// Settings that the camera has as the profile has them.
    pub(crate) set: u32,
    /// The others.
    pub(crate) failed: u32,
}

impl Totals {
    fn of(all: &[Applied]) -> Self {
        let is_set = |applied: &&Applied| matches!(applied.outcome, Outcome::Reached(_));
        let set = all.iter().filter(is_set).count();
        Self { set: set as u32, failed: (all.len() - set) as u32 }
    }
}

/// Sets what a profile has, and tells what came of it.
pub(crate) async fn apply(profile: &Profile, remote: &Remote, out: &Output) -> Result<Totals> {
    warn_of_model(profile, &remote.info().model, out);
    Ok(tell_applied(&profile.apply(remote).await?, out)?)
}

/// Tells what came of a profile.
pub(crate) fn tell_applied(all: &[Applied], out: &Output) -> Result<Totals, Trouble> {
    let mut told = Ok(());
    for applied in all {
        let said = match &applied.outcome {
            Outcome::Reached(means) => tell(applied, *means, out),
            Outcome::Failed(problem) => tell_failed(applied, problem, out),
        };
        // What failed is told on standard error too.
        told = told.and(said);
    }
    told.map(|()| Totals::of(all))
}

fn tell(applied: &Applied, means: Means, out: &Output) -> Result<(), Trouble> {
    let Applied { kept, before, actual, .. } = applied;
    let word = |bits: &Option<u32>| bits.map(|bits| kept.setting.text(bits));
    let (requested, told, actual) = (kept.text(), word(before), word(actual));
    let now = actual.as_deref().unwrap_or("not told");
    let asked = if now == requested { String::new() } else { format!("; asked for {requested}") };
    let way = format!("{} -> {now}", told.as_deref().unwrap_or("not told"));
    let (means, steps, how) = match means {
        Means::Already => ("already", 0, format!("{now} already")),
        Means::Written => ("written", 0, way),
        Means::Stepped(steps) => {
            let count = text::count(steps.into(), "step", "steps");
            ("stepped", steps, format!("{way} ({count})"))
        }
    };
    out.say(&format!("{:<WIDTH$}{how}{asked}", kept.setting.key))?;
    out.json(
        "set",
        json!({
            "setting": kept.setting.key,
            "property": hex(kept),
            "requested": requested,
            "before": told,
            "actual": actual,
            "means": means,
            "steps": steps,
        }),
    )
}

fn tell_failed(applied: &Applied, problem: &Problem, out: &Output) -> Result<(), Trouble> {
    let Applied { kept, actual, .. } = applied;
    let (requested, actual) = (kept.text(), actual.map(|bits| kept.setting.text(bits)));
    let (cause, cure) = (problem.cause(), problem.cure());
    let there = match &actual {
        Some(actual) => format!("the camera has {actual}; {cause}"),
        None => format!("the camera tells none; {cause}"),
    };
    out.error(&format!("{} {requested} was not reached: {there}", kept.setting.name), cure);
    out.json(
        "failed",
        json!({
            "setting": kept.setting.key,
            "property": hex(kept),
            "requested": requested,
            "actual": actual,
            "reason": cause,
            "help": cure,
        }),
    )
}
