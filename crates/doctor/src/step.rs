//! The steps, and what came of each.

use std::fmt;
use std::time::Duration;

use filmwire_camera::Error;

/// A step on the way to the first object, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The address is one, and its interface exists.
    Address,
    /// This computer has a radio that may be used.
    Radio,
    /// No switch has it off.
    Rfkill,
    /// A country's rules for channels hold.
    Regdom,
    /// NetworkManager handles networks, and lets us join them.
    Manager,
    /// The camera's network is in sight.
    Scan,
    /// The radio is in it.
    Association,
    /// It has an address there.
    Dhcp,
    /// What is sent to the camera goes there, and what it answers comes in.
    Route,
    /// Something accepts a connection there.
    Tcp,
    /// It answers our registration and says its model.
    Init,
    /// It opens a session.
    Session,
    /// The person at the camera lets us in.
    Ok,
    /// The camera is in a function that shows photos, and enters it.
    Mode,
    /// Versions of the functions are told and agreed on, and the gallery opens.
    Versions,
    /// The first object is described, and its first bytes come.
    FirstObject,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 16] = [
        Self::Address,
        Self::Radio,
        Self::Rfkill,
        Self::Regdom,
        Self::Manager,
        Self::Scan,
        Self::Association,
        Self::Dhcp,
        Self::Route,
        Self::Tcp,
        Self::Init,
        Self::Session,
        Self::Ok,
        Self::Mode,
        Self::Versions,
        Self::FirstObject,
    ];

    /// Those that lead into the camera's network, before the camera is asked anything.
    pub const WAY: [Self; 8] = [
        Self::Radio,
        Self::Rfkill,
        Self::Regdom,
        Self::Manager,
        Self::Scan,
        Self::Association,
        Self::Dhcp,
        Self::Route,
    ];

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Radio => "radio",
            Self::Rfkill => "rfkill",
            Self::Regdom => "regdom",
            Self::Manager => "manager",
            Self::Scan => "scan",
            Self::Association => "association",
            Self::Dhcp => "dhcp",
            Self::Route => "route",
            Self::Tcp => "tcp",
            Self::Init => "init",
            Self::Session => "session",
            Self::Ok => "ok",
            Self::Mode => "mode",
            Self::Versions => "versions",
            Self::FirstObject => "first-object",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// The way goes on, but perhaps not well.
    Doubtful {
        /// Why.
        cause: String,
        /// What the person can do.
        cure: String,
    },
    /// It does not concern this way, or there is nobody to ask; that breaks nothing.
    Skipped {
        /// Why.
        why: String,
    },
    /// The way is broken here.
    Failed {
        /// Why, as far as can be told.
        cause: String,
        /// What the person can do.
        cure: String,
    },
    /// The way was broken before.
    NotReached,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// Which.
    pub step: Step,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, in words; empty if there was nothing to see.
    pub saw: String,
    /// Time since the examination began.
    pub at: Duration,
}

/// What came of all steps.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// One report for each of [`Step::ALL`], in that order.
    pub steps: Vec<StepReport>,
    /// The error of the step that failed, where the camera was asked.
    pub error: Option<Error>,
}

impl Diagnosis {
    /// True if the way led to its end.
    pub fn is_healthy(&self) -> bool {
        let breaks =
            |outcome: &Outcome| matches!(outcome, Outcome::Failed { .. } | Outcome::NotReached);
        !self.steps.iter().any(|report| breaks(&report.outcome))
    }

    /// The step where the way is broken.
    pub fn broken_at(&self) -> Option<&StepReport> {
        self.steps.iter().find(|report| matches!(report.outcome, Outcome::Failed { .. }))
    }
}
