//! Every fault of the catalogue at work.

use std::time::Duration;

use filmwire_codec::dataset::ObjectInfo;
use filmwire_sim::{Fault, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::support::{Client, client, simulator};

fn armed(faults: &[&str]) -> Simulator {
    let camera = simulator("X-A2", 4);
    camera.with_persona(|persona| persona.unfinished_read_cure = 0);
    faults.iter().for_each(|fault| camera.add_fault(fault.parse().unwrap()));
    camera
}

async fn gallery(camera: &Simulator) -> Client {
    let mut client = client(camera).await;
    client.old_gallery().await;
    client.set16(0xD227, 1).await;
    client
}

async fn info(client: &mut Client, handle: u32) -> ObjectInfo {
    ObjectInfo::decode(client.run(0x1008, &[handle]).await.payload()).unwrap()
}

async fn name(client: &mut Client, handle: u32) -> String {
    info(client, handle).await.name.to_text()
}

/// Everything the camera sends to a client that asks for an ObjectInfo after init.
async fn received(camera: &Simulator) -> Vec<u8> {
    let mut client = client(camera).await;
    let mut bytes = client.init().await.unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(51)).await;
    client.send(0x1002, &[1], None).await;
    client.send(0x1015, &[0xD212], None).await;
    // A polite end, so that the stream ends even if nothing was cut.
    client.stream.write_all(&filmwire_codec::init::GOODBYE).await.unwrap();
    client.stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[test]
fn every_fault_of_the_catalogue_is_tested() {
    let text = concat!(
        include_str!("faults.rs"),
        include_str!("setting.rs"),
        include_str!("capture.rs"),
        include_str!("live_view.rs"),
    );
    for entry in Fault::catalogue() {
        let used = text.contains(&format!("\"{}=", entry.name));
        assert!(used, "no test uses {}", entry.name);
    }
}

#[test]
fn the_guide_lists_every_fault_and_every_switch() {
    let guide = include_str!("../../../../docs/guide/simulator.md");
    for entry in Fault::catalogue() {
        let row = format!(
            "| `{}={}` | `{}={}` | {} |",
            entry.name, entry.argument, entry.name, entry.example, entry.does
        );
        assert!(guide.contains(&row), "the guide lacks: {row}");
    }
    let persona = filmwire_sim::Persona::builtin("X-T4").unwrap();
    for (key, _) in persona.switches().iter().filter(|(key, _)| key != "name") {
        let named = [format!("`{key}`"), format!("`{key}.")];
        assert!(named.iter().any(|name| guide.contains(name)), "the guide lacks {key}");
    }
    for known in filmwire_sim::Persona::known_models() {
        let row = match &known.based_on {
            // The row of the class names all that it stands for.
            Some(class) => guide.lines().find(|line| {
                line.starts_with(&format!("| `{class}` |"))
                    && line.contains(&format!("`{}`", known.name))
            }),
            None => guide.lines().find(|line| line.starts_with(&format!("| `{}` |", known.name))),
        };
        let row = row.unwrap_or_else(|| panic!("the guide lacks {}", known.name));
        let made_from = format!("{:?}", known.faithful).to_lowercase();
        assert!(known.based_on.is_some() || row.contains(&format!("| {made_from}")), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_the_connection_at_its_byte_once() {
    let whole = received(&armed(&[])).await;
    for at in [1, 67, 68, 69, 80, 81, whole.len() - 1] {
        let camera = armed(&[&format!("cut-at={at}")]);
        let mut client = client(&camera).await;
        let mut bytes = Vec::new();
        let request = filmwire_codec::init::InitRequest::new("HackedClient").encode();
        client.stream.write_all(&request).await.unwrap();
        if at > 68 {
            let mut ack = [0; 68];
            client.stream.read_exact(&mut ack).await.unwrap();
            bytes.extend(ack);
            tokio::time::sleep(Duration::from_millis(51)).await;
            client.send(0x1002, &[1], None).await;
            client.send(0x1015, &[0xD212], None).await;
        }
        client.stream.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, whole[..at]);
        camera.wait_idle().await;
        assert_eq!(camera.journal().last().unwrap().note, "cut");
        assert_eq!(received(&camera).await, whole, "the second connection is whole");
        assert_eq!(camera.stats().sent_bytes, (at + whole.len()) as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_the_connection_behind_its_container() {
    // Ack, response to OpenSession, data of D212, response.
    let whole = received(&armed(&[])).await;
    for (containers, bytes) in [(2, 80), (3, whole.len() - 12)] {
        let camera = armed(&[&format!("cut-at-container={containers}")]);
        let mut client = client(&camera).await;
        let mut got = client.init().await.unwrap();
        tokio::time::sleep(Duration::from_millis(51)).await;
        client.send(0x1002, &[1], None).await;
        client.send(0x1015, &[0xD212], None).await;
        client.stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, whole[..bytes]);
        camera.wait_idle().await;
        assert_eq!(camera.stats().sent_containers, containers);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_delays_what_follows_its_byte() {
    let camera = armed(&["stall-at=75:30s"]);
    let mut client = client(&camera).await;
    client.init().await.unwrap();
    tokio::time::sleep(Duration::from_millis(51)).await;
    let asked = Instant::now();
    client.send(0x1002, &[1], None).await;
    let mut bytes = [0; 7];
    client.stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 0);
    client.stream.read_exact(&mut bytes[..5]).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_stall_in_an_answer_comes_in_the_middle_of_it() {
    let camera = armed(&["stall=GetPartialObject:30s"]);
    let mut client = gallery(&camera).await;
    let asked = Instant::now();
    client.send(0x101B, &[1, 0, 1000], None).await;
    let mut half = [0; 12 + 500];
    client.stream.read_exact(&mut half).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 0);
    let mut rest = [0; 500 + 16];
    client.stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn silence_meets_the_operation_it_names() {
    let camera = armed(&["silence=GetObjectInfo#2"]);
    let mut client = gallery(&camera).await;
    assert!(client.try_run(0x1008, &[1]).await.is_some());
    assert!(client.try_run(0x1008, &[1]).await.is_none());
    assert!(client.try_run(0x1008, &[1]).await.is_some());
    let silent =
        camera.journal().into_iter().find(|row| row.response.is_none() && row.operation == 0x1008);
    assert_eq!(silent.unwrap().note, "silence");
}

#[tokio::test(start_paused = true)]
async fn a_container_announces_a_wrong_length() {
    let camera = armed(&["container-length=0x1008:0xFFFFFFFF"]);
    let mut client = gallery(&camera).await;
    client.send(0x1008, &[1], None).await;
    assert_eq!(client.stream.read_u32_le().await.unwrap(), 0xFFFF_FFFF);
}

#[tokio::test(start_paused = true)]
async fn sizes_lie() {
    let truth = info(&mut gallery(&armed(&[])).await, 1).await.size_bytes;
    for (fault, size) in [
        ("size-small=100", truth - 100),
        ("size-big=100", truth + 100),
        ("claim-size=0xFFFFFFFF", u32::MAX),
    ] {
        let camera = armed(&[fault]);
        let mut client = gallery(&camera).await;
        assert_eq!(info(&mut client, 1).await.size_bytes, size, "{fault}");
        assert_eq!(client.fetch(1, truth as usize, 1 << 20).await.len(), truth as usize);
        assert!(client.run(0x101B, &[1, truth, 100]).await.payload().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn counts_lie() {
    let camera = armed(&["claim-count=0xFFFFFFFF"]);
    let mut first = client(&camera).await;
    first.open().await;
    assert_eq!(first.states().await, [(0xDF00, 2), (0xD222, u32::MAX)]);
    first.leave().await;
    let camera = armed(&["claim-entries=65535"]);
    let mut second = client(&camera).await;
    second.open().await;
    let list = second.get(0xD212).await;
    assert_eq!((&list.payload()[..2], list.payload().len()), (&[0xFF, 0xFF][..], 14));
}

#[tokio::test(start_paused = true)]
async fn pieces_are_short() {
    let camera = armed(&["short-reads=1000"]);
    let mut client = gallery(&camera).await;
    let size = info(&mut client, 1).await.size_bytes as usize;
    let piece = client.run(0x101B, &[1, 0, 0x10_0000]).await;
    assert_eq!((piece.payload().len(), piece.params), (1000, vec![1000]));
    assert_eq!(client.fetch(1, size, 0x10_0000).await.len(), size);
}

#[tokio::test(start_paused = true)]
async fn data_phases_are_empty_or_cut_down() {
    let camera = armed(&["empty=GetPartialObject#2", "truncate=GetObjectInfo#1:60"]);
    let mut client = gallery(&camera).await;
    assert_eq!(client.run(0x1008, &[1]).await.payload().len(), 60);
    assert!(client.run(0x1008, &[1]).await.payload().len() > 60);
    assert_eq!(client.run(0x101B, &[1, 0, 100]).await.payload().len(), 100);
    assert_eq!(client.run(0x101B, &[1, 0, 100]).await.payload().len(), 0);
    let empty = &camera.journal()[camera.journal().len() - 1];
    assert_eq!((empty.length, empty.note.as_str()), (0, "empty"));
}

#[tokio::test(start_paused = true)]
async fn handles_are_doubled_or_change_places() {
    let camera = armed(&["duplicate=1:2"]);
    let mut first = gallery(&camera).await;
    assert_eq!(name(&mut first, 1).await, "DSCF0004.JPG");
    assert_eq!(name(&mut first, 2).await, "DSCF0004.JPG");
    assert_eq!(name(&mut first, 3).await, "DSCF0002.JPG");
    first.leave().await;
    camera.clear_faults();
    let mut second = gallery(&camera).await;
    camera.add_fault("reorder=2".parse().unwrap());
    assert_eq!(name(&mut second, 1).await, "DSCF0004.JPG");
    assert_eq!(name(&mut second, 1).await, "DSCF0001.JPG");
    assert_eq!(name(&mut second, 4).await, "DSCF0004.JPG");
    assert_eq!(second.run(0x1008, &[5]).await.code, 0x2009);
}

#[tokio::test(start_paused = true)]
async fn the_card_changes_between_two_operations() {
    let camera = armed(&[]);
    let mut client = gallery(&camera).await;
    let before = info(&mut client, 1).await;
    for fault in ["replace=1:2", "delete=1:4", "add=2:7"] {
        camera.add_fault(fault.parse().unwrap());
    }
    assert_eq!(info(&mut client, 1).await, before);
    let replaced = info(&mut client, 1).await;
    assert_eq!(replaced.name, before.name);
    assert_ne!(replaced.capture_date, before.capture_date);
    assert_eq!(client.states().await, [], "a replacement changes no count");
    assert_eq!(name(&mut client, 1).await, "DSCF0003.JPG");
    assert_eq!(client.states().await, [(0xD222, 3)]);
    assert_eq!(client.states().await, []);
    assert_eq!(client.states().await, [(0xD222, 5)]);
    assert_eq!(name(&mut client, 1).await, "DSCF0006.JPG");
}

#[tokio::test(start_paused = true)]
async fn a_camera_vanishes_and_returns() {
    let camera = armed(&["vanish=GetPartialObject#2:20s"]);
    let mut first = gallery(&camera).await;
    assert!(first.try_run(0x101B, &[1, 0, 10]).await.is_some());
    let gone = Instant::now();
    assert!(first.try_run(0x101B, &[1, 0, 10]).await.is_none());
    assert!(gone.elapsed().as_secs() < 1, "the connection ends, it is not silent");
    assert!(camera.connect().is_err());
    tokio::time::sleep(Duration::from_secs(19)).await;
    assert!(camera.connect().is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    gallery(&camera).await.run(0x101B, &[1, 0, 10]).await;
    gallery(&camera).await.run(0x101B, &[1, 0, 10]).await;
}

#[tokio::test(start_paused = true)]
async fn garbage_comes_before_an_answer() {
    let camera = armed(&["garbage=GetThumb#1:100"]);
    let mut client = gallery(&camera).await;
    client.send(0x100A, &[1], None).await;
    let mut bytes = [0; 112];
    client.stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[104..108], [2, 0, 0x0A, 0x10]);
}

#[tokio::test(start_paused = true)]
async fn ok_comes_late() {
    let camera = armed(&["slow-ok=20s"]);
    let mut client = client(&camera).await;
    client.open().await;
    let asked = Instant::now();
    client.send(0x1016, &[0xDF01], Some(&[2, 0])).await;
    assert_eq!(client.answer().await.unwrap().code, 0x2001);
    assert_eq!(asked.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn init_is_busy_for_a_while() {
    let camera = armed(&["busy-init=2"]);
    let mut client = client(&camera).await;
    for _ in 0..2 {
        let fail = client.init().await.unwrap();
        assert_eq!(fail, [12, 0, 0, 0, 5, 0, 0, 0, 0x19, 0x20, 0, 0]);
    }
    assert_eq!(client.init().await.unwrap().len(), 68);
    assert_eq!(camera.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_bear_a_wrong_transaction() {
    let camera = armed(&["wrong-transaction=GetObjectInfo#2"]);
    let mut client = gallery(&camera).await;
    client.run(0x1008, &[1]).await;
    client.send(0x1008, &[1], None).await;
    for _ in 0..2 {
        let (header, _) = client.container().await.unwrap();
        assert_ne!(header.transaction.0, client.transaction);
    }
}

#[tokio::test(start_paused = true)]
async fn operations_are_refused() {
    let camera = armed(&["refuse=GetThumb:0x2002"]);
    let mut client = gallery(&camera).await;
    let thumb = client.run(0x100A, &[1]).await;
    assert_eq!((thumb.code, thumb.payload().len()), (0x2002, 0));
}

#[tokio::test(start_paused = true)]
async fn names_are_hostile() {
    for (fault, expected) in [
        ("name=traversal", "../../../../tmp/owned.jpg"),
        ("name=absolute", "/etc/cron.d/owned"),
        ("name=reserved", "CON.JPG"),
        ("name=a b.JPG", "a b.JPG"),
    ] {
        let camera = armed(&[fault]);
        assert_eq!(name(&mut gallery(&camera).await, 1).await, expected);
    }
    let camera = armed(&["name=control"]);
    assert!(name(&mut gallery(&camera).await, 1).await.chars().any(char::is_control));
    let camera = armed(&["name=long"]);
    assert_eq!(name(&mut gallery(&camera).await, 1).await.len(), 254);
}
