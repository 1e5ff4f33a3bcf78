//! What a run tells while it goes on, for people and as JSON.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use filmwire_camera::{Battery, ReceiveMode};
use filmwire_ingest::{Event, FileDone, FileStart, FullReason, Look, SkipReason};
use serde_json::{Value, json};

use crate::context::Context;
use crate::object::format_name;
use filmwire_program::exit::Trouble;
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::bars::Bars;
use filmwire_program::output::{Output, text};

/// Bars are not drawn more often, and JSON not written.
const BAR_PAUSE: Duration = Duration::from_millis(50);
const JSON_PAUSE: Duration = Duration::from_millis(500);

/// Tells a run's events as they come.
pub(crate) struct Report {
    pub(crate) out: Output,
    interrupt: Interrupt,
    pub(crate) dry_run: bool,
    /// The verb, for the words on how to go on.
    pub(crate) verb: &'static str,
    pub(crate) start: Instant,
    /// When the camera was ready, so that figures leave out the wait for OK.
    pub(crate) ready: Option<Instant>,
    told: Instant,
    current: FileStart,
    pub(crate) seen: Seen,
    pub(crate) closed: bool,
}

/// Counted from the events, for the case that a run ends without its own totals.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) model: String,
    pub(crate) objects: u64,
    pub(crate) new: u64,
    pub(crate) bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: BTreeMap<SkipReason, u64>,
    /// Bytes of the current file told so far.
    current_bytes: u64,
}

impl Report {
    /// A report on a run of `verb` that begins now.
    pub(crate) fn new(context: &Context<'_>, dry_run: bool, verb: &'static str) -> Self {
        let now = Instant::now();
        let current = FileStart {
            name: String::new(),
            path: None,
            size: 0,
            format: Default::default(),
            resumed: 0,
        };
        Self {
            out: context.out.clone(),
            interrupt: context.interrupt.clone(),
            dry_run,
            verb,
            start: now,
            ready: None,
            told: now,
            current,
            seen: Seen::default(),
            closed: false,
        }
    }

    /// Tells an event. If nobody reads any more, the run is asked to stop.
    pub(crate) fn tell(&mut self, event: Event) {
        self.count(&event);
        let told = match self.out.is_json() {
            true => self.tell_json(&event),
            false => self.tell_text(&event),
        };
        if told.is_err() && !self.closed {
            self.closed = true;
            self.interrupt.stop();
        }
        if let Event::Started(start) = event {
            self.current = start;
        }
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Connected { model, objects } => {
                self.seen.model.clone_from(model);
                self.seen.objects = (*objects).into();
                self.ready.get_or_insert_with(Instant::now);
            }
            Event::Receiving { model, .. } => {
                self.seen.model.clone_from(model);
                self.ready.get_or_insert_with(Instant::now);
            }
            Event::Published(done) => {
                self.seen.new += 1;
                self.seen.bytes += if done.duplicate { 0 } else { done.size };
            }
            Event::Failed { .. } => self.seen.failed += 1,
            Event::Skipped { reason, .. } => *self.seen.skipped.entry(*reason).or_default() += 1,
            Event::Started(start) => self.seen.current_bytes = start.resumed,
            Event::Progress { bytes, .. } => {
                // A file that is begun anew counts from zero again.
                let before = self.seen.current_bytes;
                self.seen.received_bytes += bytes.checked_sub(before).unwrap_or(*bytes);
                self.seen.current_bytes = *bytes;
            }
            _ => {}
        }
    }

    /// True, and the time is taken, if the last time is long enough ago.
    fn is_due(&mut self, pause: Duration) -> bool {
        let due = self.told.elapsed() >= pause;
        if due {
            self.told = Instant::now();
        }
        due
    }

    fn tell_text(&mut self, event: &Event) -> Result<(), Trouble> {
        match event {
            Event::Connected { model, objects } => {
                let objects = text::count(u64::from(*objects), "object", "objects");
                self.out.note(&format!("{} shows {objects}", text::tame(model)));
            }
            Event::Receiving { model, mode } => {
                self.out.note(&receiving(&text::tame(model), *mode));
            }
            Event::Battery(battery) if battery.is_critical() => {
                self.out.warn("the camera's battery is critical");
            }
            Event::Battery(battery) => self.out.note(&format!("Battery: {battery}")),
            Event::Mended { published, finished, taken_back } => {
                self.out.note(&mended(published + finished, *taken_back));
            }
            Event::Looked(look) => {
                self.out.note(&looked(*look));
                self.expect(*look);
            }
            Event::Started(start) => return self.tell_start(start),
            Event::Progress { bytes, size } if self.is_due(BAR_PAUSE) => {
                self.out.with_bars(|bars| bars.advance(*bytes, *size));
            }
            Event::Listing { listed, objects } => {
                self.out.with_bars(|bars| bars.listing(*listed, *objects));
            }
            Event::Published(done) => {
                self.out.with_bars(|bars| bars.end(done.size));
                return self.out.say(&published(done));
            }
            Event::Failed { name, reason } => {
                self.out.with_bars(|bars| bars.end(0));
                self.out.warn(&format!("{}: {}", text::tame(name), text::tame(reason)));
            }
            Event::CardChanged => {
                self.out.note("The card changed meanwhile; it is looked at again");
            }
            Event::OtherBody { bodies } => self.out.note(&format!(
                "Photos tell that this is another body of the same model, number {bodies}"
            )),
            Event::LinkLost { cause, attempt, pause } => self.out.warn(&format!(
                "{}; trying again in {} (attempt {attempt})",
                text::tame(cause),
                text::span(*pause)
            )),
            Event::CameraFree => self.out.note_bold("The camera may be switched off now."),
            Event::Warning(warning) => self.out.warn(&text::tame(warning)),
            Event::Skipped { handle, reason: SkipReason::Unreadable, .. } => {
                self.out.with_bars(Bars::skip);
                self.out.warn(&format!("object {handle}: the camera would not tell what it is"));
            }
            Event::Skipped { name, reason: SkipReason::TooLarge, .. } => {
                self.out.with_bars(Bars::skip);
                let name = text::tame(name);
                self.out.warn(&format!("{name}: past 4 GiB, out of reach; it stays on the card"));
            }
            // The totals say it; most are photos nobody asked for.
            Event::Skipped { .. } => self.out.with_bars(Bars::skip),
            _ => {}
        }
        Ok(())
    }

    /// Says how many files may come: all that is shown, where the whole card is listed.
    fn expect(&self, look: Look) {
        let most = match look {
            // How much of a listing that was cut was fetched before is not told.
            Look::Unchanged | Look::Removed(_) | Look::Resumed => return,
            Look::Added(count) => count,
            Look::Newest(count) => self.seen.objects.min(count.into()),
            Look::Full(_) => self.seen.objects,
        };
        self.out.with_bars(|bars| bars.expect(most));
    }

    fn tell_start(&self, start: &FileStart) -> Result<(), Trouble> {
        if self.dry_run {
            let path = text::tame(start.path.as_deref().unwrap_or(&start.name));
            return self.out.say(&row(&path, start.size, ""));
        }
        self.out.with_bars(|bars| bars.begin(&start.name, start.size, start.resumed));
        Ok(())
    }

    fn tell_json(&mut self, event: &Event) -> Result<(), Trouble> {
        if let Event::Progress { bytes, size } = event {
            if *bytes < *size && !self.is_due(JSON_PAUSE) {
                return Ok(());
            }
            let name = &self.current.name;
            return self
                .out
                .json("progress", json!({ "name": name, "bytes": bytes, "size": size }));
        }
        match line(event) {
            Some((kind, body)) => self.out.json(kind, body),
            None => Ok(()),
        }
    }
}

/// Kind and fields of an event's JSON line.
pub(crate) fn line(event: &Event) -> Option<(&'static str, Value)> {
    Some(match event {
        Event::Mended { published, finished, taken_back } => (
            "mended",
            json!({ "published": published, "finished": finished, "taken_back": taken_back }),
        ),
        Event::Connected { model, objects } => {
            ("connected", json!({ "model": model, "objects": objects }))
        }
        Event::Receiving { model, mode } => {
            ("receiving", json!({ "model": model, "mode": mode_word(*mode) }))
        }
        Event::Battery(battery) => ("battery", battery_json(*battery)),
        Event::Looked(look) => ("looked", look_json(*look)),
        Event::Listing { listed, objects } => {
            ("listing", json!({ "listed": listed, "objects": objects }))
        }
        Event::Started(start) => (
            "started",
            json!({
                "name": start.name,
                "path": start.path,
                "size": start.size,
                "format": format_name(start.format),
                "resumed": start.resumed,
            }),
        ),
        Event::Published(done) => (
            "published",
            json!({
                "name": done.name,
                "path": done.path,
                "size": done.size,
                "sha256": text::hex(&done.sha256),
                "proof": done.proof,
                "duplicate": done.duplicate,
                "damaged": done.damaged,
            }),
        ),
        Event::Failed { name, reason } => ("failed", json!({ "name": name, "reason": reason })),
        Event::Skipped { handle, name, reason } => {
            ("skipped", json!({ "handle": handle, "name": name, "reason": reason.as_str() }))
        }
        Event::CardChanged => ("card-changed", json!({})),
        Event::OtherBody { bodies } => ("other-body", json!({ "bodies": bodies })),
        Event::LinkLost { cause, attempt, pause } => (
            "link-lost",
            json!({ "cause": cause, "attempt": attempt, "pause_ms": pause.as_millis() as u64 }),
        ),
        Event::CameraFree => ("camera-free", json!({})),
        Event::Warning(text) => ("warning", json!({ "text": text })),
        _ => return None,
    })
}

fn mode_word(mode: ReceiveMode) -> &'static str {
    match mode {
        ReceiveMode::Picked => "picked",
        ReceiveMode::Asked => "asked",
    }
}

fn receiving(model: &str, mode: ReceiveMode) -> String {
    match mode {
        ReceiveMode::Picked => format!("{model} sends the pictures that were picked on it"),
        ReceiveMode::Asked => format!("{model} sends what is picked on it now"),
    }
}

fn battery_json(battery: Battery) -> Value {
    let Battery { bars, of } = battery;
    let words = battery.to_string();
    json!({ "bars": bars, "of": of, "critical": battery.is_critical(), "text": words })
}

fn look_json(look: Look) -> Value {
    match look {
        Look::Unchanged => json!({ "look": "unchanged" }),
        Look::Added(count) => json!({ "look": "added", "count": count }),
        Look::Removed(count) => json!({ "look": "removed", "count": count }),
        Look::Full(reason) => {
            let reason = match reason {
                FullReason::First => "first",
                FullReason::Asked => "asked",
                FullReason::Age => "age",
                FullReason::Unexplained => "unexplained",
            };
            json!({ "look": "full", "reason": reason })
        }
        Look::Resumed => json!({ "look": "resumed" }),
        Look::Newest(count) => json!({ "look": "newest", "count": count }),
    }
}

fn looked(look: Look) -> String {
    match look {
        Look::Unchanged => "Nothing changed on the card since the last run".to_owned(),
        Look::Added(count) => {
            format!("{} on the card", text::count(count, "new object", "new objects"))
        }
        Look::Removed(count) => {
            format!("{} gone from the card", text::count(count, "object is", "objects are"))
        }
        Look::Full(FullReason::First) => "The whole card is listed, for the first time".to_owned(),
        Look::Full(FullReason::Asked) => "The whole card is listed, as asked for".to_owned(),
        Look::Full(FullReason::Age) => {
            "The whole card is listed, since the last listing is long ago".to_owned()
        }
        Look::Full(FullReason::Unexplained) => {
            "The whole card is listed, since it changed in more than one place".to_owned()
        }
        Look::Resumed => "The listing that was cut is gone on with".to_owned(),
        Look::Newest(count) => format!("Only the {count} newest objects are looked at"),
    }
}

pub(crate) fn mended(done: u64, again: u64) -> String {
    let done = text::count(done, "file was", "files were");
    format!("Put in order what a cut run left: {done} finished, {again} will be fetched again")
}

fn published(done: &FileDone) -> String {
    let note = match (done.duplicate, done.damaged) {
        (true, _) => "  here before",
        (_, true) => "  broken on the card itself",
        _ => "",
    };
    row(&text::tame(&done.path), done.size, note)
}

/// A file's line: path and size, aligned at 80 columns for the default names.
fn row(path: &str, size: u64, note: &str) -> String {
    format!("  {path:<44} {:>9}{note}", text::bytes(size))
}
