//! What is done where a setting moved during a series.

use std::str::FromStr;

use filmwire_camera::Reading;

use super::{Drift, Profile};

/// What to do when something drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The series ends: before a frame it is not taken, after it it stays, marked.
    Stop,
    /// The frame is taken, and marked.
    Mark,
}

impl Policy {
    /// The words in command lines.
    pub const WORDS: [&str; 2] = ["stop", "mark"];
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "stop" => Ok(Self::Stop),
            "mark" => Ok(Self::Mark),
            _ => Err(format!("there are {}", Self::WORDS.join(", "))),
        }
    }
}

/// Compares the camera with a profile before and after every frame.
#[derive(Debug, Clone)]
pub struct Guard {
    /// What it has to keep.
    pub profile: Profile,
    /// What to do if it does not.
    pub policy: Policy,
}

impl Guard {
    /// What is not as the profile has it.
    pub fn drifts(&self, readings: &[Reading]) -> Vec<Drift> {
        self.profile.drifts(readings)
    }
}

/// What drifted before and after a frame, in words; empty if nothing did. What was told before is
/// not told again.
pub fn drift_text(before: &[Drift], after: &[Drift]) -> String {
    let after = after.iter().filter(|drift| !before.contains(drift));
    let words = before.iter().map(Drift::to_string);
    let words = words.chain(after.map(|drift| format!("{drift} (after the frame)")));
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use filmwire_camera::Setting;

    use super::*;

    #[test]
    fn drift_is_told_once() {
        let setting = Setting::named("iso").unwrap();
        let (property, setting) = (setting.property, Some(setting));
        let to = |actual| Drift { property, setting, wanted: 400, actual: Some(actual) };
        assert_eq!(drift_text(&[], &[]), "");
        assert_eq!(drift_text(&[to(800)], &[to(800)]), "iso is 800, not 400");
        assert_eq!(drift_text(&[], &[to(800)]), "iso is 800, not 400 (after the frame)");
        let both = "iso is 800, not 400; iso is 200, not 400 (after the frame)";
        assert_eq!(drift_text(&[to(800)], &[to(200)]), both);
        assert!("halt".parse::<Policy>().unwrap_err().contains("stop, mark"));
    }
}
