//! From the remote function to the gallery and back, on one connection.

use std::net::SocketAddr;
use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_sim::{Allow, SimServer, Simulator};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Client, client, started, stops, switched};

/// Long enough to say that nothing comes.
const LONG: Duration = Duration::from_secs(9);

/// A body with one photo on its card whose two side sockets do as `sockets` says.
fn camera(persona: &str, sockets: &str) -> Simulator {
    let switches = [("shooting.side_sockets", sockets), ("lists_raw", "true")];
    let camera = switched(persona, 1, &switches);
    camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
    camera
}

async fn event(events: &mut (impl AsyncRead + Unpin)) -> u16 {
    let mut packet = [0; 28];
    timeout(LONG, events.read_exact(&mut packet)).await.expect("an event").unwrap();
    EventDataset::decode(&packet).unwrap().code.0
}

/// A capture with all its events; returns the preview.
async fn capture<S>(client: &mut Client<S>, events: &mut (impl AsyncRead + Unpin)) -> Vec<u8>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert_eq!(client.run(0x100E, &[0, 0]).await.code, 0x2001);
    assert_eq!((event(events).await, event(events).await), (0xC004, 0xC001));
    let preview = client.run(0x9022, &[]).await.payload().to_vec();
    assert_eq!(event(events).await, 0x400D);
    preview
}

/// Fact sheet 4.7, steps 9 to 15; returns the lists of D212 after DF00 = 6 and in the gallery.
async fn to_gallery<S>(client: &mut Client<S>, function: u32) -> [Vec<(u16, u32)>; 2]
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    client.states().await;
    assert_eq!(client.run(0x1018, &[function]).await.code, 0x2001);
    assert!(client.states().await.len() >= 17, "still the settings");
    client.set16(0xDF00, 6).await;
    let neutral = client.states().await;
    assert_eq!(client.states().await, []);
    client.set16(0xDF01, 11).await;
    client.set32(0xDF25, 5).await;
    [neutral, client.states().await]
}

/// Back to the remote function; returns the transaction that started it.
async fn to_remote<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> u32 {
    client.set16(0xDF00, 6).await;
    client.states().await;
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2001);
    client.transaction
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_listed_fetched_and_more_is_taken_on_one_connection() {
    for body in ["X-T2", "X-T20", "X-T4", "X-T5"] {
        let camera = camera(body, "once");
        camera.turn(0xD018, 4);
        let (mut client, mut function) = started(&camera).await;
        let mut events = camera.connect_events().unwrap();
        for round in 1..=3u32 {
            let preview = capture(&mut client, &mut events).await;
            let [neutral, gallery] = to_gallery(&mut client, function).await;
            // A RAF and a JPEG each time, beside the photo of before.
            let count = 1 + 2 * round;
            assert!(neutral.contains(&(0xDF00, 6)) && neutral.contains(&(0xD222, count)));
            assert!(neutral.contains(&(0xD401, count)), "{body}: {neutral:X?}");
            assert_eq!(gallery, [(0xDF00, 11), (0xD222, count)], "{body}");
            client.set16(0xD227, 1).await;
            let (jpeg, raw) = (client.info(1).await, client.info(2).await);
            let stem = format!("DSCF{:04}", round + 1);
            assert_eq!(jpeg.name.to_string(), format!("{stem}.JPG"));
            assert_eq!(raw.name.to_string(), format!("{stem}.RAF"));
            assert_eq!(jpeg.capture_date, raw.capture_date);
            let file = client.fetch(1, jpeg.size_bytes as usize, 0x10_0000).await;
            assert!(stops(&preview, &file).abs() < 0.1, "the file is as bright as its preview");
            client.states().await;
            client.set16(0xD227, 0).await;
            function = to_remote(&mut client).await;
        }
        assert!(camera.violations().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn live_view_rests_on_the_trip_and_goes_on_behind_it() {
    let camera = camera("X-T4", "once");
    let (mut client, function) = started(&camera).await;
    let mut live = camera.connect_live_view().unwrap();
    live.read_u8().await.unwrap();
    to_gallery(&mut client, function).await;
    let mut unread = vec![0; 1 << 16];
    while timeout(LONG, live.read(&mut unread)).await.is_ok_and(|read| read.unwrap() > 0) {}
    to_remote(&mut client).await;
    timeout(LONG, live.read_u8()).await.expect("frames again").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_port_takes_one_client_a_session_or_many() {
    for (sockets, more) in [("once", false), ("many", true), ("renewed", true), ("lost", false)] {
        let camera = camera("X-T4", sockets);
        let (client, _) = started(&camera).await;
        let first = (camera.connect_events().unwrap(), camera.connect_live_view().unwrap());
        assert_eq!(camera.connect_events().is_ok(), more, "{sockets}");
        assert_eq!(camera.connect_live_view().is_ok(), more, "{sockets}");
        drop(first);
        assert_eq!(camera.connect_events().is_ok(), more, "{sockets}: gone is not unused");
        client.leave().await;
        camera.wait_idle().await;
        let (_client, _) = started(&camera).await;
        assert!(camera.connect_events().is_ok() && camera.connect_live_view().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_sockets_may_end_with_the_function() {
    for (sockets, again) in [("renewed", true), ("lost", false)] {
        let camera = camera("X-T5", sockets);
        let (mut client, function) = started(&camera).await;
        let (mut events, mut live) =
            (camera.connect_events().unwrap(), camera.connect_live_view().unwrap());
        to_gallery(&mut client, function).await;
        let end = timeout(LONG, events.read_u8()).await.expect("it ends");
        assert!(end.is_err(), "{sockets}");
        let mut rest = Vec::new();
        timeout(LONG, live.read_to_end(&mut rest)).await.expect("it ends").unwrap();
        assert!(camera.connect_events().is_err(), "nothing listens in the gallery");
        to_remote(&mut client).await;
        assert_eq!(camera.connect_events().is_ok(), again, "{sockets}");
        assert_eq!(camera.connect_live_view().is_ok(), again, "{sockets}");
        let told = camera.journal().iter().filter(|row| row.note.starts_with("sockets of")).count();
        assert_eq!(told, 1, "{sockets}");
        // A fresh session has them anew, on the same connection too.
        client.run(0x1003, &[]).await;
        client.run(0x1002, &[1]).await;
        to_remote(&mut client).await;
        let mut events = camera.connect_events().unwrap();
        capture(&mut client, &mut events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_taken_while_the_gallery_is_open_is_told_there() {
    let camera = camera("X-T4", "once");
    let (mut client, function) = started(&camera).await;
    let mut events = camera.connect_events().unwrap();
    camera.turn(0xD240, 4_000);
    client.run(0x100E, &[0, 0]).await;
    let [_, gallery] = to_gallery(&mut client, function).await;
    assert!(gallery.contains(&(0xD222, 1)), "still being exposed: {gallery:X?}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(client.states().await, [(0xD222, 3), (0xD401, 3)]);
    assert_eq!((event(&mut events).await, event(&mut events).await), (0xC004, 0xC001));
    to_remote(&mut client).await;
    client.run(0x100E, &[0, 0]).await;
    let rows = camera.journal();
    let ignored = "nothing taken: the last one is not complete";
    assert_eq!(rows.last().unwrap().note, ignored, "its preview waits");
    client.run(0x9022, &[]).await;
    assert_eq!(event(&mut events).await, 0x400D);
    capture(&mut client, &mut events).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_stands_in_the_journal() {
    let camera = camera("X-T4", "once");
    camera.add_fault("focus-fail=1".parse().unwrap());
    camera.add_fault("card-full=0".parse().unwrap());
    let (mut client, _) = started(&camera).await;
    for note in ["nothing taken: no focus", "nothing taken: card full"] {
        client.run(0x100E, &[0, 0]).await;
        assert_eq!(camera.journal().last().unwrap().note, note);
    }
}

/// Connects until nobody listens; whoever is taken meanwhile is told nothing.
async fn refused(address: SocketAddr) {
    while let Ok(mut stream) = TcpStream::connect(address).await {
        let mut told = [0; 1];
        assert!(!stream.read(&mut told).await.is_ok_and(|count| count > 0));
    }
}

/// On TCP a port that has had its client refuses the next one, and listens again for the next
/// session.
#[tokio::test]
async fn on_tcp_the_ports_keep_to_it_too() {
    let server =
        SimServer::listen(camera("X-T4", "once"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let at = server.addresses();
    for _ in 0..3 {
        let mut client = Client::new(TcpStream::connect(at.command).await.unwrap());
        client.open().await;
        to_remote(&mut client).await;
        let mut events = TcpStream::connect(at.events).await.unwrap();
        let _live = TcpStream::connect(at.live_view).await.unwrap();
        capture(&mut client, &mut events).await;
        timeout(LONG, refused(at.events)).await.expect("events once a session");
        timeout(LONG, refused(at.live_view)).await.expect("live view once a session");
        client.leave().await;
        server.simulator().wait_idle().await;
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_of_the_newer_path_goes_there_and_back() {
    let camera = camera("X100VI", "once");
    let mut client = client(&camera).await;
    client.newer_gallery().await;
    client.set16(0xDF00, 6).await;
    client.set16(0xDF01, 22).await;
    let version = client.get(0xDF2A).await.payload().to_vec();
    assert_eq!(client.try_set(0xDF2A, &version).await, Some(0x2001));
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2001);
    let function = client.transaction;
    let mut events = camera.connect_events().unwrap();
    capture(&mut client, &mut events).await;
    client.run(0x1018, &[function]).await;
    client.states().await;
    client.set16(0xDF00, 6).await;
    client.states().await;
    client.set16(0xDF01, 20).await;
    let states = client.states().await;
    assert!(states.contains(&(0xD222, 3)), "{states:X?}");
}
