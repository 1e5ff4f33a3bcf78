//! `receive`: what the person at the camera sends.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Camera, Options, Receiver, TcpNetwork};
use filmwire_catalogue::Create;
use filmwire_ingest::{ReceiveEnd, Received, receive};
use serde_json::Value;

use super::sync::report::Report;
use super::sync::{base_options, library_root, open_library};
use crate::config::{Config, SettingFlags};
use crate::context::Context;
use filmwire_program::exit::Exit;
use filmwire_program::failure;
use filmwire_program::output::text;

/// Take what is picked on the camera
///
/// Choose pictures on the camera and send them, then run this; or run it first, and choose when it
/// says so. Which of the two a camera offers depends on its model and on the function chosen in its
/// menu. The library keeps the originals that come as `sync` does, and never twice. Copies that the
/// camera has resized are named as such (DSCF0001_resized.JPG), and do not keep a later `sync` from
/// fetching the originals. Nothing says outright that one is resized: a long side of 1776 pixels is
/// taken for it, which two bodies are known to send.
///
/// A camera hangs up after the last picture and does not say that it was the last. So this says how
/// many came; compare with the camera's screen.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire receive                  until the camera ends the transfer
  filmwire receive --count 1        one picture, then leave
  filmwire receive --wait 60        give up if nothing is picked within a minute")]
pub(crate) struct ReceiveArgs {
    #[command(flatten)]
    settings: SettingFlags,
    /// Leave after this many pictures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// How long to wait for a person to choose pictures on the camera [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    wait: Option<u32>,
}

type Connecting<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<Receiver, filmwire_camera::Error>> + Send + 'a>>;

/// Runs the verb.
pub(crate) async fn run(args: &ReceiveArgs, context: &Context<'_>) -> Result<Exit> {
    let config = &context.config(&args.settings)?;
    let root = library_root(config)?;
    let library = &open_library(config, Create::IfMissingOrEmpty, context)?;
    let _lock = library.lock()?;
    let mut report = Report::new(context, false, "receive");
    context.out.show_bars();
    let connect = connector(args, config, context);
    let (options, stop) = (base_options(config), &context.interrupt.stop);
    let mut tell = |event| report.tell(event);
    let received = receive(&connect, library, &options, args.count, stop, &mut tell).await;
    context.out.hide_bars();
    match received {
        Ok(received) => conclude(&report, &received, &root),
        Err(error) => {
            let exit = failure::report(&error.into(), &context.out);
            report.conclude_failed(exit, &root)?;
            Ok(exit)
        }
    }
}

fn connector<'a>(
    args: &ReceiveArgs,
    config: &Config,
    context: &'a Context<'_>,
) -> impl Fn() -> Connecting<'a> + Send + Sync + use<'a> {
    let mut options: Options = context.options(config);
    if let Some(seconds) = args.wait {
        options.waits.choice = Duration::from_secs(seconds.into());
    }
    let network = TcpNetwork::new(config.camera.value.address.clone());
    let departures = context.departures;
    move || {
        let (network, options) = (network.clone(), options.clone());
        Box::pin(Camera::connect_receive(network, options, departures))
    }
}

/// Says what came, and how it ended.
fn conclude(report: &Report, received: &Received, library: &Path) -> Result<Exit> {
    let exit = exit_of(received);
    if report.closed {
        return Ok(exit);
    }
    let Received { summary, end } = received;
    report.print_new(summary)?;
    if summary.failed > 0 {
        report.row("failed", &summary.failed.to_string())?;
    }
    report.print_where(summary, library, "not told")?;
    report.print_clock(summary)?;
    say_end(report, received);
    let mut fields = report.fields(exit, summary, library);
    if let Value::Object(fields) = &mut fields {
        fields.insert("ended".into(), word(end).into());
    }
    report.out.json("summary", fields)?;
    Ok(exit)
}

fn say_end(report: &Report, received: &Received) {
    let out = &report.out;
    let came = text::count(received.summary.new, "picture", "pictures");
    match &received.end {
        ReceiveEnd::HungUp if received.summary.seen == 0 => out.error(
            "the camera ended the transfer before the first picture",
            "choose pictures on the camera, send them, and run again",
        ),
        ReceiveEnd::HungUp => out.note(&format!(
            "The camera ended the transfer after {came}. It does not tell whether that was the \
             last one: compare with the camera's screen."
        )),
        ReceiveEnd::Cut { cause } => out.error(
            &format!("the transfer ended inside a picture, after {came}: {}", text::tame(cause)),
            "send the rest from the camera once more, and run again",
        ),
        ReceiveEnd::Stopped => {
            out.error("interrupted", "send the rest from the camera once more, and run again");
        }
        _ => out.note(&format!("Left after {came}, as asked for.")),
    }
}

fn word(end: &ReceiveEnd) -> &'static str {
    match end {
        ReceiveEnd::HungUp => "hung-up",
        ReceiveEnd::Cut { .. } => "cut",
        ReceiveEnd::Enough => "enough",
        _ => "stopped",
    }
}

fn exit_of(received: &Received) -> Exit {
    let nothing = received.summary.seen == 0;
    match &received.end {
        ReceiveEnd::Stopped => Exit::Interrupted,
        ReceiveEnd::HungUp if nothing => Exit::SomeFailed,
        ReceiveEnd::Cut { .. } => Exit::SomeFailed,
        _ if received.summary.failed > 0 => Exit::SomeFailed,
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use filmwire_ingest::Summary;

    use super::*;

    #[test]
    fn finished_and_lost_between_pictures_look_alike_and_are_done() {
        let exit = |end, seen, failed| {
            exit_of(&Received { end, summary: Summary { seen, failed, ..Summary::default() } })
        };
        assert_eq!(exit(ReceiveEnd::HungUp, 3, 0), Exit::Done);
        assert_eq!(exit(ReceiveEnd::HungUp, 3, 1), Exit::SomeFailed);
        assert_eq!(exit(ReceiveEnd::HungUp, 0, 0), Exit::SomeFailed);
        assert_eq!(exit(ReceiveEnd::Cut { cause: String::new() }, 3, 1), Exit::SomeFailed);
        assert_eq!(exit(ReceiveEnd::Enough, 3, 0), Exit::Done);
        assert_eq!(exit(ReceiveEnd::Stopped, 3, 0), Exit::Interrupted);
    }
}
