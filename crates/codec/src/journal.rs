//! A row of the simulated camera's journal: what was asked and what was answered.
//!
//! The type lives here so that tests and tools can compare runs without knowing the simulator.

/// Most bytes of a data phase a row keeps.
pub const VALUE_BYTES: usize = 64;

/// Whether the guard had something to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A reading operation or bookkeeping.
    Allowed,
    /// Outside the guard and carried out, because it was allowed on the command line.
    Permitted,
    /// Outside the guard, not carried out.
    Violation,
    /// Not answered at all.
    Silent,
}

/// Which way the data phase went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// None.
    None,
    /// Camera to client.
    In,
    /// Client to camera.
    Out,
}

/// One transaction, or one step of the registration, as the simulated camera saw it.
///
/// Two runs can be compared: the time stands apart from what happened.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JournalRow {
    /// Milliseconds since the simulator started; the only field that differs between equal runs.
    pub at_ms: u64,
    /// Counts connections from 1.
    pub connection: u32,
    /// Counts rows of the connection from 1.
    pub number: u32,
    /// Way of the data phase.
    pub direction: Direction,
    /// Transaction id; 0 for init and goodbye.
    pub transaction: u32,
    /// Operation code; 0 for init and goodbye, which `note` names.
    pub operation: u16,
    /// Parameters as sent, at most five.
    pub params: Vec<u32>,
    /// The first [`VALUE_BYTES`] of what the client sent in its data phase.
    pub value: Vec<u8>,
    /// Length of the data phase in bytes, whichever way.
    pub length: u64,
    /// Response code; `None` where nothing was answered.
    pub response: Option<u16>,
    /// What the guard said.
    pub verdict: Verdict,
    /// Words for what is no transaction: "init", "goodbye", "closed by peer", or a fault's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl JournalRow {
    /// True if both rows tell the same but for the time.
    pub fn same_but_time(&self, other: &Self) -> bool {
        Self { at_ms: 0, ..self.clone() } == Self { at_ms: 0, ..other.clone() }
    }
}
