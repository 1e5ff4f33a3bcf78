//! What is tried again, and where nobody speaks.

use std::time::Duration;

use filmwire_codec::{OperationCode, ResponseCode, TransactionId};

use super::case::{Asked, Case};
use super::finding::{About, What};
use super::neighbours::Neighbours;
use crate::record::Side;

/// Longer is called a silence: so long one client waits for an answer, and clients ask once a second
/// while nothing happens (the fact sheet's section 1.4).
const SILENCE: Duration = Duration::from_secs(5);
/// A client that registers within so much of a lost connection takes it up again.
const SOON: Duration = Duration::from_secs(60);

/// A kind of retry or silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pause {
    /// Its name for programs; it stays the same.
    pub code: &'static str,
    /// What kind of thing.
    pub what: What,
    /// Who tries again, or says nothing.
    pub by: Side,
    /// What was seen, in a sentence.
    pub says: &'static str,
}

macro_rules! pauses {
    ($($name:ident = $code:literal, $what:ident, $by:ident, $says:literal;)*) => {
        $(const $name: &Pause =
            &Pause { code: $code, what: What::$what, by: Side::$by, says: $says };)*

        /// Every kind of retry and silence.
        pub const PAUSES: &[&Pause] = &[$($name),*];
    };
}

pauses! {
    REFUSED = "retry-refused", Retry, Client, "what the camera refused is asked again";
    UNANSWERED = "retry-unanswered", Retry, Client, "what got no answer is asked again";
    INIT = "retry-init", Retry, Client, "a client registers again where it was refused";
    CONNECTION = "retry-connection", Retry, Client, "a client registers again within a minute of a connection that ended without a goodbye";
    LATE_ANSWER = "late-answer", Silence, Camera, "an answer begins to come after 5 s or more";
    NO_ANSWER = "no-answer", Silence, Camera, "a connection ends with a command that got no answer for 5 s or more";
    QUIET = "quiet", Silence, Client, "in a session nobody says anything for 5 s or more, and nothing is waited for";
}

impl Case {
    fn pause(
        &mut self,
        pause: &'static Pause,
        at_ns: Option<u64>,
        id: Option<TransactionId>,
        duration_ns: Option<u64>,
        seen: impl FnOnce(&str) -> String,
    ) {
        let text = duration_ns.map_or_else(|| "some time".to_owned(), time);
        self.find(About::Pause(pause, duration_ns), at_ns, id, || seen(&text));
    }

    /// A packet of either side, before it is judged. Events and live view are words of the session
    /// too, on connections of their own.
    pub(crate) fn hear(
        &mut self,
        first_ns: Option<u64>,
        last_ns: Option<u64>,
        neighbours: &mut Neighbours,
    ) {
        let now = last_ns.or(first_ns);
        if !self.is_command {
            neighbours.hear(self.ends, now);
            return;
        }
        let before = std::mem::replace(&mut self.heard_ns, now);
        let waits = self.asked.back().map(|asked| asked.id) == self.session.last_id;
        if !self.is_in_session() || (waits && !self.asked.is_empty()) {
            return;
        }
        let quiet = since(before, first_ns).filter(|&ns| is_silence(ns)).and_then(|_| {
            let before = before.max(neighbours.heard(self.ends));
            since(before, first_ns).filter(|&ns| is_silence(ns))
        });
        if quiet.is_some() {
            self.pause(QUIET, first_ns, None, quiet, |time| format!("nobody spoke for {time}"));
        }
    }

    /// A command, before it is remembered.
    pub(super) fn judge_again(
        &mut self,
        code: OperationCode,
        params: [u32; 3],
        id: TransactionId,
        at_ns: Option<u64>,
    ) {
        let refused = self.refused.take().filter(|(before, _)| before.is(code, params));
        if !self.is_in_order() {
            return;
        }
        if let Some((before, response)) = refused {
            let since = since(before.at_ns, at_ns);
            let seen = |time: &str| {
                format!("{code} again {time} after #{}, which got {response}", before.id)
            };
            self.pause(REFUSED, at_ns, Some(id), since, seen);
            return;
        }
        let before = self.asked.iter().rev().find(|before| before.is(code, params)).copied();
        if let Some(before) = before {
            let since = since(before.at_ns, at_ns);
            let seen =
                |time: &str| format!("{code} again {time} after #{}, without answer", before.id);
            self.pause(UNANSWERED, at_ns, Some(id), since, seen);
        }
    }

    /// What a command was answered with.
    pub(super) fn note_answer(&mut self, asked: Asked, response: ResponseCode) {
        self.refused = (response != ResponseCode::OK).then_some((asked, response));
    }

    /// The first packet that answers a command.
    pub(super) fn judge_wait(&mut self, asked: &Asked, at_ns: Option<u64>) {
        let waited = since(asked.at_ns, at_ns).filter(|&ns| is_silence(ns));
        if waited.is_some() {
            let seen = |time: &str| format!("{} is answered after {time}", asked.code);
            self.pause(LATE_ANSWER, at_ns, Some(asked.id), waited, seen);
        }
    }

    /// A client registers, perhaps not for the first time.
    pub(super) fn judge_register(&mut self, at_ns: Option<u64>, neighbours: &mut Neighbours) {
        if let Some(failed_ns) = self.failed_ns.take() {
            let seen = |time: &str| format!("the client registers again {time} after a refusal");
            self.pause(INIT, at_ns, None, since(failed_ns, at_ns), seen);
            return;
        }
        let lost = neighbours.take_lost(self.ends).and_then(|lost| since(lost, at_ns));
        let soon = lost.filter(|&ns| Duration::from_nanos(ns) <= SOON);
        if soon.is_some() {
            let seen = |time: &str| {
                format!("the client registers again {time} after a connection without a goodbye")
            };
            self.pause(CONNECTION, at_ns, None, soon, seen);
        }
    }

    /// The connection has ended: by either side's words, or broken off.
    pub(crate) fn end(&mut self, at_ns: Option<u64>, neighbours: &mut Neighbours) {
        if self.is_lost() {
            neighbours.lose(self.ends, at_ns);
        }
        if !self.is_in_order() {
            return;
        }
        for asked in std::mem::take(&mut self.asked) {
            let waited = since(asked.at_ns, at_ns).filter(|&ns| is_silence(ns));
            if waited.is_some() {
                let seen =
                    |time: &str| format!("{} got no answer for {time}, to the end", asked.code);
                self.pause(NO_ANSWER, at_ns, Some(asked.id), waited, seen);
            }
        }
    }
}

impl Asked {
    fn is(&self, code: OperationCode, params: [u32; 3]) -> bool {
        self.code == code && self.params == params
    }
}

fn since(before: Option<u64>, now: Option<u64>) -> Option<u64> {
    now.zip(before).and_then(|(now, before)| now.checked_sub(before))
}

fn is_silence(ns: u64) -> bool {
    Duration::from_nanos(ns) >= SILENCE
}

fn time(ns: u64) -> String {
    format!("{:.1} s", Duration::from_nanos(ns).as_secs_f64())
}
