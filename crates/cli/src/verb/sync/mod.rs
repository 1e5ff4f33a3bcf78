//! `sync`: the main job.

mod demo;
mod ground;
pub(crate) mod report;
pub(crate) mod totals;
mod watch;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Camera, Options, TcpNetwork};
use filmwire_catalogue::{Create, Library, OpenOptions};
use filmwire_codec::DateTime;
use filmwire_ingest::{SyncOptions, sync};
use serde_json::json;

use crate::config::{Config, SettingFlags};
use crate::context::Context;
use filmwire_program::clock;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use ground::Ground;
use report::Report;

/// Fetch all photos and films that are new
///
/// Connects to the camera, looks at what is on its card, and fetches what the library does not have
/// yet. Every file is checked and written down before it counts; a run that was cut goes on where it
/// stopped. Nothing in the library is ever replaced, and nothing on the camera is changed.
///
/// Cameras show JPEG and MOV files in this mode. RAF files, a second card slot and bytes past 4 GiB
/// stay on the card, and every run says so.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire sync --demo              no camera needed: see how it works
  filmwire sync                     fetch all that is new
  filmwire sync --dry-run           only show what would be fetched, and under which names
  filmwire sync --newest 20 --only jpg
  filmwire sync --watch             stay, and fetch whenever the camera is on air
  filmwire sync --camera 192.168.0.1%wlan1 --to /srv/photos")]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    settings: SettingFlags,
    /// Only look at this many of the newest objects
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    newest: Option<u32>,
    /// Only what was taken at or after this, by the camera's clock: 2026-05-01 or 2026-05-01T12:30
    #[arg(long, value_name = "DATE", value_parser = date)]
    since: Option<DateTime>,
    /// Fetch and write nothing; show what would be fetched
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// List the whole card, even if nothing seems to have changed
    #[arg(long)]
    full: bool,
    /// Stay, and fetch each time the camera appears; Enter or SIGUSR1 asks for a look at once
    #[arg(long, conflicts_with_all = ["dry_run", "demo"])]
    watch: bool,
    /// With --watch: seconds between two attempts to connect while the camera is away [default: 3]
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3600))]
    every: Option<u32>,
    /// Go on although the camera's battery is critical
    #[arg(long)]
    ignore_battery: bool,
    /// Fetch from a simulated camera into ./filmwire-demo; takes some 15 seconds
    #[arg(long, conflicts_with_all = ["dry_run", "camera"])]
    demo: bool,
}

/// Runs the verb.
pub(crate) async fn run(args: &SyncArgs, context: &Context<'_>) -> Result<Exit> {
    if args.demo {
        return demo::run(args, context).await;
    }
    let config = context.config(&args.settings)?;
    if args.watch {
        return watch::run(args, &config, context).await;
    }
    fetch(args, &config, context).await
}

/// Opens the library and fetches into it.
async fn fetch(args: &SyncArgs, config: &Config, context: &Context<'_>) -> Result<Exit> {
    let Ground { library, root, .. } = &Ground::open(args.dry_run, config, context)?;
    let _lock = library.lock()?;
    let options = options(args, config);
    let mut report = Report::new(context, args.dry_run, "sync");
    context.out.show_bars();
    let connect = connector(config, context);
    let result =
        sync(&connect, library, &options, &context.interrupt.stop, &mut |event| report.tell(event))
            .await;
    context.out.hide_bars();
    match result {
        Ok(summary) => report.conclude(&summary, root),
        Err(error) => {
            let exit = failure::report(&error.into(), &context.out);
            report.conclude_failed(exit, root)?;
            Ok(exit)
        }
    }
}

/// Connects as often as the run asks for it.
pub(crate) fn connector<'a>(
    config: &Config,
    context: &'a Context<'_>,
) -> impl Fn() -> ConnectFuture<'a> + Send + Sync + use<'a> {
    let options = Options { allow: Allow::default(), ..context.options(config) };
    let network = TcpNetwork::new(config.camera.value.address.clone());
    let departures = context.departures;
    move || {
        let (network, options) = (network.clone(), options.clone());
        Box::pin(Camera::connect_watched(network, options, departures))
    }
}

type ConnectFuture<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<Camera, filmwire_camera::Error>> + Send + 'a>>;

/// What the settings mean for a run.
fn options(args: &SyncArgs, config: &Config) -> SyncOptions {
    SyncOptions {
        newest: args.newest,
        since: args.since,
        dry_run: args.dry_run,
        full: args.full,
        ignore_battery: args.ignore_battery,
        ..base_options(config)
    }
}

/// What runs with and without fetching have in common.
pub(crate) fn base_options(config: &Config) -> SyncOptions {
    let camera = &config.camera.value;
    // Without the port: the simulated camera's is another one each time.
    let interface = camera.address.interface.as_ref();
    let interface = interface.map(|name| format!("%{name}")).unwrap_or_default();
    let address = format!("{}{interface}", camera.address.host);
    SyncOptions {
        template: config.template.clone(),
        only: config.only.value.clone(),
        camera_key: camera.key.clone(),
        utc_offset: clock::utc_offset(),
        ..SyncOptions::new(address, clock::now())
    }
}

/// Opens the library the settings mean, and says if it was made just now.
pub(crate) fn open_library(
    config: &Config,
    create: Create,
    context: &Context<'_>,
) -> Result<Library> {
    let root = library_root(config)?;
    let options = OpenOptions {
        create,
        expect_id: config.library_id.value.clone(),
        state_home: context.places.state_home(),
        network: None,
    };
    let library = Library::open(&root, options)?;
    if library.created() {
        context.out.note(&format!("Made a new library in {}", root.display()));
    }
    context.out.json(
        "library",
        json!({ "path": root.display().to_string(), "id": library.id(), "created": library.created() }),
    )?;
    Ok(library)
}

/// The folder of the library the settings mean, from the root of the file system.
pub(crate) fn library_root(config: &Config) -> Result<PathBuf, Trouble> {
    let folder = config.library()?;
    std::path::absolute(folder).map_err(|cause| Trouble::storage("use", folder, cause))
}

/// A date as people write it, with or without a time.
pub(crate) fn date(text: &str) -> Result<DateTime, String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let only_separators = text.chars().all(|c| c.is_ascii_digit() || "-:T ".contains(c));
    let complete = match digits.len() {
        8 => format!("{digits}T000000"),
        12 => format!("{}T{}00", &digits[..8], &digits[8..]),
        14 => format!("{}T{}", &digits[..8], &digits[8..]),
        _ => String::new(),
    };
    let date = DateTime::parse(&complete).filter(|_| only_separators);
    date.ok_or_else(|| "write a date such as 2026-05-01 or 2026-05-01T12:30".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let read = |text| date(text).map(|date| date.to_string());
        assert_eq!(read("2026-05-01"), Ok("20260501T000000".into()));
        assert_eq!(read("2026-05-01T12:30"), Ok("20260501T123000".into()));
        assert_eq!(read("20260501T123059"), Ok("20260501T123059".into()));
        for text in ["", "2026-13-01", "yesterday", "2026-5-1", "x20260501"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
