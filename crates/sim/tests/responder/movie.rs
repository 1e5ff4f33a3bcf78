//! Movies started and stopped from afar.

use std::time::Duration;

use filmwire_sim::card::format;
use filmwire_sim::{Allow, Simulator};

use crate::support::{Client, started, switched};

async fn filming(persona: &str, switches: &[(&str, &str)]) -> (Simulator, Client) {
    let camera = switched(persona, 1, switches);
    camera.set_allow(Allow { shoot: true, ..Allow::default() });
    let (client, _) = started(&camera).await;
    (camera, client)
}

async fn seconds_left(client: &mut Client) -> u32 {
    client.states().await.into_iter().find(|entry| entry.0 == 0xD22A).unwrap().1
}

fn films(camera: &Simulator) -> usize {
    camera.with_card(|card| card.objects().filter(|object| object.format == format::MOV).count())
}

#[tokio::test(start_paused = true)]
async fn a_movie_runs_from_start_to_stop() {
    let (camera, mut client) = filming("X-T4", &[]).await;
    assert_eq!(seconds_left(&mut client).await, 4594, "as logged");
    assert_eq!(client.run(0x9021, &[1]).await.code, 0x2018, "none is running");
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2001);
    let id = client.transaction;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(seconds_left(&mut client).await, 4534);
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2019, "one at a time");
    assert_eq!(client.run(0x100E, &[0, 0]).await.code, 0x2019, "no picture meanwhile");
    assert_eq!(client.run(0x9021, &[id + 1]).await.code, 0x2004);
    assert_eq!(films(&camera), 0);
    assert_eq!(client.run(0x9021, &[id]).await.code, 0x2001);
    assert_eq!((films(&camera), seconds_left(&mut client).await), (1, 4534));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(seconds_left(&mut client).await, 4534);
}

#[tokio::test(start_paused = true)]
async fn a_movie_ends_where_the_card_does() {
    let switches = [("shooting.movie_seconds_remaining", "90")];
    let (camera, mut client) = filming("X-T4", &switches).await;
    client.run(0x9020, &[0, 0]).await;
    let id = client.transaction;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!((seconds_left(&mut client).await, films(&camera)), (0, 1));
    assert_eq!(client.run(0x9021, &[id]).await.code, 0x2018);
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2019, "no room");
}

#[tokio::test(start_paused = true)]
async fn a_movie_may_not_be_allowed() {
    let (camera, mut client) = filming("X-T1", &[]).await;
    assert_eq!(client.get(0xD019).await.payload(), [1, 0]);
    camera.turn(0xD019, 0);
    assert_eq!(client.get(0xD019).await.payload(), [0, 0]);
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2019);
    camera.turn(0xD019, 1);
    camera.set_menu(true);
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2019);
    camera.set_menu(false);
    client.run(0x100E, &[0, 0]).await;
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2019, "a picture is being taken");
    client.run(0x9022, &[]).await;
    assert_eq!(client.run(0x9020, &[0, 0]).await.code, 0x2001);
}

#[tokio::test(start_paused = true)]
async fn a_movie_left_running_ends_with_the_session_and_stands_in_the_journal() {
    let (camera, mut client) = filming("X-T4", &[]).await;
    client.run(0x9020, &[0, 0]).await;
    client.leave().await;
    camera.wait_idle().await;
    assert_eq!(films(&camera), 1);
    let notes: Vec<_> = camera.journal().into_iter().map(|row| row.note).collect();
    assert!(
        notes.contains(&"left behind: movie running, remote function running".to_owned()),
        "{notes:?}"
    );
}
