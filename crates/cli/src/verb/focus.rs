//! `focus`: focus locked at a point, held, and released whatever happens.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, FocusLock, Remote};
use filmwire_codec::DevicePropCode;
use filmwire_codec::value::{self, FocusPoint};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use crate::config::SettingFlags;
use crate::context::Context;
use crate::span::span;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::Output;

/// How often the camera is looked at meanwhile, which keeps the session.
const SECOND: Duration = Duration::from_secs(1);

/// Lock focus at a point, and hold it
///
/// Moves the focus point and focuses there, as a half press does; the body has to be in AF-S. Says if
/// the camera found focus, as far as it tells, and holds it until Enter, the end of the input, Ctrl-C
/// (exit code 130), or for --hold. Then it is released, however the run ends, as long as the link allows
/// it. `shoot --focus` takes pictures with it. While filmwire is connected the body's own controls
/// are dead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire focus 6,3
  filmwire focus 6,3 --hold 10s
  filmwire focus 6,3 --hold 1s --json | jq -r 'select(.kind == \"locked\") | .confirmed'

Exit code 4 says that the camera found no focus there, or does not let it be locked; 1 that it lost
it meanwhile.")]
pub(crate) struct FocusArgs {
    /// The point, as `filmwire settings` tells it: column and row, counted from 1
    #[arg(value_name = "X,Y")]
    point: FocusPoint,
    /// Release it after this time, such as 10s, and not with Enter
    #[arg(long, value_name = "TIME", value_parser = span)]
    hold: Option<Duration>,
}

/// Why it is released.
enum Ended {
    Time,
    /// Enter, or the end of the input.
    Input,
    Asked,
    /// The camera reports that it is not locked any more.
    Lost,
    Failed(anyhow::Error),
}

impl Ended {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Input => "input",
            Self::Asked => "asked",
            Self::Lost => "lost",
            Self::Failed(_) => "trouble",
        }
    }
}

/// Runs the verb. A terminal that was stopped with Ctrl-S must not keep focus locked.
pub(crate) async fn run(args: &FocusArgs, context: &Context<'_>) -> Result<Exit> {
    context.unhurried(async |context| lock(args, context).await).await
}

async fn lock(args: &FocusArgs, context: &Context<'_>) -> Result<Exit> {
    let (remote, lock) = tokio::select! {
        biased;
        locked = open(args.point, context) => locked?,
        () = context.interrupt.stop.asked() => {
            let cure = "run the same again to begin anew".to_owned();
            return Err(Trouble::Interrupted { cure }.into());
        }
    };
    let (start, out) = (Instant::now(), &context.out);
    let told = match tell_locked(&lock, args.hold.is_none(), out) {
        Ok(()) => out.heard().await,
        told => told,
    };
    let ended = match told {
        Ok(()) => hold(&remote, args.hold, context).await,
        Err(trouble) => Ended::Failed(trouble.into()),
    };
    let seconds = start.elapsed().as_secs_f64();
    let released = lock.release().await;
    remote.leave().await;
    let exit = match &ended {
        Ended::Time | Ended::Input => Exit::Done,
        Ended::Asked => Exit::Interrupted,
        Ended::Lost => {
            out.error("the camera reports that focus is not locked any more", "run it again");
            Exit::SomeFailed
        }
        Ended::Failed(error) => failure::report_cut(error, out),
    };
    let is_released = released.is_ok();
    let exit = match released {
        Err(error) => {
            let text = format!("the focus was not released: {error}");
            out.error(&text, "look at the camera, where it may still be locked");
            if exit == Exit::Done { Exit::of(&error.into()) } else { exit }
        }
        Ok(()) => exit,
    };
    let told = conclude(args.point, seconds, &ended, is_released, out);
    match told {
        // Whoever is gone needs no totals.
        Err(Trouble::PipeClosed) => Ok(exit),
        told => Ok(told.map(|()| exit)?),
    }
}

async fn open(point: FocusPoint, context: &Context<'_>) -> Result<(Remote, FocusLock)> {
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { shoot: true, ..Allow::default() };
    let remote = context.connect_remote(&config, allow).await?;
    match remote.lock_focus(point).await {
        Ok(lock) => Ok((remote, lock)),
        Err(error) => {
            remote.leave().await;
            Err(error.into())
        }
    }
}

fn tell_locked(lock: &FocusLock, is_typed: bool, out: &Output) -> Result<(), Trouble> {
    let point = lock.point();
    match lock.is_confirmed() {
        true => out.say(&format!("focus is locked at {point}"))?,
        false => {
            out.say(&format!("locked at {point}; the camera does not tell if it is in focus"))?
        }
    }
    if is_typed && io::stdin().is_terminal() {
        out.note("Enter releases it");
    }
    let confirmed = lock.is_confirmed();
    out.json("locked", json!({ "point": point.to_string(), "confirmed": confirmed }))
}

/// Holds it until it is to be released.
async fn hold(remote: &Remote, time: Option<Duration>, context: &Context<'_>) -> Ended {
    let end = time.map(|time| Instant::now() + time);
    let mut typed = if end.is_none() { typed() } else { oneshot::channel().1 };
    let mut clock = interval_at(Instant::now() + SECOND, SECOND);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => return Ended::Asked,
            () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => {
                return Ended::Time;
            }
            // A thread that could not be started says as much as the end of the input.
            _ = &mut typed, if end.is_none() => return Ended::Input,
            _ = clock.tick() => {}
        }
        match is_locked(remote).await {
            Ok(true) => {}
            Ok(false) => return Ended::Lost,
            Err(error) => return Ended::Failed(error.into()),
        }
    }
}

/// False if the camera reports (D209) that focus is not locked.
async fn is_locked(remote: &Remote) -> Result<bool, filmwire_camera::Error> {
    let readings = remote.settings().await?;
    let told = readings.iter().find(|reading| reading.property == DevicePropCode::FOCUS_LOCK);
    let told = told.and_then(|reading| reading.bits);
    Ok(told.is_none_or(|bits| bits == u32::from(value::FocusLock::LOCKED.0)))
}

/// Ends with a line or the end of the input, which is read on a thread of its own: reading blocks.
fn typed() -> oneshot::Receiver<()> {
    let (sender, typed) = oneshot::channel();
    let read = move || {
        // What cannot be read has ended.
        let _ = io::stdin().read_line(&mut String::new());
        let _ = sender.send(());
    };
    drop(std::thread::Builder::new().name("enter".into()).spawn(read));
    typed
}

fn conclude(
    point: FocusPoint,
    seconds: f64,
    ended: &Ended,
    released: bool,
    out: &Output,
) -> Result<(), Trouble> {
    if released {
        out.say(&format!("focus was released after {seconds:.1} s"))?;
    }
    out.json(
        "summary",
        json!({
            "point": point.to_string(),
            "seconds": seconds,
            "ended": ended.as_str(),
            "released": released,
            "interrupted": matches!(ended, Ended::Asked),
        }),
    )
}
