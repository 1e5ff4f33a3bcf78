//! `movie`: recording a movie on the camera, and ending it whatever happens.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Error, Movie, MovieEnd, Remote};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use crate::config::SettingFlags;
use crate::context::Context;
use crate::span::span;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::{Output, text};

/// How often the camera is asked how long it can go on.
const SECOND: Duration = Duration::from_secs(1);
/// Every so many seconds it is told of.
const TOLD_EVERY: u64 = 10;

/// Record a movie on the camera
///
/// Starts at once, and ends with --for, with Ctrl-C (exit code 130), when the camera has no more room
/// (exit code 1), or when something goes wrong. Every ten seconds it says how much longer the camera
/// can record. However the run ends, the movie is ended first, as long as the link allows it; if that
/// could not be done it says so, and the movie has to be ended on the body. The movie stays on the
/// card: `filmwire sync` fetches it. What can be set of movies over Wi-Fi is unknown; it is recorded
/// as the body is set. While filmwire is connected the body's own controls are dead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire movie --for 30s
  filmwire movie
  filmwire movie --for 5m && filmwire sync --newest 1
  filmwire movie --for 1m --json | jq -r 'select(.kind == \"filming\") | .left_s'")]
pub(crate) struct MovieArgs {
    /// End the movie after this time: 30s, 5m, 1h [default: with Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    length: Option<Duration>,
}

/// Why it is to end.
enum Cause {
    Time,
    Asked,
    /// The camera has no more room.
    Full,
    Failed(anyhow::Error),
}

impl Cause {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Asked => "asked",
            Self::Full => "full",
            Self::Failed(_) => "trouble",
        }
    }
}

/// What is told of a movie.
struct Report<'a> {
    out: &'a Output,
    model: String,
    start: Instant,
    /// Seconds the camera said it can still record.
    left: Option<u32>,
}

/// Runs the verb. A terminal that was stopped with Ctrl-S must not keep a movie running.
pub(crate) async fn run(args: &MovieArgs, context: &Context<'_>) -> Result<Exit> {
    context.unhurried(async |context| record(args, context).await).await
}

async fn record(args: &MovieArgs, context: &Context<'_>) -> Result<Exit> {
    let (remote, movie) = tokio::select! {
        biased;
        started = start(context) => started?,
        () = context.interrupt.stop.asked() => {
            let cure = "no movie is running; run the same again to record one".to_owned();
            return Err(Trouble::Interrupted { cure }.into());
        }
    };
    let model = text::tame(&remote.info().model);
    let mut report = Report { out: &context.out, model, start: Instant::now(), left: None };
    let cause = film(args.length, &movie, &mut report, context).await;
    let ended = movie.stop().await;
    // A camera that refused to end it went on until then.
    let length = report.start.elapsed();
    remote.leave().await;
    report.conclude(cause, ended, length)
}

async fn start(context: &Context<'_>) -> Result<(Remote, Movie)> {
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { movie: true, ..Allow::default() };
    let remote = context.connect_remote(&config, allow).await?;
    let movie = remote.start_movie().await?;
    Ok((remote, movie))
}

/// Watches the movie until it is to end.
async fn film(
    length: Option<Duration>,
    movie: &Movie,
    report: &mut Report<'_>,
    context: &Context<'_>,
) -> Cause {
    let start = report.start;
    let mut clock = interval_at(report.start, SECOND);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = async {
        for second in 0.. {
            clock.tick().await;
            report.left = movie.seconds_left().await?;
            if second % TOLD_EVERY == 0 {
                report.filming()?;
                report.out.heard().await?;
            }
            if report.left == Some(0) {
                break;
            }
        }
        Ok(())
    };
    // A camera that is slow to answer keeps nobody from ending it.
    tokio::select! {
        biased;
        () = context.interrupt.stop.asked() => Cause::Asked,
        () = passed(start, length) => Cause::Time,
        watched = watch => match watched {
            Ok(()) => Cause::Full,
            Err(error) => Cause::Failed(error),
        },
    }
}

/// Ends when the time has passed; never if there is none.
async fn passed(start: Instant, length: Option<Duration>) {
    match length {
        Some(length) => sleep_until(start + length).await,
        None => std::future::pending().await,
    }
}

impl Report<'_> {
    /// Tells how it goes.
    fn filming(&self) -> Result<(), Trouble> {
        let seconds = self.start.elapsed();
        self.out.say(&format!("recording {}{}", text::span(seconds), self.room()))?;
        self.out.json("filming", json!({ "seconds": seconds.as_secs_f64(), "left_s": self.left }))
    }

    /// How much longer the camera can record, in words.
    fn room(&self) -> String {
        match self.left {
            Some(left) => {
                let left = Duration::from_secs(left.into());
                format!(", room for {} more", text::span(left))
            }
            None => ", the camera does not tell for how much longer it has room".to_owned(),
        }
    }

    /// Tells how it ended.
    fn conclude(
        self,
        cause: Cause,
        ended: Result<MovieEnd, Error>,
        length: Duration,
    ) -> Result<Exit> {
        let (seconds, word) = (length.as_secs_f64(), cause.as_str());
        let stopped = ended.is_ok();
        let had_ended = matches!((&cause, &ended), (Cause::Time, Ok(MovieEnd::Before)));
        let exit = match (cause, ended) {
            (Cause::Failed(error), _) => failure::report_cut(&error, self.out),
            (_, Err(error)) => failure::report(&error.into(), self.out),
            (Cause::Asked, _) => Exit::Interrupted,
            (Cause::Full, _) => Exit::SomeFailed,
            // It ended by itself although there was room: something on the body ended it.
            (Cause::Time, Ok(MovieEnd::Before)) => Exit::SomeFailed,
            (Cause::Time, Ok(MovieEnd::Stopped)) => Exit::Done,
        };
        if !stopped {
            self.out.warn("the camera may still be recording: end the movie on its body");
        } else if word == "full" {
            self.out.warn("the camera has no more room for the movie, which has ended");
        } else if had_ended {
            self.out.warn("the movie had ended on the camera before it was to be ended");
        }
        let told =
            self.out.say(&format!("recorded {seconds:.1} s{}", self.room())).and_then(|()| {
                self.out.json(
                    "summary",
                    json!({
                        "model": self.model,
                        "seconds": seconds,
                        "left_s": self.left,
                        "ended": word,
                        "stopped": stopped,
                        "interrupted": exit == Exit::Interrupted,
                    }),
                )
            });
        match told {
            // Whoever is gone needs no totals.
            Err(Trouble::PipeClosed) => Ok(exit),
            told => Ok(told.map(|()| exit)?),
        }
    }
}
