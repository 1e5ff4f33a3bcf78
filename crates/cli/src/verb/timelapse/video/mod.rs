//! `timelapse video`: a film of pictures that were fetched.

mod film;
mod plan;
mod report;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_shoot::timelapse::video::ffmpeg::{Codec, Failed};
use filmwire_shoot::timelapse::video::geometry::Crop;
use filmwire_shoot::timelapse::video::pictures::Order;
use filmwire_shoot::timelapse::video::rate::Rate;

use crate::context::Context;
use film::{Film, NoFilm, Whole};
use plan::{Plan, Way};
use report::Report;

/// Make a film of a timelapse's pictures
///
/// All JPEGs in the folder and in folders inside it become frames, in the order of their names; what
/// cannot be one is told and left out (exit code 1, unless it is a raw file). Files are encoded by the
/// program ffmpeg; where there is none, and with --codec mjpeg, they are put into an AVI file as they
/// are: a large file, which most players and all editing programs take. --deflicker takes out jitter
/// of brightness between frames and makes slopes of a ramp's steps, by the timelapse's journal where
/// it fits. No file is ever replaced.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire timelapse video pictures
  filmwire timelapse video pictures --out night.mp4 --fps 30 --crop 16:9 --height 2160
  filmwire timelapse video pictures --deflicker --journal timelapse.jsonl --codec h265
  filmwire timelapse video pictures --out night.avi --codec mjpeg
  filmwire timelapse video pictures --json | jq -r 'select(.kind == \"left-out\") | .name'")]
pub(super) struct VideoArgs {
    /// The folder with the pictures
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The film: .mp4, .mov, .mkv, or .avi for --codec mjpeg [default: timelapse.mp4]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Frames a second, such as 25, 29.97 or 24000/1001
    #[arg(long, value_name = "N", default_value = "25")]
    fps: Rate,
    /// How the film is encoded [default: h264]
    #[arg(long, value_enum)]
    codec: Option<CodecWord>,
    /// Cut it to this shape, as much on both sides
    #[arg(long, value_enum, default_value = "none")]
    crop: CropWord,
    /// Make it smaller: so many pixels high, such as 2160 for 4K
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=65_535))]
    height: Option<u32>,
    /// Take out jitter of brightness
    #[arg(long)]
    deflicker: bool,
    /// The timelapse's journal [default: timelapse.jsonl in DIR, if it is there]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// What comes first: by name, or by the camera's clock
    #[arg(long, value_enum, default_value = "name")]
    order: OrderWord,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CodecWord {
    /// Everything plays it, up to some size
    H264,
    /// Smaller files, fewer players
    H265,
    /// The camera's JPEGs as they are, without ffmpeg
    Mjpeg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CropWord {
    #[value(name = "16:9", help = "As televisions and most screens are")]
    Wide,
    /// Not at all, but for a pixel where there is an odd number
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OrderWord {
    /// Numbers count as numbers
    Name,
    /// Where the camera's counter began anew
    Time,
}

impl CodecWord {
    /// `None` for what ffmpeg is not needed for.
    fn encoded(self) -> Option<Codec> {
        match self {
            Self::H264 => Some(Codec::H264),
            Self::H265 => Some(Codec::H265),
            Self::Mjpeg => None,
        }
    }
}

impl VideoArgs {
    fn crop(&self) -> Crop {
        match self.crop {
            CropWord::Wide => Crop::Wide,
            CropWord::None => Crop::None,
        }
    }

    fn order(&self) -> Order {
        match self.order {
            OrderWord::Name => Order::Name,
            OrderWord::Time => Order::Time,
        }
    }

    /// Flags that were given and want pictures to be changed.
    fn changes(&self) -> Vec<&'static str> {
        let given = [
            ("--crop", self.crop != CropWord::None),
            ("--height", self.height.is_some()),
            ("--deflicker", self.deflicker),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

/// Runs the verb.
pub(super) async fn run(args: &VideoArgs, context: &Context<'_>) -> Result<Exit> {
    let way = Way::choose(args)?;
    let mut report = Report::new(&context.out);
    let made = tokio::select! {
        biased;
        () = context.interrupt.stop.asked() => {
            let cure = "no film was written; run the same again to begin anew".to_owned();
            Err(Trouble::Interrupted { cure }.into())
        }
        made = make(args, way, &mut report) => made,
    };
    context.out.hide_bars();
    // It is whole now, and nothing takes long any more.
    report.conclude(&made?.place()?)
}

/// All of it. What is dropped on the way ends ffmpeg and leaves no file.
async fn make(args: &VideoArgs, way: Way, report: &mut Report) -> Result<Whole> {
    let mut plan = Plan::read(args, way, report).await?;
    let film = match Film::begin(&plan) {
        Err(NoFilm::Ffmpeg(Failed::Missing)) => {
            plan.do_without_ffmpeg(args, report)?;
            Film::begin(&plan)
        }
        begun => begun,
    };
    let film = film.map_err(NoFilm::trouble)?;
    report.begun(&plan);
    plan.measure(report).await?;
    film.make(&plan, report).await
}
