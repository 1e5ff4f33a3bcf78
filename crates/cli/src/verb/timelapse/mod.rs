//! `timelapse`: frames by a schedule, each of them taken or accounted for.

mod keep;
mod originals;
mod plan;
mod ramp;
mod report;
mod video;
mod when;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_camera::{Allow, Camera, Error as CameraError, Options, Remote, TcpNetwork};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_shoot::timelapse::clock::SystemClock;
use filmwire_shoot::timelapse::journal::JournalError;
use filmwire_shoot::timelapse::ramp::NoRamp;
use filmwire_shoot::timelapse::{ConnectRemote, End, Error, Setup};

use crate::config::Config;
use crate::context::Context;
use keep::KeepArgs;
use originals::{OriginalsArgs, Shelf};
use ramp::RampArgs;
use report::Report;
use when::WhenArgs;

/// Take a frame at each interval, for a night or for a year
///
/// Every frame has its own instant: the start and a whole number of intervals, so that nothing makes
/// the run drift. A frame that cannot be taken then is told with its cause and is not made up for. A
/// link that is lost is rebuilt until the end of the run; many bodies cannot reopen their network by
/// themselves, so --on-gap can call for help at once. Each frame stands in the journal: after a
/// crash or a reboot the same command goes on with the right frame number. Pictures stay on the
/// card, unless --fetch puts them into the library at the end, or in pauses too: no frame waits for
/// that. Focus is as the body has it: switch autofocus off. Exposure is too, unless --ramp-... lets
/// it follow the light.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  filmwire timelapse --interval 10s --count 600
  filmwire timelapse --interval 1m --daily 06:00..20:00 --journal site.jsonl
  filmwire timelapse --interval 5m --sun sunrise-30m..sunset+30m --at 52.52,13.40
  filmwire timelapse --interval 20s --ramp-shutter 1/4000..10s --ramp-iso 200..3200
  filmwire timelapse --interval 1m --profile garden --guard mark
  filmwire timelapse --interval 10m --fetch pauses --to /srv/site
  filmwire timelapse --interval 30s --on-gap 'mail -s \"$FILMWIRE_GAP_CAUSE\" me@example.org'
  filmwire timelapse plan --interval 10s --until 2026-12-02T07:00
  filmwire timelapse video pictures --out night.mp4 --crop 16:9 --deflicker

Exit code 1 says that frames are missing; they are listed. Run the same command to go on. Code 8:
a setting moved from the profile. If all is well but originals are left on the card, the code is
the one of `sync`.")]
pub(crate) struct TimelapseArgs {
    #[command(subcommand)]
    verb: Option<TimelapseVerb>,
    #[command(flatten)]
    when: Option<WhenArgs>,
    /// Account for each frame in this file; the same command goes on with it
    #[arg(long, value_name = "FILE", default_value = "timelapse.jsonl")]
    journal: PathBuf,
    /// Run this shell command when a gap begins; FILMWIRE_GAP_FRAME, _AT, _WHY and _CAUSE tell of it
    #[arg(long, value_name = "CMD")]
    on_gap: Option<String>,
    #[command(flatten)]
    ramp: RampArgs,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    originals: OriginalsArgs,
}

#[derive(Debug, Subcommand)]
enum TimelapseVerb {
    Plan(plan::PlanArgs),
    Video(video::VideoArgs),
}

/// Runs the verb.
pub(crate) async fn run(args: &TimelapseArgs, context: &Context<'_>) -> Result<Exit> {
    match (&args.verb, &args.when) {
        (Some(TimelapseVerb::Plan(args)), _) => plan::run(args, context).await,
        (Some(TimelapseVerb::Video(args)), _) => video::run(args, context).await,
        (None, Some(when)) => {
            context.unhurried(async |context| shoot(args, when, context).await).await
        }
        (None, None) => Err(Trouble::usage("--interval is missing", "add --interval 10s").into()),
    }
}

async fn shoot(args: &TimelapseArgs, when: &WhenArgs, context: &Context<'_>) -> Result<Exit> {
    let schedule = when.schedule()?;
    let ramp = args.ramp.limits(&schedule)?;
    let mut terms = when.terms(&schedule);
    args.ramp.add_terms(&mut terms);
    let keep = args.keep.keep(ramp.as_ref(), context)?;
    let config = args.originals.config(context)?;
    let shelf = args.originals.shelf(&config, context)?;
    let clock = SystemClock::start()
        .map_err(|cause| Trouble::storage("start with", "the system's threads", cause))?;
    let allow =
        Allow { shoot: true, settings: ramp.is_some() || keep.is_some(), ..Allow::default() };
    let connect = Connect { context, config: &config, allow };
    let mut report = Report::new(context.out.clone(), &schedule, keep.as_ref());
    let setup = Setup {
        connect: &connect,
        clock: &clock,
        journal: &args.journal,
        terms: &terms,
        starts_now: when.starts_now(),
        schedule,
        on_gap: args.on_gap.clone(),
        ramp,
        keep,
        originals: shelf.as_ref().map(Shelf::originals),
    };
    let stop = context.interrupt.stop.asked();
    let ran = filmwire_shoot::timelapse::run(setup, stop, &mut |event| report.take(&event)).await;
    let outcome = ran.map_err(trouble)?;
    match report.conclude(&outcome) {
        // Whoever is gone needs no totals; whoever started it wants the code.
        Ok(()) | Err(Trouble::PipeClosed) => {}
        Err(trouble) => return Err(trouble.into()),
    }
    let fetched = shelf.map_or(Exit::Done, |shelf| shelf.exit(&outcome, &context.out));
    Ok(match outcome.end {
        End::Stopped => Exit::Interrupted,
        End::Drifted => Exit::Mismatch,
        End::Finished if outcome.gaps.frames() > 0 => Exit::SomeFailed,
        End::Finished if outcome.drifted => Exit::Mismatch,
        End::Finished => fetched,
    })
}

fn trouble(error: Error) -> anyhow::Error {
    let error = match error {
        Error::Camera(error) | Error::Ramp(NoRamp::Camera(error)) => return error.into(),
        Error::Ramp(error) => {
            return Trouble::usage(error.to_string(), error.cure()).into();
        }
        Error::NotSet => {
            let cure = "set on the body what is told above, or mark the frames with --guard mark";
            return Trouble::mismatch(error.to_string(), cure).into();
        }
        Error::NoFrames => {
            let cure = "check --until, --daily and --sun: their hours never meet";
            return Trouble::usage(error.to_string(), cure).into();
        }
        Error::Journal(error) => error,
    };
    let text = error.to_string();
    match error {
        JournalError::Io { action, path, cause } => Trouble::storage(action, path, cause),
        JournalError::Held(_) => {
            Trouble::held(text, "wait until it ends or stop it, or name another --journal")
        }
        JournalError::Other { .. } => Trouble::usage(
            text,
            "run the command it was made with to go on, or name another --journal to begin anew",
        ),
        JournalError::Damaged { .. } => {
            Trouble::usage(text, "name another --journal; filmwire leaves this file as it is")
        }
    }
    .into()
}

/// The camera that the settings mean.
struct Connect<'a> {
    context: &'a Context<'a>,
    config: &'a Config,
    allow: Allow,
}

impl ConnectRemote for Connect<'_> {
    async fn connect(&self) -> Result<Remote, CameraError> {
        let network = TcpNetwork::new(self.config.camera.value.address.clone());
        let options = Options { allow: self.allow, ..self.context.options(self.config) };
        Camera::connect_remote(network, options, self.context.departures).await
    }
}
