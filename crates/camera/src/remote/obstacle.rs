//! Why a value was not reached, in words a person at the camera can use.

use std::fmt;

use filmwire_codec::value::{CommandDial, ExposureProgram};
use filmwire_codec::{DevicePropCode, ResponseCode};

use super::setting::{Change, Setting};

/// A value that the camera did not take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReached {
    /// Which setting.
    pub setting: &'static Setting,
    /// What was wanted, as bits.
    pub wanted: u32,
    /// What the camera reports now, as bits; `None` if it tells no value.
    pub actual: Option<u32>,
    /// Steps that were sent.
    pub steps: u32,
    /// Why.
    pub obstacle: Obstacle,
}

/// Why a value was not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// It cannot be set from here at all.
    NotSettable,
    /// The value has more bits than the property.
    TooWide,
    /// The camera's list (0x902B) does not have the value; these it has.
    NotListed(Vec<u32>),
    /// The camera tells no value in its present exposure program, so that none can be read back.
    NotTold(Option<ExposureProgram>),
    /// The camera's dial (D028) is at its end.
    DialAtEnd(CommandDial),
    /// The exposure program (500E) is one in which the camera chooses this value itself.
    Program(ExposureProgram),
    /// The camera said OK, and does not report it, or does not move.
    NoEffect,
    /// The camera's steps lead from one side of the value to the other; this is the side left.
    PassedOver(u32),
    /// Steps lead away whichever way they go.
    Astray,
    /// More steps than any range has were not enough.
    TooManySteps,
    /// The camera refused.
    Refused(ResponseCode),
}

impl NotReached {
    /// What the person can do about it.
    pub fn cure(&self) -> &'static str {
        let property = self.setting.property;
        match &self.obstacle {
            Obstacle::NotSettable if self.setting.change == Change::State => {
                "it is what the camera tells of itself; there is nothing to set"
            }
            Obstacle::NotSettable => {
                "set it on the body; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::TooWide | Obstacle::NotListed(_) => {
                "choose one of the values `filmwire settings` shows"
            }
            Obstacle::NotTold(_) if self.setting.change == Change::Written => {
                "set it on the body, or set the body to another exposure program and try again; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::NotTold(_) | Obstacle::Program(_)
                if property == DevicePropCode::EXPOSURE_BIAS =>
            {
                "set the body to P, A or S; its controls are dead until filmwire has left, which it has when this run ends"
            }
            // It is off A already.
            Obstacle::NotTold(Some(ExposureProgram::MANUAL))
                if property == DevicePropCode::SHUTTER_SPEED =>
            {
                "set the shutter speed on the body; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::NotTold(Some(ExposureProgram::MANUAL)) => {
                "set the aperture on the lens or the body; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::NotTold(_) | Obstacle::Program(_) => {
                "set the body to M (aperture and shutter speed both off A); its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::DialAtEnd(_) => "choose a value within the body's and the lens's range",
            Obstacle::NoEffect | Obstacle::Astray => {
                "set it on the body, and look for a menu that is open there; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Obstacle::PassedOver(_) => "choose a value that the camera has",
            Obstacle::TooManySteps => "run again; if it happens again, report it with the model",
            Obstacle::Refused(ResponseCode::DEVICE_BUSY) => "leave the camera's menu and try again",
            Obstacle::Refused(_) => {
                "filmwire does not know why; try again, or set it on the body; if it happens again, report it with the model and the code"
            }
        }
    }

    /// The cause alone, without what was wanted and what there is.
    pub fn cause(&self) -> String {
        let name = self.setting.name;
        match &self.obstacle {
            Obstacle::NotSettable if self.setting.change == Change::State => {
                format!("the {name} is no setting")
            }
            Obstacle::NotSettable => format!("the {name} cannot be set from here"),
            Obstacle::TooWide => format!("the {name} has no room for so many bits"),
            Obstacle::NotListed(listed) => {
                let words: Vec<_> = listed.iter().map(|&bits| self.setting.text(bits)).collect();
                format!("the camera lists only {}", words.join(" "))
            }
            Obstacle::NotTold(Some(ExposureProgram::MANUAL))
                if self.setting.property == DevicePropCode::SHUTTER_SPEED =>
            {
                "the camera tells no shutter speed although it is in M; bulb looks like this, and how it is used from here is unknown".to_owned()
            }
            Obstacle::NotTold(Some(program)) => {
                format!("the camera tells no {name} in its exposure program {program} (500E)")
            }
            Obstacle::NotTold(None) => format!("the camera tells no {name} now"),
            Obstacle::DialAtEnd(dial) => format!("its dial is at its end (D028: {dial})"),
            Obstacle::Program(program) => {
                format!("the camera chooses it itself in its exposure program {program} (500E)")
            }
            Obstacle::NoEffect if self.steps > 0 => {
                "the camera said OK to a step, and nothing moved".to_owned()
            }
            Obstacle::NoEffect => "the camera said OK, and does not report it".to_owned(),
            Obstacle::PassedOver(left) => {
                let (left, wanted) = (self.setting.text(*left), self.setting.text(self.wanted));
                format!("the camera went from {left} past {wanted}, which it does not have")
            }
            Obstacle::Astray => "its steps lead away from it both ways".to_owned(),
            Obstacle::TooManySteps => "it is not there after more steps than there are".to_owned(),
            Obstacle::Refused(response) => format!("the camera refused: {response}"),
        }
    }
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.setting.text(self.wanted);
        write!(f, "{} {wanted} was not reached: ", self.setting.name)?;
        if let Some(actual) = self.actual {
            write!(f, "the camera has {}", self.setting.text(actual))?;
            match self.steps {
                0 => f.write_str("; ")?,
                1 => f.write_str(" after 1 step; ")?,
                steps => write!(f, " after {steps} steps; ")?,
            }
        }
        f.write_str(&self.cause())
    }
}

impl std::error::Error for NotReached {}
