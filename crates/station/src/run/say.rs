//! What is told, in words and as JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use filmwire_catalogue::Library;
use filmwire_deliver::Happening;
use filmwire_ingest::{Event, Summary, WatchEvent};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use filmwire_program::{clock, failure, notice};
use serde_json::json;

use super::state::{State, States};
use super::told::{Passage, Told};
use crate::config::{CameraConfig, Config};

/// Said beforehand where a radio may leave its network.
const SHARES: &str = "a radio may leave its network while a camera is served; what is reached by \
                      that network is not reached meanwhile, and deliveries wait";

/// Says what is told, and counts it.
pub(crate) struct Say {
    out: Output,
    library: String,
    lacks: Vec<&'static str>,
    cameras: BTreeMap<String, CameraConfig>,
    shares: bool,
    targets: Vec<String>,
    states: States,
    count: Count,
}

/// Counted for the end.
#[derive(Debug, Default)]
struct Count {
    passes: u64,
    troubled: u64,
    new: u64,
    failed: u64,
    delivered: u64,
}

impl Say {
    /// What a station with this configuration says.
    pub(crate) fn new(config: &Config, library: &Library, out: Output) -> Self {
        Self {
            out,
            library: library.root().display().to_string(),
            lacks: config.lacks(),
            cameras: config.cameras.clone(),
            shares: config.shares_radio(),
            targets: config.targets.keys().cloned().collect(),
            states: States::default(),
            count: Count::default(),
        }
    }

    /// Where it is said.
    pub(crate) fn out(&self) -> &Output {
        &self.out
    }

    /// The state after all that was told.
    pub(crate) fn state(&self) -> State {
        self.states.now()
    }

    /// Says what the station is there for, and what it lacks.
    pub(crate) fn begin(&self) -> Result<(), Trouble> {
        let cameras: Vec<_> = self.cameras.keys().collect();
        self.out.note(&format!("Photos come to {}", self.library));
        for lack in &self.lacks {
            self.out.warn(lack);
        }
        if self.shares {
            self.out.warn(SHARES);
        }
        let line = json!({ "cameras": cameras, "targets": self.targets, "lacks": self.lacks });
        self.out.json("station", line)
    }

    /// Says one thing. Fails if nobody reads any more.
    pub(crate) fn tell(&mut self, told: Told) -> Result<(), Trouble> {
        let before = self.states.now();
        self.states.follow(&told);
        match told {
            Told::Camera { name, event } => self.camera(&name, event)?,
            Told::Away { name, cause } => {
                self.out.note(&format!("{name}: not there ({})", text::tame(&cause)));
                self.out.json("away", json!({ "camera": &*name, "text": cause }))?;
            }
            Told::Stranger { ssid } => {
                let network = text::tame(&ssid);
                self.out.note(&format!(
                    "{network} is in sight and not configured; if it is your camera's, write \
                     [cameras.NAME] with network = \"{network}\""
                ));
                self.out.json("stranger", json!({ "network": ssid }))?;
            }
            Told::Notice { name, notice } => {
                if let Some(words) = notice::words(&notice) {
                    self.out.call(&format!("{name}: {}", words.text));
                    let line = json!({
                        "camera": &*name, "notice": words.notice, "wait": words.wait,
                        "text": words.text,
                    });
                    self.out.json("notice", line)?;
                }
            }
            Told::Passage { name, passage } => self.passage(&name, passage)?,
            Told::Target(event) => self.target(&event.target, event.what)?,
        }
        let now = self.states.now();
        if now != before {
            self.out.json("state", json!({ "state": now.word() }))?;
        }
        Ok(())
    }

    fn camera(&mut self, name: &str, event: WatchEvent) -> Result<(), Trouble> {
        let out = &self.out;
        match event {
            WatchEvent::Waiting => {
                let Some(camera) = self.cameras.get(name) else { return Ok(()) };
                let ssid = camera.network.as_ref().map(|network| text::tame(&network.ssid));
                let address = camera.entry.address.to_string();
                match &ssid {
                    Some(ssid) => out.note(&format!("{name}: waiting for its network {ssid}")),
                    None => out.note(&format!("{name}: waiting for it at {address}")),
                }
                out.json("waiting", json!({ "camera": name, "address": address, "network": ssid }))
            }
            WatchEvent::Odd { cause } => {
                out.warn(&format!("{name}: {}; trying again all the same", text::tame(&cause)));
                out.json("odd", json!({ "camera": name, "text": cause }))
            }
            WatchEvent::Locked { by } => {
                out.note(&format!("{name}: waiting until it is free: {}", text::tame(&by)));
                out.json("locked", json!({ "camera": name, "text": by }))
            }
            WatchEvent::Seen => out.json("seen", json!({ "camera": name })),
            WatchEvent::Pass(event) => self.pass(name, event),
            WatchEvent::Served(summary) => self.served(name, &summary),
            WatchEvent::Failed(error) => {
                (self.count.passes, self.count.troubled) =
                    (self.count.passes + 1, self.count.troubled + 1);
                self.out.note(&format!("{name}: the look at it failed"));
                failure::report(&error.into(), &self.out);
                self.out.json("troubled", json!({ "camera": name }))
            }
            WatchEvent::Resting => out.json("resting", json!({ "camera": name })),
            WatchEvent::Blind => {
                let text = "from here it cannot be seen whether it is still there; it is looked at \
                            again on SIGUSR1 only";
                out.warn(&format!("{name}: {text}"));
                out.json("blind", json!({ "camera": name, "text": text }))
            }
            WatchEvent::Gone => {
                out.note(&format!("{name}: it is gone"));
                out.json("gone", json!({ "camera": name }))
            }
            _ => Ok(()),
        }
    }

    fn passage(&self, name: &str, passage: Passage) -> Result<(), Trouble> {
        let out = &self.out;
        match passage {
            Passage::Joined { ssid, radio, leaves } => {
                let left =
                    leaves.as_ref().map(|left| format!(", and has left {}", text::tame(left)));
                let left = left.unwrap_or_default();
                out.note(&format!("{name}: {radio} is in {}{left}", text::tame(&ssid)));
                let line =
                    json!({ "camera": name, "network": ssid, "radio": radio, "leaves": leaves });
                out.json("joined", line)
            }
            Passage::Left { ssid } => {
                out.note(&format!("{name}: left {}", text::tame(&ssid)));
                out.json("left", json!({ "camera": name, "network": ssid }))
            }
            Passage::Trouble { text: cause, cure } => {
                out.error(&format!("{name}: {}", text::tame(&cause)), &cure);
                out.json("stranded", json!({ "camera": name, "text": cause, "help": cure }))
            }
        }
    }

    fn pass(&mut self, name: &str, event: Event) -> Result<(), Trouble> {
        let out = &self.out;
        match event {
            Event::Connected { model, objects } => {
                let model = text::tame(&model);
                let objects_text = text::count(objects.into(), "object", "objects");
                out.note(&format!("{name}: {model} shows {objects_text}"));
                out.json("connected", json!({ "camera": name, "model": model, "objects": objects }))
            }
            Event::Published(done) => {
                self.count.new += 1;
                let path = text::tame(&done.path);
                out.note(&format!("{name}: fetched {path}, {}", text::bytes(done.size)));
                let line = json!({
                    "camera": name, "path": done.path, "size": done.size,
                    "sha256": text::hex(&done.sha256), "duplicate": done.duplicate,
                    "damaged": done.damaged,
                });
                out.json("fetched", line)
            }
            Event::Failed { name: file, reason } => {
                self.count.failed += 1;
                out.warn(&format!("{name}: {} failed: {}", text::tame(&file), text::tame(&reason)));
                out.json("failed", json!({ "camera": name, "name": file, "reason": reason }))
            }
            Event::LinkLost { cause, attempt, .. } => {
                out.warn(&format!("{name}: connection lost: {}; trying again", text::tame(&cause)));
                out.json("link-lost", json!({ "camera": name, "text": cause, "attempt": attempt }))
            }
            Event::CameraFree => {
                out.note_bold(&format!("{name}: the camera may be switched off now"));
                out.json("camera-free", json!({ "camera": name }))
            }
            _ => Ok(()),
        }
    }

    fn served(&mut self, name: &str, summary: &Summary) -> Result<(), Trouble> {
        self.count.passes += 1;
        self.count.troubled += u64::from(summary.failed > 0 || summary.interrupted);
        self.out.note(&format!(
            "{name}: {} new, {} known, {} skipped, {} failed; {}",
            summary.new,
            summary.known,
            summary.skipped_total(),
            summary.failed,
            summary.out_of_reach
        ));
        let skipped: BTreeMap<&str, u64> =
            summary.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        let line = json!({
            "camera": name, "model": summary.model, "seen": summary.seen, "new": summary.new,
            "known": summary.known, "skipped": skipped, "failed": summary.failed,
            "bytes": summary.bytes, "interrupted": summary.interrupted,
            "manifest": summary.manifest, "out_of_reach": summary.out_of_reach,
        });
        self.out.json("served", line)
    }

    fn target(&mut self, target: &str, what: Happening) -> Result<(), Trouble> {
        let out = &self.out;
        match what {
            Happening::Queued { files } => {
                out.json("queued", json!({ "target": target, "files": files }))
            }
            Happening::Sending { path, size } => {
                out.json("sending", json!({ "target": target, "path": path, "size": size }))
            }
            Happening::Proven { path, placed, proof } => {
                self.count.delivered += 1;
                out.note(&format!("{target}: has {} ({proof})", text::tame(&placed)));
                let line =
                    json!({ "target": target, "path": path, "placed": placed, "proof": proof });
                out.json("delivered", line)
            }
            Happening::Failed { path, reason, next } => {
                let again = if next.is_some() { "later again" } else { "not again by itself" };
                let (path_text, why) = (text::tame(&path), text::tame(&reason));
                out.warn(&format!("{target}: {path_text} is not there: {why}; {again}"));
                let line =
                    json!({ "target": target, "path": path, "text": reason, "next_ms": next });
                out.json("not-delivered", line)
            }
            Happening::Paused { reason, next } => {
                out.warn(&format!(
                    "{target}: cannot be used: {}; later again",
                    text::tame(&reason)
                ));
                out.json("paused", json!({ "target": target, "text": reason, "next_ms": next }))
            }
            Happening::Quiet { until } => {
                out.note(&format!("{target}: quiet hours until {}", clock::time_of_day(until)));
                out.json("quiet", json!({ "target": target, "until_ms": until }))
            }
            Happening::Idle { next } => {
                out.json("idle", json!({ "target": target, "next_ms": next }))
            }
            _ => Ok(()),
        }
    }

    /// True if a photo failed, or a camera was not served to its end.
    pub(crate) fn has_failed(&self) -> bool {
        self.count.failed > 0 || self.count.troubled > 0
    }

    /// Says what it all came to.
    pub(crate) fn end(&self, exit: Exit) -> Result<(), Trouble> {
        let Count { passes, troubled, new, failed, delivered } = self.count;
        let fetched = text::count(new, "new photo", "new photos");
        let delivered_text = text::count(delivered, "delivery proven", "deliveries proven");
        self.out.note(&format!("Stopped: {fetched}, {delivered_text}"));
        let line = json!({
            "outcome": exit.word(), "passes": passes, "troubled": troubled, "new": new,
            "failed": failed, "delivered": delivered,
        });
        match self.out.json("summary", line) {
            // Nobody reads; that is not the same as not done.
            Err(Trouble::PipeClosed) => Ok(()),
            said => said,
        }
    }
}
