//! What is told of a run: each frame, each gap, and what it came to.

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};
use filmwire_shoot::profile::{Drift, Profile};
use filmwire_shoot::timelapse::gap::{Gap, Missed};
use filmwire_shoot::timelapse::journal::Taken;
use filmwire_shoot::timelapse::ramp::Changed;
use filmwire_shoot::timelapse::schedule::{Due, Schedule};
use filmwire_shoot::timelapse::window::Polar;
use filmwire_shoot::timelapse::{End, Event, Fetched, Keep, Outcome};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::verb::profile::{tell_applied, warn_of_model};

pub(super) struct Report {
    out: Output,
    count: Option<u64>,
    polar: Option<Polar>,
    profile: Option<Profile>,
    /// Whoever read standard output is gone; the run goes on for its journal's sake.
    told: Result<(), Trouble>,
}

/// A time as the clock on the wall shows it.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Report {
    pub(super) fn new(out: Output, schedule: &Schedule, keep: Option<&Keep>) -> Self {
        let polar = schedule.windows.polar(schedule.start);
        let profile = keep.map(|keep| keep.profile.clone());
        Self { out, count: schedule.count, polar, profile, told: Ok(()) }
    }

    /// Tells of something that happened.
    pub(super) fn take(&mut self, event: &Event) {
        let told = self.tell(event);
        if self.told.is_ok() {
            self.told = told;
        }
    }

    fn tell(&self, event: &Event) -> Result<(), Trouble> {
        match event {
            Event::Begun { start, next, resumed } => self.begun(*start, *next, *resumed),
            Event::LinkUp { at, model } => {
                self.out.say(&format!("{}  connected to {}", clock(*at), text::tame(model)))?;
                self.out.json("link", json!({ "at": at.to_string(), "up": true, "cause": null }))
            }
            Event::LinkLost { at, cause } => {
                let cause = text::tame(cause);
                self.out.warn(&format!("{}  no link to the camera: {cause}", clock(*at)));
                self.out.json("link", json!({ "at": at.to_string(), "up": false, "cause": cause }))
            }
            Event::Taken(taken) => self.taken(taken),
            Event::Missed(missed) => self.missed(missed),
            Event::Applied { model, applied } => {
                if let Some(profile) = &self.profile {
                    warn_of_model(profile, model, &self.out);
                }
                tell_applied(applied, &self.out).map(drop)
            }
            Event::Drift { at, after, drifts, is_end } => self.drift(*at, *after, drifts, *is_end),
            Event::Exposure(after, Changed { dial, from, to }) => {
                self.out.say(&format!("                     {dial} {from} to {to}"))?;
                let body = json!({ "after": after, "setting": dial.key(), "from": from, "to": to });
                self.out.json("exposure", body)
            }
            Event::NoRamp(cause) => {
                let cause = text::tame(cause);
                self.out.warn(&format!("the exposure does not follow the light: {cause}"));
                self.out.json("no-ramp", json!({ "cause": cause }))
            }
            Event::Hook(text) => {
                self.out.warn(text);
                self.out.json("hook", json!({ "error": text }))
            }
            Event::HookAwaited => {
                self.out
                    .note("The command of --on-gap still runs; it is waited for, at most a minute");
                Ok(())
            }
            Event::Fetched(fetched) => self.fetched(fetched),
            Event::Remaining(count) => self.out.json("remaining", json!({ "pictures": count })),
            _ => Ok(()),
        }
    }

    fn begun(&self, start: Timestamp, next: Option<Due>, resumed: bool) -> Result<(), Trouble> {
        let line = match next {
            Some(next) => {
                let goes = if resumed { "goes on with" } else { "begins with" };
                let of = self.count.map(|count| format!(" of {count}")).unwrap_or_default();
                format!("{goes} frame {}{of} at {}", next.number, clock(next.at))
            }
            None => "has no more frames".to_owned(),
        };
        self.out.say(&format!("The timelapse {line}"))?;
        match self.polar {
            Some(Polar::Day) => self.out.warn("at this place the sun does not set these days"),
            Some(Polar::Night) => self.out.warn("at this place the sun does not rise these days"),
            None => {}
        }
        self.out.json(
            "begun",
            json!({
                "start": start.to_string(),
                "next": next.map(|due| due.number),
                "due": next.map(|due| due.at.to_string()),
                "resumed": resumed,
            }),
        )
    }

    fn taken(&self, taken: &Taken) -> Result<(), Trouble> {
        let late = taken.fired.duration_since(taken.due).as_secs_f64() * 1000.0;
        self.out.say(&format!("{}  frame {}", clock(taken.due), taken.number))?;
        self.out.json(
            "frame",
            json!({
                "number": taken.number,
                "due": taken.due.to_string(),
                "fired": taken.fired.to_string(),
                "late_ms": late,
                "luminance": taken.luminance,
                "drift": taken.drift.as_deref().map(text::tame),
            }),
        )
    }

    fn missed(&self, missed: &Missed) -> Result<(), Trouble> {
        let Missed { first, last, why, cause, may_exist } = missed;
        let cause = text::tame(cause);
        let line = format!("{}  {} not taken: {cause}", clock(first.at), numbers(*first, *last));
        self.out.warn(&line);
        self.out.json(
            "missed",
            json!({
                "first": first.number,
                "last": last.number,
                "due": first.at.to_string(),
                "last_due": last.at.to_string(),
                "why": why,
                "cause": cause,
                "may_exist": may_exist,
            }),
        )
    }

    fn drift(
        &self,
        at: Timestamp,
        after: u64,
        drifts: &[Drift],
        is_end: bool,
    ) -> Result<(), Trouble> {
        let words: Vec<_> = drifts.iter().map(|drift| text::tame(&drift.to_string())).collect();
        let (words, time) = (words.join("; "), clock(at));
        match (drifts.is_empty(), is_end) {
            (true, _) => self.out.say(&format!("{time}  settings are as the profile has them"))?,
            (false, false) => self.out.warn(&format!("{time}  after frame {after}: {words}")),
            (false, true) => {
                let text = format!("stopped after frame {after}: {words}");
                self.out.error(&text, "set it again and run the same command to go on");
            }
        }
        self.out.json("drift", json!({ "at": at.to_string(), "after": after, "drift": words }))
    }

    fn fetched(&self, fetched: &Fetched) -> Result<(), Trouble> {
        let files = text::count(fetched.new, "original", "originals");
        let line = format!("{}  fetched {files}", clock(Timestamp::now()));
        match fetched {
            Fetched { error: Some(cause), .. } => {
                self.out.warn(&format!("{line}, then: {}", text::tame(cause)));
            }
            Fetched { failed, .. } if *failed > 0 => {
                self.out.warn(&format!("{line}; {failed} did not come"));
            }
            Fetched { is_whole: false, .. } => {
                self.out.say(&format!("{line}; more are left on the card"))?;
            }
            Fetched { new: 0, .. } => {}
            _ => self.out.say(&line)?,
        }
        self.out.json("fetched", fields(fetched))
    }

    /// Tells what the timelapse came to.
    pub(super) fn conclude(self, outcome: &Outcome) -> Result<(), Trouble> {
        let (taken, gaps) = (outcome.taken, &outcome.gaps);
        let missed = gaps.frames();
        let frames = text::count(taken + missed, "frame", "frames");
        let interrupted = outcome.end == End::Stopped;
        let line = match gaps.count() {
            0 if taken == 0 => "No frame was due".to_owned(),
            0 => format!("{frames}, all taken"),
            many => {
                let many = text::count(many, "gap", "gaps");
                format!("{frames}: {taken} taken, {missed} missing in {many}")
            }
        };
        // A pipe that was closed long ago is told once.
        self.told?;
        self.out.say(&line)?;
        gaps.list().iter().try_for_each(|gap| self.out.say(&format!("  {}", words(gap))))?;
        if gaps.unlisted() > 0 {
            let more = text::count(gaps.unlisted(), "gap", "gaps");
            self.out.say(&format!("  and {more} more; the journal has them all"))?;
        }
        if interrupted {
            self.out.say("Stopped; run the same command to go on")?;
        }
        self.out.json(
            "summary",
            json!({
                "frames": taken + missed,
                "taken": taken,
                "missed": missed,
                "gaps": gaps.list().iter().map(line_of).collect::<Vec<_>>(),
                "gaps_unlisted": gaps.unlisted(),
                "latest_ms": outcome.latest.as_secs_f64() * 1000.0,
                "interrupted": interrupted,
                "drifted": outcome.drifted,
                "fetched": outcome.fetched.as_ref().map(fields),
            }),
        )
    }
}

fn fields(fetched: &Fetched) -> Value {
    let Fetched { new, failed, is_whole, error } = fetched;
    let error = error.as_deref().map(text::tame);
    json!({ "new": new, "failed": failed, "whole": is_whole, "error": error })
}

fn numbers(first: Due, last: Due) -> String {
    if first.number == last.number {
        format!("frame {}", first.number)
    } else {
        format!("frames {} to {}", first.number, last.number)
    }
}

fn words(gap: &Gap) -> String {
    let until = match gap.frames() {
        1 => String::new(),
        _ => format!(" to {}", clock(gap.last.at)),
    };
    let cause = text::tame(&gap.cause);
    format!("{}, {}{until}: {cause}", numbers(gap.first, gap.last), clock(gap.first.at))
}

fn line_of(gap: &Gap) -> Value {
    json!({
        "first": gap.first.number,
        "last": gap.last.number,
        "due": gap.first.at.to_string(),
        "last_due": gap.last.at.to_string(),
        "why": gap.why,
        "cause": text::tame(&gap.cause),
    })
}
