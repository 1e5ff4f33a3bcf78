//! Captures from afar: their events, their preview, what they leave on the card, how they fail.

use std::io::Cursor;
use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_sim::card::{Card, GenerateSpec, View, format};
use filmwire_sim::media::Look;
use filmwire_sim::media::stamp::Stamp;
use filmwire_sim::{Allow, Persona, Simulator};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::time::{Instant, timeout};

use crate::support::{self, Client, measured, simulator, started, stops, switched};

/// A client that may shoot, and listens to events.
struct Shooter {
    camera: Simulator,
    client: Client,
    events: DuplexStream,
}

impl Shooter {
    async fn new(camera: Simulator) -> Self {
        camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
        let (client, _) = started(&camera).await;
        let events = camera.connect_events().unwrap();
        Self { camera, client, events }
    }

    async fn of(persona: &str, switches: &[(&str, &str)]) -> Self {
        Self::new(switched(persona, 1, switches)).await
    }

    /// The next event: its code and second parameter.
    async fn event(&mut self) -> (u16, u32) {
        self.try_event().await.expect("an event")
    }

    async fn try_event(&mut self) -> Option<(u16, u32)> {
        let mut packet = [0; 28];
        let read = self.events.read_exact(&mut packet);
        timeout(Duration::from_secs(60), read).await.ok()?.unwrap();
        let event = EventDataset::decode(&packet).unwrap();
        assert_eq!(event.params[0], event.transaction.0);
        Some((event.code.0, event.params[1]))
    }

    async fn release(&mut self) -> u16 {
        self.client.run(0x100E, &[0, 0]).await.code
    }

    /// A whole capture; returns its preview.
    async fn capture(&mut self) -> Vec<u8> {
        assert_eq!(self.release().await, 0x2001);
        assert_eq!(self.event().await, (0xC004, 0));
        let (code, size) = self.event().await;
        assert_eq!(code, 0xC001);
        let preview = self.client.run(0x9022, &[]).await.payload().to_vec();
        assert_eq!(preview.len(), size as usize);
        assert_eq!(self.event().await, (0x400D, 0));
        preview
    }

    async fn setting(&mut self, code: u16) -> u32 {
        let list = self.client.states().await;
        list.into_iter().find(|entry| entry.0 == code).unwrap().1
    }

    fn objects(&self) -> usize {
        self.camera.with_card(|card| card.len())
    }
}

#[tokio::test(start_paused = true)]
async fn the_events_come_when_the_exposure_is_over() {
    let switches = [("shooting.focus_ms", "200"), ("shooting.preview_ms", "500")];
    let mut shooter = Shooter::of("X-T4", &switches).await;
    shooter.camera.turn(0xD240, 4000);
    let start = Instant::now();
    let before = shooter.camera.stats().events;
    shooter.release().await;
    assert!(start.elapsed() < Duration::from_millis(5), "answered before the picture is taken");
    assert_eq!(shooter.objects(), 1);
    assert_eq!(shooter.event().await.0, 0xC004);
    let took = start.elapsed().as_millis();
    assert!((4_700..4_710).contains(&took), "{took} ms");
    assert_eq!(shooter.event().await.0, 0xC001);
    assert_eq!(shooter.objects(), 3);
    assert_eq!(shooter.camera.stats().events, before + 2);
}

#[tokio::test(start_paused = true)]
async fn the_self_timer_delays_the_picture() {
    for (code, seconds) in [(2u16, 2), (4, 10)] {
        let mut shooter = Shooter::of("X-T4", &[]).await;
        shooter.client.set16(0x5012, code).await;
        let start = Instant::now();
        shooter.release().await;
        shooter.event().await;
        assert_eq!(start.elapsed().as_secs(), seconds);
        shooter.camera.with_persona(|persona| persona.set("shooting.self_timer", "false").unwrap());
        shooter.client.run(0x9022, &[]).await;
        let start = Instant::now();
        shooter.release().await;
        shooter.event().await;
        assert_eq!(start.elapsed().as_secs(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_taken_until_the_preview_was_fetched() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.release().await;
    assert_eq!(shooter.release().await, 0x2001, "while it is taken");
    shooter.event().await;
    shooter.event().await;
    assert_eq!(shooter.release().await, 0x2001, "while the preview waits");
    assert_eq!(shooter.try_event().await, None);
    let taken = shooter.objects();
    shooter.client.run(0x9022, &[]).await;
    assert_eq!(shooter.event().await, (0x400D, 0));
    assert_eq!(shooter.client.run(0x9022, &[]).await.payload(), [0; 0], "once");
    shooter.capture().await;
    assert_eq!((taken - 1) * 2, shooter.objects() - 1);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_preview_early_waits_for_it() {
    let mut shooter = Shooter::of("X-T4", &[]).await;
    shooter.camera.turn(0xD240, 2000);
    let start = Instant::now();
    shooter.release().await;
    let preview = shooter.client.run(0x9022, &[]).await;
    assert!(preview.payload().starts_with(&[0xFF, 0xD8]));
    assert_eq!(start.elapsed().as_secs(), 2);
    for code in [0xC004, 0xC001, 0x400D] {
        assert_eq!(shooter.event().await.0, code);
    }
}

#[tokio::test(start_paused = true)]
async fn quality_decides_how_many_objects_there_are() {
    for (quality, formats) in [
        (1, &[format::RAF, format::JPEG][..]),
        (2, &[format::JPEG]),
        (3, &[format::JPEG]),
        (4, &[format::RAF, format::JPEG]),
        (5, &[format::RAF, format::JPEG]),
    ] {
        let mut shooter = Shooter::of("X-T4", &[]).await;
        shooter.camera.turn(0xD018, quality);
        let left = shooter.setting(0xD229).await;
        shooter.capture().await;
        let objects: Vec<_> = shooter.camera.with_card(|card| card.objects().skip(1).collect());
        let met: Vec<u16> = objects.iter().map(|object| object.format).collect();
        assert_eq!(met, formats, "{quality}");
        let stem = |name: &str| name.split('.').next().unwrap().to_owned();
        assert!(objects.iter().all(|object| stem(&object.name) == stem(&objects[0].name)));
        assert!(objects.iter().all(|object| object.capture == objects[0].capture));
        assert_eq!(shooter.setting(0xD229).await, left - 1, "one picture less fits");
    }
}

#[tokio::test(start_paused = true)]
async fn the_gallery_has_the_new_picture() {
    let mut shooter = Shooter::of("X-T4", &[]).await;
    shooter.capture().await;
    let mut client = shooter.client;
    client.run(0x1018, &[4]).await;
    client.leave().await;
    shooter.camera.wait_idle().await;
    let mut client = support::client(&shooter.camera).await;
    client.remote_gallery().await;
    let states = client.states().await;
    assert!(states.contains(&(0xD222, 2)), "the raw file is not listed: {states:X?}");
    let newest = client.info(1).await.name.to_string();
    assert_eq!(newest, "DSCF0002.JPG");
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_camera_dates_pictures() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.camera.with_card(|card| card.set_clock(Stamp::new(2026, 6, 1, 23, 59, 50)));
    tokio::time::sleep(Duration::from_secs(15)).await;
    shooter.capture().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    shooter.capture().await;
    let dates = shooter.camera.with_card(|card| {
        let jpegs = card.visible(View::PHONE_OLDEST_FIRST).into_iter().skip(1);
        jpegs.map(|at| card.object(at).unwrap().capture.unwrap().ptp()).collect::<Vec<_>>()
    });
    assert_eq!(dates, ["20260602T000005", "20260602T010005"]);
}

#[tokio::test(start_paused = true)]
async fn previews_and_files_follow_the_settings() {
    let scene = GenerateSpec { look: Look::Scene, photo_pixels: (480, 320), ..<_>::default() };
    for card in [Card::new(scene), Card::new(GenerateSpec::default())] {
        let camera = Simulator::new(Persona::builtin("X-T4").unwrap(), card);
        for (code, value) in [(0xD018, 2), (0x5007, 800), (0xD240, 0x8000_EA60), (0xD02A, 400)] {
            camera.turn(code, value);
        }
        camera.with_persona(|persona| persona.set("shooting.light", "8.9").unwrap());
        let mut shooter = Shooter::new(camera).await;
        let base = shooter.capture().await;
        assert_eq!((measured(&base).0, measured(&base).1), (640, 480));
        for (code, value, wanted) in
            [(0xD02A, 800, 1.0), (0x5007, 1600, -2.0), (0xD240, 0x8001_D4C0, -1.0)]
        {
            let before = shooter.setting(code).await;
            shooter.camera.turn(code, value);
            let preview = shooter.capture().await;
            let met = stops(&base, &preview);
            assert!((met - wanted).abs() < 0.15, "{code:X}: {met}");
            shooter.camera.turn(code, before);
        }
        shooter.camera.with_persona(|persona| persona.set("shooting.light", "6.9").unwrap());
        let darker = shooter.capture().await;
        assert!((stops(&base, &darker) + 2.0).abs() < 0.15, "less light");
        let file = |index: usize| {
            shooter.camera.with_card(|card| {
                let object = card.object(index).unwrap();
                object.read_at(0, usize::MAX).unwrap().to_vec()
            })
        };
        let met = stops(&file(0), &file(4));
        assert!((met + 2.0).abs() < 0.15, "the stored file: {met}");
        let exif = exif::Reader::new().read_from_container(&mut Cursor::new(file(1))).unwrap();
        let text =
            |tag| exif.get_field(tag, exif::In::PRIMARY).unwrap().display_value().to_string();
        assert_eq!(text(exif::Tag::PhotographicSensitivity), "800");
        assert_eq!(text(exif::Tag::FNumber), "8");
        assert!(text(exif::Tag::ExposureTime).starts_with("1/"), "1/60 s in microseconds");
    }
}

#[tokio::test(start_paused = true)]
async fn without_focus_there_is_no_picture_and_the_next_one_works() {
    let mut shooter = Shooter::of("X-T5", &[]).await;
    shooter.camera.add_fault("focus-fail=1".parse().unwrap());
    assert_eq!(shooter.release().await, 0x2001);
    assert_eq!(shooter.try_event().await, None);
    assert_eq!((shooter.setting(0xD21B).await, shooter.objects()), (1, 1));
    shooter.capture().await;
    assert_eq!((shooter.setting(0xD21B).await, shooter.objects()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn locked_or_manual_focus_does_not_fail() {
    let mut shooter = Shooter::of("X-T5", &[]).await;
    shooter.client.run(0x9026, &[0x0302_0705]).await;
    shooter.camera.add_fault("focus-fail=1".parse().unwrap());
    shooter.capture().await;
    shooter.client.run(0x9027, &[]).await;
    shooter.camera.turn(0x500A, 1);
    shooter.capture().await;
    assert_eq!(shooter.objects(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_failure_may_be_told_in_other_ways() {
    for (signal, code) in [("no_events", 0x2001), ("busy", 0x2019)] {
        let mut shooter = Shooter::of("X-T5", &[("shooting.failure", signal)]).await;
        shooter.camera.add_fault("focus-fail=1".parse().unwrap());
        assert_eq!(shooter.release().await, code);
        assert_eq!(shooter.try_event().await, None);
        assert_eq!(shooter.setting(0xD21B).await, 0);
        shooter.capture().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_card_takes_nothing() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.camera.add_fault("card-full=2".parse().unwrap());
    assert_eq!(shooter.setting(0xD229).await, 2);
    shooter.capture().await;
    shooter.capture().await;
    assert_eq!(shooter.setting(0xD229).await, 0);
    let objects = shooter.objects();
    assert_eq!(shooter.release().await, 0x2001);
    assert_eq!(shooter.try_event().await, None);
    assert_eq!((shooter.setting(0xD21B).await, shooter.objects()), (2, objects));
    shooter.camera.clear_faults();
    shooter.camera.set_pictures_remaining(1);
    shooter.capture().await;
    assert_eq!(shooter.setting(0xD229).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_menu_refuses_the_release() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.camera.set_menu(true);
    assert_eq!(shooter.release().await, 0x2019);
    shooter.camera.set_menu(false);
    shooter.capture().await;
}

#[tokio::test(start_paused = true)]
async fn events_may_come_the_other_way_round_or_never() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.camera.add_fault("swap-events=1".parse().unwrap());
    shooter.camera.add_fault("drop-events=2".parse().unwrap());
    shooter.release().await;
    assert_eq!(shooter.event().await.0, 0xC001);
    assert_eq!(shooter.event().await.0, 0xC004);
    shooter.client.run(0x9022, &[]).await;
    assert_eq!(shooter.event().await.0, 0x400D);
    let objects = shooter.objects();
    shooter.release().await;
    assert_eq!(shooter.try_event().await, None);
    assert!(shooter.objects() > objects, "it was taken all the same");
    shooter.client.run(0x9022, &[]).await;
    assert_eq!(shooter.event().await.0, 0x400D);
    shooter.capture().await;
}

#[tokio::test(start_paused = true)]
async fn the_battery_runs_down_by_pictures_and_by_time() {
    let mut shooter = Shooter::of("X-T4", &[("shooting.battery_step_shots", "2")]).await;
    assert_eq!(shooter.setting(0xD242).await, 11);
    for level in [11, 10, 10, 9] {
        shooter.capture().await;
        assert_eq!(shooter.setting(0xD242).await, level);
        assert_eq!(shooter.setting(0xD246).await, level);
    }
    shooter.camera.set_battery(11);
    assert_eq!(shooter.setting(0xD242).await, 11, "a fresh one");
    let mut shooter = Shooter::of("X-T4", &[("shooting.battery_step_s", "600")]).await;
    tokio::time::sleep(Duration::from_secs(1300)).await;
    assert_eq!(shooter.setting(0xD242).await, 9);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(shooter.client.try_run(0x1015, &[0xD212]).await, None, "empty: it is off");
    assert!(shooter.camera.connect().is_err());
    shooter.camera.set_battery(11);
    shooter.camera.set_on_air(true);
    shooter.camera.wait_idle().await;
    let mut again = Shooter::new(shooter.camera).await;
    assert_eq!(again.setting(0xD242).await, 11);
}

#[tokio::test(start_paused = true)]
async fn the_battery_may_run_out_at_a_release() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.camera.add_fault("battery-out=2".parse().unwrap());
    shooter.capture().await;
    let objects = shooter.objects();
    assert_eq!(shooter.client.try_run(0x100E, &[0, 0]).await, None);
    assert!(shooter.camera.connect().is_err());
    assert_eq!(shooter.objects(), objects);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_leaves_behind_is_released_and_stands_in_the_journal() {
    let mut shooter = Shooter::of("X-T2", &[]).await;
    shooter.client.run(0x9026, &[0x0302_0101]).await;
    shooter.release().await;
    shooter.event().await;
    let Shooter { camera, client, .. } = shooter;
    drop(client);
    camera.wait_idle().await;
    let notes: Vec<_> = camera.journal().into_iter().map(|row| row.note).collect();
    let wanted =
        "left behind: focus locked, preview not fetched, remote function running".to_owned();
    assert!(notes.contains(&wanted), "{notes:?}");
    let mut next = Shooter::new(camera).await;
    assert_eq!(next.setting(0xD209).await, 0);
    next.capture().await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_whose_client_is_gone_is_on_the_card_and_owes_nothing() {
    let mut shooter = Shooter::of("X-T4", &[]).await;
    shooter.camera.turn(0xD240, 30_000);
    shooter.release().await;
    let Shooter { camera, client, .. } = shooter;
    drop(client);
    camera.wait_idle().await;
    assert_eq!(camera.with_card(|card| card.len()), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(camera.with_card(|card| card.len()), 3);
    camera.turn(0xD240, 1_000);
    let mut next = Shooter::new(camera).await;
    next.capture().await;
}

/// What a timelapse asks of the simulator: a day and a night take seconds.
#[tokio::test(start_paused = true)]
async fn a_day_of_captures_takes_seconds() {
    let real = std::time::Instant::now();
    let mut shooter = Shooter::new(simulator("X-T5", 1)).await;
    shooter.camera.with_persona(|persona| {
        persona.set("shooting.light", "sun:52.5").unwrap();
        persona.set("shooting.pictures_remaining", "100000").unwrap();
    });
    shooter.camera.with_card(|card| card.set_clock(Stamp::new(2026, 3, 21, 0, 0, 0)));
    // In M nothing follows the light.
    for (code, value) in [(0x500E, 1), (0x5007, 560), (0xD240, 0x8000_EA60), (0xD02A, 200)] {
        shooter.camera.turn(code, value);
    }
    let mut night = 0;
    let mut clock = tokio::time::interval(Duration::from_secs(300));
    for frame in 0..288 {
        clock.tick().await;
        let light = measured(&shooter.capture().await).2;
        night += u32::from(light < 0.05);
        assert_eq!(shooter.setting(0xD229).await, 100_000 - frame - 1);
    }
    assert!((60..170).contains(&night), "{night} of 288 are dark");
    assert!(real.elapsed() < Duration::from_secs(300), "{:?}", real.elapsed());
}
