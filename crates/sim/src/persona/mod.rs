//! Personas: what a simulated body is like, as data.
//!
//! A persona is a TOML file made from real logs, with the evidence of every value beside it. Where
//! the evidence is thin the value is a switch: [`Persona::set`] changes it by name, from code or
//! from the command line. Nothing here comes from the client's table of quirks.
//!
//! ```
//! use filmwire_sim::persona::Persona;
//!
//! let mut persona = Persona::builtin("X-T4").unwrap();
//! assert_eq!(persona.placeholder_bytes, 0x29000);
//! persona.set("pause_before_open_session_ms", "0").unwrap();
//! ```

mod code;
mod known;
mod policy;
mod shooting;
mod write;

use std::collections::BTreeMap;

pub use code::{Code, ListEntry, ListValue, LiveValue, modes_of_version};
pub use known::KnownModel;
pub use policy::{
    AfterPicked, DeviceInfoPolicy, FailureSignal, Faithful, HandleOrder, HugeSize, NewerAnswers,
    OkPolicy, PickedNext, SecondClient, SecondOpen, SettingReads, SideSockets, Surplus,
    UnknownRead, VersionTooLow, WrongOrder,
};
pub use shooting::Shooting;
pub use write::Notes;

use serde::{Deserialize, Serialize};

/// The persona files, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("X-A2", include_str!("../../personas/x-a2.toml")),
    ("X30", include_str!("../../personas/x30.toml")),
    ("X-T1", include_str!("../../personas/x-t1.toml")),
    ("X-T10", include_str!("../../personas/x-t10.toml")),
    ("X-T2", include_str!("../../personas/x-t2.toml")),
    ("X-T20", include_str!("../../personas/x-t20.toml")),
    ("XF10", include_str!("../../personas/xf10.toml")),
    ("X-T100", include_str!("../../personas/x-t100.toml")),
    ("X-H1", include_str!("../../personas/x-h1.toml")),
    ("X-S10", include_str!("../../personas/x-s10.toml")),
    ("X-T4", include_str!("../../personas/x-t4.toml")),
    ("X-T5", include_str!("../../personas/x-t5.toml")),
    ("X100VI", include_str!("../../personas/x100vi.toml")),
    ("permissive", include_str!("../../personas/permissive.toml")),
];

/// A persona that could not be read, or a switch that does not exist.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersonaError {
    /// No built-in persona has that name, and no body in the table of names.
    #[error(
        "there is no persona `{0}`; there are {files}, and by their name alone {names}",
        files = Persona::names().join(", "),
        names = known::by_name_alone().join(", "),
    )]
    Unknown(String),
    /// The text is no persona.
    #[error("not a persona: {0}")]
    Parse(String),
    /// A switch that does not exist, or a value it does not take.
    #[error("`{key}={value}`: {reason}")]
    Switch {
        /// The switch as written.
        key: String,
        /// The value as written.
        value: String,
        /// What was wrong.
        reason: String,
    },
}

/// What a simulated body is like. Every field is a switch of [`Persona::set`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Name of the persona.
    pub name: String,
    /// What the file was made from.
    pub faithful: Faithful,
    /// The persona this one was made from, for a body that is known by its name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<String>,
    /// Model in the init ack.
    pub model: String,
    /// Firmware in DeviceInfo, where that is not empty.
    pub firmware: String,
    /// Closes the connection for an init request that is not 82 bytes long.
    pub init_exact_length: bool,
    /// Answers another init request on the same connection after the ack.
    pub init_again: bool,
    /// OpenSession within this time after the ack is never answered.
    pub pause_before_open_session_ms: u64,
    /// How the body behaves until the person at the camera has pressed OK.
    pub ok: OkPolicy,
    /// The person presses OK this long after being asked; 0: only when told to.
    pub ok_after_ms: u64,
    /// What happens to a second client while one is connected.
    pub second_client: SecondClient,
    /// Camera state DF00 once access is granted.
    pub camera_state: u16,
    /// The first D212 list of a session, in order.
    pub start_list: Vec<ListEntry>,
    /// Version properties and what the body speaks; what is missing reads as unknown.
    pub versions: BTreeMap<Code, u32>,
    /// What a version below the body's own does.
    pub version_too_low: VersionTooLow,
    /// What writing a version before the mode it belongs to does.
    pub version_before_mode: WrongOrder,
    /// The mode DF01 whose gallery this body offers.
    pub gallery_mode: u16,
    /// The version property whose write opens the gallery.
    pub gallery_version: Code,
    /// The D212 list once the gallery is open; empty for none.
    pub gallery_list: Vec<ListEntry>,
    /// The gallery opens only after a remote function was started and stopped.
    pub gallery_needs_remote: bool,
    /// Objects answer in any mode.
    pub objects_without_gallery: bool,
    /// Settings in D212 while a remote function runs, in order; empty: no remote mode.
    pub remote_list: Vec<(Code, u32)>,
    /// Properties that can be read besides versions and states.
    pub properties: BTreeMap<Code, FixedProperty>,
    /// What reading a shooting setting directly gives.
    pub setting_reads: SettingReads,
    /// What reading a property that does not exist gives.
    pub unknown_read: UnknownRead,
    /// Response code for writing a property that does not exist.
    pub unknown_write: u16,
    /// Payload of 0x902B, as descriptors.
    pub capabilities: Vec<Descriptor>,
    /// Size in ObjectInfo unless D227 or D226 is 1; 0: always the true size.
    pub placeholder_bytes: u32,
    /// GetThumb without ObjectInfo of the same handle before it is never answered.
    pub thumb_needs_object_info: bool,
    /// D212 reads that end the silence after an unfinished read; 0: no such silence.
    pub unfinished_read_cure: u32,
    /// Which object is handle 1.
    pub handle_order: HandleOrder,
    /// Most bytes in one GetPartialObject.
    pub max_piece_bytes: u32,
    /// What GetDeviceInfo answers.
    pub device_info: DeviceInfoPolicy,
    /// Folders are objects, and handles are not 1..N but name a tree.
    pub folder_tree: bool,
    /// Time a reply takes, by operation (`"1008"`) or written property (`"DF24"`), where logged.
    pub reply_ms: BTreeMap<Code, u64>,
    /// Uses `reply_ms`; otherwise replies come at once.
    pub reply_times: bool,
    /// Card slots; with two, D244 tells which one is shown.
    pub slots: u8,
    /// So many init requests fail with 0x2019 before each session.
    pub init_fails_first: u32,
    /// What OpenSession in an open session gives.
    pub second_open_session: SecondOpen,
    /// What a command with more parameters than its operation has meets.
    pub surplus_params: Surplus,
    /// What a written value longer than its property meets.
    pub surplus_value_bytes: Surplus,
    /// No connection is taken for so long after a client vanished without a goodbye.
    pub rest_after_abrupt_end_ms: u64,
    /// What reading DF00, DF01 and the object count directly gives.
    pub state_reads: SettingReads,
    /// Writing DF01 = 2 and DF22 opens a gallery too.
    pub gallery_by_view: bool,
    /// Phone modes list raw files.
    pub lists_raw: bool,
    /// Phone modes list HEIF photos.
    pub lists_heif: bool,
    /// Size in ObjectInfo of an object past 32 bits.
    pub size_past_4g: HugeSize,
    /// The first D212 list where pictures were picked on the camera (`camera_state` = 1).
    pub picked_list: Vec<ListEntry>,
    /// They are handed out only once DF01 = 1 was written.
    pub picked_needs_mode: bool,
    /// What makes a picked picture give way to the next.
    pub picked_next: PickedNext,
    /// Picked pictures are sent resized: the person's menu setting.
    pub picked_resized: bool,
    /// What the camera does once the last picked picture was sent.
    pub after_picked: AfterPicked,
    /// The same, where the client asked (DF01 = 8).
    pub after_received: AfterPicked,
    /// The D212 list that says the person has chosen (DF01 = 8); empty: no receive mode.
    pub receive_list: Vec<ListEntry>,
    /// The person chooses so long after DF21 was written; 0: only when told to.
    pub choose_after_ms: u64,
    /// A battery that changed is told in D212 outside the remote function too.
    pub battery_in_changes: bool,
    /// The newer path, DF01 = 20.
    pub newer_path: bool,
    /// The D212 list after DF01 = 20; empty for none.
    pub newer_list: Vec<ListEntry>,
    /// What 0x9050, 0x9053, 0x9054 and 0x9055 answer.
    pub newer_answers: NewerAnswers,
    /// Which object is handle 1 on the newer path.
    pub newer_handle_order: HandleOrder,
    /// The newer path lists raw files.
    pub newer_lists_raw: bool,
    /// The newer path lists HEIF photos.
    pub newer_lists_heif: bool,
    /// A resized object announces the original's length, and its last 257 bytes are repeated.
    pub newer_resize_padding: bool,
    /// Shooting from afar: settings, captures, the light on the scene.
    #[serde(default)]
    pub shooting: Shooting,
}

/// A property with a fixed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedProperty {
    /// Width in bytes: 1, 2 or 4.
    #[serde(deserialize_with = "width")]
    pub width: usize,
    /// The value, zero-extended.
    pub value: u32,
}

fn width<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        width @ (1 | 2 | 4) => Ok(width),
        other => Err(serde::de::Error::custom(format!("a width is 1, 2 or 4 bytes, not {other}"))),
    }
}

/// A property descriptor of the capability list 0x902B.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// Which property.
    pub code: Code,
    /// Data type: 2 u8, 3 i16, 4 u16, 6 u32.
    pub data_type: u16,
    /// Factory default.
    pub default: u32,
    /// Current value.
    pub current: u32,
    /// Enumeration; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<u32>,
    /// Minimum, maximum, step; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub range: Vec<u32>,
}

impl Persona {
    /// Names of the built-in personas that have a file of their own.
    pub fn names() -> Vec<&'static str> {
        BUILTIN.iter().map(|(name, _)| *name).collect()
    }

    /// Every name that [`Persona::builtin`] takes, and what is behind it.
    pub fn known_models() -> Vec<KnownModel> {
        known::all()
    }

    /// A built-in persona; upper and lower case are the same.
    ///
    /// A body that is known by its name alone gets the persona of the class it most likely belongs
    /// to, with its own name: [`Persona::based_on`] says which, and [`Persona::faithful`] is
    /// [`Faithful::Guess`].
    ///
    /// Fails with [`PersonaError::Unknown`], which names those that exist.
    pub fn builtin(name: &str) -> Result<Self, PersonaError> {
        let found = BUILTIN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        match found {
            Some((_, text)) => Self::from_toml(text),
            None => known::generic(name).ok_or_else(|| PersonaError::Unknown(name.to_owned()))?,
        }
    }

    /// Reads a persona file.
    ///
    /// Fails with [`PersonaError::Parse`], which names line and field.
    pub fn from_toml(text: &str) -> Result<Self, PersonaError> {
        toml::from_str(text).map_err(|error| PersonaError::Parse(error.to_string()))
    }

    /// Changes one field by name: `set("ok", "init_fail")`, `set("versions.DF24", "0x20004")`.
    ///
    /// The value is TOML; bare words are text. Fails with [`PersonaError::Switch`] if the field
    /// does not exist or does not take the value; nothing is changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), PersonaError> {
        let failed = |reason: String| PersonaError::Switch {
            key: key.to_owned(),
            value: value.to_owned(),
            reason,
        };
        let mut table = toml::Table::try_from(&*self).map_err(|error| failed(error.to_string()))?;
        let parsed = toml::from_str::<toml::Table>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        let (outer, inner) = match key.split_once('.') {
            Some((outer, inner)) => (outer, Some(inner)),
            None => (key, None),
        };
        let slot = table.get_mut(outer).ok_or_else(|| failed("there is no such switch".into()))?;
        match (inner, slot) {
            (None, slot) => *slot = parsed,
            (Some(inner), toml::Value::Table(fields)) => {
                fields.insert(inner.to_owned(), parsed);
            }
            (Some(_), _) => return Err(failed("the switch has no parts".into())),
        }
        *self =
            table.try_into().map_err(|error: toml::de::Error| failed(error.message().into()))?;
        Ok(())
    }

    /// Every switch with its present value as TOML, in the order of their names; those of
    /// [`Persona::shooting`] one by one, as `shooting.light`.
    pub fn switches(&self) -> Vec<(String, String)> {
        let table = toml::Table::try_from(self).unwrap_or_default();
        let mut switches = Vec::new();
        for (key, value) in table {
            match value {
                toml::Value::Table(parts) if key == "shooting" => {
                    let part = |(part, value): (String, toml::Value)| {
                        (format!("{key}.{part}"), value.to_string())
                    };
                    switches.extend(parts.into_iter().map(part));
                }
                value => switches.push((key, value.to_string())),
            }
        }
        switches
    }

    /// Whether the body has a remote mode.
    pub fn has_remote(&self) -> bool {
        !self.remote_list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_persona_can_be_read_and_written() {
        for name in Persona::names() {
            let persona = Persona::builtin(name).unwrap();
            assert_eq!(persona.name, name);
            let text = toml::to_string(&persona).unwrap();
            assert_eq!(Persona::from_toml(&text).unwrap(), persona, "{name}");
        }
    }

    #[test]
    fn every_value_in_a_persona_file_has_its_evidence() {
        for (name, text) in BUILTIN {
            let top = text.lines().take_while(|line| !line.starts_with('['));
            let top = top.filter(|line| !line.starts_with('#'));
            for line in top.filter(|line| line.contains(" = ") && !line.starts_with("name = ")) {
                let evidence = line.rsplit_once(" # ").map(|(_, evidence)| evidence);
                let graded = evidence.is_some_and(|text| {
                    ["A: ", "B: ", "C: "].iter().any(|grade| text.starts_with(grade))
                });
                assert!(graded, "{name}: no graded evidence beside `{line}`");
                // Nobody has seen an answer of the newer path: whichever it is, it is a guess.
                let guess = !line.starts_with("newer_answers") || line.contains("# C: a guess");
                assert!(guess, "{name}: `{line}` is not called a guess");
            }
        }
    }

    /// What odd clients meet is a value where bodies may differ, and a line where they do not.
    #[test]
    fn every_persona_file_says_what_odd_clients_meet() {
        for (name, text) in BUILTIN {
            for told in [
                "\ninit_exact_length = ",
                "\nsecond_client = ",
                "\nsurplus_params = ",
                "\nsurplus_value_bytes = ",
                "\nrest_after_abrupt_end_ms = ",
                "packets split anywhere mean the same (",
                "the port of events",
            ] {
                assert_eq!(text.matches(told).count(), 1, "{name}: {told:?}");
            }
        }
    }

    #[test]
    fn switches_change_one_field() {
        let mut persona = Persona::builtin("X-A2").unwrap();
        persona.set("pause_before_open_session_ms", "0").unwrap();
        persona.set("ok", "init_fail").unwrap();
        persona.set("versions.DF22", "0x7").unwrap();
        for (key, value) in [
            ("shooting.light", "7"),
            ("shooting.light", "sun:-33"),
            ("shooting.light", "0s:7,2h:-3"),
            ("shooting.failure", "busy"),
            ("shooting.apertures", "[200, 1600]"),
        ] {
            persona.set(key, value).unwrap();
        }
        assert_eq!(persona.shooting.light.to_string(), "0ms:7,7200000ms:-3");
        let switches = persona.switches();
        assert!(switches.contains(&("shooting.failure".into(), "\"busy\"".into())));
        assert_eq!(persona.pause_before_open_session_ms, 0);
        assert_eq!(persona.ok, OkPolicy::InitFail);
        assert_eq!(persona.versions[&Code(0xDF22)], 7);
    }

    #[test]
    fn a_wrong_switch_changes_nothing() {
        let mut persona = Persona::builtin("X-A2").unwrap();
        let before = persona.clone();
        for (key, value) in [
            ("no_such", "1"),
            ("shooting.light", "1h"),
            ("ok", "maybe"),
            ("init_again", "3"),
            ("ok.x", "1"),
        ] {
            assert!(persona.set(key, value).is_err(), "{key}={value}");
        }
        assert_eq!(persona, before);
        assert!(Persona::builtin("X-Z9").unwrap_err().to_string().contains("X-T20"));
    }
}
