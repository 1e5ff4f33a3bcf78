//! Every persona from the outside, and the bytes that are printed of some bodies.

use std::path::Path;

use filmwire_codec::container::HEADER_BYTES;
use filmwire_sim::Persona;
use filmwire_sim::persona::{Code, Faithful};

use crate::support::{client, hex, simulator, switched};

#[tokio::test(start_paused = true)]
async fn every_persona_hands_out_its_gallery() {
    for name in Persona::known_models().into_iter().map(|known| known.name) {
        let persona = Persona::builtin(&name).unwrap();
        let camera = simulator(&name, 3);
        let mut client = client(&camera).await;
        client.any_gallery(&persona).await;
        client.set16(0xD227, 1).await;
        let mut names = Vec::new();
        for handle in 1..=3 {
            let info = client.info(handle).await;
            let bytes = client.fetch(handle, info.size_bytes as usize, 1 << 20).await;
            let thumb = client.run(0x100A, &[handle]).await;
            assert!(bytes.starts_with(&[0xFF, 0xD8]) && thumb.payload().starts_with(&[0xFF, 0xD8]));
            names.push(info.name.to_text());
        }
        names.sort();
        assert_eq!(names, ["DSCF0001.JPG", "DSCF0002.JPG", "DSCF0003.JPG"], "{name}");
        client.leave().await;
        assert!(camera.violations().is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_persona_calls_itself_by_its_model() {
    for known in Persona::known_models() {
        let mut client = client(&simulator(&known.name, 0)).await;
        let mut ack = client.init().await.unwrap();
        if ack.len() == 12 {
            ack = client.init().await.unwrap();
        }
        let units: Vec<u16> =
            ack[28..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let model = String::from_utf16(&units).unwrap();
        let model = model.trim_end_matches('\0');
        let wanted = if known.name == "permissive" { "X-T4" } else { known.name.as_str() };
        assert_eq!(model, wanted);
    }
}

/// Values of section 11 of the fact sheet, typed once more.
#[tokio::test(start_paused = true)]
async fn versions_are_those_of_the_table_of_models() {
    /// What the table tells; `None` where it says that the property is empty.
    type Told = (u16, Option<u32>);
    let rows: [(&str, &[Told]); 9] = [
        ("X-A2", &[(0xDF21, Some(1)), (0xDF22, Some(2)), (0xDF24, None), (0xDF25, None)]),
        (
            "X30",
            &[(0xDF21, Some(3)), (0xDF22, Some(3)), (0xDF24, Some(0x20002)), (0xDF25, Some(1))],
        ),
        (
            "X-T1",
            &[
                (0xDF21, Some(3)),
                (0xDF22, Some(3)),
                (0xDF23, Some(1)),
                (0xDF24, Some(0x20001)),
                (0xDF25, Some(1)),
                (0xDF31, Some(2)),
            ],
        ),
        (
            "XF10",
            &[(0xDF21, Some(3)), (0xDF22, Some(4)), (0xDF24, Some(0x20004)), (0xDF25, Some(2))],
        ),
        (
            "X-T2",
            &[
                (0xDF21, Some(3)),
                (0xDF22, Some(4)),
                (0xDF23, Some(1)),
                (0xDF24, Some(0x20004)),
                (0xDF25, Some(2)),
                (0xDF26, None),
                (0xDF31, Some(2)),
            ],
        ),
        (
            "X-T20",
            &[
                (0xDF21, Some(3)),
                (0xDF22, Some(4)),
                (0xDF23, Some(1)),
                (0xDF24, Some(0x20004)),
                (0xDF25, Some(2)),
                (0xDF26, None),
                (0xDF31, Some(2)),
            ],
        ),
        (
            "X-S10",
            &[
                (0xDF21, Some(3)),
                (0xDF22, Some(4)),
                (0xDF24, Some(0x2000A)),
                (0xDF25, Some(4)),
                (0xDF28, Some(1)),
            ],
        ),
        (
            "X-T4",
            &[
                (0xDF21, Some(4)),
                (0xDF22, Some(5)),
                (0xDF24, Some(0x2000A)),
                (0xDF25, Some(4)),
                (0xDF26, Some(1)),
                (0xDF28, Some(1)),
            ],
        ),
        (
            "X-T5",
            &[
                (0xDF21, Some(4)),
                (0xDF22, Some(5)),
                (0xDF24, Some(0x2000B)),
                (0xDF25, Some(5)),
                (0xDF28, Some(3)),
            ],
        ),
    ];
    for (name, wanted) in rows {
        let mut client = client(&simulator(name, 1)).await;
        client.open().await;
        for (code, wanted) in wanted {
            let bytes = wanted.map(|value| value.to_le_bytes().to_vec()).unwrap_or_default();
            assert_eq!(client.get(*code).await.payload(), bytes, "{name} {code:X}");
        }
    }
    let x_h1 = Persona::builtin("X-H1").unwrap().versions;
    let known = [(0xDF21, 3), (0xDF22, 4), (0xDF24, 0x20006), (0xDF25, 4)];
    assert!(known.into_iter().all(|(code, value)| x_h1.get(&Code(code)) == Some(&value)));
    let x_t10 = Persona::builtin("X-T10").unwrap().versions;
    let known = [(0xDF21, 3), (0xDF22, 3), (0xDF24, 0x20002), (0xDF31, 2)];
    assert!(known.into_iter().all(|(code, value)| x_t10.get(&Code(code)) == Some(&value)));
}

/// Section 13, point 9: thumbnails need ObjectInfo above DF24 = 0x20006, and nowhere else.
#[test]
fn thumbnails_need_object_info_above_0x20006() {
    for name in Persona::names().into_iter().filter(|name| *name != "permissive") {
        let persona = Persona::builtin(name).unwrap();
        let remote = persona.versions.get(&Code(0xDF24)).copied().unwrap_or(0);
        let needs = remote > 0x20006 || persona.newer_path;
        assert_eq!(persona.thumb_needs_object_info, needs, "{name}");
    }
}

#[test]
fn the_best_known_bodies_say_so() {
    let with = |faithful| -> Vec<&str> {
        let all = Persona::names().into_iter();
        all.filter(|name| Persona::builtin(name).unwrap().faithful == faithful).collect()
    };
    assert_eq!(with(Faithful::Log), ["X-T1", "X-T2", "X-T20", "X-T4", "X-T5"]);
    assert_eq!(with(Faithful::Code), ["X-A2", "X30", "X-T10", "XF10", "X-H1", "X-S10"]);
    assert_eq!(with(Faithful::Class), ["X-T100"]);
    assert_eq!(with(Faithful::Guess), ["X100VI", "permissive"]);
}

/// Bytes that lie beside the checkout and are no part of it; `None` without them.
fn recorded(name: &str) -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/protocol/vectors");
    let folder = std::env::var_os("FILMWIRE_VECTORS").map_or(beside, Into::into);
    let read = std::fs::read(folder.join(name)).ok();
    if read.is_none() {
        eprintln!("skipped: no {name}; FILMWIRE_VECTORS names the folder of recorded bytes");
    }
    read
}

/// A.5: what an X-T1 tells in a remote session, printed by ptp-ip.
#[tokio::test(start_paused = true)]
async fn a5_x_t1_remote_list_byte_for_byte() {
    let camera = simulator("X-T1", 1);
    let mut client = client(&camera).await;
    client.padded = true;
    client.open().await;
    client.set16(0xDF01, 5).await;
    assert_eq!(client.get(0xDF24).await.payload(), [1, 0, 2, 0]);
    client.set32(0xDF24, 0x20001).await;
    let capabilities = client.run(0x902B, &[]).await;
    assert_eq!(capabilities.payload().len(), 344);
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2001);
    let list = client.get(0xD212).await;
    let wanted =
        hex("11 00 01 50 02 00 00 00 41 d2 0a 00 00 00 05 50 02 00 00 00 0a 50 01 80 00 00
        0c 50 0a 80 00 00 0e 50 02 00 00 00 10 50 b3 fe 00 00 12 50 00 00 00 00
        01 d0 02 00 00 00 18 d0 04 00 00 00 28 d0 00 00 00 00 2a d0 00 19 00 80
        7c d1 02 07 02 03 09 d2 00 00 00 00 1b d2 00 00 00 00 29 d2 d6 05 00 00
        2a d2 8f 06 00 00");
    assert_eq!(list.payload(), wanted);
    assert_eq!(list.bytes, 116 + 12);
    // Read one by one, settings are not what the list says.
    for (property, value) in [
        (0x5001, "00"),
        (0x5005, "0000"),
        (0x500A, "0000"),
        (0x500C, "0200"),
        (0x500E, "0000"),
        (0x5010, "0000"),
        (0xD001, "0000"),
        (0xD018, "0100"),
        (0xD028, "0000"),
        (0xD02A, "ffffffff"),
        (0xD17C, "00000000"),
        (0xD241, "0a00"),
        (0xD229, "d6050000"),
        (0xD52F, "00000000"),
        (0xDF00, "0000"),
        (0xDF01, "0000"),
        (0xD222, "00000000"),
    ] {
        assert_eq!(client.get(property).await.payload(), hex(value), "{property:X}");
    }
    if let Some(vector) = recorded("xt1_902b.bin") {
        assert_eq!(capabilities.payload(), &vector[HEADER_BYTES..HEADER_BYTES + 344]);
    }
    if let Some(vector) = recorded("xt1_d212_remote.bin") {
        assert_eq!(list.payload(), &vector[HEADER_BYTES..116]);
    }
}

/// A.6: the list that vcam has of an X-H1.
#[tokio::test(start_paused = true)]
async fn a6_x_h1_remote_list() {
    let camera = simulator("X-H1", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    client.run(0x101C, &[0, 0]).await;
    let wanted = [
        (0xD21B, 0),
        (0x500C, 0x800A),
        (0x5012, 0),
        (0xD229, 0x761),
        (0xD22A, 0x19D1),
        (0x500E, 3),
        (0xD242, 0xA),
        (0xD018, 4),
        (0xD241, 0xA),
        (0xD02A, 0x80003200),
        (0xD02B, 0x80003200),
        (0xD240, 0xFFFFFFFF),
        (0xD028, 0),
        (0x5007, 0xA),
        (0x5010, 0),
        (0x5005, 2),
        (0xD001, 6),
        (0x500A, 0x8001),
        (0xD17C, 0x03020604),
        (0xD209, 0),
        (0xD246, 0xA),
    ];
    assert_eq!(client.states().await, wanted);
    assert_eq!(client.try_run(0x100A, &[1]).await, None, "the gallery is not open");
}

/// Section 11: the last body whose thumbnails need no ObjectInfo before them.
#[tokio::test(start_paused = true)]
async fn a_thumbnail_needs_no_object_info_on_an_x_h1() {
    let camera = simulator("X-H1", 2);
    let mut client = client(&camera).await;
    client.remote_gallery().await;
    for handle in [1, 2] {
        let thumb = client.run(0x100A, &[handle]).await;
        assert!(thumb.payload().starts_with(&[0xFF, 0xD8]), "{handle}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_battery_is_told_among_the_settings_and_as_a_change() {
    for (name, codes) in [("X-T4", vec![0xD242, 0xD246]), ("X-T1", vec![0x5001])] {
        let camera = simulator(name, 1);
        let mut client = client(&camera).await;
        client.open().await;
        client.states().await;
        assert_eq!(client.states().await, []);
        camera.set_battery(1);
        let wanted: Vec<(u16, u32)> = codes.iter().map(|&code| (code, 1)).collect();
        assert_eq!(client.states().await, wanted, "{name}");
        assert_eq!(client.states().await, [], "once");
        camera.with_persona(|persona| persona.set("battery_in_changes", "false").unwrap());
        camera.set_battery(2);
        assert_eq!(client.states().await, []);
        client.set16(0xDF01, 5).await;
        client.run(0x101C, &[0, 0]).await;
        let list = client.states().await;
        assert!(codes.iter().all(|&code| list.contains(&(code, 2))), "{name}");
    }
    let camera = simulator("X-A2", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.states().await;
    camera.set_battery(1);
    assert_eq!(client.states().await, [], "a body that lists no battery tells none");
}

#[tokio::test(start_paused = true)]
async fn one_slot_is_shown_and_told() {
    let camera = simulator("X-T2", 2);
    camera.insert_second(crate::support::card(5));
    let mut client = client(&camera).await;
    client.remote_gallery().await;
    assert_eq!(client.states().await, [(0xDF00, 11), (0xD222, 2)]);
    assert_eq!(client.get(0xD244).await.payload(), [1, 0]);
    let stores = |answer: &[u8]| answer.to_vec();
    assert_eq!(stores(client.run(0x1004, &[]).await.payload()), hex("01000000 01000010"));
    assert_eq!(client.info(1).await.storage.0, 0x1000_0001);
    camera.select_slot(2);
    assert_eq!(client.states().await, [(0xD222, 5), (0xD401, 5)]);
    assert_eq!(client.get(0xD244).await.payload(), [2, 0]);
    assert_eq!(stores(client.run(0x1004, &[]).await.payload()), hex("01000000 01000020"));
    assert_eq!(client.info(5).await.storage.0, 0x2000_0001);
    camera.select_slot(1);
    assert_eq!(camera.with_card(|card| card.len()), 2);
    let one = switched("X-T20", 1, &[]);
    let mut client = crate::support::client(&one).await;
    client.open().await;
    assert_eq!(client.get(0xD244).await.payload(), [0u8; 0], "one slot: nothing to tell");
}

/// Tests that go through all personas miss one whose file nobody named.
#[test]
fn every_persona_file_is_built_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/personas");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "names.toml")
        .collect();
    let mut built_in: Vec<String> =
        Persona::names().iter().map(|name| format!("{}.toml", name.to_lowercase())).collect();
    files.sort();
    built_in.sort();
    assert_eq!(files, built_in);
}
