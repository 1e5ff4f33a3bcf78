//! `doctor`: where the way to the first photo is broken.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use filmwire_doctor::{Diagnosis, Ground, Outcome, Step, StepReport, examine};
use filmwire_link::Ssid;
use filmwire_link::survey::Roots;
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

/// Where the words of a step begin, and how wide they may be.
const INDENT: usize = 22;
const WIDTH: usize = 80 - INDENT;

/// Find out why no photos come
///
/// Goes the way to the first photo step by step: the address; the radio, its switches, the rules
/// for its channels, NetworkManager, the camera's network in sight, in it, an address there, the
/// way to the camera; the connection, the registration, the session, OK on the camera, its mode,
/// its versions, the first object. Says what it saw at each, and where the way is broken, why, and
/// what to do.
///
/// Nothing is changed, and no network is joined. Steps that do not concern the way to this camera
/// are skipped.
///
/// Join the camera's network for it: filmwire join -- filmwire doctor
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Name of the camera's network [default: any that is called like a camera's]
    ssid: Option<String>,
    /// The radio that is to reach it, such as wlan1 [default: any]
    #[arg(long, value_name = "INTERFACE")]
    radio: Option<String>,
    /// Look for /sys, /proc and iw in this folder
    #[arg(long, value_name = "DIR", hide = true)]
    root: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) async fn run(args: &DoctorArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.config(&SettingFlags::default())?;
    let out = &context.out;
    let options = context.options(&config);
    let ground = Ground {
        radio: args.radio.clone(),
        network: args.ssid.as_deref().map(Ssid::new),
        roots: args.root.as_deref().map(Roots::under).unwrap_or_default(),
        manager: None,
    };
    let mut told = Ok(());
    let mut last = String::new();
    let address = &config.camera.value.address;
    let diagnosis = examine(address, &ground, options, context.departures, &mut |report| {
        if told.is_ok() {
            told = tell(report, &mut last, out);
        }
    })
    .await;
    told?;
    conclude(&diagnosis, out)
}

/// Tells of a step; `last` is why the one before was skipped.
fn tell(report: &StepReport, last: &mut String, out: &Output) -> Result<(), Trouble> {
    let (word, mark, cause, cure) = match &report.outcome {
        Outcome::Passed => ("passed", "ok", None, None),
        Outcome::Doubtful { cause, cure } => ("doubtful", "DOUBT", Some(cause), Some(cure)),
        Outcome::Skipped { why } => ("skipped", "skipped", Some(why), None),
        Outcome::Failed { cause, cure } => ("failed", "FAILED", Some(cause), Some(cure)),
        Outcome::NotReached => ("not-reached", "-", None, None),
    };
    let saw = match &report.outcome {
        Outcome::Skipped { why } if why == last => "",
        Outcome::Skipped { why } => why,
        _ => &report.saw,
    };
    let mut lines = text::wrap(&text::tame(saw), WIDTH);
    // What is failed is told at the end.
    if let Outcome::Doubtful { cause, cure } = &report.outcome {
        lines.extend(text::wrap(&text::tame(cause), WIDTH));
        lines.extend(text::wrap(&format!("help: {}", text::tame(cure)), WIDTH));
    }
    last.clear();
    if let Outcome::Skipped { why } = &report.outcome {
        last.push_str(why);
    }
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    out.say(format!("{:<13} {mark:<7} {first}", report.step).trim_end())?;
    lines.try_for_each(|line| out.say(&format!("{:INDENT$}{line}", "")))?;
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
        // No camera was asked: the way to it is broken, or what it sent is no photo.
        None if broken.is_some_and(|report| report.step < Step::Tcp) => Exit::NoCamera,
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
        Some(Outcome::Failed { cause, cure }) => out.error(&text::tame(cause), &text::tame(cure)),
        _ => out.say("\nEverything works.")?,
    }
    Ok(exit)
}
