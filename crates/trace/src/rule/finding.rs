//! What a note says in a form for programs.

use filmwire_codec::TransactionId;
use filmwire_codec::code::Grade;
use serde::{Serialize, Serializer};

use super::pause::Pause;
use super::table::Rule;
use crate::record::{Note, Side, micros};

/// Notes of one kind on a connection; more are only counted.
pub const MOST_TOLD: u8 = 8;

/// Something a client or a camera did that one should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing.
    pub what: What,
    /// Its name, which stays the same.
    pub code: &'static str,
    /// Who did it.
    pub by: Side,
    /// Of a rule: the section of the fact sheet on Wi-Fi.
    pub section: Option<&'static str>,
    /// Of a rule: how sure the fact sheet is.
    #[serde(serialize_with = "grade")]
    pub grade: Option<Grade>,
    /// The transaction.
    #[serde(serialize_with = "id")]
    pub id: Option<TransactionId>,
    /// Of a retry: nanoseconds since the last time. Of a silence: how long it lasted.
    #[serde(rename = "duration_us", serialize_with = "micros")]
    pub duration_ns: Option<u64>,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A rule is broken.
    Rule,
    /// Something is tried again.
    Retry,
    /// Somebody says nothing for long.
    Silence,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About {
    Rule(&'static Rule),
    Pause(&'static Pause, Option<u64>),
}

/// A finding before it becomes a note.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) about: About,
    pub(crate) at_ns: Option<u64>,
    pub(crate) id: Option<TransactionId>,
    /// What was seen; `None` if it is only counted.
    pub(crate) seen: Option<String>,
}

impl About {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.code,
            Self::Pause(pause, _) => pause.code,
        }
    }

    pub(crate) fn what(self) -> What {
        match self {
            Self::Rule(_) => What::Rule,
            Self::Pause(pause, _) => pause.what,
        }
    }

    fn finding(self, id: Option<TransactionId>) -> Finding {
        let (what, code) = (self.what(), self.code());
        let (by, section, grade, duration_ns) = match self {
            Self::Rule(rule) => (rule.by, Some(rule.section), Some(rule.grade), None),
            Self::Pause(pause, duration_ns) => (pause.by, None, None, duration_ns),
        };
        Finding { what, code, by, section, grade, id, duration_ns }
    }
}

impl Found {
    /// The note, unless there were enough of its kind.
    pub(crate) fn note(self, connection: u32) -> Option<Note> {
        let Self { about, at_ns, id, seen } = self;
        let seen = seen?;
        let of = id.map(|id| format!(" in #{id}")).unwrap_or_default();
        let text = match about {
            About::Rule(Rule { code, by, section, grade, says }) => {
                let by = match by {
                    Side::Client => "the client",
                    Side::Camera => "the camera",
                };
                format!(
                    "rule broken by {by}{of}: {says}; here {seen} ({code}; fact sheet {section}, grade {grade:?})"
                )
            }
            About::Pause(pause, _) => {
                let word = if pause.what == What::Retry { "retry" } else { "silence" };
                format!("{word}{of}: {seen} ({})", pause.code)
            }
        };
        Some(Note { at_ns, connection: Some(connection), text, finding: Some(about.finding(id)) })
    }
}

fn grade<S: Serializer>(grade: &Option<Grade>, to: S) -> Result<S::Ok, S::Error> {
    let letter = grade.map(|grade| match grade {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    });
    letter.serialize(to)
}

fn id<S: Serializer>(id: &Option<TransactionId>, to: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(to)
}
