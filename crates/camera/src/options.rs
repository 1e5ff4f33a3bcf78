//! What a caller may choose about a connection.

use std::sync::Arc;
use std::time::Duration;

use filmwire_codec::OperationCode;
use filmwire_codec::init::{CLIENT_GUID, InitRequest, PROTOCOL_CONSTANT};
use filmwire_session::Timing;

use crate::guard::Allow;
use crate::quirk::{Quirks, Way};

/// How to connect.
#[derive(Clone)]
pub struct Options {
    /// What the camera stores and shows; at most 26 characters.
    pub client_name: String,
    /// Not checked by cameras; the vendor's words by default.
    pub client_guid: [u8; 16],
    /// Every wait has a name and a length.
    pub waits: Waits,
    /// What may be asked beyond reading.
    pub allow: Allow,
    /// The way to the gallery, against what the camera's own words would choose.
    pub way: Option<Way>,
    /// Replaces all that the camera's own words would choose.
    pub quirks: Option<Quirks>,
    /// Told what the person should know while connecting, such as to press OK.
    pub notices: Notices,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_name: "filmwire".into(),
            client_guid: CLIENT_GUID,
            waits: Waits::default(),
            allow: Allow::default(),
            way: None,
            quirks: None,
            notices: Notices::default(),
        }
    }
}

impl Options {
    pub(crate) fn init_request(&self) -> InitRequest {
        let (guid, name) = (self.client_guid, self.client_name.clone());
        InitRequest { constant: PROTOCOL_CONSTANT, guid, name }
    }
}

/// Every wait, by name. All but `ok` count from the last byte the camera sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Answer to the registration.
    pub init: Duration,
    /// In all, for the person to press OK.
    pub ok: Duration,
    /// Silence after which the person is asked to press OK while the camera holds a reply back.
    pub ok_hint: Duration,
    /// Answer to OpenSession.
    pub open_session: Duration,
    /// Reads and writes of properties.
    pub property: Duration,
    /// A write of D227; it may take long (libfuji allows three waits).
    pub real_size: Duration,
    /// In all, for the person to pick pictures on the camera in receive mode.
    pub choice: Duration,
    /// Answers to operations of the newer way whose payload is unknown; it goes on without them.
    pub unknown: Duration,
    /// GetObjectInfo.
    pub object_info: Duration,
    /// GetThumb.
    pub thumb: Duration,
    /// A piece of an object.
    pub piece: Duration,
    /// A frame of live view, since the one before.
    pub live_view: Duration,
    /// The events of a picture, beyond its self-timer and exposure. Reported: ptp-ip waits 30 s for
    /// each.
    pub picture: Duration,
    /// Focus to be found and locked. Chosen.
    pub focus: Duration,
    /// Anything else.
    pub other: Duration,
    /// In all, for leaving politely.
    pub leave: Duration,
    /// Idle time after which 0xD212 is read to keep the connection. Reported: libfuji, 1 s.
    pub keep_alive: Duration,
    /// The waits of the registration's state machine.
    pub timing: Timing,
}

impl Default for Waits {
    fn default() -> Self {
        let timing = Timing::default();
        Self {
            init: timing.init,
            ok: Duration::from_secs(60),
            ok_hint: Duration::from_millis(700),
            open_session: Duration::from_secs(5),
            property: Duration::from_secs(10),
            real_size: Duration::from_secs(30),
            choice: Duration::from_secs(600),
            unknown: Duration::from_secs(2),
            object_info: Duration::from_secs(15),
            thumb: Duration::from_secs(15),
            piece: Duration::from_secs(20),
            live_view: Duration::from_secs(10),
            picture: Duration::from_secs(30),
            focus: Duration::from_secs(5),
            other: Duration::from_secs(15),
            leave: Duration::from_secs(3),
            keep_alive: Duration::from_secs(1),
            timing,
        }
    }
}

impl Waits {
    /// The wait of an operation, and its name.
    pub(crate) fn of(&self, code: OperationCode) -> (&'static str, Duration) {
        match code {
            OperationCode::OPEN_SESSION => ("open session", self.open_session),
            OperationCode::GET_DEVICE_PROP_VALUE | OperationCode::SET_DEVICE_PROP_VALUE => {
                ("property", self.property)
            }
            OperationCode::GET_OBJECT_INFO => ("object info", self.object_info),
            OperationCode::GET_THUMB => ("thumbnail", self.thumb),
            OperationCode::GET_PARTIAL_OBJECT => ("piece of an object", self.piece),
            _ => ("operation", self.other),
        }
    }
}

/// Something the person in front of the camera should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The camera is in receive mode: its person picks what is sent.
    PickPictures,
    /// The camera waits for its person to press OK.
    PressOk(OkWait),
    /// The camera was accepted; no need to press anything more.
    Accepted,
}

/// The three ways in which a camera waits for OK. Source: the fact sheet's section 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OkWait {
    /// Old bodies: the registration is refused with 0x2019 until OK (CHANGE) was pressed.
    InitRefused,
    /// DF00 is 0 after OpenSession until access was granted.
    StateWait,
    /// The reply to the write of DF01 is held back.
    ReplyHeld,
}

/// Where notices go.
#[derive(Clone, Default)]
pub struct Notices(Option<Arc<dyn Fn(Notice) + Send + Sync>>);

impl Notices {
    /// Calls `tell` for each notice; it must not block.
    pub fn new(tell: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, notice: Notice) {
        tracing::debug!(?notice, "notice");
        if let Some(tell) = &self.0 {
            tell(notice);
        }
    }
}
