//! `--persona`: drafts a persona of a body that nobody has described yet.
//!
//! What the capture shows is written as it was seen; the rest is what a known body does, and says
//! so. Nothing of who used the camera goes in: no serial number, no names.

use std::path::Path;

use filmwire_codec::{OperationCode, ResponseCode};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use filmwire_sim::persona::{Code, Notes};
use filmwire_trace::{Record, Tally};
use serde_json::json;

use crate::target::Sink;

mod body;
mod draft;
mod facts;
mod seen;

use draft::Draft;
use facts::{Facts, List};
use seen::Seen;

/// A camera that gives no name.
const NAMELESS: &str = "nameless";

/// A draft that is being made. Dropped before it is finished, its file is gone.
pub(super) struct Drafter {
    sink: Sink,
    seen: Seen,
}

impl Drafter {
    /// Opens the file; - is standard output. `has_output`: something else is said there.
    ///
    /// Fails with [`Trouble::Usage`] if the file exists, or if standard output is taken.
    pub(super) fn open(path: &Path, has_output: bool) -> Result<Self, Trouble> {
        let sink = super::target(path, has_output, "--persona", "draft")?;
        Ok(Self { sink, seen: Seen::default() })
    }

    /// Takes a record, shown or not.
    pub(super) fn take(&mut self, record: &Record) {
        self.seen.take(record);
    }

    /// Writes the draft and puts it under its name. Without a camera that let a client in there is
    /// none: it says so, and [`Exit::SomeFailed`].
    pub(super) fn finish(mut self, tally: &Tally, out: &Output) -> Result<Exit, Trouble> {
        let facts = self.seen.facts;
        let model = facts.model.as_deref().map(|model| match tame(model) {
            empty if empty.is_empty() => NAMELESS.to_owned(),
            model => model,
        });
        let draft = model.and_then(|model| Draft::new(&facts, &model));
        let Some(mut draft) = draft else {
            let cure = "capture from before the client connects until it has done what it does";
            out.error("no camera lets a client in: there is nothing to draft a persona from", cure);
            return Ok(Exit::SomeFailed);
        };
        draft.access(&facts);
        draft.lists(&facts);
        draft.versions(&facts);
        draft.settings(&facts);
        draft.reads(&facts);
        draft.objects(&facts);
        draft.newer(&facts);
        draft.times(&facts, tally.live.rate());
        let (seen, unseen) = draft.rest();
        head(&mut draft.notes, &draft.persona.name, &draft.base, &facts, (seen, unseen));
        let failed = |error: filmwire_sim::persona::PersonaError| Trouble::Failed {
            text: format!("the draft cannot be written: {error}"),
            cure: "please report it, without the capture".to_owned(),
        };
        let toml = draft.persona.to_toml(&draft.notes).map_err(failed)?;
        self.sink.write(toml.as_bytes())?;
        let written = self.sink.finish()?;
        for other in &facts.others {
            out.note(&format!("{} is left out: a draft is of one camera", tame(other)));
        }
        let Some(path) = written.path else { return Ok(Exit::Done) };
        let (name, base) = (&draft.persona.name, &draft.base);
        let path = path.display().to_string();
        out.note(&format!("the draft of {name} is {path}: {}", share(seen, unseen, base)));
        let line = json!({
            "path": path, "bytes": written.bytes, "model": name, "like": base,
            "seen": seen, "not_seen": unseen,
        });
        out.json("draft", line)?;
        Ok(Exit::Done)
    }
}

fn share(seen: usize, unseen: usize, base: &str) -> String {
    format!("{seen} of its {} values were seen, the rest is as the {base} has it", seen + unseen)
}

/// A stranger's text, fit to be a name.
fn tame(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    name.trim().to_owned()
}

/// What stands above the values.
fn head(notes: &mut Notes, name: &str, base: &str, facts: &Facts, (seen, unseen): (usize, usize)) {
    notes.head(&format!("{name}: a draft, made by `filmwire decode --persona` from a capture."));
    notes.head(&format!("{}.", capital(&share(seen, unseen, base))));
    notes.head("\"seen\": the capture shows it. \"seen also\": it shows something else too, which contradicts");
    notes.head("it. \"guess\": an inference. \"not seen\": nothing shows it. Switches of [shooting] that are");
    notes.head("not here were not seen, and are as every body's.");
    notes
        .head("Serial numbers, names of clients and files, and texts of properties are not in it.");
    notes.head("Odd clients, no switch: packets split anywhere mean the same;");
    notes.head("nobody on the port of events: photos are taken all the same.");
    let sessions = text::count(facts.sessions, "session", "sessions");
    let lost = match facts.incomplete {
        0 => String::new(),
        lost => {
            format!("; {} not whole and not used", text::count(lost, "transaction", "transactions"))
        }
    };
    notes.head(&format!("{sessions}{lost}."));
    if let Some(count) = count(facts) {
        notes.head(&format!("Objects it listed: {count}."));
    }
    notes.head("Operations and what they met:");
    for (&(code, response), &count) in &facts.operations {
        let operation = OperationCode(code);
        let name = operation.name().unwrap_or("unknown");
        let met = match response.map(ResponseCode) {
            None => "never answered".to_owned(),
            Some(ResponseCode::OK) => "OK".to_owned(),
            Some(response) => {
                format!("refused with {:#06X} {}", response.0, response.name().unwrap_or("unknown"))
            }
        };
        let times = text::count(count, "time", "times");
        notes.head(&format!("  {code:#06X} {name}: {met}, {times}").replace("0X", "0x"));
    }
    for (&code, &bytes) in &facts.long_reads {
        let code = Code(code);
        notes.head(&format!("Property {code} gave {bytes} bytes, which no persona can have."));
    }
    if facts.strange_descriptors > 0 {
        let count = text::count(facts.strange_descriptors, "descriptor", "descriptors");
        notes.head(&format!(
            "{count} with texts, long numbers or errors: no persona can have them."
        ));
    }
}

/// Objects the first list told.
fn count(facts: &Facts) -> Option<u32> {
    let list = facts.lists.get(&List::Start)?.first()?;
    list.iter().find(|(code, _)| *code == 0xD222).map(|(_, count)| *count)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
