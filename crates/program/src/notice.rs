//! What a person at the camera is to do now.

use filmwire_camera::{Notice, OkWait};
use serde_json::json;

use crate::output::Output;

/// A notice in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// The word in JSON.
    pub notice: &'static str,
    /// How the camera waits, if it waits for OK.
    pub wait: Option<&'static str>,
    /// For people.
    pub text: &'static str,
}

/// Puts a notice into words; none for one of a later library.
#[must_use]
pub fn words(notice: &Notice) -> Option<Words> {
    Some(match notice {
        Notice::PressOk(wait) => {
            let (word, text) = what_to_press(*wait);
            Words { notice: "press-ok", wait: Some(word), text }
        }
        Notice::PickPictures => {
            let text = "Choose pictures on the camera now, and send them.";
            Words { notice: "pick-pictures", wait: None, text }
        }
        Notice::Accepted => {
            let text = "The camera accepted the connection.";
            Words { notice: "accepted", wait: None, text }
        }
        _ => return None,
    })
}

/// Tells a notice: what must be done so that it is not overlooked.
pub fn tell(out: &Output, notice: &Notice) {
    let Some(Words { notice: word, wait, text }) = words(notice) else { return };
    match notice {
        Notice::Accepted => out.note(text),
        _ => out.call(text),
    }
    // A reader that is gone is noticed by the verb, with its next line.
    let _ = out.json("notice", json!({ "notice": word, "wait": wait, "text": text }));
}

/// What to press for each way a camera waits. Source: the fact sheet's section 2.4.
fn what_to_press(wait: OkWait) -> (&'static str, &'static str) {
    match wait {
        OkWait::InitRefused => (
            "init-refused",
            "The camera knows another client. Press OK (CHANGE) on the camera now; \
             if it shows nothing, restart its wireless communication.",
        ),
        OkWait::StateWait => (
            "state-wait",
            "The camera asks whether filmwire may connect. Press OK on the camera now.",
        ),
        OkWait::ReplyHeld => {
            ("reply-held", "The camera waits for you. Press OK on the camera now.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_says_what_to_press() {
        for wait in [OkWait::InitRefused, OkWait::StateWait, OkWait::ReplyHeld] {
            assert!(what_to_press(wait).1.contains("Press OK"));
        }
    }
}
