//! `geotag`: telling a camera where it is, so that its pictures say so.

mod report;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Geotagger};
use filmwire_shoot::{Fix, GeotagError, Gpsd, Place, Source, Step, Tagger, Track};
use jiff::Timestamp;

use crate::config::SettingFlags;
use crate::context::Context;
use crate::span::span;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use report::Report;

/// A track of a day has some megabytes.
const LARGEST: u64 = 64 << 20;

/// Tell the camera where it is, so that its pictures say so
///
/// Writes the place and the time (UTC) to the camera, again and again, until Ctrl-C (exit code 130),
/// --count, or the end of the track. A place that is not known now is not told: while a receiver has
/// no fix, in holes of a track, and before it begins. How often a camera wants to hear it, how long it
/// believes it, and whether its shutter works meanwhile is unknown; bodies of 2017 and before were
/// seen to take places this way, newer ones take them over Bluetooth, and say that they do not offer
/// it. Files cannot be sent to the camera: over Wi-Fi it takes places and settings, nothing else that
/// is known.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire geotag --at 52.4855,13.3807
  filmwire geotag --at -33.8568,151.2153,12 --every 1m
  filmwire geotag --gpx today.gpx
  filmwire geotag --gpsd 127.0.0.1:2947
  filmwire geotag --gpsd 127.0.0.1:2947 --json | jq -r 'select(.kind == \"place\") | .text'")]
pub(crate) struct GeotagArgs {
    #[command(flatten)]
    wherefrom: Wherefrom,
    /// How often the camera is told
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "10s")]
    every: Duration,
    /// Leave after the camera was told so often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

impl GeotagArgs {
    /// True if the camera was told so often as it was to be.
    fn is_done(&self, told: u64) -> bool {
        self.count.is_some_and(|count| told >= count)
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Wherefrom {
    /// A place that never changes: degrees north and east (south and west are negative), metres
    #[arg(long, value_name = "LAT,LON[,ALT]", value_parser = place, allow_hyphen_values = true)]
    at: Option<Place>,
    /// A track as GPX, read against this computer's clock
    #[arg(long, value_name = "FILE")]
    gpx: Option<PathBuf>,
    /// A receiver, by gpsd; its usual place is 127.0.0.1:2947
    #[arg(long, value_name = "HOST:PORT", value_parser = receiver)]
    gpsd: Option<String>,
}

/// Why it ended.
enum End {
    Counted,
    Asked,
    Over,
    Failed(anyhow::Error),
}

impl End {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Counted => "count",
            Self::Asked => "asked",
            Self::Over => "over",
            Self::Failed(_) => "trouble",
        }
    }
}

/// Runs the verb. The camera's next place waits for nobody who reads.
pub(crate) async fn run(args: &GeotagArgs, context: &Context<'_>) -> Result<Exit> {
    context.unhurried(async |context| follow(args, context).await).await
}

async fn follow(args: &GeotagArgs, context: &Context<'_>) -> Result<Exit> {
    let (geotagger, source) = tokio::select! {
        biased;
        opened = open(&args.wherefrom, context) => opened?,
        () = context.interrupt.stop.asked() => {
            let cure = "run the same again to begin anew".to_owned();
            return Err(Trouble::Interrupted { cure }.into());
        }
    };
    let mut report = Report::new(&context.out, &geotagger.info().model);
    let mut tagger = Tagger::new(geotagger, source, args.every, Timestamp::now);
    let end = tell(&mut tagger, args, &mut report, context).await;
    tagger.leave().await;
    let word = end.as_str();
    let exit = match end {
        End::Counted | End::Over => Exit::Done,
        End::Asked => Exit::Interrupted,
        // It was told all that it was to be, though nobody reads of the last.
        End::Failed(error) if args.is_done(report.told()) => failure::report(&error, &context.out),
        End::Failed(error) => failure::report_cut(&error, &context.out),
    };
    match report.conclude(word, exit == Exit::Interrupted) {
        // Whoever is gone needs no totals.
        Err(Trouble::PipeClosed) => Ok(exit),
        told => Ok(told.map(|()| exit)?),
    }
}

/// The source first: a file that cannot be read needs no camera.
async fn open(wherefrom: &Wherefrom, context: &Context<'_>) -> Result<(Geotagger, Source)> {
    let source = match (wherefrom.at, &wherefrom.gpx, &wherefrom.gpsd) {
        (Some(place), ..) => Source::Still(place),
        (_, Some(path), _) => Source::Track(track(path, context)?),
        (.., Some(address)) => Source::Gpsd(Gpsd::connect(address).await.map_err(trouble)?),
        _ => return Err(Trouble::usage("no place was named", "name one with --at").into()),
    };
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { geotag: true, ..Allow::default() };
    Ok((context.connect_geotag(&config, allow).await?, source))
}

fn track(path: &Path, context: &Context<'_>) -> Result<Track, Trouble> {
    let name = path.display();
    let wrong = |cause: &dyn std::fmt::Display| {
        let cure = "name a track that was recorded as GPX, with the time of each point";
        Trouble::usage(format!("cannot use {name}: {cause}"), cure)
    };
    let failed = |cause| Trouble::storage("read", path, cause);
    let file = File::open(path).map_err(failed)?;
    // Opening a folder works, and reading it does not.
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(wrong(&"it is a folder"));
    }
    let mut gpx = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut gpx).map_err(failed)?;
    if gpx.len() as u64 > LARGEST {
        return Err(wrong(&"it is larger than 64 MiB, which no track of a day is"));
    }
    let gpx = String::from_utf8(gpx).map_err(|cause| wrong(&cause))?;
    let track = Track::parse(&gpx).map_err(|cause| wrong(&cause))?;
    if track.end() < Timestamp::now() {
        let cure = "name a track of now: where the camera is told to be is where the track is at \
                    this computer's time";
        return Err(Trouble::usage(format!("{name} ended at {}", track.end()), cure));
    }
    if track.untimed() > 0 {
        let (untimed, points) = (track.untimed(), track.points());
        context.out.warn(&format!(
            "points of {name} without a time, which are of no use: {untimed}; with one: {points}"
        ));
    }
    Ok(track)
}

/// Tells the camera until there was enough, somebody asks to stop, or it fails.
async fn tell<C: Fn() -> Timestamp>(
    tagger: &mut Tagger<C>,
    args: &GeotagArgs,
    report: &mut Report<'_>,
    context: &Context<'_>,
) -> End {
    loop {
        let step = tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => return End::Asked,
            step = tagger.step() => step,
        };
        let told = match step {
            Ok(Step::Told(fix)) => report.place(&fix),
            Ok(Step::NoFix(no_fix)) => report.no_fix(no_fix),
            Ok(Step::Over) => return End::Over,
            Err(error) => return End::Failed(trouble(error)),
        };
        let told = match told {
            Ok(()) => context.out.heard().await,
            told => told,
        };
        if let Err(error) = told {
            return End::Failed(error.into());
        }
        if args.is_done(report.told()) {
            return End::Counted;
        }
    }
}

/// The exit code and the cure of what ends it.
fn trouble(error: GeotagError) -> anyhow::Error {
    match error {
        GeotagError::Camera(error) => error.into(),
        gpsd => {
            let cure = "check that gpsd runs there (`gpspipe -w -n 5` asks it too), and run again";
            Trouble::failed(gpsd.to_string(), cure).into()
        }
    }
}

/// Degrees north and east, and metres.
fn place(text: &str) -> Result<Place, String> {
    let wrong =
        || "write degrees such as 52.4855,13.3807 or, with metres, 52.4855,13.3807,34".to_owned();
    let numbers: Option<Vec<f64>> =
        text.split(',').map(|number| number.trim().parse().ok()).collect();
    let (latitude, longitude, altitude) = match numbers.as_deref() {
        Some(&[latitude, longitude]) => (latitude, longitude, None),
        Some(&[latitude, longitude, altitude]) => (latitude, longitude, Some(altitude)),
        _ => return Err(wrong()),
    };
    let place = Place { latitude, longitude, altitude, speed: None };
    match (Fix { place, at: Timestamp::UNIX_EPOCH }).geolocation() {
        Some(_) => Ok(place),
        None => Err("there is no such place, or the camera's text cannot say it".to_owned()),
    }
}

/// A host and a port, which nobody guesses.
fn receiver(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match parts.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(1..) => Ok(text.to_owned()),
        _ => Err("write host and port, such as 127.0.0.1:2947".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        let read = place("-33.8568, 151.2153,12").unwrap();
        assert_eq!(
            (read.latitude, read.longitude, read.altitude),
            (-33.8568, 151.2153, Some(12.0))
        );
        assert_eq!(place("52,13").unwrap().altitude, None);
        for wrong in ["", "52", "52,13,1,2", "N52,E13", "91,0", "0,181", "nan,0", "0,0,1e9"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
