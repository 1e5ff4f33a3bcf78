//! Which step an error belongs to, and what to do about it.

use filmwire_camera::Error;
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, OperationCode, ResponseCode};

use crate::log::Log;
use crate::step::Step;

/// What to do about a camera that tells no version of any function.
pub(crate) const NO_VERSIONS: &str = "this body told no function that filmwire knows; report its \
    model and firmware, and what `filmwire doctor --json` says";

/// The step at which opening the gallery failed.
pub(crate) fn step_of(error: &Error, log: &Log) -> Step {
    match error {
        Error::NotAccepted { .. } => Step::Ok,
        Error::NotOffered(_) if tells_no_version(log) => Step::Versions,
        Error::NotOffered(_) => Step::Mode,
        _ => step_of_last(log),
    }
}

/// True if versions were asked for and none was told.
pub(crate) fn tells_no_version(log: &Log) -> bool {
    let versions = log.versions();
    !versions.is_empty() && versions.iter().all(|(_, version)| version.is_none())
}

fn step_of_last(log: &Log) -> Step {
    // The camera said welcome before; what comes next is the session.
    let Some(last) = log.last() else { return Step::Session };
    match (last.code, last.property()) {
        (OperationCode::OPEN_SESSION, _) => Step::Session,
        (_, Some(property)) if property.is_version() => Step::Versions,
        (_, Some(DevicePropCode::FUNCTION_MODE)) => Step::Mode,
        // Before the first version was asked for, the state list is read to learn of access.
        _ if log.versions().is_empty() => Step::Ok,
        _ => Step::Mode,
    }
}

/// Cause and cure of a failed step.
pub(crate) fn explain(step: Step, error: &Error, log: &Log) -> (String, String) {
    let cure = match (step, error) {
        (Step::Tcp, Error::Unreachable { cause, .. }) => tcp_cure(cause),
        (Step::Init, Error::NotACamera { .. }) => {
            "check that the address is the camera's; if it is, restart its wireless communication"
        }
        (Step::Session, Error::Silent { .. } | Error::Refused { .. }) => {
            "restart the camera's wireless communication; another client may hold its only session"
        }
        (Step::Mode, Error::NotOffered(_)) => mode_cure(log.camera_state()),
        (Step::Mode, Error::Refused { response: ResponseCode::DEVICE_BUSY, .. }) => {
            "leave the menu or playback on the camera and run again"
        }
        (Step::Mode, Error::Refused { .. }) => refused_mode_cure(log.camera_state()),
        (Step::Versions, Error::NotOffered(_)) => NO_VERSIONS,
        (Step::Versions, Error::Refused { .. }) => {
            "report the model and firmware, and what `filmwire doctor --json` says"
        }
        _ => error.cure(),
    };
    (error.to_string(), with_the_other_way(step, cure, log))
}

/// The cure, and the other way to the gallery where a body may want it though its own words led
/// past it: nothing on the wire names the way.
pub(crate) fn with_the_other_way(step: Step, cure: &str, log: &Log) -> String {
    let offers = (DevicePropCode::EXTENDED_VIEW_VERSION, true);
    let mut told = log.versions().into_iter().map(|(code, version)| (code, version.is_some()));
    let is_behind = matches!(step, Step::Mode | Step::Versions | Step::FirstObject);
    let went_there = log.mode() == Some(FunctionMode::NEW_APP_VIEW.0);
    match is_behind && !went_there && told.any(|version| version == offers) {
        true => format!("{cure}; a body of 2023 or later may need `--way newer`"),
        false => cure.to_owned(),
    }
}

fn tcp_cure(cause: &str) -> &'static str {
    if cause.contains("refused") {
        return "something is there, but no camera listens: start the wireless communication on the \
                camera (it ends by itself after a while), and check the port";
    }
    if cause.contains("unreachable") || cause.contains("No route") {
        return "this computer is not in the camera's network: join it, and check with `ip addr`";
    }
    "check that this computer has joined the camera's network, that no other network has the same \
     addresses (bind to one with --camera ADDRESS%INTERFACE), and that the camera still shows its \
     wireless screen"
}

/// A camera that told a state with photos in it is in the right function already.
fn refused_mode_cure(state: Option<CameraState>) -> &'static str {
    match state {
        Some(CameraState::REMOTE | CameraState::FULL_ACCESS | CameraState::REMOTE_IMAGE_VIEW) => {
            "the camera is in the right function and refused all the same: start its wireless \
             communication anew; if it happens again, report the model and firmware"
        }
        _ => "choose WIRELESS COMMUNICATION on the camera, not receiving or PC AutoSave",
    }
}

fn mode_cure(state: Option<CameraState>) -> &'static str {
    match state {
        Some(CameraState::PICKED) => {
            "leave the selection on the camera and start its wireless communication anew"
        }
        Some(CameraState::PC_AUTO_SAVE) => {
            "choose WIRELESS COMMUNICATION on the camera instead of PC AutoSave"
        }
        _ => {
            "start the camera's wireless communication anew; if it happens again, report the model"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_timed_out_and_unrouted_have_their_own_cures() {
        let cures = ["Connection refused", "no connection within 5s", "Network is unreachable"];
        let mut cures: Vec<_> = cures.into_iter().map(tcp_cure).collect();
        cures.dedup();
        assert_eq!(cures.len(), 3);
    }

    #[test]
    fn nothing_asked_yet_means_the_session() {
        assert_eq!(step_of(&Error::Lost("cut".into()), &Log::default()), Step::Session);
    }
}
