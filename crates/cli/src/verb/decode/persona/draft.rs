//! Makes a persona of what was seen: a known one, with everything put right that the capture shows.

use std::fmt::Debug;

use filmwire_codec::{DevicePropCode as Prop, ResponseCode};
use filmwire_sim::Persona;
use filmwire_sim::persona::{
    Code, Faithful, ListEntry, ListValue, LiveValue, Notes, OkPolicy, SecondOpen, SettingReads,
    Surplus, UnknownRead, WrongOrder,
};

use super::facts::{Entries, Facts, List};

/// What stands for a body of which no version was read.
const USUAL: &str = "X-T20";
const OK: u16 = ResponseCode::OK.0;

/// A persona that is being made.
pub(super) struct Draft {
    pub(super) persona: Persona,
    pub(super) notes: Notes,
    /// The persona that stands for what was not seen.
    pub(super) base: String,
}

impl Draft {
    /// Takes the persona of this very model, or else the one that speaks the same versions.
    pub(super) fn new(facts: &Facts, model: &str) -> Option<Self> {
        let base = match Persona::builtin(model) {
            Ok(persona) => persona,
            Err(_) => nearest(facts)?,
        };
        let name = base.name.clone();
        let based_on = Some(base.based_on.clone().unwrap_or_else(|| name.clone()));
        let persona = Persona {
            name: model.to_owned(),
            model: model.to_owned(),
            faithful: Faithful::Class,
            based_on,
            ..base
        };
        let mut draft = Self { persona, notes: Notes::default(), base: name };
        draft.notes.add("name", "this file");
        let faithful = "what was seen in a capture, and the rest of another body";
        draft.notes.add("faithful", faithful);
        draft.notes.add("based_on", "what stands for all that was not seen");
        draft.notes.add("model", "seen");
        Some(draft)
    }

    /// Says that a value was seen.
    pub(super) fn seen(&mut self, path: &str) {
        self.notes.add(path, "seen");
    }

    /// Says what contradicts a value.
    pub(super) fn also<T: Debug>(&mut self, path: &str, others: &[T]) {
        for other in others {
            self.notes.add(path, &format!("seen also: {other:?}"));
        }
    }

    /// How a client gets in.
    pub(super) fn access(&mut self, facts: &Facts) {
        if let Some(firmware) = facts.firmware.first().filter(|text| !text.is_empty()) {
            self.persona.firmware = super::tame(firmware);
            self.seen("firmware");
            self.also("firmware", facts.firmware.others());
        }
        if facts.is_registered_again {
            self.persona.init_again = true;
            self.seen("init_again");
        }
        if let Some(after) = facts.open_after_ms {
            let path = "pause_before_open_session_ms";
            if after < self.persona.pause_before_open_session_ms {
                self.persona.pause_before_open_session_ms = after;
                self.notes
                    .add(path, &format!("seen: answered {after} ms after the ack; it may be less"));
            } else {
                let words =
                    format!("not seen: as the {}; answered {after} ms after the ack", self.base);
                self.notes.add(path, &words);
            }
        }
        self.person(facts);
        match facts.second_open.first().map(|&code| ResponseCode(code)) {
            Some(ResponseCode::SESSION_ALREADY_OPEN) => {
                self.persona.second_open_session = SecondOpen::AlreadyOpen;
                self.seen("second_open_session");
            }
            Some(ResponseCode::OK) => {
                self.persona.second_open_session = SecondOpen::Ok;
                self.seen("second_open_session");
            }
            _ => {}
        }
    }

    /// What the person at the camera had to do.
    fn person(&mut self, facts: &Facts) {
        let (fails, times) = facts.init_fails;
        self.persona.init_fails_first = 0;
        match facts.ok {
            Some((OkPolicy::InitFail, _)) if times > 1 => {
                self.persona.ok = OkPolicy::None;
                self.persona.init_fails_first = fails;
                self.notes.add("init_fails_first", "seen: more than one registration began so");
                self.notes.add("ok", "guess: registrations fail by themselves, not for a person");
            }
            Some((ok, after_ms)) => {
                (self.persona.ok, self.persona.ok_after_ms) = (ok, after_ms);
                self.notes.add("ok", "seen: a client had to wait");
                self.notes.add("ok_after_ms", "seen: so long it waited; 0 waits until told to");
                self.notes
                    .add("init_fails_first", "seen: not more often than a person may explain");
            }
            None => {
                (self.persona.ok, self.persona.ok_after_ms) = (OkPolicy::None, 0);
                self.notes
                    .add("ok", "seen: nobody had to wait; a client it does not know may have to");
                self.seen("init_fails_first");
            }
        }
    }

    /// The D212 lists.
    pub(super) fn lists(&mut self, facts: &Facts) {
        if let Some(&state) = facts.states.first() {
            self.persona.camera_state = state;
            self.seen("camera_state");
            self.also("camera_state", facts.states.others());
        }
        for (list, path) in [
            (List::Start, "start_list"),
            (List::Picked, "picked_list"),
            (List::Gallery, "gallery_list"),
            (List::Receive, "receive_list"),
            (List::Newer, "newer_list"),
        ] {
            let Some(told) = facts.lists.get(&list) else { continue };
            let mut told: Vec<Vec<ListEntry>> = told.all().iter().map(filled).collect();
            told.dedup();
            let first = told.remove(0);
            if first.iter().any(|(code, value)| code.0 == 0xD401 && *value == COUNT) {
                self.notes.add(path, "seen; that D401 is the count too is a guess from its value");
            } else {
                self.seen(path);
            }
            told.retain(|other| *other != first);
            self.also(path, &told.iter().map(|list| words(list)).collect::<Vec<_>>());
            *match list {
                List::Picked => &mut self.persona.picked_list,
                List::Gallery => &mut self.persona.gallery_list,
                List::Receive => &mut self.persona.receive_list,
                List::Newer => &mut self.persona.newer_list,
                List::Start | List::Remote => &mut self.persona.start_list,
            } = first;
        }
        if let Some(after) = facts.chosen_after_ms {
            self.persona.choose_after_ms = after.max(1);
            self.seen("choose_after_ms");
        }
        if facts.is_battery_told {
            self.persona.battery_in_changes = true;
            self.seen("battery_in_changes");
        }
        self.remote(facts);
    }

    fn remote(&mut self, facts: &Facts) {
        if let Some(told) = facts.lists.get(&List::Remote)
            && let Some(first) = told.first()
        {
            let codes = |list: &Entries| list.iter().map(|(code, _)| *code).collect::<Vec<_>>();
            self.persona.remote_list =
                first.iter().map(|&(code, value)| (Code(code), value)).collect();
            self.seen("remote_list");
            let more = told.others().iter().filter(|list| codes(list) != codes(first));
            let more: Vec<String> = more
                .map(|list| codes(list).iter().map(|code| format!("{code:04X} ")).collect())
                .collect();
            self.also("remote_list", &more);
        } else if let [ref refusal] = *facts.remote_starts.all()
            && *refusal == ResponseCode::OPERATION_NOT_SUPPORTED.0
        {
            self.persona.remote_list.clear();
            self.notes.add("remote_list", "seen: 0x101C is refused");
        }
    }

    /// Versions: what was read counts; what was only written is the client's.
    pub(super) fn versions(&mut self, facts: &Facts) {
        let codes = facts.reads.iter().filter(|(code, _)| Prop(**code).is_version());
        for (&code, read) in codes {
            let path = format!("versions.{}", Code(code));
            let Some(&(_, value)) = read.first() else { continue };
            self.persona.versions.insert(Code(code), value);
            self.seen(&path);
            for (_, other) in read.others() {
                self.notes.add(&path, &format!("seen also: {other:#X}"));
            }
            if let Some(&(_, written)) = facts.written.get(&code).filter(|(_, told)| *told != value)
            {
                self.notes.add(
                    &path,
                    &format!("seen also: a client wrote {written:#X}, and was answered OK"),
                );
            }
        }
        for (&code, &(_, value)) in
            facts.written.iter().filter(|(code, _)| Prop(**code).is_version())
        {
            let path = format!("versions.{}", Code(code));
            if self.notes.beside(&path).is_none() {
                self.persona.versions.insert(Code(code), value);
                let words = "not seen: never read; a client wrote it, and was answered OK";
                self.notes.add(&path, words);
            }
        }
        if facts.is_early_version_taken {
            self.persona.version_before_mode = WrongOrder::Accept;
            self.seen("version_before_mode");
        }
        if let Some(met) = facts.low_version.first() {
            self.persona.version_too_low = *met;
            self.seen("version_too_low");
            self.also("version_too_low", facts.low_version.others());
        }
        for code in facts.empty_reads.keys().filter(|code| !facts.written.contains_key(code)) {
            self.persona.versions.remove(&Code(*code));
        }
    }

    /// Properties with a fixed value, and what reads and writes of others meet.
    pub(super) fn reads(&mut self, facts: &Facts) {
        if let Some(&told) = facts.state_reads.first() {
            self.persona.state_reads = if told { SettingReads::Value } else { SettingReads::Zero };
            self.seen("state_reads");
        }
        if let Some((code, response)) = facts.empty_reads.first_key_value() {
            self.persona.unknown_read = match *response {
                OK => UnknownRead::EmptyOk,
                _ => UnknownRead::NotSupported,
            };
            self.notes.add("unknown_read", &format!("seen: {}", Code(*code)));
            let other = facts.empty_reads.iter().filter(|(_, other)| *other != response);
            let other: Vec<String> =
                other.map(|(code, other)| format!("{} {other:#06X}", Code(*code))).collect();
            self.also("unknown_read", &other);
        }
        for code in facts.empty_reads.keys() {
            self.persona.properties.remove(&Code(*code));
            if Prop(*code) == Prop::SLOT {
                self.persona.slots = 1;
                self.notes.add("slots", "seen: D244 is empty");
            }
        }
        // "Access denied" is said of what exists.
        let unknown = facts.refused.iter().filter(|(code, response)| {
            **response != ResponseCode::ACCESS_DENIED.0 && !self.is_known(**code)
        });
        if let Some((code, response)) = unknown.map(|(code, response)| (*code, *response)).next() {
            self.persona.unknown_write = response;
            self.notes.add("unknown_write", &format!("seen: {}", Code(code)));
        }
        for (code, read) in &facts.reads {
            self.read(*code, read.all());
        }
        for (&code, &(width, value)) in &facts.written {
            if !self.is_known(code) && Prop(code) != Prop::GEOLOCATION {
                self.fixed(code, width, value);
                let words = "not seen: never read; a client wrote it, and was answered OK";
                self.notes.add(&format!("properties.{}", Code(code)), words);
            }
        }
        match facts.surplus_values.first().map(|&code| ResponseCode(code)) {
            Some(ResponseCode::OK) => {
                self.persona.surplus_value_bytes = Surplus::Ignore;
                self.seen("surplus_value_bytes");
            }
            Some(_) => {
                self.persona.surplus_value_bytes = Surplus::Refuse;
                self.seen("surplus_value_bytes");
            }
            None => {}
        }
    }

    fn read(&mut self, code: u16, values: &[(usize, u32)]) {
        let Some(&(width, value)) = values.first() else { return };
        match Prop(code) {
            Prop::RESIZE | Prop::REAL_FILE_SIZE => {}
            Prop::SLOT => {
                self.persona.slots = self.persona.slots.max(2);
                self.notes.add("slots", "seen: D244 can be read");
            }
            code if code.is_version() => {}
            Prop(code) if self.is_setting(code) => {
                let listed = self.persona.remote_list.iter().find(|(known, _)| known.0 == code);
                let is_told = values.iter().any(|(_, value)| *value != 0);
                let is_zero = listed.is_some_and(|(_, value)| *value != 0) && !is_told;
                // A zero where nothing else is known says nothing.
                if is_told || is_zero {
                    self.persona.setting_reads =
                        if is_told { SettingReads::Value } else { SettingReads::Zero };
                    if self.notes.beside("setting_reads").is_none() {
                        self.notes.add("setting_reads", &format!("seen: {}", Code(code)));
                    }
                }
            }
            _ => {
                self.fixed(code, width, value);
                let path = format!("properties.{}", Code(code));
                self.seen(&path);
                let others: Vec<u32> = values.iter().skip(1).map(|(_, value)| *value).collect();
                self.also(&path, &others);
            }
        }
    }

    fn fixed(&mut self, code: u16, width: usize, value: u32) {
        let fixed = filmwire_sim::persona::FixedProperty { width, value };
        self.persona.properties.insert(Code(code), fixed);
    }

    fn is_setting(&self, code: u16) -> bool {
        let is_fixed = self.persona.properties.contains_key(&Code(code));
        let listed = self.persona.remote_list.iter().any(|(known, _)| known.0 == code);
        !is_fixed && (listed || self.persona.capabilities.iter().any(|known| known.code.0 == code))
    }

    fn is_known(&self, code: u16) -> bool {
        self.persona.versions.contains_key(&Code(code))
            || self.persona.properties.contains_key(&Code(code))
            || self.is_setting(code)
    }

    /// Says of everything else that it was not seen, and how much was.
    pub(super) fn rest(&mut self) -> (usize, usize) {
        let of_table = |table: &str, code: String| format!("{table}.{code}");
        let fields = self.persona.switches().into_iter().map(|(key, _)| key);
        let tables = ["versions", "properties", "reply_ms", "capabilities"];
        let mut paths: Vec<String> = fields.filter(|key| !tables.contains(&key.as_str())).collect();
        let persona = &self.persona;
        paths.extend(persona.versions.keys().map(|code| of_table("versions", code.to_string())));
        paths
            .extend(persona.properties.keys().map(|code| of_table("properties", code.to_string())));
        paths.extend(persona.reply_ms.keys().map(|code| of_table("reply_ms", code.to_string())));
        let described = persona.capabilities.iter();
        paths.extend(described.map(|known| of_table("capabilities", known.code.to_string())));
        let (mut seen, mut unseen) = (0, 0);
        for path in &paths {
            match self.notes.beside(path) {
                Some(words) if words.starts_with("seen") => seen += 1,
                Some(words) => {
                    let is_open = words.starts_with("not seen") || words.starts_with("guess");
                    unseen += usize::from(is_open);
                }
                None => {
                    unseen += 1;
                    // Of those, what is as every body's is not written.
                    if !path.starts_with("shooting.") {
                        self.notes.add(path, &format!("not seen: as the {}", self.base));
                    }
                }
            }
        }
        (seen, unseen)
    }
}

const COUNT: ListValue = ListValue::Live(LiveValue::Count);

/// A list as a persona has it: with words for what the camera fills in.
fn filled(told: &Entries) -> Vec<ListEntry> {
    let count = told.iter().find(|(code, _)| Prop(*code) == Prop::OBJECT_COUNT);
    let value = |(code, value): (u16, u32)| match Prop(code) {
        Prop::CAMERA_STATE => ListValue::Live(LiveValue::State),
        Prop::OBJECT_COUNT => COUNT,
        Prop::OBJECT_COUNT_2 if count.is_some_and(|(_, count)| *count == value) => COUNT,
        _ => ListValue::Number(value),
    };
    told.iter().map(|&entry| (Code(entry.0), value(entry))).collect()
}

fn words(list: &[ListEntry]) -> String {
    let value = |value: ListValue| match value {
        ListValue::Number(number) => format!("{number:#X}"),
        ListValue::Live(LiveValue::Count) => "count".to_owned(),
        ListValue::Live(LiveValue::State) => "state".to_owned(),
    };
    list.iter().map(|(code, v)| format!("{code}={}", value(*v))).collect::<Vec<_>>().join(" ")
}

/// The persona with most of the versions that were read, and of those the one nearest in DF24.
fn nearest(facts: &Facts) -> Option<Persona> {
    let read = |code: u16| facts.reads.get(&code).and_then(|read| read.first()).map(|read| read.1);
    let versions: Vec<(u16, u32)> =
        (0xDF21..=0xDF31).filter_map(|code| Some((code, read(code)?))).collect();
    if versions.is_empty() {
        return Persona::builtin(USUAL).ok();
    }
    let bodies = Persona::names().into_iter().filter(|name| *name != "permissive");
    bodies.filter_map(|name| Persona::builtin(name).ok()).max_by_key(|persona| {
        let has = |(code, value): &&(u16, u32)| persona.versions.get(&Code(*code)) == Some(value);
        let spoken = persona.versions.get(&Code(Prop::REMOTE_VERSION.0)).copied();
        let far = read(Prop::REMOTE_VERSION.0).unwrap_or(0).abs_diff(spoken.unwrap_or(0));
        (versions.iter().filter(has).count(), u32::MAX - far)
    })
}
