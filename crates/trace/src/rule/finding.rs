//! What a note says in a form for programs.

use filmwire_codec::TransactionId;
use filmwire_codec::code::Grade;
use serde::{Serialize, Serializer};

use super::table::Rule;
use crate::record::{Note, Side};

/// Notes about one rule on a connection; more are only counted.
pub const MOST_TOLD: u8 = 8;

/// Something a client or a camera did against the fact sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its name, which stays the same.
    pub code: &'static str,
    /// Who did it.
    pub by: Side,
    /// Section of the fact sheet on Wi-Fi.
    pub section: &'static str,
    /// How sure the fact sheet is.
    #[serde(serialize_with = "grade")]
    pub grade: Grade,
    /// The transaction.
    #[serde(serialize_with = "id")]
    pub id: Option<TransactionId>,
}

/// A finding before it becomes a note.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rule: &'static Rule,
    pub(crate) at_ns: Option<u64>,
    pub(crate) id: Option<TransactionId>,
    /// What was seen; `None` if it is only counted.
    pub(crate) seen: Option<String>,
}

impl Found {
    /// The note, unless there were enough of its kind.
    pub(crate) fn note(self, connection: u32) -> Option<Note> {
        let Self { rule, at_ns, id, seen } = self;
        let Rule { code, by, section, grade, says } = *rule;
        let by_whom = match by {
            Side::Client => "the client",
            Side::Camera => "the camera",
        };
        let of = id.map(|id| format!(" in #{id}")).unwrap_or_default();
        let text = format!(
            "rule broken by {by_whom}{of}: {says}; here {} ({code}; fact sheet {section}, grade {grade:?})",
            seen?
        );
        let finding = Some(Finding { code, by, section, grade, id });
        Some(Note { at_ns, connection: Some(connection), text, finding })
    }
}

fn grade<S: Serializer>(grade: &Grade, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match grade {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    })
}

fn id<S: Serializer>(id: &Option<TransactionId>, to: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(to)
}
