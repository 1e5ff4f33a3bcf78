//! The guard: nothing changes unless it was allowed.

use filmwire_codec::journal::{Direction, Verdict};
use filmwire_sim::{Allow, Simulator};

use crate::support::{Client, client, simulator};

fn allowed(words: &[&str]) -> Simulator {
    let camera = simulator("permissive", 3);
    let mut allow = Allow::default();
    words.iter().for_each(|word| assert!(allow.add(word)));
    camera.set_allow(allow);
    camera
}

async fn opened(camera: &Simulator) -> Client {
    let mut client = client(camera).await;
    client.open().await;
    client
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_write_is_eaten_and_refused() {
    let camera = allowed(&[]);
    let mut client = opened(&camera).await;
    let big = vec![7; 200_000];
    assert_eq!(client.try_set(0x5005, &big).await, Some(0x200F));
    assert_eq!(client.run(0x1015, &[0x5005]).await.payload(), [2, 0], "unchanged, and in step");
    let rows = camera.violations();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].operation, rows[0].params[0], rows[0].length), (0x1016, 0x5005, 200_000));
    assert_eq!((rows[0].direction, rows[0].value.len()), (Direction::Out, 64));
    assert_eq!(rows[0].response, Some(0x200F));
}

#[tokio::test(start_paused = true)]
async fn an_allowed_write_is_carried_out() {
    let camera = allowed(&["settings"]);
    let mut client = opened(&camera).await;
    client.set16(0x5005, 0x8006).await;
    assert_eq!(client.run(0x1015, &[0x5005]).await.payload(), [6, 0x80]);
    assert_eq!(camera.violations(), []);
    assert_eq!(camera.journal().iter().filter(|row| row.verdict == Verdict::Permitted).count(), 1);
    assert_eq!(client.run(0x100B, &[1]).await.code, 0x200F, "deleting is another permission");
}

#[tokio::test(start_paused = true)]
async fn deleting_happens_in_memory_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("100_FUJI")).unwrap();
    let file = folder.path().join("100_FUJI/DSCF0001.JPG");
    std::fs::write(&file, [0xFF, 0xD8, 0xFF, 0xD9]).unwrap();
    let card = filmwire_sim::card::Card::from_dir(folder.path()).unwrap();
    let persona = filmwire_sim::Persona::builtin("permissive").unwrap();
    let camera = Simulator::new(persona, card);
    let mut first = opened(&camera).await;
    assert_eq!(first.run(0x100B, &[1]).await.code, 0x200F);
    assert_eq!(camera.with_card(|card| card.len()), 1);
    camera.set_allow(Allow { delete: true, ..Allow::default() });
    assert_eq!(first.run(0x100B, &[1]).await.code, 0x2001);
    assert_eq!(first.run(0x100B, &[1]).await.code, 0x2009);
    assert_eq!(camera.with_card(|card| card.len()), 0);
    assert!(file.exists());
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_allowed_is_refused_in_its_shape() {
    let camera = allowed(&["settings", "shoot", "delete", "upload"]);
    let mut client = opened(&camera).await;
    for operation in [0x900C, 0x900D, 0x901D, 0x9040, 0x9042] {
        client.send(operation, &[0, 0, 0], Some(&[1, 2, 3, 4])).await;
        assert_eq!(client.answer().await.unwrap().code, 0x200F, "{operation:04X}");
    }
    assert_eq!(client.run(0x100F, &[0x1000_0001]).await.code, 0x200F);
    // An operation nobody knows: its data phase, if it has one, is eaten.
    client.send(0x9ABC, &[], Some(&[9; 500])).await;
    assert_eq!(client.answer().await.unwrap().code, 0x200F);
    assert_eq!(client.run(0x1015, &[0xD222]).await.code, 0x2001);
    assert_eq!(camera.violations().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_allowed_upload_is_on_the_card() {
    let object = vec![7; 200_000];
    let mut info = Vec::new();
    filmwire_codec::dataset::ObjectInfo {
        size_bytes: 200_000,
        name: "NOTES.MOV".into(),
        ..Default::default()
    }
    .encode(&mut info);
    let camera = allowed(&["upload"]);
    let mut client = opened(&camera).await;
    client.send(0x100D, &[], Some(&object)).await;
    assert_eq!(client.answer().await.unwrap().code, 0x2015, "not announced");
    client.send(0x100C, &[0, 0], Some(&info)).await;
    assert_eq!(client.answer().await.unwrap().params, [0x1000_0001, 0, 4]);
    client.send(0x100D, &[], Some(&object[1..])).await;
    assert_eq!(client.answer().await.unwrap().code, 0x2007, "cut short");
    client.send(0x100C, &[0, 0], Some(&info)).await;
    client.answer().await.unwrap();
    client.send(0x100D, &[], Some(&object)).await;
    assert_eq!(client.answer().await.unwrap().code, 0x2001);
    assert!(client.run(0x1009, &[4]).await.payload() == object);
    let forbidden = allowed(&["settings", "shoot", "delete"]);
    let mut client = opened(&forbidden).await;
    client.send(0x100C, &[0, 0], Some(&info)).await;
    assert_eq!(client.answer().await.unwrap().code, 0x200F);
}
