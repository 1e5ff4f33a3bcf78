//! `shoot` for documentation: a profile, a guard, labels, a log, several cameras.

mod begin;
mod labels;
mod log;
mod report;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use filmwire_shoot::label::Label;
use filmwire_shoot::profile::Policy;
use filmwire_shoot::series::{Error, Pace};
use filmwire_shoot::stand::{Held, Round, Stand};

use super::{End, ShootArgs, interrupted, worded};
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::text;
use labels::Lines;
use log::Log;
use report::Report;

/// What makes a series one for documentation.
#[derive(Debug, Args)]
#[command(next_help_heading = "Series for documentation")]
pub(crate) struct DocumentArgs {
    /// Apply this profile first (see `filmwire profile`); no picture is taken if the camera does not
    /// have it then, unless --guard mark
    #[arg(long, value_name = "NAME|PATH")]
    profile: Option<String>,
    /// Compare the settings with the profile, or with those at the start, before and after every
    /// picture; where something moved, stop, or mark the picture: exit code 8 then
    #[arg(long, value_name = "stop|mark")]
    guard: Option<Policy>,
    /// Take a picture for each line of this file or of standard input (-), such as a barcode scanner
    /// types, and name it by that: {label} in --name-template
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["count", "interval"])]
    labels: Option<PathBuf>,
    /// Add a line of CSV for each picture to this file: label, file, settings, time, SHA-256, drift
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl DocumentArgs {
    /// True if one of them is given.
    pub(crate) fn is_wanted(&self) -> bool {
        self.profile.is_some()
            || self.guard.is_some()
            || self.labels.is_some()
            || self.log.is_some()
    }

    /// True if pictures are named by labels.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some()
    }
}

/// Runs the verb.
pub(super) async fn run(args: &ShootArgs, context: &Context<'_>) -> Result<Exit> {
    let plan = super::plan(args)?;
    let lines = args.document.labels.as_deref().map(Lines::open).transpose()?;
    let mut log = args.document.log.as_deref().map(Log::open).transpose()?;
    let begun = tokio::select! {
        biased;
        begun = begin::begin(args, plan, context) => begun,
        () = context.interrupt.stop.asked() => return Err(interrupted()),
    };
    let mut stand = match begun {
        Ok(stand) => stand,
        // Nobody read what was told of the cameras, and no picture was taken.
        Err(error) if Exit::of(&error) == Exit::Done => return Ok(Exit::SomeFailed),
        Err(error) => return Err(error),
    };
    let mut report = Report::new(context.out.clone(), stand.posts());
    let next = Next::new(args, lines, context);
    let end = shoot(&mut stand, next, &mut report, log.as_mut(), context).await;
    leave(stand, context).await;
    let exit = match end {
        End::Counted => report.exit(),
        End::Asked => Exit::Interrupted,
        End::Failed(error) => match failure::report(&error, &context.out) {
            // Nobody reads any more, which ends the series; no label is waited for to learn if that
            // was the last.
            Exit::Done if args.document.has_labels() || report.number() < args.count => {
                report.cut_exit()
            }
            Exit::Done => report.exit(),
            exit => exit,
        },
    };
    match report.conclude(exit == Exit::Interrupted) {
        // Whoever is gone needs no totals; whoever started it wants the code.
        Err(Trouble::PipeClosed) => Ok(exit),
        told => Ok(told.map(|()| exit)?),
    }
}

/// Releases focus and leaves every camera, in bounded time each.
async fn leave(stand: Stand, context: &Context<'_>) {
    for mut post in stand.into_posts() {
        super::unlock(&mut post.series, context).await;
        post.series.into_remote().leave().await;
    }
}

/// What the next pictures are taken for.
enum Next {
    /// So many more, at this pace.
    Counted(u64, Pace),
    /// One for each label.
    Labelled(Lines),
}

impl Next {
    fn new(args: &ShootArgs, lines: Option<Lines>, context: &Context<'_>) -> Self {
        match lines {
            Some(lines) => {
                lines.invite(&context.out);
                Self::Labelled(lines)
            }
            None => Self::Counted(args.count, Pace::every(args.interval.unwrap_or_default())),
        }
    }

    /// Waits until a picture is wanted; `None` at the end. Cancel-safe.
    async fn wait(&mut self) -> Result<Option<Option<Label>>, Trouble> {
        match self {
            Self::Counted(0, _) => Ok(None),
            Self::Counted(left, pace) => {
                pace.wait().await;
                *left -= 1;
                Ok(Some(None))
            }
            Self::Labelled(lines) => Ok(lines.next().await?.map(Some)),
        }
    }
}

/// Takes pictures until there are enough, no label comes any more, somebody asks to stop, something
/// drifted and the guard stops at that, or nothing more can be taken.
async fn shoot(
    stand: &mut Stand,
    mut next: Next,
    report: &mut Report,
    mut log: Option<&mut Log>,
    context: &Context<'_>,
) -> End {
    loop {
        let label = tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => return End::Asked,
            wanted = next.wait() => match wanted {
                Ok(Some(label)) => label,
                Ok(None) => return End::Counted,
                Err(trouble) => return End::Failed(trouble.into()),
            },
            (place, error) = stand.lost() => {
                return End::Failed(of(place, stand, error));
            }
        };
        // Who stops in the middle of a picture gets it whole.
        let stem = label.as_ref().map(|label| label.stem.as_str());
        let taken = stand.round(stem).await;
        report.begin(label.as_ref());
        let told = match taken {
            Ok(round) => told(stand, round, label.as_ref(), report, log.as_deref_mut()),
            Err(held) => held_back(stand, held, label.as_ref(), report, log.as_deref_mut()),
        };
        match told {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(trouble) => return End::Failed(trouble.into()),
        }
        if let Err(trouble) = context.out.heard().await {
            return End::Failed(trouble.into());
        }
    }
}

/// Logs pictures and tells of them; says if the series ends with them. The log comes first: who was
/// told may be gone, as a reader that closes its pipe, and what was taken is taken.
fn told(
    stand: &Stand,
    round: Round,
    label: Option<&Label>,
    report: &mut Report,
    log: Option<&mut Log>,
) -> Result<Option<End>, Trouble> {
    if let Some(log) = log {
        log.round(&round, report.number(), label, stand.posts())?;
    }
    report.round(&round, label)?;
    let stops = stand.stops_at(&round);
    let failed = round.given.into_iter().enumerate();
    let mut failed = failed.filter_map(|(place, given)| Some((place, given.frame.err()?)));
    if let Some((place, error)) = failed.find(|(_, error)| error.ends_series()) {
        return Ok(Some(End::Failed(of(place, stand, error))));
    }
    if stops {
        report.stopped();
    }
    Ok(stops.then_some(End::Counted))
}

/// An error, with the camera's name where there are several.
fn of(place: usize, stand: &Stand, error: Error) -> anyhow::Error {
    let error = worded(error);
    match stand.posts().get(place) {
        Some(post) if stand.posts().len() > 1 => {
            error.context(format!("camera {}", text::tame(&post.name)))
        }
        _ => error,
    }
}

/// Logs and tells why no camera was fired; says if the series ends with that.
fn held_back(
    stand: &Stand,
    held: Held,
    label: Option<&Label>,
    report: &mut Report,
    log: Option<&mut Log>,
) -> Result<Option<End>, Trouble> {
    match held {
        Held::NotReady(place, error) => {
            // A label that was read is accounted for, also if it is the last.
            if let (Some(log), Some(post)) = (log, stand.posts().get(place)) {
                log.failed(&error, report.number(), label, post)?;
            }
            report.not_ready(place, &error, label)?;
            Ok(error.ends_series().then(|| End::Failed(of(place, stand, error))))
        }
        Held::Drift(drifts) => {
            if let Some(log) = log {
                log.held(&drifts, report.number(), label, stand.posts())?;
            }
            report.held(&drifts, label)?;
            Ok(Some(End::Counted))
        }
    }
}
