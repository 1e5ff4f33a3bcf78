//! `report`: what others need to understand a finding, without what is nobody's business.
//!
//! What goes into the archive is made of allow-lists: captures by [`filmwire_redact`], the transcript
//! from what came out of it, of the doctor's steps only their names and outcomes, since its
//! sentences name networks and addresses.

mod archive;
mod captures;
mod words;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use filmwire_doctor::{Diagnosis, Ground, Outcome, examine};
use filmwire_link::survey::Roots;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;
use filmwire_redact::{Count, LeftOut, Redactor};
use filmwire_trace::Ports;
use serde::Serialize;
use serde_json::json;

use super::decode::wpa::{self, WpaArgs};
use crate::config::SettingFlags;
use crate::context::Context;
use archive::Archive;
use captures::{Captures, Opened, Stop};

/// Make an archive that may be shown to everybody, as for a public issue
///
/// In it: versions; the doctor's steps and how they ended; the captures as a pcapng, and their
/// transcript, with stand-ins of equal length for addresses, names, serial numbers, positions, dates
/// of photos, the content of pictures with their Exif, texts of the discovery, and all that is not
/// known to be harmless; a list of what was replaced. Only what cameras and clients said to each
/// other is in it: packets of others, Ethernet, Wi-Fi and comments are left out, IP and TCP are made
/// up anew. Times and ports are real. Captures are named in their order: one that begins where the
/// one before it ended goes on with it, as with `decode`.
///
/// Asks the camera as `doctor` does, unless told not to. Sends nothing anywhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire report session.pcapng
  filmwire report --no-doctor --out issue.tar monitor.pcapng --wpa-file networks.txt
  tar -xOf filmwire-report.tar transcript.txt

Look into the archive before you send it: report.txt says what is in it and what was replaced.")]
pub(crate) struct ReportArgs {
    /// The captures, pcap or pcapng, oldest first; - is standard input
    #[arg(value_name = "CAPTURE|-")]
    captures: Vec<PathBuf>,
    /// The archive; a file that is there is not replaced
    #[arg(long, value_name = "FILE.tar", default_value = "filmwire-report.tar")]
    out: PathBuf,
    /// Ask no camera, and do not look at networks; the archive says so
    #[arg(long)]
    no_doctor: bool,
    /// A camera listened on this port, as with decode
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,
    #[command(flatten)]
    wpa: WpaArgs,
    /// Look for /sys, /proc and iw in this folder
    #[arg(long, value_name = "DIR", hide = true)]
    root: Option<PathBuf>,
}

/// What the doctor found, without its sentences.
#[derive(Debug, Serialize)]
struct Examined {
    v: u32,
    /// False if the doctor was not to be asked.
    asked: bool,
    healthy: Option<bool>,
    steps: Vec<StepEnd>,
}

#[derive(Debug, Serialize)]
struct StepEnd {
    step: &'static str,
    outcome: &'static str,
    at_ms: u64,
}

/// What is told of the archive at its end, in it and beside it.
struct Told<'a> {
    examined: &'a Examined,
    redactor: &'a Redactor,
    captures: u64,
    failed: u64,
}

/// Runs the verb. An archive that is not whole does not come to be.
pub(crate) async fn run(args: &ReportArgs, context: &Context<'_>) -> Result<Exit> {
    if args.out.as_os_str() == "-" {
        let text = "the archive is a file, and does not go to standard output";
        return Err(Trouble::usage(text, "name a file, which can be looked into").into());
    }
    let mut archive = Archive::new(&args.out)?;
    let keys = wpa::keys(&args.wpa, context)?;
    let examined = examined(args, context).await?;
    let mut ports = Ports::default();
    args.port.iter().for_each(|&port| ports.add(port));
    let mut captures = Captures::new(ports, keys);
    let failed = add(args, &mut captures, &mut archive, context)?;
    captures.transcripts(&mut archive)?;
    let redactor = captures.redactor();
    let told = Told { examined: &examined, redactor, captures: captures.count(), failed };
    archive.add_json("doctor.json", &examined)?;
    archive.add_json("replaced.json", &replaced(redactor))?;
    archive.add("report.txt", words::report(&told).as_bytes())?;
    archive.finish()?;
    let exit = if failed > 0 { Exit::SomeFailed } else { Exit::Done };
    conclude(&told, &args.out, exit, context)?;
    Ok(exit)
}

/// Puts the captures into the archive, one behind the other. Returns how many cannot be, or not to
/// their end.
fn add(
    args: &ReportArgs,
    captures: &mut Captures,
    archive: &mut Archive,
    context: &Context<'_>,
) -> Result<u64> {
    let (mut failed, mut opened) = (0, VecDeque::new());
    let mut files = args.captures.iter();
    loop {
        // Whether a capture is over tells the first packet behind it, also behind files without any.
        while !opened.iter().skip(1).any(Opened::has_packets) {
            let Some(file) = files.next() else { break };
            match captures.open(file, &context.interrupt.stop) {
                Ok(file) => opened.push_back(file),
                // It is told of before the next one is waited for.
                Err(why) => fail_or_stop(file, why, &mut failed, context)?,
            }
        }
        let Some(first) = opened.pop_front() else { return Ok(failed) };
        let file = first.file;
        let next = opened.iter().find(|next| next.has_packets());
        if let Err(why) = captures.add(first, next, archive, context) {
            fail_or_stop(file, why, &mut failed, context)?;
        }
    }
}

/// Counts a capture that cannot be read, and tells of it; fails where nothing more can be done.
fn fail_or_stop(file: &Path, why: Stop, failed: &mut u64, context: &Context<'_>) -> Result<()> {
    match why {
        Stop::Input(reason, cure) => {
            *failed += 1;
            fail(file, &reason, cure, context)?;
            Ok(())
        }
        Stop::Output(trouble) => Err(trouble.into()),
        Stop::Asked => {
            let cure = "nothing was written; run the same again to begin anew".to_owned();
            Err(Trouble::Interrupted { cure }.into())
        }
    }
}

/// Asks the doctor; people see at the terminal where the way is broken, with the words that are not
/// in the archive.
async fn examined(args: &ReportArgs, context: &Context<'_>) -> Result<Examined> {
    let mut examined = Examined { v: 1, asked: false, healthy: None, steps: Vec::new() };
    if args.no_doctor {
        return Ok(examined);
    }
    let config = context.config(&SettingFlags::default())?;
    let ground = Ground {
        radio: None,
        network: None,
        roots: args.root.as_deref().map(Roots::under).unwrap_or_default(),
        manager: None,
    };
    context.out.note("asking the camera, as `filmwire doctor` does");
    let address = &config.camera.value.address;
    let mut silent = |_: &_| {};
    let options = context.options(&config);
    let look = examine(address, &ground, options, context.departures, &mut silent);
    let diagnosis = tokio::select! {
        biased;
        diagnosis = look => diagnosis,
        () = context.interrupt.stop.asked() => {
            let cure = "nothing was written; --no-doctor leaves the camera alone".to_owned();
            return Err(Trouble::Interrupted { cure }.into());
        }
    };
    tell(&diagnosis, context);
    examined.asked = true;
    examined.healthy = Some(diagnosis.is_healthy());
    examined.steps = diagnosis
        .steps
        .iter()
        .map(|report| StepEnd {
            step: report.step.as_str(),
            outcome: word(&report.outcome),
            at_ms: report.at.as_millis() as u64,
        })
        .collect();
    Ok(examined)
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Doubtful { .. } => "doubtful",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Failed { .. } => "failed",
        Outcome::NotReached => "not-reached",
    }
}

fn tell(diagnosis: &Diagnosis, context: &Context<'_>) {
    let broken = diagnosis.broken_at();
    if let Some((step, Outcome::Failed { cause, .. })) =
        broken.map(|report| (report.step, &report.outcome))
    {
        context
            .out
            .note(&format!("the way to the camera is broken at {step}: {}", text::tame(cause)));
    }
}

fn fail(file: &Path, reason: &str, cure: &str, context: &Context<'_>) -> Result<(), Trouble> {
    let name = file.display().to_string();
    context.out.error(&format!("{name}: {reason}"), cure);
    context.out.json("failed", json!({ "name": name, "reason": reason }))
}

/// One kind of what was replaced.
#[derive(Serialize)]
struct ReplacedKind<'a> {
    secret: filmwire_redact::Secret,
    #[serde(flatten)]
    count: &'a Count,
}

fn replaced(redactor: &Redactor) -> serde_json::Value {
    let counts = &redactor.replaced().counts;
    let kinds: Vec<_> =
        counts.iter().map(|(secret, count)| ReplacedKind { secret: *secret, count }).collect();
    let left = redactor.left_out();
    json!({
        "v": 1,
        "kinds": kinds,
        "different_addresses": redactor.addresses(),
        "left_out": left_out(&left),
    })
}

fn left_out(left: &LeftOut) -> serde_json::Value {
    json!({
        "other_packets": left.others,
        "refused_packets": left.refused,
        "closed_frames": left.closed,
        "comments": left.comments,
    })
}

fn conclude(
    told: &Told<'_>,
    file: &Path,
    exit: Exit,
    context: &Context<'_>,
) -> Result<(), Trouble> {
    let out = &context.out;
    words::replaced(told.redactor).iter().try_for_each(|line| out.say(line))?;
    out.say(&format!("{} may be shown; look into it before you do", file.display()))?;
    for (secret, count) in &told.redactor.replaced().counts {
        let Count { count, bytes, .. } = count;
        out.json("replaced", json!({ "secret": secret, "count": count, "bytes": bytes }))?;
    }
    let left = told.redactor.left_out();
    out.json(
        "summary",
        json!({
            "outcome": exit.word(),
            "file": file.display().to_string(),
            "captures": told.captures,
            "failed": told.failed,
            "connections": left.connections,
            "left_out": left_out(&left),
            "doctor_asked": told.examined.asked,
            "healthy": told.examined.healthy,
        }),
    )
}
