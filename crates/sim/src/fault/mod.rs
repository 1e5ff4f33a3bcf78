//! Faults: what goes wrong, by name.
//!
//! A fault is written `name=argument`, for example `cut-at=12345` or `silence=GetObjectInfo#2`.
//! [`Fault::catalogue`] lists all of them. Armed with [`Simulator::add_fault`], a fault counts from
//! that moment on; those that end a connection happen once.
//!
//! [`Simulator::add_fault`]: crate::Simulator::add_fault

mod armed;
mod parse;

use std::time::Duration;

use filmwire_codec::OperationCode;

pub(crate) use armed::{CardChange, Effect, Faults, Mangle, Mark};
pub use parse::FaultError;

/// One row of the list of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultEntry {
    /// The word before the `=`.
    pub name: &'static str,
    /// Form of the argument.
    pub argument: &'static str,
    /// An argument that works, for tests and for people.
    pub example: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// Which occurrence of which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct On {
    /// Operation code.
    pub operation: u16,
    /// Counted from 1 when the fault is armed; `None` for every time.
    pub nth: Option<u32>,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection ends after so many bytes sent on it.
    CutAt(u64),
    /// The connection ends after so many containers sent on it, the init ack included.
    CutAtContainer(u64),
    /// Nothing is sent for a time after so many bytes of a connection.
    StallAt(u64, Duration),
    /// Nothing is sent for a time in the middle of an answer.
    Stall(On, Duration),
    /// An operation is never answered.
    Silence(On),
    /// The data container announces another length than it has.
    ContainerLength(On, u32),
    /// ObjectInfo announces so many bytes less than there are.
    SizeSmall(u32),
    /// ObjectInfo announces so many bytes more than there are.
    SizeBig(u32),
    /// ObjectInfo announces this size.
    ClaimSize(u32),
    /// The camera claims so many objects.
    ClaimCount(u32),
    /// The D212 list claims so many entries.
    ClaimEntries(u16),
    /// Pieces have at most so many bytes.
    ShortReads(u32),
    /// The data phase is empty.
    Empty(On),
    /// The data phase is cut down to so many bytes, in a container of fitting length.
    Truncate(On, u32),
    /// Handle `.1` answers with the object of handle `.0`.
    Duplicate(u32, u32),
    /// Handles count the other way round from the n-th operation on.
    Reorder(u32),
    /// The object of a handle is another one, of the same name, from the n-th operation on.
    Replace(u32, u32),
    /// The object of a handle is deleted before the n-th operation.
    Delete(u32, u32),
    /// So many photos are taken before the n-th operation.
    Add(u32, u32),
    /// The camera is gone instead of answering, and comes back after a time.
    Vanish(On, Duration),
    /// So many meaningless bytes come before the answer.
    Garbage(On, u32),
    /// The person at the camera takes so long to press OK: the mode's answer comes late.
    SlowOk(Duration),
    /// So many init requests fail with 0x2019.
    BusyInit(u32),
    /// The answer bears another transaction id.
    WrongTransaction(On),
    /// An operation is refused with a response code.
    Refuse(On, u16),
    /// Every object has this name.
    Name(String),
    /// So many times focus is not found.
    FocusFail(u32),
    /// The person is in a menu for a time, from before the n-th operation on.
    MenuOpen(u32, Duration),
    /// So many pictures more fit on the card.
    CardFull(u32),
    /// The battery runs out at the n-th release.
    BatteryOut(u32),
    /// The preview event of the n-th release comes before the other one.
    SwapEvents(u32),
    /// No event tells of the n-th release.
    DropEvents(u32),
    /// The live view stream stands still for a time instead of sending the n-th frame.
    LiveStall(u32, Duration),
}

macro_rules! catalogue {
    ($($name:literal, $argument:literal, $example:literal, $does:literal;)*) => {
        const CATALOGUE: &[FaultEntry] = &[$(FaultEntry {
            name: $name, argument: $argument, example: $example, does: $does,
        }),*];
    };
}

catalogue! {
    "cut-at", "N", "12345", "ends the connection after N bytes sent on it, once";
    "cut-at-container", "N", "7", "ends the connection after N packets and containers sent on it, once";
    "stall-at", "N:TIME", "5000:30s", "sends nothing for TIME after N bytes of a connection, once";
    "stall", "OP:TIME", "GetPartialObject:30s", "sends nothing for TIME in the middle of the answer";
    "silence", "OP", "0x1008", "never answers OP; GetObjectInfo#2 only the second one";
    "container-length", "OP:N", "0x1008:0xFFFFFFFF", "announces N bytes as length of the data container";
    "size-small", "N", "100", "ObjectInfo announces N bytes less than there are";
    "size-big", "N", "100", "ObjectInfo announces N bytes more than there are";
    "claim-size", "N", "0xFFFFFFFF", "ObjectInfo announces N bytes for every object";
    "claim-count", "N", "0xFFFFFFFF", "claims N objects on the card";
    "claim-entries", "N", "65535", "the D212 list claims N entries";
    "short-reads", "N", "1000", "sends at most N bytes a piece";
    "empty", "OP", "GetPartialObject#2", "sends an empty data phase";
    "truncate", "OP:N", "GetObjectInfo:60", "cuts the data phase down to N bytes";
    "duplicate", "A:B", "1:2", "handle B answers with the object of handle A";
    "reorder", "N", "5", "handles count the other way round from the N-th operation on";
    "replace", "H:N", "1:5", "handle H is another object of the same name from the N-th operation on";
    "delete", "H:N", "1:5", "the object of handle H is deleted before the N-th operation";
    "add", "COUNT:N", "1:5", "COUNT photos are taken before the N-th operation";
    "vanish", "OP:TIME", "GetPartialObject#3:20s", "is gone instead of answering OP, back after TIME, once";
    "garbage", "OP:N", "GetThumb#1:100", "sends N meaningless bytes before the answer";
    "slow-ok", "TIME", "20s", "the person takes TIME to press OK: the mode's answer comes late";
    "busy-init", "N", "2", "refuses N init requests with 0x2019";
    "wrong-transaction", "OP", "GetObjectInfo#2", "answers with another transaction id";
    "refuse", "OP:CODE", "GetThumb:0x2002", "refuses OP with a response code";
    "focus-fail", "N", "1", "focus is not found the next N times";
    "menu-open", "N:TIME", "5:10s", "the person is in a menu for TIME, from before the N-th operation on";
    "card-full", "N", "1", "the card is full after N more pictures";
    "battery-out", "N", "1", "the battery runs out at the N-th InitiateCapture: the camera is off";
    "swap-events", "N", "1", "the events of the N-th InitiateCapture come the other way round";
    "drop-events", "N", "1", "no event tells of the N-th InitiateCapture";
    "live-stall", "N:TIME", "30:5s", "the live view stands still for TIME instead of sending the N-th frame, once";
    "name", "TEXT", "traversal", "every object has this name; also: absolute, reserved, control, long";
}

impl Fault {
    /// All faults with their arguments, in the order of the documentation.
    pub fn catalogue() -> &'static [FaultEntry] {
        CATALOGUE
    }

    /// Name of the fault in the catalogue.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CutAt(_) => "cut-at",
            Self::CutAtContainer(_) => "cut-at-container",
            Self::StallAt(..) => "stall-at",
            Self::Stall(..) => "stall",
            Self::Silence(_) => "silence",
            Self::ContainerLength(..) => "container-length",
            Self::SizeSmall(_) => "size-small",
            Self::SizeBig(_) => "size-big",
            Self::ClaimSize(_) => "claim-size",
            Self::ClaimCount(_) => "claim-count",
            Self::ClaimEntries(_) => "claim-entries",
            Self::ShortReads(_) => "short-reads",
            Self::Empty(_) => "empty",
            Self::Truncate(..) => "truncate",
            Self::Duplicate(..) => "duplicate",
            Self::Reorder(_) => "reorder",
            Self::Replace(..) => "replace",
            Self::Delete(..) => "delete",
            Self::Add(..) => "add",
            Self::Vanish(..) => "vanish",
            Self::Garbage(..) => "garbage",
            Self::SlowOk(_) => "slow-ok",
            Self::BusyInit(_) => "busy-init",
            Self::WrongTransaction(_) => "wrong-transaction",
            Self::Refuse(..) => "refuse",
            Self::Name(_) => "name",
            Self::FocusFail(_) => "focus-fail",
            Self::MenuOpen(..) => "menu-open",
            Self::CardFull(_) => "card-full",
            Self::BatteryOut(_) => "battery-out",
            Self::SwapEvents(_) => "swap-events",
            Self::DropEvents(_) => "drop-events",
            Self::LiveStall(..) => "live-stall",
        }
    }

    /// The operation it waits for, if it waits for one.
    pub(crate) fn on(&self) -> Option<On> {
        match self {
            Self::Silence(on) | Self::Empty(on) | Self::WrongTransaction(on) => Some(*on),
            Self::Stall(on, _) | Self::Vanish(on, _) => Some(*on),
            Self::ContainerLength(on, _) | Self::Truncate(on, _) | Self::Garbage(on, _) => {
                Some(*on)
            }
            Self::Refuse(on, _) => Some(*on),
            Self::BatteryOut(nth) | Self::SwapEvents(nth) | Self::DropEvents(nth) => {
                Some(On { operation: OperationCode::INITIATE_CAPTURE.0, nth: Some(*nth) })
            }
            _ => None,
        }
    }
}
