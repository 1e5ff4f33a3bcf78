//! `shoot`: pictures, one or a series.

mod document;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Camera, Options, TcpNetwork};
use filmwire_codec::value::FocusPoint;
use filmwire_shoot::series::{
    Connect, Error, Fetch, NameTemplate, Pace, Plan, Series, Shelf, interval,
};

use crate::config::{Config, SettingFlags};
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use report::Report;

/// Take pictures: one, or a series with equal settings
///
/// Each picture is taken as the camera is set (`filmwire settings`), self-timer included, and stays
/// on its card; --fetch full copies it here. In AF-S the camera focuses by itself on each; --focus
/// locks focus once, at a point, for the whole run (with --fetch full anew for each picture), and
/// releases it at the end. A picture that cannot be taken is told with its cause, and the next one
/// is tried: exit code 1 then, or 4 if none was taken. A full card and a lost link end the run. How
/// bulb is used over Wi-Fi is unknown. While filmwire is connected the body's own controls are dead;
/// Ctrl-C ends after the present picture.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire shoot
  filmwire shoot --count 10 --interval 2s
  filmwire shoot --focus 7,5 --to frames --fetch full
  filmwire shoot --count 3 --to frames --name-template '{date}/page-{number:04}'
  filmwire shoot --profile studio --guard stop --labels - --to pages --log pages.csv
  filmwire shoot --camera left --camera right --profile studio --to frames
  filmwire shoot --json | jq -r 'select(.kind == \"frame\") | .taken_at'")]
pub(crate) struct ShootArgs {
    /// Take so many
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Begin one every TIME, such as 2s or 1m30s, counted from the first; without it as fast as the
    /// camera goes
    #[arg(long, value_name = "TIME", value_parser = interval)]
    interval: Option<Duration>,
    /// Lock focus at this point (column,row) before, which needs AF-S
    #[arg(long, value_name = "X,Y")]
    focus: Option<FocusPoint>,
    /// What to fetch of each picture: none, preview (about 640 x 480), or full, the original by a
    /// visit to the gallery [default: none; with --to or --name-template preview]
    #[arg(long, value_name = "WHAT")]
    fetch: Option<Fetch>,
    /// Write what is fetched into this folder [default: the present one]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Name files so; fields are {date}, {time}, {number}, each with a format if wanted, {label}
    /// [default: {date}_{time}_{number:04}]
    #[arg(long, value_name = "TEMPLATE")]
    name_template: Option<NameTemplate>,
    #[command(flatten)]
    document: document::DocumentArgs,
}

/// What stands before the cause of an original that could not be had.
const NOT_FETCHED: &str = "the picture was taken and is on the card, but was not fetched";

/// Why it ended.
enum End {
    Counted,
    Asked,
    Failed(anyhow::Error),
}

/// Runs the verb. No picture, and nobody who asks to stop, waits for whoever reads what is told.
pub(crate) async fn run(args: &ShootArgs, context: &Context<'_>) -> Result<Exit> {
    context.unhurried(async |context| take(args, context).await).await
}

async fn take(args: &ShootArgs, context: &Context<'_>) -> Result<Exit> {
    if args.document.is_wanted() || context.global.camera.len() > 1 {
        return document::run(args, context).await;
    }
    let plan = plan(args)?;
    let shelf = match plan.fetch {
        Fetch::None => PathBuf::new(),
        _ => args.to.clone().unwrap_or_default(),
    };
    let shelf = Shelf::new(shelf).map_err(worded)?;
    let mut series = tokio::select! {
        biased;
        begun = begin(args, plan, shelf, context) => begun?,
        () = context.interrupt.stop.asked() => return Err(interrupted()),
    };
    let mut report = Report::new(context.out.clone(), args.count);
    let end = shoot(&mut series, args, &mut report, context).await;
    unlock(&mut series, context).await;
    series.into_remote().leave().await;
    let exit = match end {
        End::Counted => report.exit(),
        End::Asked => Exit::Interrupted,
        // Nobody reads any more, which ends the series.
        End::Failed(error) => match failure::report(&error, &context.out) {
            Exit::Done if report.is_short() => Exit::SomeFailed,
            exit => exit,
        },
    };
    match report.conclude(exit == Exit::Interrupted) {
        Err(Trouble::PipeClosed) => Ok(exit),
        told => Ok(told.map(|()| exit)?),
    }
}

/// Releases the focus, and tells if that failed: also where the link is gone, and nothing else of the
/// run tells so.
async fn unlock(series: &mut Series, context: &Context<'_>) {
    if let Err(error) = series.unlock_focus().await {
        let text = "look at the camera, where it may still be locked";
        context.out.warn(&format!("the focus was not released; {text}: {error}"));
    }
}

fn plan(args: &ShootArgs) -> Result<Plan, Trouble> {
    let has_labels = args.document.has_labels();
    let wants_files = args.to.is_some() || args.name_template.is_some() || has_labels;
    let usual = if wants_files { Fetch::Preview } else { Fetch::None };
    let fetch = args.fetch.unwrap_or(usual);
    // Labels may be for the log alone.
    if fetch == Fetch::None && (args.to.is_some() || args.name_template.is_some()) {
        let text = "with --fetch none there is no file for --to and --name-template";
        return Err(Trouble::usage(text, "leave it out, or fetch the preview"));
    }
    let usual = if has_labels { NameTemplate::label() } else { NameTemplate::default() };
    Ok(Plan { fetch, name: args.name_template.clone().unwrap_or(usual) })
}

async fn begin(
    args: &ShootArgs,
    plan: Plan,
    shelf: Shelf,
    context: &Context<'_>,
) -> Result<Series> {
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { shoot: true, ..Allow::default() };
    let remote = context.connect_remote(&config, allow).await?;
    let mut series =
        Series::new(remote, plan, shelf).with_connect(connect_anew(&config, allow, context));
    if let Some(point) = args.focus {
        series.lock_focus(point).await.map_err(worded)?;
    }
    series.prepare().await.map_err(worded)?;
    Ok(series)
}

/// Fresh sessions for a camera that does not go to its gallery and back. The series leaves them; one
/// that does not come to its end is waited for as all others are.
fn connect_anew(config: &Config, allow: Allow, context: &Context<'_>) -> Connect {
    let address = config.camera.value.address.clone();
    let options = Options { allow, ..context.options(config) };
    let departures = context.departures.companion();
    Box::new(move || {
        let (network, options) = (TcpNetwork::new(address.clone()), options.clone());
        let departures = departures.companion();
        Box::pin(async move { Camera::connect_remote(network, options, &departures).await })
    })
}

/// Takes frames until there are enough, somebody asks to stop, or nothing more can be taken.
async fn shoot(
    series: &mut Series,
    args: &ShootArgs,
    report: &mut Report,
    context: &Context<'_>,
) -> End {
    let mut pace = Pace::every(args.interval.unwrap_or_default());
    for number in 1..=args.count {
        tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => return End::Asked,
            () = pace.wait() => {}
        }
        // Who stops in the middle of a picture gets it whole.
        let told = match series.frame(None).await {
            Ok(frame) => report.frame(&frame),
            Err(error) if error.ends_series() => {
                return match report.last(number, &error) {
                    Ok(()) => End::Failed(worded(error)),
                    Err(trouble) => End::Failed(trouble.into()),
                };
            }
            Err(error) => report.failed(number, &error),
        };
        let told = match told {
            Ok(()) => context.out.heard().await,
            told => told,
        };
        if let Err(error) = told {
            return End::Failed(error.into());
        }
    }
    End::Counted
}

/// As the program tells its errors.
fn worded(error: Error) -> anyhow::Error {
    match error {
        Error::Camera(error) => error.into(),
        Error::Storage { action, path, cause } => Trouble::storage(action, path, cause).into(),
        Error::NotFetched(cause) => worded(*cause).context(NOT_FETCHED),
        error => Trouble::failed(error.to_string(), "look at the picture on the camera").into(),
    }
}

fn interrupted() -> anyhow::Error {
    Trouble::Interrupted { cure: "run the same again to begin anew".to_owned() }.into()
}
