//! What is told of a geotagging run.

use std::time::Instant;

use filmwire_shoot::{Fix, NoFix, Place};
use serde_json::json;

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};

pub(super) struct Report<'a> {
    out: &'a Output,
    model: String,
    start: Instant,
    told: u64,
    /// Why no place was known last, while none is: it is said once.
    lacks: Option<&'static str>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a Output, model: &str) -> Self {
        let (model, start) = (text::tame(model), Instant::now());
        Self { out, model, start, told: 0, lacks: None }
    }

    /// How often the camera was told.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// The camera was told this.
    pub(super) fn place(&mut self, fix: &Fix) -> Result<(), Trouble> {
        self.told += 1;
        self.lacks = None;
        let Place { latitude, longitude, altitude, speed } = fix.place;
        let metres = match altitude {
            Some(metres @ ..0.0) => format!("  {metres:.1} m, told as 0 m"),
            Some(metres) => format!("  {metres:.1} m"),
            None => String::new(),
        };
        let (north, east) =
            (if latitude < 0.0 { 'S' } else { 'N' }, if longitude < 0.0 { 'W' } else { 'E' });
        let (lat, long) = (latitude.abs(), longitude.abs());
        self.out.say(&format!("{:.0}  {lat:.6} {north}  {long:.6} {east}{metres}", fix.at))?;
        self.out.json(
            "place",
            json!({
                "latitude": latitude,
                "longitude": longitude,
                "altitude_m": altitude,
                "speed_kmh": speed,
                "time": fix.at.to_string(),
                "text": fix.geolocation().map(|text| text.to_string()),
            }),
        )
    }

    /// No place is known.
    pub(super) fn no_fix(&mut self, no_fix: NoFix) -> Result<(), Trouble> {
        let (reason, words) = match no_fix {
            NoFix::Receiver => ("receiver", "the receiver has no fix".to_owned()),
            NoFix::Before(start) => ("before", format!("the track begins at {start}")),
            NoFix::Hole(end) => ("hole", format!("the track has a hole here, until {end}")),
            NoFix::Unsayable => {
                ("unsayable", "the camera's text cannot say where this is".to_owned())
            }
        };
        if self.lacks.replace(reason) == Some(reason) {
            return Ok(());
        }
        self.out.say(&format!("{words}; the camera is told nothing"))?;
        self.out.json("no-place", json!({ "reason": reason, "text": words }))
    }

    /// Tells what it came to.
    pub(super) fn conclude(&self, ended: &str, interrupted: bool) -> Result<(), Trouble> {
        let seconds = self.start.elapsed().as_secs_f64();
        let times = text::count(self.told, "time", "times");
        self.out.say(&format!("{} was told {times} where it is", self.model))?;
        self.out.json(
            "summary",
            json!({
                "model": self.model,
                "told": self.told,
                "seconds": seconds,
                "ended": ended,
                "interrupted": interrupted,
            }),
        )
    }
}
