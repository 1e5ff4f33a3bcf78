//! `timelapse plan`: what a timelapse would come to.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Battery};
use filmwire_codec::DevicePropCode;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::{Output, text};
use filmwire_shoot::timelapse::schedule::{Due, Schedule};
use filmwire_shoot::timelapse::window::Polar;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::report::clock;
use super::when::WhenArgs;
use crate::config::SettingFlags;
use crate::context::Context;

/// A timelapse without end is told by what a day of it comes to.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Show how many frames a timelapse has, how long its film is, and whether the camera has room
///
/// Takes no picture. What the camera says of its card and battery is shown beside; how long a
/// battery lasts no camera tells, so that a long run wants a power supply.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire timelapse plan --interval 10s --until 2026-12-02T07:00
  filmwire timelapse plan --interval 1m --daily 06:00..20:00 --fps 30 --no-camera")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    when: WhenArgs,
    /// Frames a second of the film
    #[arg(long, value_name = "N", default_value_t = 25.0, value_parser = rate)]
    fps: f64,
    /// Do not ask the camera how much room and battery it has
    #[arg(long)]
    no_camera: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "write a number such as 25".to_owned())?;
    match (0.1..=1000.0).contains(&number) {
        true => Ok(number),
        false => Err("a film has 0.1 to 1000 frames a second".to_owned()),
    }
}

/// What the camera says.
struct Room {
    pictures: Option<u32>,
    battery: Option<Battery>,
}

/// What the schedule says.
struct Plan {
    /// Its first and last frame; the last one of the first day if there is no end.
    first: Due,
    last: Due,
    is_endless: bool,
    polar: Option<Polar>,
}

/// Runs the verb.
pub(super) async fn run(args: &PlanArgs, context: &Context<'_>) -> Result<Exit> {
    let schedule = args.when.schedule()?;
    let plan = Plan::of(&schedule)?;
    let room = match args.no_camera {
        true => Ok(None),
        false => ask(context).await.map(Some),
    };
    let found = room.as_ref().ok().and_then(Option::as_ref);
    tell(&plan, args.fps, found, &context.out)?;
    match room {
        Err(error) => Ok(failure::report(&error, &context.out)),
        Ok(Some(Room { pictures: Some(pictures), .. })) if plan.too_few(pictures) > 0 => {
            Ok(Exit::SomeFailed)
        }
        Ok(_) => Ok(Exit::Done),
    }
}

impl Plan {
    fn of(schedule: &Schedule) -> Result<Self, Trouble> {
        let is_endless = schedule.count.is_none() && schedule.until.is_none();
        let none = || Trouble::usage("no frame would be due", "check --until, --daily and --sun");
        let first = schedule.cursor().next().ok_or_else(none)?;
        let end = match is_endless {
            true => first.at.checked_add(DAY).unwrap_or(Timestamp::MAX),
            false => Timestamp::MAX,
        };
        let (first, last) = schedule.cursor().skip_before(end).ok_or_else(none)?;
        Ok(Self { first, last, is_endless, polar: schedule.windows.polar(schedule.start) })
    }

    /// How many frames a card with room for so many does not hold; without an end, of the first day.
    fn too_few(&self, pictures: u32) -> u64 {
        self.last.number.saturating_sub(u64::from(pictures))
    }
}

async fn ask(context: &Context<'_>) -> Result<Room> {
    let config = context.config(&SettingFlags::default())?;
    let remote = context.connect_remote(&config, Allow::default()).await?;
    let readings = remote.settings().await?;
    let battery = remote.camera().state().battery();
    remote.leave().await;
    let remaining = |code| readings.iter().find(|reading| reading.property == code);
    let pictures = remaining(DevicePropCode::PICTURES_REMAINING).and_then(|found| found.bits);
    Ok(Room { pictures, battery })
}

fn tell(plan: &Plan, fps: f64, room: Option<&Room>, out: &Output) -> Result<(), Trouble> {
    let frames = plan.last.number;
    let film = Duration::from_secs_f64(frames as f64 / fps);
    if !out.is_json() {
        let many = text::count(frames, "frame", "frames");
        let each = if plan.is_endless { " in the first day, without end" } else { "" };
        out.data(&format!("Frames:   {many}{each}"))?;
        out.data(&format!("First:    {}", clock(plan.first.at)))?;
        out.data(&format!("Last:     {}", clock(plan.last.at)))?;
        out.data(&format!("Film:     {} at {fps} frames a second", text::span(film)))?;
        tell_sun(plan.polar, out)?;
        room.map_or(Ok(()), |room| tell_room(plan, room, out))?;
    }
    out.json(
        "plan",
        json!({
            "frames": frames,
            "endless": plan.is_endless,
            "first": plan.first.at.to_string(),
            "last": plan.last.at.to_string(),
            "fps": fps,
            "film_s": film.as_secs_f64(),
            "pictures": room.and_then(|room| room.pictures),
            "battery": room.and_then(|room| room.battery).map(|battery| battery.to_string()),
        }),
    )
}

fn tell_sun(polar: Option<Polar>, out: &Output) -> Result<(), Trouble> {
    match polar {
        Some(Polar::Day) => out.data("Sun:      it does not set there these days"),
        Some(Polar::Night) => out.data("Sun:      it does not rise there these days"),
        None => Ok(()),
    }
}

fn tell_room(plan: &Plan, room: &Room, out: &Output) -> Result<(), Trouble> {
    let card = match room.pictures {
        None => "the camera does not tell how many pictures its card still holds".to_owned(),
        Some(pictures) => {
            let holds = format!("the camera says that it holds {pictures} more pictures");
            let day = if plan.is_endless { " for the first day" } else { "" };
            match plan.too_few(pictures) {
                0 => holds,
                missing => format!("{holds}, {missing} too few{day}; put an empty card in"),
            }
        }
    };
    out.data(&format!("Card:     {card}"))?;
    let battery = match room.battery {
        None => "the camera does not tell".to_owned(),
        Some(battery) => format!("{battery}; how long that lasts no camera tells"),
    };
    out.data(&format!("Battery:  {battery}"))
}
