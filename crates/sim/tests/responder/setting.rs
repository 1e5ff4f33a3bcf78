//! Shooting settings: what D212 tells, what may be written, what is stepped.

use std::time::Duration;

use filmwire_codec::dataset::Capabilities;
use filmwire_sim::{Allow, Simulator};

use crate::support::{Client, simulator, started, switched};

fn allowed(camera: Simulator) -> Simulator {
    camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
    camera
}

async fn setting(client: &mut Client, code: u16) -> Option<u32> {
    client.states().await.into_iter().find(|(known, _)| *known == code).map(|(_, value)| value)
}

async fn codes(client: &mut Client) -> Vec<u16> {
    client.states().await.into_iter().map(|(code, _)| code).collect()
}

async fn write(client: &mut Client, code: u16, value: u16) -> u16 {
    client.try_set(code, &value.to_le_bytes()).await.unwrap()
}

/// The present value that 0x902B tells.
async fn capability(client: &mut Client, code: u16) -> u64 {
    let answer = client.run(0x902B, &[]).await;
    let list = Capabilities::decode(answer.payload()).unwrap();
    let item = list.items.into_iter().find(|item| item.property.0 == code).unwrap();
    item.current.signed().unwrap() as u64
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_told_by_the_list_and_the_capabilities() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    for (code, value) in [(0x5005, 0x8006), (0x500C, 0x8009), (0x5012, 2), (0xD001, 11)] {
        assert_eq!(write(&mut client, code, value).await, 0x2001, "{code:X}");
        assert_eq!(setting(&mut client, code).await, Some(u32::from(value)), "{code:X}");
        assert_eq!(capability(&mut client, code).await, u64::from(value), "{code:X}");
    }
    client.set32(0xD02A, 0x190).await;
    assert_eq!(setting(&mut client, 0xD02A).await, Some(0x190));
    assert_eq!(setting(&mut client, 0xD02B).await, Some(0x80001900), "films have their own");
    assert_eq!(client.get(0xD02A).await.payload(), [0; 4], "read alone it is not to be trusted");
    assert_eq!(client.run(0x1014, &[0xD02A]).await.payload()[9..13], [0x90, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_capabilities_lack_cannot_be_written() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    assert_eq!(write(&mut client, 0x5005, 0x8007).await, 0x201C, "a USB number");
    assert_eq!(write(&mut client, 0x5012, 1).await, 0x201C);
    assert_eq!(client.try_set(0xD02A, &51u32.to_le_bytes()).await, Some(0x201C));
    assert_eq!(setting(&mut client, 0x5005).await, Some(2));
    let older = allowed(simulator("X-T1", 1));
    let (mut client, _) = started(&older).await;
    assert_eq!(write(&mut client, 0xD001, 11).await, 0x2001);
    assert_eq!(write(&mut client, 0xD001, 12).await, 0x201C, "an X-T1 has no Acros");
    client.set32(0xD02A, 0xC8).await;
    assert_eq!(setting(&mut client, 0xD02A).await, Some(0xC8));
    assert_eq!(client.get(0xD02A).await.payload(), [0xFF; 4], "read alone it stays stale");
}

#[tokio::test(start_paused = true)]
async fn what_is_set_on_the_body_alone_cannot_be_written() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    let before = client.states().await;
    for code in [0x500A, 0x500E, 0xD018, 0xD241, 0xD028, 0xD209, 0xD242, 0xD21B, 0x5007, 0x5010] {
        assert_eq!(write(&mut client, code, 2).await, 0x200F, "{code:X}");
    }
    for code in [0xD17C, 0xD240, 0xD229, 0xD22A, 0xD02B] {
        let value = 0x0302_0101u32.to_le_bytes();
        assert_eq!(client.try_set(code, &value).await, Some(0x200F), "{code:X}");
    }
    assert_eq!(client.states().await, before);
    camera.turn(0x500A, 1);
    camera.turn(0xD018, 1);
    assert_eq!(setting(&mut client, 0x500A).await, Some(1));
    assert_eq!(setting(&mut client, 0xD018).await, Some(4), "RAW alone is reported as RAW+Fine");
}

#[tokio::test(start_paused = true)]
async fn absolute_exposure_can_be_written_where_a_switch_says_so() {
    let camera = allowed(simulator("permissive", 1));
    let (mut client, _) = started(&camera).await;
    assert_eq!(write(&mut client, 0x5007, 560).await, 0x2001);
    assert_eq!(write(&mut client, 0x5007, 570).await, 0x201C, "between two");
    assert_eq!(write(&mut client, 0x5007, 120).await, 0x201C, "wider than the lens");
    assert_eq!(write(&mut client, 0x5010, 333).await, 0x200F, "no bias in M");
    client.set32(0xD240, 1000).await;
    assert_eq!(setting(&mut client, 0x5007).await, Some(560));
    assert_eq!(setting(&mut client, 0xD240).await, Some(1000));
    camera.turn(0x500E, 4);
    assert_eq!(write(&mut client, 0x5007, 800).await, 0x200F, "the body's in shutter priority");
    assert_eq!(write(&mut client, 0x5010, 0xFEB3).await, 0x2001);
}

#[tokio::test(start_paused = true)]
async fn the_mode_decides_what_is_listed() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    let manual = codes(&mut client).await;
    assert!(manual.len() == 20 && !manual.contains(&0x5010));
    camera.turn(0x500E, 3);
    let aperture = codes(&mut client).await;
    let newer = simulator("X-T5", 1);
    let (mut other, _) = started(&newer).await;
    assert_eq!(aperture, codes(&mut other).await, "the list of the X-T5's log, in A");
    assert_eq!(setting(&mut client, 0x5007).await, Some(200));
    assert_eq!(setting(&mut client, 0xD240).await, Some(0xFFFF_FFFF));
    camera.turn(0x500E, 4);
    assert_eq!(setting(&mut client, 0x5007).await, Some(0));
    assert_eq!(setting(&mut client, 0xD240).await, Some(0x8000_EA60));
    camera.turn(0x500E, 2);
    assert_eq!(setting(&mut client, 0x5007).await, Some(0));
    assert_eq!(setting(&mut client, 0xD240).await, Some(0xFFFF_FFFF));
    camera.turn(0x500E, 1);
    assert_eq!(codes(&mut client).await, manual);
    newer.turn(0x500E, 1);
    assert_eq!(codes(&mut other).await, manual, "the list of the X-T4's log, in M");
    let old = switched("X-T1", 1, &[("shooting.program", "1")]);
    let (mut client, _) = started(&old).await;
    let list = codes(&mut client).await;
    assert!(list.contains(&0x5007) && list.contains(&0xD240) && !list.contains(&0x5010));
}

#[tokio::test(start_paused = true)]
async fn bulb_is_told_as_no_speed() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    camera.turn(0xD240, 0xFFFF_FFFF);
    assert_eq!(setting(&mut client, 0xD240).await, Some(0xFFFF_FFFF));
    client.run(0x902C, &[1]).await;
    assert_eq!(setting(&mut client, 0xD240).await, Some(0x8000_0000 | 80_000), "from 1/60 s on");
}

#[tokio::test(start_paused = true)]
async fn steps_move_by_a_third_and_end() {
    let camera = switched("X-T4", 1, &[("shooting.apertures", "[160, 280]")]);
    let camera = allowed(camera);
    let (mut client, _) = started(&camera).await;
    let mut met = Vec::new();
    for _ in 0..5 {
        assert_eq!(client.run(0x902D, &[1]).await.code, 0x2001);
        let list = client.states().await;
        let value = |code| list.iter().find(|entry| entry.0 == code).unwrap().1;
        met.push((value(0x5007), value(0xD028)));
    }
    assert_eq!(met, [(220, 0), (250, 0), (280, 2), (280, 2), (280, 2)]);
    client.run(0x902D, &[0]).await;
    assert_eq!(setting(&mut client, 0x5007).await, Some(250));
    assert_eq!(setting(&mut client, 0xD028).await, Some(0));
    assert_eq!(capability(&mut client, 0x5007).await, 250);
    client.run(0x902C, &[1]).await;
    assert_eq!(setting(&mut client, 0xD240).await, Some(0x8000_0000 | 80_000), "faster");
    for _ in 0..60 {
        client.run(0x902C, &[0]).await;
    }
    assert_eq!(setting(&mut client, 0xD240).await, Some(30_000));
    assert_eq!(setting(&mut client, 0xD028).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_the_mode_does_not_have_changes_nothing() {
    let camera = allowed(simulator("X-T5", 1));
    let (mut client, _) = started(&camera).await;
    let before = client.states().await;
    assert_eq!(client.run(0x902C, &[1]).await.code, 0x2001);
    assert_eq!(client.states().await, before);
    assert_eq!(client.run(0x902E, &[1]).await.code, 0x2001);
    assert_eq!(setting(&mut client, 0x5010).await, Some(0xFEB3), "-2/3 and a third");
    for _ in 0..20 {
        client.run(0x902E, &[1]).await;
    }
    assert_eq!(setting(&mut client, 0x5010).await, Some(3000));
    camera.with_persona(|persona| persona.set("shooting.idle_step", "0x2019").unwrap());
    assert_eq!(client.run(0x902C, &[1]).await.code, 0x2019);
    let stuck = allowed(simulator("X-T100", 1));
    stuck.turn(0x500E, 3);
    let (mut client, _) = started(&stuck).await;
    let before = setting(&mut client, 0x5007).await;
    assert_eq!(client.run(0x902D, &[1]).await.code, 0x2001);
    assert_eq!(setting(&mut client, 0x5007).await, before, "as mz saw it");
}

/// Whether the descriptors of 0x902B and of 0x1014 say that it may be written.
async fn said_writable(client: &mut Client, code: u16) -> [bool; 2] {
    let answer = client.run(0x902B, &[]).await;
    let list = Capabilities::decode(answer.payload()).unwrap();
    let item = list.items.into_iter().find(|item| item.property.0 == code);
    let alone = client.run(0x1014, &[u32::from(code)]).await.payload()[4];
    [item.is_none_or(|item| item.access.0 == 1), alone == 1]
}

#[tokio::test(start_paused = true)]
async fn what_a_dial_rules_is_said_get_only_and_neither_written_nor_stepped() {
    let dials = ("shooting.dials", r#"["D02A", "5007", "D240"]"#);
    for (camera, free) in [(switched("X-T4", 1, &[]), true), (switched("X-T4", 1, &[dials]), false)]
    {
        let camera = allowed(camera);
        let (mut client, _) = started(&camera).await;
        for code in [0xD02A, 0x5007] {
            assert_eq!(said_writable(&mut client, code).await, [free; 2], "{code:X}");
        }
        assert_eq!(said_writable(&mut client, 0x5005).await, [true; 2]);
        let wanted = if free { 0x2001 } else { 0x200F };
        assert_eq!(client.try_set(0xD02A, &400u32.to_le_bytes()).await, Some(wanted));
        let before = client.states().await;
        for operation in [0x902C, 0x902D] {
            assert_eq!(client.run(operation, &[1]).await.code, 0x2001);
        }
        assert_eq!(client.states().await == before, !free);
        camera.turn(0xD02A, 800);
        assert_eq!(setting(&mut client, 0xD02A).await, Some(800), "the dial itself turns");
    }
}

#[tokio::test(start_paused = true)]
async fn steps_may_go_the_other_way() {
    for (reversed, f_number, shutter) in
        [("false", 220, 0x8000_0000 | 80_000), ("true", 180, 0x8000_0000 | 50_000)]
    {
        let camera = switched("X-T4", 1, &[("shooting.steps_reversed", reversed)]);
        let (mut client, _) = started(&allowed(camera)).await;
        client.run(0x902D, &[1]).await;
        client.run(0x902C, &[1]).await;
        assert_eq!(setting(&mut client, 0x5007).await, Some(f_number));
        assert_eq!(setting(&mut client, 0xD240).await, Some(shutter));
    }
}

/// What 0x902B lists exists, also where D212 does not tell it.
#[tokio::test(start_paused = true)]
async fn a_setting_of_the_capabilities_alone_is_known() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    assert_eq!(setting(&mut client, 0xD245).await, None);
    assert_eq!(client.try_set(0xD245, &[1]).await, Some(0x200F), "known, but not to be written");
    assert_eq!(client.get(0xD245).await.payload(), [0], "a byte");
    assert_eq!(client.try_set(0xD2FF, &[1]).await, Some(0x200A), "unknown");
    camera.with_persona(|persona| persona.set("shooting.writable", r#"["D245"]"#).unwrap());
    assert_eq!(client.try_set(0xD245, &[2]).await, Some(0x201C), "outside its range");
    assert_eq!(client.try_set(0xD245, &[1]).await, Some(0x2001));
    assert_eq!(capability(&mut client, 0xD245).await, 1);
    let older = allowed(simulator("X-T1", 1));
    let (mut client, _) = started(&older).await;
    assert_eq!(client.try_set(0xD019, &[0, 0]).await, Some(0x200F));
}

#[tokio::test(start_paused = true)]
async fn steps_need_the_remote_function() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, transaction) = started(&camera).await;
    client.run(0x1018, &[transaction]).await;
    for operation in [0x902C, 0x902D, 0x902E, 0x9026, 0x9027] {
        assert_eq!(client.run(operation, &[0x0302_0101]).await.code, 0x2019, "{operation:X}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_menu_refuses_what_changes_something() {
    let camera = allowed(simulator("X-T4", 1));
    let (mut client, _) = started(&camera).await;
    camera.set_menu(true);
    assert_eq!(write(&mut client, 0x5005, 4).await, 0x2019);
    assert_eq!(client.run(0x902C, &[1]).await.code, 0x2019);
    assert_eq!(setting(&mut client, 0x5005).await, Some(2), "reading goes on");
    camera.set_menu(false);
    assert_eq!(write(&mut client, 0x5005, 4).await, 0x2001);
    camera.add_fault("menu-open=2:10s".parse().unwrap());
    assert_eq!(write(&mut client, 0x5005, 2).await, 0x2001);
    assert_eq!(write(&mut client, 0x5005, 4).await, 0x2019);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(write(&mut client, 0x5005, 4).await, 0x2001);
}

#[tokio::test(start_paused = true)]
async fn focus_is_locked_at_a_point_and_released() {
    let camera = allowed(switched("X-T4", 1, &[("shooting.focus_ms", "300")]));
    let (mut client, _) = started(&camera).await;
    assert_eq!(client.run(0x9026, &[0x0302_090D]).await.code, 0x201D, "row 13 of 9");
    assert_eq!(client.run(0x9026, &[0x0302_0D09]).await.code, 0x2001, "the last corner");
    assert_eq!(setting(&mut client, 0xD17C).await, Some(0x0302_0D09));
    assert_eq!(setting(&mut client, 0xD209).await, Some(0), "still focusing");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(setting(&mut client, 0xD209).await, Some(1));
    client.run(0x9026, &[0x0302_0101]).await;
    assert_eq!(setting(&mut client, 0xD17C).await, Some(0x0302_0D09), "unlock first");
    client.run(0x9027, &[]).await;
    assert_eq!(setting(&mut client, 0xD209).await, Some(0));
    client.run(0x9026, &[0x0302_0101]).await;
    assert_eq!(setting(&mut client, 0xD17C).await, Some(0x0302_0101));
}

#[tokio::test(start_paused = true)]
async fn focus_may_not_be_found() {
    let camera = allowed(simulator("X-T1", 1));
    let (mut client, _) = started(&camera).await;
    camera.add_fault("focus-fail=1".parse().unwrap());
    assert_eq!(client.run(0x9026, &[0x0302_0707]).await.code, 0x2001);
    assert_eq!(setting(&mut client, 0xD209).await, Some(0));
    client.run(0x9026, &[0x0302_0707]).await;
    assert_eq!(setting(&mut client, 0xD209).await, Some(1), "the next time");
    client.run(0x9027, &[]).await;
    camera.turn(0x500A, 1);
    client.run(0x9026, &[0x0302_0101]).await;
    assert_eq!(setting(&mut client, 0xD209).await, Some(0), "not in manual focus");
    assert_eq!(setting(&mut client, 0xD17C).await, Some(0x0302_0707));
}
