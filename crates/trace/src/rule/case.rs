//! What is known of a connection, and how its registration and its end are judged.

use std::collections::{BTreeMap, VecDeque};

use filmwire_codec::init::{
    CAMERA_GUID, GOODBYE, INIT_ACK_BYTES, INIT_REQUEST_BYTES, PROTOCOL_CONSTANT,
};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};

use super::finding::{About, Found, MOST_TOLD};
use super::neighbours::{Ends, Neighbours};
use super::table::{self, Rule};
use crate::connection::Role;
use crate::record::Side;

/// Unanswered commands that are remembered. A client begins one at a time.
pub(super) const MOST_ASKED: usize = 8;
/// Where the name stands in an init request (the fact sheet's section 2.1).
const NAME: usize = 28;
/// Cameras in wireless tether speak USB's command set (the fact sheet's section 4.10).
const TETHER_PORT: u16 = 15740;

/// A container as it came, whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Container<'a> {
    pub(crate) code: u16,
    pub(crate) id: TransactionId,
    /// What was kept behind its header.
    pub(crate) payload: &'a [u8],
    /// Length behind its header.
    pub(crate) length: u64,
    pub(crate) first_ns: Option<u64>,
}

/// A command that has no response yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) id: TransactionId,
    pub(super) code: OperationCode,
    /// The first parameters; those that are not there are 0.
    pub(super) params: [u32; 3],
    pub(super) at_ns: Option<u64>,
    /// Another one of its id waited before it: which of them an answer is for, nobody can tell.
    pub(super) is_double: bool,
    /// Data of the camera that came for it.
    pub(super) data: Option<Data>,
}

/// Data of the camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data {
    pub(super) length: u64,
    /// Its value, if it is as short as a number.
    pub(super) value: Option<u32>,
}

/// What a client wrote and began.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) last_id: Option<TransactionId>,
    /// The last command, and whether its data came.
    pub(super) last: Option<(TransactionId, OperationCode, [u32; 3], bool)>,
    pub(super) is_open: bool,
    pub(super) was_opened: bool,
    pub(super) is_closed: bool,
    pub(super) mode: Option<u16>,
    pub(super) remote_version: bool,
    /// The id of 0x101C, and whether it runs.
    pub(super) remote: Option<(TransactionId, bool)>,
    pub(super) remote_ended: bool,
    pub(super) movie: Option<TransactionId>,
    pub(super) focus_held: bool,
    /// A picture whose preview was not asked for, and the one it was asked for.
    pub(super) capture: Option<TransactionId>,
    pub(super) preview: Option<TransactionId>,
    /// What the camera reports of versions.
    pub(super) versions: BTreeMap<u16, u32>,
    /// Objects whose ObjectInfo was asked for, a bit each.
    pub(super) infos: Vec<u64>,
}

/// A connection as the rules see it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(super) ends: Ends,
    pub(super) is_tether: bool,
    pub(super) is_command: bool,
    /// What the capture does not have of each way, or nobody understands.
    is_broken: [bool; 2],
    /// Somebody knew more than we did.
    is_disordered: bool,
    /// The client's first packet was seen: was it an init request?
    begun: Option<bool>,
    acked_ns: Option<Option<u64>>,
    pub(super) failed_ns: Option<Option<u64>>,
    /// When anybody was heard last.
    pub(super) heard_ns: Option<u64>,
    /// The last command, if it was refused.
    pub(super) refused: Option<(Asked, ResponseCode)>,
    said_goodbye: bool,
    has_left: bool,
    pub(super) session: Session,
    pub(super) asked: VecDeque<Asked>,
    /// More commands wait than are told apart: too many, or two of one id, or what is no command but
    /// was answered as one. Answers to none are no strangers then.
    pub(super) forgot: bool,
    pub(super) answered: Option<TransactionId>,
    pub(super) added: Option<TransactionId>,
    told: BTreeMap<&'static str, u8>,
    found: Vec<Found>,
}

impl Case {
    pub(crate) fn new(role: Role, ends: Ends, port: u16) -> Self {
        Self {
            ends,
            is_tether: port == TETHER_PORT,
            is_command: role == Role::Command,
            is_broken: [false; 2],
            is_disordered: false,
            begun: None,
            acked_ns: None,
            failed_ns: None,
            heard_ns: None,
            refused: None,
            said_goodbye: false,
            has_left: false,
            session: Session::default(),
            asked: VecDeque::new(),
            forgot: false,
            answered: None,
            added: None,
            told: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.session.infos.capacity() * size_of::<u64>()
    }

    /// What was found since the last time.
    pub(crate) fn found(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.found)
    }

    /// The capture does not have everything this side said, or it makes no sense.
    pub(crate) fn break_way(&mut self, from: Side) {
        if let Some(broken) = self.is_broken.get_mut(from.index()) {
            *broken = true;
        }
    }

    /// Somebody acknowledged what the capture has not shown yet.
    pub(crate) fn disorder(&mut self) {
        self.is_disordered = true;
    }

    pub(super) fn is_whole(&self, way: Side) -> bool {
        self.is_broken.get(way.index()) == Some(&false)
    }

    /// True if a client's own words tell what state its session is in.
    pub(super) fn is_followed(&self) -> bool {
        self.begun == Some(true) && self.is_whole(Side::Client)
    }

    /// True if one can tell what was said first.
    pub(super) fn is_in_order(&self) -> bool {
        self.is_followed() && self.is_whole(Side::Camera) && !self.is_disordered
    }

    pub(super) fn accuse(
        &mut self,
        rule: &'static Rule,
        at_ns: Option<u64>,
        id: Option<TransactionId>,
        seen: impl FnOnce() -> String,
    ) {
        self.find(About::Rule(rule), at_ns, id, seen);
    }

    pub(super) fn find(
        &mut self,
        about: About,
        at_ns: Option<u64>,
        id: Option<TransactionId>,
        seen: impl FnOnce() -> String,
    ) {
        let told = self.told.entry(about.code()).or_default();
        let is_told = *told < MOST_TOLD;
        *told = told.saturating_add(1);
        self.found.push(Found { about, at_ns, id, seen: is_told.then(seen) });
    }

    /// True between the ack and the goodbye, if everything is known.
    pub(super) fn is_in_session(&self) -> bool {
        self.is_in_order() && self.acked_ns.is_some() && !self.said_goodbye
    }

    /// True if a client registered, or tried to, and did not say goodbye.
    pub(super) fn is_lost(&self) -> bool {
        self.is_followed() && !self.said_goodbye
    }

    /// A packet of the client came: the first one should register.
    fn begin(&mut self, is_init: bool, at_ns: Option<u64>) {
        if self.begun.is_some() || !self.is_command {
            return;
        }
        self.begun = Some(is_init);
        if !is_init && self.is_whole(Side::Client) {
            self.accuse(table::INIT_FIRST, at_ns, None, || "it is another packet".to_owned());
        }
    }

    /// An init request, whole.
    pub(crate) fn request(
        &mut self,
        at_ns: Option<u64>,
        bytes: &[u8],
        neighbours: &mut Neighbours,
    ) {
        self.begin(true, at_ns);
        if !self.is_whole(Side::Client) {
            return;
        }
        self.judge_register(at_ns, neighbours);
        // Behind the ack it is a container like others, and may be answered as one.
        self.forgot |= self.acked_ns.is_some();
        let length = bytes.len();
        if length != INIT_REQUEST_BYTES {
            self.accuse(table::INIT_LENGTH, at_ns, None, || format!("it has {length}"));
        }
        let constant = word(bytes, 8);
        if constant != Some(PROTOCOL_CONSTANT) {
            let seen = || format!("it is {:#010X}", constant.unwrap_or_default());
            self.accuse(table::INIT_CONSTANT, at_ns, None, seen);
        }
        let name = bytes.get(NAME..).unwrap_or_default().as_chunks::<2>().0;
        if !name.contains(&[0, 0]) {
            self.accuse(table::INIT_NAME, at_ns, None, || "there is no zero".to_owned());
        }
    }

    /// What a camera says to an init request: an ack if `is_ack`; whole.
    pub(crate) fn welcome(&mut self, at_ns: Option<u64>, is_ack: bool, bytes: &[u8]) {
        if !self.is_whole(Side::Camera) {
            return;
        }
        if !is_ack {
            self.failed_ns = Some(at_ns);
            return;
        }
        self.acked_ns = Some(at_ns);
        let length = bytes.len();
        if length != INIT_ACK_BYTES {
            self.accuse(table::ACK_LENGTH, at_ns, None, || format!("it has {length}"));
        }
        if let Some(number) = word(bytes, 8).filter(|&number| number != 0) {
            self.accuse(table::ACK_NUMBER, at_ns, None, || format!("it is {number}"));
        }
        if bytes.get(12..NAME).is_some_and(|guid| guid != CAMERA_GUID) {
            self.accuse(table::ACK_GUID, at_ns, None, || "it has another one".to_owned());
        }
    }

    /// The eight bytes of the client.
    pub(crate) fn goodbye(&mut self, at_ns: Option<u64>) {
        self.begin(false, at_ns);
        self.said_goodbye = true;
    }

    /// A command is about to be judged. Returns false if it is not worth it: what should have come
    /// before it did not.
    pub(super) fn admit(&mut self, command: &Container<'_>) -> bool {
        let (at_ns, id) = (command.first_ns, Some(command.id));
        self.begin(false, at_ns);
        if !self.is_followed() {
            return false;
        }
        if self.said_goodbye {
            self.accuse(table::AFTER_GOODBYE, at_ns, id, || "one does".to_owned());
            // Its answer is not taken for a stranger.
            self.forgot = true;
            return false;
        }
        if self.acked_ns.is_none() && self.is_in_order() {
            self.accuse(table::EARLY_COMMAND, at_ns, id, || "there was none".to_owned());
            // It is said once, not of each that follows.
            self.acked_ns = Some(None);
        }
        true
    }

    /// Nanoseconds since the ack.
    pub(super) fn since_ack(&self, at_ns: Option<u64>) -> Option<u64> {
        at_ns.zip(self.acked_ns.flatten()).and_then(|(at, acked)| at.checked_sub(acked))
    }

    /// The client closed the connection first, and everything it said before is known.
    pub(crate) fn leave(&mut self, at_ns: Option<u64>) {
        // The end may be captured several times.
        if !std::mem::replace(&mut self.has_left, true) && self.is_in_session() {
            let seen = || format!("its last bytes are not {:02x?}", GOODBYE);
            self.accuse(table::GOODBYE_MISSING, at_ns, None, seen);
        }
    }
}

pub(super) fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}
