use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_codec::journal::Direction;
use filmwire_codec::{EventCode, SessionId, TransactionId};
use tokio::time::Instant;

use super::{Exchange, Player, Recorder, ReplayError};
use crate::reply::{Answer, Command, Reply};

/// Records what a test says was said.
struct Script {
    recorder: Recorder,
    connection: u32,
    id: u32,
    at: Duration,
}

impl Script {
    fn new() -> Self {
        let mut recorder = Recorder::new(tempfile::tempfile().unwrap());
        recorder.ack(1, "X-T9");
        Self { recorder, connection: 1, id: 0, at: Duration::ZERO }
    }

    fn put(&mut self, operation: u16, params: &[u32], direction: Direction, bytes: &[u8]) {
        self.id += 1;
        self.at += Duration::from_secs(1);
        if direction == Direction::In {
            for (number, chunk) in bytes.chunks(3).enumerate() {
                let offset = number as u64 * 3;
                self.recorder.part(self.connection, Some(self.id), offset, chunk).unwrap();
            }
        }
        self.recorder.exchange(Exchange {
            connection: self.connection,
            id: self.id,
            at: self.at,
            operation,
            params: params.to_vec(),
            direction,
            sent: if direction == Direction::Out { bytes.to_vec() } else { Vec::new() },
            data_bytes: bytes.len() as u64,
            response: 0x2001,
            response_params: Vec::new(),
        });
    }

    fn told(&mut self, operation: u16, params: &[u32], bytes: &[u8]) {
        self.put(operation, params, Direction::In, bytes);
    }

    fn wrote(&mut self, property: u32, value: u8) {
        self.put(0x1016, &[property], Direction::Out, &[value, 0]);
    }

    fn did(&mut self, operation: u16, params: &[u32]) {
        self.put(operation, params, Direction::None, &[]);
    }

    /// The camera hangs up in place of an answer.
    fn left(&mut self, operation: u16, params: &[u32]) {
        self.id += 1;
        self.recorder.hung_up(Exchange {
            connection: self.connection,
            id: self.id,
            at: self.at,
            operation,
            params: params.to_vec(),
            direction: Direction::None,
            sent: Vec::new(),
            data_bytes: 0,
            response: 0,
            response_params: Vec::new(),
        });
    }

    fn play(self) -> Client {
        let recording = self.recorder.finish(None).unwrap();
        Client { player: Player::new(recording), id: 1000, now: Instant::now() }
    }
}

/// Asks a player.
struct Client {
    player: Player,
    id: u32,
    now: Instant,
}

impl Client {
    fn answer(&mut self, operation: u16, params: &[u32], data: Option<Vec<u8>>) -> Answer {
        match self.reply(operation, params, data) {
            Reply::Answer(answer) => answer,
            other => panic!("{operation:#x} {params:?}: {other:?}"),
        }
    }

    fn reply(&mut self, operation: u16, params: &[u32], data: Option<Vec<u8>>) -> Reply {
        self.id += 1;
        let data_bytes = data.as_ref().map_or(0, |data| data.len() as u64);
        let (params, transaction) = (params.to_vec(), self.id);
        let command = Command { operation, transaction, params, data, data_bytes };
        self.player.answer(self.now, &command)
    }

    fn ask(&mut self, operation: u16, params: &[u32]) -> (u16, Vec<u8>) {
        let answer = self.answer(operation, params, None);
        let mut bytes = Vec::new();
        if let Some(mut body) = answer.data {
            while body.len() > 0 {
                let next = body.next().unwrap();
                if next.is_empty() {
                    break;
                }
                bytes.extend(next);
            }
        }
        (answer.code.0, bytes)
    }

    fn is_left(&mut self, operation: u16, params: &[u32]) -> bool {
        matches!(self.reply(operation, params, None), Reply::Close)
    }

    fn write(&mut self, property: u32, value: u8) -> u16 {
        self.answer(0x1016, &[property], Some(vec![value, 0])).code.0
    }
}

const OK: u16 = 0x2001;

#[test]
fn reading_goes_on_in_order_and_the_last_answer_stays() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x1015, &[0xD212], b"first");
    script.told(0x1015, &[0xD212], b"second");
    script.did(0x100E, &[0, 0]);
    script.told(0x1015, &[0xD212], b"after");
    let mut client = script.play();
    // Another session id.
    assert_eq!(client.ask(0x1002, &[7]).0, OK);
    for told in [&b"first"[..], b"second", b"second"] {
        assert_eq!(client.ask(0x1015, &[0xD212]), (OK, told.to_vec()));
    }
    // Zeros at the end are no difference.
    assert_eq!(client.ask(0x100E, &[]).0, OK);
    assert_eq!(client.ask(0x1015, &[0xD212, 0, 0]), (OK, b"after".to_vec()));
    // A client that asks less often is where it is all the same; another session begins anew.
    client.ask(0x1002, &[1]);
    client.ask(0x100E, &[]);
    assert_eq!(client.ask(0x1015, &[0xD212]).1, b"after");
    client.ask(0x1002, &[1]);
    assert_eq!(client.ask(0x1015, &[0xD212]).1, b"first");
}

#[test]
fn where_the_camera_hung_up_so_does_the_replay() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    for picture in [b"one", b"two"] {
        script.told(0x1015, &[0xD212], b"here");
        script.told(0x1008, &[1], picture);
    }
    script.left(0x1015, &[0xD212]);
    // The next one of the same model.
    script.connection = 2;
    script.recorder.ack(2, "X-T9");
    script.did(0x1002, &[1]);
    script.told(0x1015, &[0xD212], b"back");
    let mut client = script.play();
    assert_eq!(client.player.recording().exchanges(), 7);
    client.ask(0x1002, &[1]);
    // Who asks more often than the recorded client gets all pictures.
    for picture in [b"one", b"two"] {
        for _ in 0..3 {
            assert_eq!(client.ask(0x1015, &[0xD212]), (OK, b"here".to_vec()));
        }
        assert_eq!(client.ask(0x1008, &[1]).1, picture);
    }
    assert!(client.is_left(0x1015, &[0xD212]));
    client.ask(0x1002, &[1]);
    assert_eq!(client.ask(0x1015, &[0xD212]).1, b"back");
}

#[test]
fn a_camera_that_hung_up_when_it_was_to_do_something_does_so_again() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.left(0x100E, &[0, 0]);
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    assert!(client.is_left(0x100E, &[0, 0]));
    // Alone it is no session.
    let mut script = Script::new();
    script.left(0x1002, &[1]);
    assert!(matches!(script.recorder.finish(None), Err(ReplayError::Empty)));
}

#[test]
fn who_has_not_seen_the_rest_is_told_what_was_told_before_not_refused() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x1015, &[0xD212], b"here");
    script.did(0x100E, &[0, 0]);
    script.told(0x1008, &[1], b"one");
    script.left(0x1015, &[0xD212]);
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    client.ask(0x100E, &[0, 0]);
    assert_eq!(client.ask(0x1015, &[0xD212]), (OK, b"here".to_vec()));
    client.ask(0x1008, &[1]);
    assert!(client.is_left(0x1015, &[0xD212]));
}

#[test]
fn a_camera_that_hung_up_elsewhere_does_not_do_so_here() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x1015, &[0xD212], b"here");
    script.did(0x100E, &[0, 0]);
    script.connection = 2;
    script.recorder.ack(2, "X-T9");
    script.did(0x1002, &[1]);
    script.left(0x1015, &[0xD212]);
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    client.ask(0x100E, &[0, 0]);
    assert_eq!(client.ask(0x1015, &[0xD212]), (OK, b"here".to_vec()));
    client.ask(0x1002, &[1]);
    assert!(client.is_left(0x1015, &[0xD212]));
}

#[test]
fn what_was_not_read_here_is_told_as_where_the_same_was_written() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x1008, &[1], b"placeholder");
    script.wrote(0xD227, 1);
    script.told(0x1008, &[1], b"true size");
    script.wrote(0xD227, 0);
    script.told(0x1008, &[2], b"other");
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    assert_eq!(client.write(0xD227, 1), OK);
    client.write(0xD227, 0);
    assert_eq!(client.ask(0x1008, &[1]).1, b"placeholder");
    client.write(0xD227, 1);
    assert_eq!(client.ask(0x1008, &[1]).1, b"true size");
}

#[test]
fn pieces_are_cut_from_all_bytes_of_an_object() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x101B, &[1, 0, 10], b"0123456789");
    script.told(0x101B, &[1, 10, 10], b"abcdef");
    script.wrote(0xD226, 1);
    script.told(0x101B, &[1, 0, 10], b"small");
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    for (offset, length, bytes) in
        [(0, 10, &b"0123456789"[..]), (8, 4, b"89ab"), (3, 1000, b"3456789abcdef"), (16, 4, b"")]
    {
        assert_eq!(client.ask(0x101B, &[1, offset, length]), (OK, bytes.to_vec()), "{offset}");
    }
    assert_eq!(client.ask(0x1009, &[1]), (OK, b"0123456789abcdef".to_vec()));
    assert_eq!(client.ask(0x101B, &[2, 0, 4]).0, 0x2006);
    // Resized it is another object.
    client.write(0xD226, 1);
    assert_eq!(client.ask(0x101B, &[1, 1, 10]).1, b"mall");
}

#[test]
fn what_is_not_in_it_is_refused() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.told(0x1015, &[0xD212], b"list");
    script.wrote(0xDF01, 5);
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    assert_eq!(client.ask(0x1015, &[0xD213]), (0x2006, Vec::new()));
    assert_eq!(client.write(0xDF01, 6), 0x2006);
    let answer = client.answer(0x100E, &[], None);
    assert_eq!((answer.code.0, answer.note), (0x2005, Some("not in the recording")));
    assert!(answer.data.is_none());
    // Data that comes in comes empty with a refusal.
    assert!(client.answer(0x1009, &[1], None).data.is_some());
}

#[test]
fn events_come_with_what_they_followed_or_in_their_time() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.did(0x100E, &[]);
    script.told(0x1015, &[0xD212], b"waits");
    let event = EventDataset {
        code: EventCode(0xC001),
        session: SessionId(1),
        transaction: TransactionId(2),
        params: vec![2, 77],
    };
    script.recorder.event(script.at + Duration::from_millis(500), event);
    script.did(0x1003, &[]);
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    client.answer(0x100E, &[], None);
    let capture = client.id;
    let due = client.player.next_due().unwrap();
    assert_eq!(due - client.now, Duration::from_millis(1500));
    assert!(client.player.take_due(client.now).is_empty());
    let events = client.answer(0x1015, &[0xD212], None).events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].transaction, TransactionId(capture));
    assert_eq!(events[0].params, [capture, 77]);
    assert_eq!(client.player.next_due(), None);
    // Nobody asks: it comes by itself.
    client.answer(0x100E, &[], None);
    assert_eq!(client.player.take_due(client.now + Duration::from_secs(2)).len(), 1);
}

#[test]
fn what_is_not_whole_is_not_used() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.recorder.part(1, Some(9), 0, b"abc").unwrap();
    script.recorder.part(1, Some(9), 5, b"fg").unwrap();
    let mut exchange = Exchange {
        connection: 1,
        id: 9,
        at: Duration::ZERO,
        operation: 0x1015,
        params: vec![0xD212],
        direction: Direction::In,
        sent: Vec::new(),
        data_bytes: 7,
        response: OK,
        response_params: Vec::new(),
    };
    script.recorder.exchange(exchange.clone());
    script.recorder.incomplete(1, 10);
    // Another camera, and one that nobody asked anything.
    exchange.connection = 2;
    exchange.direction = Direction::None;
    script.recorder.ack(2, "X-T8");
    script.recorder.exchange(exchange);
    script.recorder.ack(3, "X-T9");
    let recording = script.recorder.finish(None).unwrap();
    assert_eq!((recording.incomplete(), recording.exchanges()), (2, 1));
    assert_eq!((recording.connections(), recording.model()), (&[1][..], Some("X-T9")));
    let empty = Recorder::new(tempfile::tempfile().unwrap()).finish(Some(1));
    assert!(matches!(empty, Err(ReplayError::Empty)));
}

#[test]
fn live_view_goes_round_with_its_counter() {
    let mut script = Script::new();
    script.did(0x1002, &[1]);
    script.did(0x101C, &[]);
    for (number, at) in [(5u32, 100), (6, 140), (8, 200)] {
        let packet = [&[0; 8][..], &number.to_le_bytes(), b"frame"].concat();
        script.recorder.part(2, None, 0, &packet).unwrap();
        let at = script.at + Duration::from_millis(at);
        script.recorder.frame(2, at, packet.len() as u64);
    }
    let mut client = script.play();
    client.ask(0x1002, &[1]);
    client.ask(0x101C, &[]);
    let view = client.player.view().unwrap();
    let counters = (0..7).map(|number| view.packet(number).unwrap()[8]);
    assert_eq!(counters.collect::<Vec<_>>(), [5, 6, 8, 9, 10, 12, 13]);
    let due = (0..5).map(|number| view.due(number).as_millis());
    assert_eq!(due.collect::<Vec<_>>(), [0, 40, 100, 150, 190]);
}
