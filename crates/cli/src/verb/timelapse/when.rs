//! When frames are due, as the flags say.

use std::time::Duration;

use clap::Args;
use filmwire_program::exit::Trouble;
use filmwire_shoot::timelapse::journal::Terms;
use filmwire_shoot::timelapse::schedule::Schedule;
use filmwire_shoot::timelapse::sun::Place;
use filmwire_shoot::timelapse::window::{Daily, SunHours, Windows};
use filmwire_shoot::timelapse::words::{self, NoTime};
use jiff::Timestamp;
use jiff::tz::TimeZone;

#[derive(Debug, Args)]
pub(super) struct WhenArgs {
    /// From one frame to the next, such as 10s, 1m30s or 500ms
    #[arg(long, value_name = "TIME", value_parser = words::interval)]
    interval: Duration,
    /// How many frames; 0 for no end
    #[arg(long, value_name = "N", default_value_t = 0)]
    count: u64,
    /// First frame at this time, such as 2026-12-01T06:30 [default: as soon as the camera is there]
    #[arg(long, value_name = "TIME", value_parser = here)]
    from: Option<Timestamp>,
    /// No frame at this time or later
    #[arg(long, value_name = "TIME", value_parser = here)]
    until: Option<Timestamp>,
    /// Only at these hours of each day, such as 06:00..20:00; may be given more than once
    #[arg(long, value_name = "HOURS")]
    daily: Vec<Daily>,
    /// Only at these hours of the sun, such as sunrise-30m..sunset+30m or dusk..dawn
    #[arg(long, value_name = "HOURS", requires = "at")]
    sun: Option<SunHours>,
    /// The place of --sun: degrees north and east, south and west negative
    #[arg(long, value_name = "LAT,LON", requires = "sun", allow_hyphen_values = true)]
    at: Option<Place>,
}

fn here(text: &str) -> Result<Timestamp, NoTime> {
    words::instant(text, &TimeZone::system())
}

impl WhenArgs {
    /// The schedule; its start is that of a new journal. It may have no frame.
    pub(super) fn schedule(&self) -> Result<Schedule, Trouble> {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            return Err(Trouble::usage("--until is not after --from", "give a later --until"));
        }
        Ok(Schedule {
            start: self.from.unwrap_or_else(Timestamp::now),
            interval: self.interval,
            count: (self.count > 0).then_some(self.count),
            until: self.until,
            windows: Windows { daily: self.daily.clone(), sun: self.sun.zip(self.at) },
            zone: TimeZone::system(),
        })
    }

    /// Frames begin as soon as the camera is there.
    pub(super) fn starts_now(&self) -> bool {
        self.from.is_none()
    }

    /// What a journal must have been made with.
    pub(super) fn terms(&self, schedule: &Schedule) -> Terms {
        let hours: Vec<_> = self.daily.iter().map(Daily::to_string).collect();
        let said = [
            ("interval", Some(format!("{:?}", schedule.interval))),
            ("count", Some(self.count.to_string())),
            ("from", self.from.map(|at| at.to_string())),
            ("until", self.until.map(|at| at.to_string())),
            ("daily", (!hours.is_empty()).then(|| hours.join(" "))),
            ("sun", self.sun.map(|hours| hours.to_string())),
            ("at", self.at.map(|place| place.to_string())),
        ];
        said.into_iter().filter_map(|(name, said)| Some((name.to_owned(), said?))).collect()
    }
}
