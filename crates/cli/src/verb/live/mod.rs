//! `live`: the stream of live view, watched, kept as files or passed on.

mod both;
mod delay;
mod report;
mod sink;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Error, Frame, LiveView, Remote};
use filmwire_shoot::Hub;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use report::Report;
use sink::Sink;

/// How often the stream is told of.
const SECOND: Duration = Duration::from_secs(1);
/// How long the last frame may take to be written once it has ended.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Watch the camera's live view, keep its frames, or pass them on
///
/// Without --out and --pipe, shows once a second how many frames come, how big they are, and how
/// many the camera left out, until Ctrl-C or for --count frames. With them, it also shows how long
/// after its last byte a frame was written, and the newest frame is
/// always the next one: frames that come while a file or a reader is not done with the last one are
/// skipped and counted, never kept, so that what is seen is not old. Over Wi-Fi frames are small:
/// 640 x 480 is the one size that was seen; how to choose another is unknown. While filmwire is
/// connected the body's own controls are dead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire live
  filmwire live --out frames --count 100
  filmwire live --pipe | ffplay -f mjpeg -fflags nobuffer -flags low_delay -
  filmwire live --pipe | mpv --profile=low-latency --untimed --demuxer-lavf-format=mjpeg -
  filmwire live --out frames --pipe | ffplay -f mjpeg -
  filmwire live --json | jq -r 'select(.kind == \"second\") | .frames'")]
pub(crate) struct LiveArgs {
    /// Write frames into this folder, as live-000001.jpg and so on, behind those already there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write frames to standard output, one JPEG behind the other (MJPEG); with --out as well, and
    /// neither waits for the other
    #[arg(long)]
    pipe: bool,
    /// Leave after this many frames; with --out and --pipe so many of each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Why it ended.
enum End {
    Counted,
    Asked,
    Failed(anyhow::Error),
}

impl End {
    /// How long no frame came, if that is the end.
    fn silence(&self) -> Option<Duration> {
        let Self::Failed(error) = self else { return None };
        match error.downcast_ref() {
            Some(Error::NoFrame { waited }) => Some(*waited),
            _ => None,
        }
    }
}

/// Runs the verb.
pub(crate) async fn run(args: &LiveArgs, context: &Context<'_>) -> Result<Exit> {
    if args.pipe {
        refuse_pipe(context)?;
    }
    context.unhurried(async |context| show(args, context).await).await
}

async fn show(args: &LiveArgs, context: &Context<'_>) -> Result<Exit> {
    let is_both = args.pipe && args.out.is_some();
    let mut sink = Sink::choose(args.out.as_deref(), args.pipe)?;
    let (remote, mut live) = tokio::select! {
        biased;
        opened = open(context) => opened?,
        () = context.interrupt.stop.asked() => return Err(interrupted()),
    };
    let mut report = Report::new(context.out.clone(), args.pipe);
    let end = if is_both {
        let hub = Hub::new(live);
        let end = both::watch(&hub, (sink, Sink::Pipe), args.count, &mut report, context).await;
        report.take_tally(hub.tally());
        end
    } else {
        let end = watch(&mut live, args.count, &mut sink, &mut report, context).await;
        report.take_tally(live.tally());
        drop(live);
        end
    };
    report.end(end.silence());
    remote.leave().await;
    let exit = match end {
        End::Counted => Exit::Done,
        End::Asked => Exit::Interrupted,
        // A player that is closed ends it as Ctrl-C does; files that are to be so many are not done.
        End::Failed(error) if args.out.is_some() && args.count.is_some() => {
            failure::report_cut(&error, &context.out)
        }
        End::Failed(error) => failure::report(&error, &context.out),
    };
    match report.conclude(exit == Exit::Interrupted) {
        // Whoever is gone needs no totals.
        Err(Trouble::PipeClosed) => Ok(exit),
        told => Ok(told.map(|()| exit)?),
    }
}

async fn open(context: &Context<'_>) -> Result<(Remote, LiveView)> {
    let config = context.config(&SettingFlags::default())?;
    let remote = context.connect_remote(&config, Allow::default()).await?;
    let live = remote.live_view().await?;
    Ok((remote, live))
}

fn interrupted() -> anyhow::Error {
    Trouble::Interrupted { cure: "run the same again to begin anew".to_owned() }.into()
}

fn refuse_pipe(context: &Context<'_>) -> Result<(), Trouble> {
    if context.out.is_json() {
        let text = "--pipe and --json cannot share standard output";
        return Err(Trouble::usage(text, "leave one of them out"));
    }
    if io::stdout().is_terminal() {
        let text = "--pipe would fill the terminal with the bytes of pictures";
        return Err(Trouble::usage(text, "send it to a player: filmwire live --pipe | ffplay -"));
    }
    Ok(())
}

/// What a frame came to: the sink back, what it made of it, and how long after its last byte.
type Kept = (Sink, Result<Option<PathBuf>, Trouble>, Duration);

/// Takes frames until there are enough, somebody asks to stop, or they end.
///
/// A frame is kept on a thread of its own: a full pipe or a slow disk must keep neither the session
/// nor the stream waiting. Only when it is done with comes the newest one; that the stream has ended is
/// heard meanwhile, however long it takes.
async fn watch(
    live: &mut LiveView,
    count: Option<u64>,
    sink: &mut Sink,
    report: &mut Report,
    context: &Context<'_>,
) -> End {
    let mut clock = interval_at(Instant::now() + SECOND, SECOND);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keeping: Option<(Frame, JoinHandle<Kept>)> = None;
    let mut newest: Option<Frame> = None;
    loop {
        if keeping.is_none()
            && let Some(frame) = newest.take()
        {
            keeping = Some(keep(frame, std::mem::take(sink)));
        }
        let told = tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => {
                finish(&mut keeping, report).await;
                return End::Asked;
            }
            _ = clock.tick() => {
                report.take_tally(live.tally());
                report.second().map_err(Into::into)
            }
            kept = kept(&mut keeping), if keeping.is_some() => match kept {
                Ok((frame, back, path, delay)) => {
                    *sink = back;
                    report.written(&frame, path.as_deref(), delay).map_err(Into::into)
                }
                Err(error) => Err(error),
            },
            frame = live.next() => match frame {
                Ok(frame) if keeping.is_some() || sink.keeps() => {
                    newest = Some(frame);
                    Ok(())
                }
                Ok(frame) => {
                    report.frame(&frame);
                    Ok(())
                }
                Err(error) => {
                    finish(&mut keeping, report).await;
                    Err(Error::into(error))
                }
            },
        };
        if let Err(error) = told {
            return End::Failed(error);
        }
        if count.is_some_and(|count| report.taken() >= count) {
            return End::Counted;
        }
    }
}

fn keep(frame: Frame, mut sink: Sink) -> (Frame, JoinHandle<Kept>) {
    let (jpeg, arrived) = (frame.jpeg.clone(), frame.arrived);
    let writing = tokio::task::spawn_blocking(move || {
        let kept = sink.write(&jpeg);
        (sink, kept, arrived.elapsed())
    });
    (frame, writing)
}

/// The frame that was kept, and where. Cancel-safe.
async fn kept(
    keeping: &mut Option<(Frame, JoinHandle<Kept>)>,
) -> Result<(Frame, Sink, Option<PathBuf>, Duration)> {
    let Some((_, writing)) = keeping else { return std::future::pending().await };
    let (sink, path, delay) = writing.await?;
    let Some((frame, _)) = keeping.take() else { return std::future::pending().await };
    Ok((frame, sink, path?, delay))
}

/// Half a frame is of no use, so the last one has a moment to be written.
async fn finish(keeping: &mut Option<(Frame, JoinHandle<Kept>)>, report: &mut Report) {
    if keeping.is_some()
        && let Ok(Ok((frame, _, path, delay))) = timeout(LAST_WAIT, kept(keeping)).await
    {
        // It is told of in the totals too.
        let _ = report.written(&frame, path.as_deref(), delay);
    }
}
