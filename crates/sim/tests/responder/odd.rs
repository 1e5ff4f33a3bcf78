//! Odd clients: each of them meets every persona, which does what its file says.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use filmwire_codec::container::encode_command;
use filmwire_codec::init::{GOODBYE, InitRequest};
use filmwire_codec::{OperationCode, TransactionId};
use filmwire_sim::persona::{SecondClient, SecondOpen, Surplus};
use filmwire_sim::{Allow, Persona, Simulator};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::timeout;

use crate::support::{Client, SILENCE, client, simulator, switched};

/// Every persona, with a camera of two photos.
fn all() -> impl Iterator<Item = (Persona, Simulator)> {
    Persona::names().into_iter().map(|name| (Persona::builtin(name).unwrap(), simulator(name, 2)))
}

/// What the gallery gives in the end: the name and the bytes of object 1.
async fn first_object<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    persona: &Persona,
) -> (String, Vec<u8>) {
    client.any_gallery(persona).await;
    client.set16(0xD227, 1).await;
    let handle = 1;
    let info = client.info(handle).await;
    let bytes = client.fetch(handle, info.size_bytes as usize, 5_000).await;
    (info.name.to_text(), bytes)
}

#[tokio::test(start_paused = true)]
async fn padded_commands_and_values() {
    for (persona, camera) in all() {
        let name = persona.name.clone();
        let ignores = (persona.surplus_params, persona.surplus_value_bytes);
        assert_eq!(ignores, (Surplus::Ignore, Surplus::Ignore), "{name}: no other rule is tested");
        let mut plain = client(&camera).await;
        let wanted = first_object(&mut plain, &persona).await;
        plain.leave().await;
        let mut odd = client(&camera).await;
        odd.padded = true;
        assert!(first_object(&mut odd, &persona).await == wanted, "{name}");
        odd.leave().await;
        assert!(camera.violations().is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_surplus_meets_is_a_switch() {
    for (policy, params, value) in [
        ("ignore", Some(0x2001), Some(0x2001)),
        ("refuse", Some(0x201D), Some(0x201C)),
        ("silence", None, None),
    ] {
        let camera = switched("X-T1", 1, &[("surplus_params", policy)]);
        let mut odd = client(&camera).await;
        odd.open().await;
        let answer = odd.try_run(0x1015, &[0xD212, 0]).await.map(|answer| answer.code);
        assert_eq!(answer, params, "{policy}");
        assert_eq!(odd.run(0x1015, &[0xD212]).await.code, 0x2001, "without surplus");
        let camera = switched("X-T1", 1, &[("surplus_value_bytes", policy)]);
        let mut odd = client(&camera).await;
        odd.open().await;
        assert_eq!(odd.try_set(0xDF01, &[5, 0, 0, 0]).await, value, "{policy}");
        odd.set16(0xDF01, 5).await;
        assert_eq!(odd.try_set(0xDF24, &[1, 0, 2, 0, 0]).await, value, "{policy}");
        odd.set32(0xDF24, 0x20001).await;
        assert_eq!(odd.try_set(0xD226, &[1, 0, 9, 9]).await, value, "{policy}");
        if policy == "ignore" {
            assert_eq!(odd.get(0xD226).await.payload(), [1, 0], "surplus bytes change nothing");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_init() {
    for (persona, camera) in all() {
        let mut short = InitRequest::new("Pi").encode();
        short.truncate(34);
        short[0] = 34;
        let mut odd = client(&camera).await;
        let mut answer = odd.init_with(&short).await;
        if persona.init_fails_first > 0 && !persona.init_exact_length {
            answer = odd.init_with(&short).await;
        }
        let wanted = if persona.init_exact_length { None } else { Some(68) };
        assert_eq!(answer.map(|ack| ack.len()), wanted, "{}", persona.name);
        drop(odd);
        client(&camera).await.open().await;
    }
}

/// A stream that hands on one byte at a time, with a rest after each.
struct Dribble {
    inner: DuplexStream,
    rested: bool,
}

impl AsyncRead for Dribble {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Dribble {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if !self.rested {
            self.rested = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &bytes[..1]))?;
        self.rested = false;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// TCP knows no packets: split anywhere, bytes mean the same. No persona has a choice in this.
#[tokio::test(start_paused = true)]
async fn packets_split_at_every_byte() {
    for (persona, camera) in all() {
        let mut plain = client(&camera).await;
        let wanted = first_object(&mut plain, &persona).await;
        plain.leave().await;
        let inner = camera.connect().unwrap();
        let mut odd = Client::new(Dribble { inner, rested: false });
        assert!(first_object(&mut odd, &persona).await == wanted, "{}", persona.name);
        odd.leave().await;
    }
}

/// Chosen by us for all: what came ahead is answered in its order.
#[tokio::test(start_paused = true)]
async fn two_commands_in_one_segment() {
    for (persona, camera) in all() {
        let mut odd = client(&camera).await;
        odd.open().await;
        let command =
            |id, property| encode_command(OperationCode(0x1015), TransactionId(id), &[property]);
        let both = [command(7, 0xD212), command(8, 0xDFFF)].concat();
        odd.stream.write_all(&both).await.unwrap();
        odd.transaction = 7;
        assert!(!odd.answer().await.unwrap().payload().is_empty(), "{}", persona.name);
        odd.transaction = 8;
        assert!(odd.answer().await.unwrap().payload().is_empty(), "{}", persona.name);
        let close = encode_command(OperationCode(0x1003), TransactionId(9), &[]);
        odd.stream.write_all(&[&close[..], &GOODBYE].concat()).await.unwrap();
        odd.transaction = 9;
        assert_eq!(odd.answer().await.unwrap().code, 0x2001);
        let mut rest = Vec::new();
        odd.stream.read_to_end(&mut rest).await.unwrap();
        camera.wait_idle().await;
        assert_eq!(camera.journal().last().unwrap().note, "goodbye");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_client() {
    for (persona, camera) in all() {
        let mut first = client(&camera).await;
        first.open().await;
        let mut second = client(&camera).await;
        let met = timeout(SILENCE, second.init()).await;
        match persona.second_client {
            SecondClient::Refuse => assert!(met.unwrap().is_none(), "{}", persona.name),
            SecondClient::Wait | SecondClient::Ignore => assert!(met.is_err(), "{}", persona.name),
        }
        assert!(first.try_run(0x1015, &[0xD212]).await.is_some(), "the first one goes on");
        first.leave().await;
        if persona.second_client == SecondClient::Wait {
            let turn = timeout(SILENCE, second.stream.read_u32_le()).await;
            assert!(matches!(turn.unwrap().unwrap(), 12 | 68), "{}", persona.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_never_opened() {
    for (persona, camera) in all() {
        if !persona.has_remote() {
            let mut odd = client(&camera).await;
            odd.open().await;
            odd.set16(0xDF01, 5).await;
            assert_eq!(odd.run(0x101C, &[0, 0]).await.code, 0x2005, "{}", persona.name);
            assert!(camera.connect_events().is_err(), "{}: nothing listens", persona.name);
            odd.leave().await;
            continue;
        }
        camera.set_allow(Allow { shoot: true, ..Allow::default() });
        let mut odd = client(&camera).await;
        odd.open().await;
        odd.states().await;
        odd.set16(0xDF01, if persona.newer_path { 22 } else { 5 }).await;
        assert_eq!(odd.run(0x101C, &[0, 0]).await.code, 0x2001, "{}", persona.name);
        let started = odd.transaction;
        for taken in 3..5 {
            odd.run(0x100E, &[0, 0]).await;
            assert!(odd.run(0x9022, &[]).await.payload().starts_with(&[0xFF, 0xD8]));
            let view = filmwire_sim::card::View::PHONE_NEWEST_FIRST;
            assert_eq!(
                camera.with_card(|card| card.visible(view).len()),
                taken,
                "{}",
                persona.name
            );
        }
        assert_eq!(odd.run(0x1018, &[started]).await.code, 0x2001);
        odd.leave().await;
    }
}

/// Ways to vanish: how much of a session was played before.
#[derive(Clone, Copy, Debug)]
enum Vanish {
    Connected,
    HalfAnInit,
    Registered,
    InSession,
    HalfACommand,
    HalfAValue,
    InTheMiddleOfAnObject,
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_makes_room_for_the_next() {
    use Vanish as V;
    let ways = [V::Connected, V::HalfAnInit, V::Registered, V::InSession, V::HalfACommand];
    for (persona, camera) in all() {
        assert_eq!(persona.rest_after_abrupt_end_ms, 0, "{}: no rest is tested", persona.name);
        for way in ways.into_iter().chain([V::HalfAValue, V::InTheMiddleOfAnObject]) {
            vanish(&camera, &persona, way).await;
            camera.wait_idle().await;
            let last = camera.journal().pop().unwrap();
            assert_eq!(last.note, "closed by peer", "{} {way:?}", persona.name);
            let mut next = client(&camera).await;
            next.any_gallery(&persona).await;
            next.info(1).await;
            next.leave().await;
        }
    }
}

async fn vanish(camera: &Simulator, persona: &Persona, way: Vanish) {
    let mut odd = client(camera).await;
    let set = encode_command(OperationCode(0x1016), TransactionId(2), &[0xDF01]);
    match way {
        Vanish::Connected => {}
        Vanish::HalfAnInit => {
            odd.stream.write_all(&InitRequest::new("odd").encode()[..40]).await.unwrap();
        }
        Vanish::Registered => assert!(odd.init().await.is_some()),
        Vanish::InSession => odd.open().await,
        Vanish::HalfACommand => {
            odd.open().await;
            odd.stream.write_all(&set[..9]).await.unwrap();
        }
        Vanish::HalfAValue => {
            odd.open().await;
            let half = [&set[..], &[14, 0, 0, 0, 2, 0, 0x16, 0x10, 2, 0, 0, 0, 5][..]].concat();
            odd.stream.write_all(&half).await.unwrap();
        }
        Vanish::InTheMiddleOfAnObject => {
            odd.any_gallery(persona).await;
            odd.run(0x101B, &[1, 0, 100]).await;
            odd.send(0x101B, &[1, 100, 1000], None).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_may_need_a_rest_after_a_client_vanished() {
    let camera = switched("X-T5", 1, &[("rest_after_abrupt_end_ms", "3000")]);
    let mut first = client(&camera).await;
    first.open().await;
    drop(first);
    camera.wait_idle().await;
    assert!(camera.connect().is_err());
    tokio::time::sleep(Duration::from_millis(2_900)).await;
    assert!(camera.connect().is_err());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut second = client(&camera).await;
    second.open().await;
    second.leave().await;
    camera.wait_idle().await;
    client(&camera).await.open().await;
}

/// Who closes its own direction is still answered what it asked before.
#[tokio::test(start_paused = true)]
async fn a_half_closed_connection() {
    for (persona, camera) in all() {
        let mut odd = client(&camera).await;
        odd.open().await;
        odd.send(0x1015, &[0xD212], None).await;
        odd.stream.shutdown().await.unwrap();
        assert_eq!(odd.answer().await.unwrap().code, 0x2001, "{}", persona.name);
        let mut rest = Vec::new();
        odd.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
        camera.wait_idle().await;
        client(&camera).await.open().await;
    }
}

#[tokio::test(start_paused = true)]
async fn goodbye_without_close_session() {
    for (persona, camera) in all() {
        let mut odd = client(&camera).await;
        odd.any_gallery(&persona).await;
        odd.stream.write_all(&GOODBYE).await.unwrap();
        let mut rest = Vec::new();
        odd.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "goodbye has no answer");
        camera.wait_idle().await;
        assert_eq!(camera.journal().last().unwrap().note, "goodbye", "{}", persona.name);
        assert!(camera.connect_events().is_err(), "the side ports are closed");
        client(&camera).await.any_gallery(&persona).await;
    }
}

#[tokio::test(start_paused = true)]
async fn open_session_twice() {
    for (persona, camera) in all() {
        let mut odd = client(&camera).await;
        odd.open().await;
        let answer = odd.try_run(0x1002, &[1]).await.map(|answer| answer.code);
        let wanted = match persona.second_open_session {
            SecondOpen::AlreadyOpen => Some(0x201E),
            SecondOpen::Ok => Some(0x2001),
            SecondOpen::Silence => None,
        };
        assert_eq!(answer, wanted, "{}", persona.name);
        assert!(!odd.states().await.is_empty(), "the session goes on");
    }
    for (policy, wanted) in [("ok", Some(0x2001)), ("silence", None)] {
        let camera = switched("X-T5", 1, &[("second_open_session", policy)]);
        let mut odd = client(&camera).await;
        odd.open().await;
        assert_eq!(odd.try_run(0x1002, &[1]).await.map(|answer| answer.code), wanted, "{policy}");
        assert!(!odd.states().await.is_empty());
    }
}
