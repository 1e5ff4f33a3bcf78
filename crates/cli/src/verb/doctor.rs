//! `doctor`: where the way to the first photo is broken.

use anyhow::Result;
use clap::Args;
use filmwire_doctor::{Diagnosis, Outcome, StepReport, examine};
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

/// Find out why no photos come
///
/// Goes the way to the first photo step by step: the address, the connection, the registration, the
/// session, OK on the camera, its mode, its versions, the first object. Says what it saw at each,
/// and where the way is broken, why, and what to do.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {}

/// Runs the verb.
pub(crate) async fn run(_: &DoctorArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.config(&SettingFlags::default())?;
    let out = &context.out;
    let options = context.options(&config);
    let mut told = Ok(());
    let address = &config.camera.value.address;
    let diagnosis = examine(address, options, context.departures, &mut |report| {
        if told.is_ok() {
            told = tell(report, out);
        }
    })
    .await;
    told?;
    conclude(&diagnosis, out)
}

fn tell(report: &StepReport, out: &Output) -> Result<(), Trouble> {
    let (word, mark, cause, cure) = match &report.outcome {
        Outcome::Passed => ("passed", "ok", None, None),
        Outcome::Failed { cause, cure } => ("failed", "FAILED", Some(cause), Some(cure)),
        Outcome::NotReached => ("not-reached", "-", None, None),
    };
    let line = format!("{:<13} {mark:<7} {}", report.step, text::tame(&report.saw));
    out.say(line.trim_end())?;
    out.json(
        "step",
        json!({
            "step": report.step.as_str(),
            "outcome": word,
            "saw": report.saw,
            "cause": cause,
            "help": cure,
            "at_ms": report.at.as_millis() as u64,
        }),
    )
}

fn conclude(diagnosis: &Diagnosis, out: &Output) -> Result<Exit> {
    let broken = diagnosis.broken_at();
    let exit = match &diagnosis.error {
        Some(error) => Exit::of(&error.clone().into()),
        None if broken.is_none() => Exit::Done,
        // No camera was asked: the address is wrong, or what it sent is no photo.
        None if broken.is_some_and(|report| report.step.as_str() == "address") => Exit::NoCamera,
        None => Exit::Mismatch,
    };
    out.json(
        "diagnosis",
        json!({
            "outcome": exit.word(),
            "healthy": diagnosis.is_healthy(),
            "broken_at": broken.map(|report| report.step.as_str()),
        }),
    )?;
    match broken.map(|report| &report.outcome) {
        Some(Outcome::Failed { cause, cure }) => out.error(&text::tame(cause), cure),
        _ => out.say("\nEverything works.")?,
    }
    Ok(exit)
}
