//! The station's state as one word, for people who see no screen.

use std::collections::{BTreeMap, BTreeSet};

use filmwire_deliver::Happening;
use filmwire_ingest::{Event, WatchEvent};

use super::told::Told;

/// What the station does. The greatest that holds for a camera or target counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Nothing is to be done.
    Waiting,
    /// Files are on their way to a target.
    Delivering,
    /// A camera is there and needs nobody: it may be switched off.
    SafeToSwitchOff,
    /// Something went wrong and was not made good since.
    Failed,
    /// A camera is read: it must stay on.
    Fetching,
}

impl State {
    /// The word in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivering => "delivering",
            Self::SafeToSwitchOff => "safe-to-switch-off",
            Self::Failed => "failed",
            Self::Fetching => "fetching",
        }
    }
}

/// What is known of all cameras and targets.
#[derive(Debug, Default)]
pub(crate) struct States {
    cameras: BTreeMap<String, State>,
    sending: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl States {
    /// The state now.
    pub(crate) fn now(&self) -> State {
        let targets = [
            (!self.sending.is_empty()).then_some(State::Delivering),
            (!self.failed.is_empty()).then_some(State::Failed),
        ];
        let all = self.cameras.values().copied().chain(targets.into_iter().flatten());
        all.max().unwrap_or(State::Waiting)
    }

    /// Takes in what happened.
    pub(crate) fn follow(&mut self, told: &Told) {
        match told {
            Told::Camera { name, event } => {
                if let Some(state) = of_camera(event) {
                    self.cameras.insert(name.to_string(), state);
                }
            }
            Told::Target(event) => self.follow_target(&event.target, &event.what),
            Told::Away { .. }
            | Told::Notice { .. }
            | Told::Passage { .. }
            | Told::Stranger { .. } => {}
        }
    }

    fn follow_target(&mut self, target: &str, what: &Happening) {
        match what {
            Happening::Sending { .. } => {
                self.sending.insert(target.to_owned());
            }
            Happening::Proven { .. } => {
                self.failed.remove(target);
            }
            Happening::Failed { .. } | Happening::Paused { .. } => {
                self.failed.insert(target.to_owned());
                self.sending.remove(target);
            }
            Happening::Idle { .. } | Happening::Quiet { .. } => {
                self.sending.remove(target);
            }
            _ => {}
        }
    }
}

fn of_camera(event: &WatchEvent) -> Option<State> {
    Some(match event {
        WatchEvent::Seen => State::Fetching,
        WatchEvent::Pass(Event::CameraFree) => State::SafeToSwitchOff,
        WatchEvent::Served(summary) if summary.failed > 0 || summary.interrupted => State::Failed,
        WatchEvent::Served(_) => State::SafeToSwitchOff,
        WatchEvent::Failed(_) => State::Failed,
        // A run that failed stays so for all to see, until the camera comes again.
        WatchEvent::Gone => State::Waiting,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, what: Happening) -> Told {
        Told::Target(filmwire_deliver::Event { target: name.to_owned(), what })
    }

    fn camera(event: WatchEvent) -> Told {
        Told::Camera { name: "a".into(), event }
    }

    #[test]
    fn what_a_person_must_know_goes_first() {
        let mut states = States::default();
        let mut after = |told| {
            states.follow(&told);
            states.now()
        };
        assert_eq!(after(camera(WatchEvent::Waiting)), State::Waiting);
        let sending = || Happening::Sending { path: String::new(), size: 1 };
        assert_eq!(after(target("nas", sending())), State::Delivering);
        assert_eq!(after(camera(WatchEvent::Seen)), State::Fetching);
        assert_eq!(after(camera(WatchEvent::Pass(Event::CameraFree))), State::SafeToSwitchOff);
        let paused = Happening::Paused { reason: String::new(), next: 0 };
        assert_eq!(after(target("nas", paused)), State::Failed);
        assert_eq!(after(target("web", sending())), State::Failed);
        let proven = || Happening::Proven {
            path: String::new(),
            placed: String::new(),
            proof: String::new(),
        };
        assert_eq!(after(target("web", proven())), State::Failed, "another target's success");
        assert_eq!(after(target("nas", proven())), State::SafeToSwitchOff);
        assert_eq!(after(camera(WatchEvent::Gone)), State::Delivering);
        assert_eq!(after(target("web", Happening::Idle { next: None })), State::Waiting);
    }
}
