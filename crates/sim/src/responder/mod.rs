//! The Responder of one connection: packets and instants in, replies out. It knows no socket.
//!
//! The life of a connection: init packets until one is acknowledged ([`Responder::init`]), then
//! operations ([`Responder::operate`]). What a body does differently stands in its persona.

mod capture;
mod movie;
mod newer;
mod object;
mod odd;
mod picked;
mod property;
mod remote;
mod standard;
mod state_list;
mod step;
mod upload;

use std::collections::HashSet;
use std::time::Duration;

use filmwire_codec::init::{INIT_REQUEST_BYTES, InitAck, InitFail, InitRequest, PROTOCOL_CONSTANT};
use filmwire_codec::journal::{Direction, Verdict};
use filmwire_codec::{DataDirection, InitFailReason, OperationCode, ResponseCode};
use tokio::time::Instant;

use crate::camera::Camera;
use crate::fault::{Effect, Mangle};
use crate::guard::Need;
use crate::journal::Entry;
use crate::persona::{Code, OkPolicy, SecondOpen};
use crate::reply::{Answer, Command, Reply, Step};
use crate::shooting::Telling;

/// What follows an init request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InitReply {
    /// Welcome: the session may begin.
    Ack(Vec<u8>),
    /// Refused; the connection stays open for another try.
    Fail(Vec<u8>),
    /// The connection is closed at once.
    Close,
}

/// How far the remote function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remote {
    /// Not started in this state.
    Off,
    /// Between 0x101C and 0x1018.
    Running { transaction: u32 },
    /// After 0x1018, until DF00 is written: D212 still lists the settings (log:XT5).
    Stopped,
}

/// An object whose last byte was not asked for.
#[derive(Clone, Copy, Debug)]
struct OpenRead {
    handle: u32,
    /// D212 reads until other objects answer again.
    cure_left: u32,
}

/// The state of one connection.
pub(crate) struct Responder {
    connection: u32,
    rows: u32,
    client: String,
    acked_at: Option<Instant>,
    session_open: bool,
    /// Never answers again.
    dead: bool,
    dead_at_next_write: bool,
    /// DF00 as told; 0 while OK is awaited.
    state: u16,
    /// DF01 as written.
    mode: u16,
    versions_refused: bool,
    gallery: bool,
    remote: Remote,
    remote_done: bool,
    lists: state_list::StateLists,
    real_size: bool,
    /// D226 as written.
    resize: u16,
    open_read: Option<OpenRead>,
    picked: picked::Picked,
    announced: Option<upload::Announced>,
    informed: HashSet<u32>,
    last_informed: Option<u32>,
    /// How the events of the next capture are told.
    telling: Telling,
    capabilities_read: bool,
}

impl Responder {
    pub(crate) fn new(connection: u32) -> Self {
        Self {
            connection,
            rows: 0,
            client: String::new(),
            acked_at: None,
            session_open: false,
            dead: false,
            dead_at_next_write: false,
            state: 0,
            mode: 0,
            versions_refused: false,
            gallery: false,
            remote: Remote::Off,
            remote_done: false,
            lists: state_list::StateLists::default(),
            real_size: false,
            resize: 0,
            open_read: None,
            picked: picked::Picked::default(),
            announced: None,
            informed: HashSet::new(),
            last_informed: None,
            telling: Telling::default(),
            capabilities_read: false,
        }
    }

    /// Writes a row for what is no transaction.
    pub(crate) fn note(&mut self, camera: &mut Camera, now: Instant, note: impl Into<String>) {
        self.rows += 1;
        camera.journal.push(now, Entry::note(self.connection, self.rows, note));
    }

    /// Answers an init request: one whole packet, length word included.
    pub(crate) fn init(&mut self, camera: &mut Camera, now: Instant, packet: &[u8]) -> InitReply {
        let reply = self.decide_init(camera, now, packet);
        self.rows += 1;
        let mut row = Entry::note(self.connection, self.rows, "init");
        row.value = packet.to_vec();
        row.length = packet.len() as u64;
        row.response = match &reply {
            InitReply::Ack(_) => Some(ResponseCode::OK.0),
            InitReply::Fail(bytes) => bytes.get(8..10).map(|b| u16::from_le_bytes([b[0], b[1]])),
            InitReply::Close => None,
        };
        camera.journal.push(now, row);
        reply
    }

    fn decide_init(&mut self, camera: &mut Camera, now: Instant, packet: &[u8]) -> InitReply {
        if camera.persona.init_exact_length && packet.len() != INIT_REQUEST_BYTES {
            return InitReply::Close;
        }
        let fail = |reason| InitReply::Fail(InitFail { reason }.encode());
        let Ok(request) = InitRequest::decode(packet) else { return InitReply::Close };
        if request.constant != PROTOCOL_CONSTANT {
            return fail(InitFailReason::INVALID_PARAMETER);
        }
        if camera.faults.busy_init() || camera.fails_init_by_habit() {
            return fail(InitFailReason::DEVICE_BUSY);
        }
        self.client = request.name;
        if camera.persona.ok == OkPolicy::InitFail && !camera.access(&self.client, now) {
            return fail(InitFailReason::DEVICE_BUSY);
        }
        self.acked_at = Some(now);
        InitReply::Ack(InitAck::new(camera.persona.model.as_str()).encode())
    }

    /// Whether a packet with this type word is another init request to be answered.
    pub(crate) fn takes_init_again(&self, camera: &Camera) -> bool {
        camera.persona.init_again && !self.session_open
    }

    /// Answers an operation and writes its row in the journal; tells what faults do to the bytes.
    pub(crate) fn operate(
        &mut self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
    ) -> (Reply, Mangle) {
        *camera.stats.operations.entry(command.operation).or_default() += 1;
        camera.settle(now);
        camera.newer_view = self.on_newer_path(camera);
        let effect = camera.faults.before(command);
        effect.card.iter().for_each(|change| camera.change(*change));
        camera.on_air &= !effect.off;
        if let Some(time) = effect.menu {
            camera.shooting.open_menu(Some(now + time));
        }
        if let Some(time) = effect.vanish {
            camera.back_at = Some(now + time);
        }
        let property = command.params.first().copied();
        let need = Need::of(OperationCode(command.operation), property, self.state == 3);
        // What is replayed changes nothing.
        let granted = camera.replay.is_some() || need.granted(camera.allow);
        let gone = effect.vanish.is_some() || !camera.on_air;
        let mut reply = if effect.silent || gone {
            Reply::Silent
        } else if let Some(code) = effect.refuse {
            self.refusal(command, ResponseCode(code)).into()
        } else if !granted {
            self.refusal(command, ResponseCode::ACCESS_DENIED).into()
        } else if let Some(player) = &mut camera.replay {
            player.answer(now, command)
        } else {
            self.telling = effect.telling;
            self.decide(camera, now, command)
        };
        if let Reply::Answer(answer) = &mut reply {
            answer.after += Self::reply_time(camera, command) + effect.delay;
        }
        let verdict = match (&reply, need) {
            _ if !granted => Verdict::Violation,
            (Reply::Silent | Reply::Close, _) => Verdict::Silent,
            (_, Need::Nothing) => Verdict::Allowed,
            _ => Verdict::Permitted,
        };
        self.log(camera, now, command, &reply, verdict, &effect);
        (reply, effect.mangle)
    }

    fn log(
        &mut self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
        reply: &Reply,
        verdict: Verdict,
        effect: &Effect,
    ) {
        self.rows += 1;
        let mark = match reply {
            Reply::Answer(answer) => answer.note,
            Reply::Silent | Reply::Close => None,
        };
        let (response, sent) = match reply {
            Reply::Answer(answer) => {
                let most = effect.mangle.truncate.unwrap_or(u64::MAX);
                (Some(answer.code.0), answer.data_bytes().min(most))
            }
            Reply::Silent | Reply::Close => (None, 0),
        };
        let has_data = matches!(reply, Reply::Answer(Answer { data: Some(_), .. }));
        let (direction, length) = match command.data {
            Some(_) => (Direction::Out, command.data_bytes),
            None if has_data => (Direction::In, sent),
            None => (Direction::None, 0),
        };
        let row = Entry {
            connection: self.connection,
            number: self.rows,
            direction,
            transaction: command.transaction,
            operation: command.operation,
            params: command.params.clone(),
            value: command.data.clone().unwrap_or_default(),
            length,
            response,
            verdict,
            note: effect.names.iter().copied().chain(mark).collect::<Vec<_>>().join(", "),
        };
        camera.journal.push(now, row);
    }

    /// A refusal in the shape the operation has: data-in operations send an empty container first.
    fn refusal(&self, command: &Command, code: ResponseCode) -> Answer {
        match OperationCode(command.operation).data_direction() {
            Some(DataDirection::In) => Answer::empty(code),
            _ => Answer::new(code),
        }
    }

    fn reply_time(camera: &Camera, command: &Command) -> Duration {
        if !camera.persona.reply_times {
            return Duration::ZERO;
        }
        let property = u16::try_from(command.param(0)).unwrap_or(0);
        let written = (command.operation == OperationCode::SET_DEVICE_PROP_VALUE.0)
            .then(|| camera.persona.reply_ms.get(&Code(property)))
            .flatten();
        let time = written.or_else(|| camera.persona.reply_ms.get(&Code(command.operation)));
        Duration::from_millis(time.copied().unwrap_or(0))
    }

    fn decide(&mut self, camera: &mut Camera, now: Instant, command: &Command) -> Reply {
        if self.dead {
            return Reply::Silent;
        }
        if self.picked.is_over() {
            return Reply::Close;
        }
        if let Some(reply) = self.surplus(camera, command) {
            return reply;
        }
        let operation = OperationCode(command.operation);
        if operation == OperationCode::OPEN_SESSION {
            return self.open_session(camera, now);
        }
        if operation == OperationCode::GET_DEVICE_INFO {
            return self.device_info(camera);
        }
        if !self.session_open {
            return self.refusal(command, ResponseCode::SESSION_NOT_OPEN).into();
        }
        match operation {
            OperationCode::CLOSE_SESSION => self.close_session(camera, now),
            OperationCode::GET_DEVICE_PROP_VALUE => self.get_property(camera, now, command),
            OperationCode::SET_DEVICE_PROP_VALUE => self.set_property(camera, now, command),
            OperationCode::GET_DEVICE_PROP_DESC => self.describe_property(camera, command),
            OperationCode::GET_STORAGE_IDS => self.storage_ids(camera),
            OperationCode::GET_STORAGE_INFO => self.storage_info(camera, command),
            OperationCode::GET_NUM_OBJECTS => self.object_number(camera, command),
            OperationCode::GET_OBJECT_HANDLES => self.object_handles(camera, command),
            OperationCode::GET_OBJECT_INFO
            | OperationCode::GET_OBJECT
            | OperationCode::GET_THUMB
            | OperationCode::GET_PARTIAL_OBJECT
            | OperationCode::DELETE_OBJECT => self.object_operation(camera, command),
            OperationCode::SEND_OBJECT_INFO => self.announce_object(camera, command),
            OperationCode::SEND_OBJECT => self.take_object(camera, command),
            OperationCode::GET_IMAGE_IMPORT_FOLDERS
            | OperationCode::GET_IMAGE_IMPORT_DATES
            | OperationCode::GET_EXTENSION_OBJECT_INFO
            | OperationCode::GET_EXTENSION_THUMB => self.newer_operation(camera, command),
            _ => self.remote_operation(camera, now, command),
        }
    }

    fn open_session(&mut self, camera: &mut Camera, now: Instant) -> Reply {
        let pause = Duration::from_millis(camera.persona.pause_before_open_session_ms);
        let since = self.acked_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        if since < pause {
            return Reply::Silent;
        }
        if self.session_open {
            return match camera.persona.second_open_session {
                SecondOpen::AlreadyOpen => Answer::new(ResponseCode::SESSION_ALREADY_OPEN).into(),
                SecondOpen::Ok => Answer::ok().into(),
                SecondOpen::Silence => Reply::Silent,
            };
        }
        self.session_open = true;
        self.grant(camera, now);
        Answer::ok().into()
    }

    fn close_session(&mut self, camera: &mut Camera, now: Instant) -> Reply {
        self.leave_shooting(camera, now);
        *self = Self {
            acked_at: self.acked_at,
            client: std::mem::take(&mut self.client),
            rows: self.rows,
            ..Self::new(self.connection)
        };
        Answer { remote: Some(Step::End), ..Answer::ok() }.into()
    }

    /// Whether the person at the camera let this client in.
    pub(crate) fn has_access(&self, camera: &mut Camera, now: Instant) -> bool {
        camera.access(&self.client, now)
    }

    /// Notices that access was granted: from then on DF00 tells the camera's state.
    fn grant(&mut self, camera: &mut Camera, now: Instant) {
        let waits = camera.persona.ok == OkPolicy::StateWait;
        if self.state == 0 && (!waits || camera.access(&self.client, now)) {
            self.state = camera.persona.camera_state;
            self.lists.queue(state_list::List::Start);
        }
    }

    /// Stops answering for good.
    fn die(&mut self) -> Reply {
        self.dead = true;
        Reply::Silent
    }
}
