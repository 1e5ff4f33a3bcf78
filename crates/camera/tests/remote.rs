//! Every persona with its remote function: what is set, and changing it, in simulated time.

#[path = "remote/step.rs"]
mod step;
mod support;

use std::time::Duration;

use filmwire_camera::{
    Allow, Camera, Change, Choices, Departures, Error, Means, NotReached, Obstacle, Options,
    Reading, Remote, Setting, blocking,
};
use filmwire_codec::value::{CommandDial, ExposureProgram};
use filmwire_codec::{OperationCode, ResponseCode};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::{Code, FixedProperty};
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::time::{sleep, timeout};

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

/// Every body with a remote mode.
fn bodies() -> Vec<&'static str> {
    let has_remote = |name: &&str| Persona::builtin(name).unwrap().has_remote();
    let bodies: Vec<_> = Persona::names().into_iter().filter(has_remote).collect();
    assert!(bodies.len() > 8, "{bodies:?}");
    bodies
}

fn options() -> Options {
    Options { allow: Allow { settings: true, ..Allow::default() }, ..Options::default() }
}

async fn connect(sim: &Simulator) -> Remote {
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, options(), &Departures::default()).await.unwrap()
}

fn setting(key: &str) -> &'static Setting {
    Setting::named(key).unwrap()
}

/// What the body tells of a setting, in words.
async fn now(remote: &Remote, key: &str) -> Option<String> {
    let readings = remote.settings().await.unwrap();
    let reading = find(&readings, key)?;
    reading.bits.map(|bits| reading.text(bits))
}

fn find<'a>(readings: &'a [Reading], key: &str) -> Option<&'a Reading> {
    readings.iter().find(|reading| reading.setting.is_some_and(|setting| setting.key == key))
}

async fn set(remote: &Remote, key: &str, text: &str) -> Result<Means, NotReached> {
    let setting = setting(key);
    match remote.set(setting, setting.parse(text).unwrap()).await {
        Ok(reached) => Ok(reached.means),
        Err(Error::NotReached(what)) => Err(*what),
        Err(error) => panic!("{key}={text}: {error}"),
    }
}

/// Takes a property out of the state list.
fn hide(sim: &Simulator, code: u16) -> (Code, u32) {
    sim.with_persona(|persona| {
        let at = persona.remote_list.iter().position(|entry| entry.0 == Code(code)).unwrap();
        persona.remote_list.remove(at)
    })
}

fn operations(sim: &Simulator, code: OperationCode) -> usize {
    sim.journal().iter().filter(|row| row.operation == code.0).count()
}

/// The camera may have begun although its answer was not waited for.
#[tokio::test(start_paused = true)]
async fn a_function_whose_start_was_not_answered_is_ended_too() {
    let sim = simulator("X-T4");
    // A second longer than it is waited for.
    sim.add_fault("stall=InitiateOpenCapture:16s".parse().unwrap());
    let (network, departures) = (SimNetwork(sim.clone()), Departures::default());
    let ended = Camera::connect_remote(network, options(), &departures).await.map(drop);
    assert!(matches!(ended, Err(Error::Silent { .. })), "{ended:?}");
    departures.wait().await;
    assert_eq!(operations(&sim, OperationCode::TERMINATE_OPEN_CAPTURE), 1);
}

/// Who comes while the connection is kept alive is served after it, and not when the next one comes.
#[tokio::test(start_paused = true)]
async fn a_job_that_comes_during_a_keep_alive_is_done_after_it() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    for _ in 0..2 {
        sim.add_fault("stall=GetDevicePropValue#1:3s".parse().unwrap());
        // The keep-alive begins after a second, and takes three.
        sleep(Duration::from_millis(1500)).await;
        let asked = timeout(Duration::from_secs(5), remote.settings()).await;
        assert!(asked.expect("it is served").is_ok());
        sim.clear_faults();
    }
    sim.add_fault("stall=GetDevicePropValue#1:3s".parse().unwrap());
    sleep(Duration::from_millis(1500)).await;
    let other = remote.clone();
    timeout(Duration::from_secs(10), remote.leave()).await.expect("it is left");
    assert!(matches!(other.settings().await, Err(Error::Left)));
}

#[tokio::test(start_paused = true)]
async fn every_body_tells_its_settings_and_is_left_politely() {
    for model in bodies() {
        let sim = simulator(model);
        let remote = connect(&sim).await;
        let readings = remote.settings().await.unwrap();
        for (code, value) in sim.with_persona(|persona| persona.remote_list.clone()) {
            let reading = readings.iter().find(|reading| reading.property.0 == code.0);
            let reading = reading.unwrap_or_else(|| panic!("{model}: {code:?} is missing"));
            // The battery is the simulated one's.
            let live = ["battery", "battery-2", "battery-x-t1"];
            if !reading.setting.is_some_and(|setting| live.contains(&setting.key)) {
                assert_eq!(reading.bits, Some(value), "{model} {code:?}");
            }
            if let Some(setting) = reading.setting {
                let text = reading.text(value);
                assert_eq!(setting.parse(&text), Ok(value), "{model}: {text}");
            }
        }
        remote.leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{model}");
        let rows = sim.journal();
        let last: Vec<_> = rows.iter().rev().take(3).rev().map(|row| row.operation).collect();
        let ends = [OperationCode::TERMINATE_OPEN_CAPTURE.0, OperationCode::CLOSE_SESSION.0];
        assert!(last.windows(2).any(|pair| pair == ends), "{model}: {last:X?}");
        assert_eq!(rows.last().unwrap().note, "goodbye", "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_x_t4_in_a_photographers_words() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let readings = remote.settings().await.unwrap();
    // Origin of the values: log:XT4, mode M.
    for (key, text) in [
        ("iso", "auto-6400"),
        ("wb", "auto"),
        ("film", "provia"),
        ("flash", "enabled"),
        ("timer", "off"),
        ("aperture", "f/2"),
        ("shutter", "1/60"),
        ("focus-point", "7,5"),
        ("program", "manual"),
        ("quality", "raw+normal"),
        ("size", "L-3:2"),
        ("movie-iso", "auto-6400"),
        ("pictures-left", "907"),
        ("dial", "free"),
    ] {
        assert_eq!(now(&remote, key).await.as_deref(), Some(text), "{key}");
    }
    let reading = |key| find(&readings, key).unwrap();
    let Choices::Listed(films) = &reading("film").choices else { panic!("a list") };
    assert_eq!((films.len(), reading("film").text(films[10])), (18, "classic-chrome".into()));
    // The camera lists f-numbers that are not its lens's.
    assert_eq!(reading("aperture").choices, Choices::NotTold);
    // In M it tells no exposure bias, but lists one.
    assert_eq!((reading("bias").bits, reading("bias").change), (None, Change::Stepped));
    let strange = readings.iter().find(|reading| reading.property.0 == 0xD245).unwrap();
    assert_eq!((strange.setting, strange.change), (None, Change::Unknown));
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_can_be_written_is_written_once_and_read_back_from_the_state_list() {
    for model in bodies() {
        let sim = simulator(model);
        let remote = connect(&sim).await;
        for (key, text) in [
            ("iso", "400"),
            ("wb", "shade"),
            ("film", "classic-chrome"),
            ("flash", "disabled"),
            ("timer", "10s"),
        ] {
            assert_eq!(set(&remote, key, text).await, Ok(Means::Written), "{model} {key}");
            assert_eq!(now(&remote, key).await.as_deref(), Some(text), "{model} {key}");
            assert_eq!(set(&remote, key, text).await, Ok(Means::Already), "{model} {key}");
        }
        remote.leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{model}");
        let rows = sim.journal();
        let writes: Vec<_> = rows
            .iter()
            .filter(|row| row.operation == OperationCode::SET_DEVICE_PROP_VALUE.0)
            .filter(|row| row.params[0] < 0xDF00 && ![0xD226, 0xD227].contains(&row.params[0]))
            .map(|row| (row.params[0], row.value.len()))
            .collect();
        // Each in the exact size of its property.
        let sizes = [(0xD02A, 4), (0x5005, 2), (0xD001, 2), (0x500C, 2), (0x5012, 2)];
        assert_eq!(writes, sizes, "{model}");
        // Direct reads of settings are not to be believed.
        let direct = rows.iter().filter(|row| row.operation == 0x1015);
        let direct = direct.filter(|row| [0xD02A, 0x5005, 0xD001].contains(&row.params[0]));
        assert_eq!(direct.count(), 0, "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_listed_is_not_sent() {
    let sim = simulator("X-T1");
    let remote = connect(&sim).await;
    let failed = set(&remote, "iso", "100").await.unwrap_err();
    let Obstacle::NotListed(listed) = &failed.obstacle else { panic!("{failed}") };
    assert_eq!(listed.len(), 25);
    assert!(failed.to_string().contains("the camera lists only auto-400 "), "{failed}");
    assert_eq!(failed.actual, Some(0x8000_1900));
    let film = set(&remote, "film", "eterna").await.unwrap_err();
    assert!(matches!(film.obstacle, Obstacle::NotListed(_)), "{film}");
    // A state and what only the body sets are not sent either.
    for (key, text) in [("program", "manual"), ("dial", "free"), ("focus-point", "1,1")] {
        let failed = set(&remote, key, text).await.unwrap_err();
        assert_eq!(failed.obstacle, Obstacle::NotSettable, "{key}");
    }
    remote.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let written = sim.journal();
    assert!(written.iter().all(|row| row.operation != 0x1016 || row.params[0] >= 0xDF00));
}

/// Which entries the state list has differs from mode to mode (the fact sheet's section 6.1).
#[tokio::test(start_paused = true)]
async fn a_listed_value_is_written_where_the_state_list_does_not_tell_one() {
    let sim = simulator("X-T4");
    let entry = hide(&sim, 0x5005);
    sim.with_persona(|persona| {
        persona.properties.insert(Code(0x5005), FixedProperty { width: 2, value: 2 });
    });
    let remote = connect(&sim).await;
    // One that the camera does not list, and one that it never reports.
    let failed = set(&remote, "wb", "0x8020").await.unwrap_err();
    assert!(matches!(failed.obstacle, Obstacle::NotListed(_)), "{failed}");
    assert_eq!(operations(&sim, OperationCode::SET_DEVICE_PROP_VALUE), 2);
    let failed = set(&remote, "wb", "daylight").await.unwrap_err();
    assert_eq!((&failed.obstacle, failed.actual), (&Obstacle::NoEffect, None), "{failed}");
    let person = sim.clone();
    tokio::spawn(async move {
        while operations(&person, OperationCode::SET_DEVICE_PROP_VALUE) < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        person.with_persona(|persona| persona.remote_list.push(entry));
    });
    assert_eq!(set(&remote, "wb", "shade").await, Ok(Means::Written));
    assert_eq!(now(&remote, "wb").await.as_deref(), Some("shade"));
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_told_nor_listed_has_a_help_of_its_own() {
    let sim = simulator("X-T4");
    hide(&sim, 0x5005);
    sim.add_fault("refuse=GetCapabilities:0x2005".parse().unwrap());
    let remote = connect(&sim).await;
    let failed = set(&remote, "wb", "shade").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::NotTold(Some(ExposureProgram::MANUAL)));
    assert!(failed.cure().contains("another exposure program"), "{}", failed.cure());
    assert!(!failed.cure().contains("aperture"), "{}", failed.cure());
    remote.leave().await;
}

/// What is left of it without the bits that do not fit is another value.
#[tokio::test(start_paused = true)]
async fn a_value_too_wide_for_its_property_is_not_sent() {
    let sim = simulator("X-T4");
    sim.add_fault("refuse=GetCapabilities:0x2005".parse().unwrap());
    let remote = connect(&sim).await;
    let failed = set(&remote, "wb", "0x10004").await.unwrap_err();
    assert_eq!((&failed.obstacle, failed.actual), (&Obstacle::TooWide, Some(2)), "{failed}");
    assert_eq!(now(&remote, "wb").await.as_deref(), Some("auto"));
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn without_leave_nothing_is_changed() {
    let sim = simulator("X-T4");
    let network = SimNetwork(sim.clone());
    let remote =
        Camera::connect_remote(network, Options::default(), &Departures::default()).await.unwrap();
    for (key, text) in [("iso", "400"), ("shutter", "1/125"), ("aperture", "4")] {
        let setting = setting(key);
        let error = remote.set(setting, setting.parse(text).unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden(_)), "{key}: {error}");
    }
    remote.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
}

/// A value is taken for set only where the state list says so.
#[tokio::test(start_paused = true)]
async fn an_ok_without_effect_is_told() {
    let sim = simulator("X-T4");
    // This one keeps the low byte of what is written.
    sim.with_persona(|persona| {
        persona.properties.insert(Code(0x5005), FixedProperty { width: 1, value: 2 });
    });
    let remote = connect(&sim).await;
    let failed = set(&remote, "wb", "shade").await.unwrap_err();
    assert_eq!((&failed.obstacle, failed.actual), (&Obstacle::NoEffect, Some(6)));
    assert_eq!(
        failed.to_string(),
        "white balance shade was not reached: the camera has incandescent; the camera said OK, \
         and does not report it"
    );
    // The next one works.
    assert_eq!(set(&remote, "film", "velvia").await, Ok(Means::Written));
    remote.leave().await;
}

/// An X-T100 showed no effect of a step of the f-number (mz).
#[tokio::test(start_paused = true)]
async fn a_step_without_effect_is_told_in_bounded_time() {
    let sim = simulator("X-T100");
    let remote = connect(&sim).await;
    let start = tokio::time::Instant::now();
    let failed = set(&remote, "aperture", "8").await.unwrap_err();
    // One each way.
    assert_eq!((&failed.obstacle, failed.steps), (&Obstacle::NoEffect, 2));
    assert!(failed.to_string().contains("after 2 steps;"), "{failed}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    remote.leave().await;
}

/// That a step up raises the number is read from one client's loop; other bodies may differ.
#[tokio::test(start_paused = true)]
async fn a_body_whose_up_goes_down_is_followed_from_the_end_of_its_dial() {
    let sim = simulator("X-T100");
    let remote = connect(&sim).await;
    // Its own steps do nothing; this dial ends at f/2.8.
    const DIAL: [u32; 4] = [280, 320, 360, 400];
    sim.turn(0x5007, DIAL[0]);
    let person = sim.clone();
    let dial = tokio::spawn(async move {
        let (mut seen, mut at) = (0, 0_usize);
        loop {
            let rows = person.journal();
            let steps = rows.iter().filter(|row| row.operation == OperationCode::STEP_F_NUMBER.0);
            for row in steps.skip(seen) {
                seen += 1;
                at = if row.params[0] == 1 { at.saturating_sub(1) } else { (at + 1).min(3) };
                person.turn(0x5007, DIAL[at]);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(set(&remote, "aperture", "4").await, Ok(Means::Stepped(4)));
    dial.abort();
    remote.leave().await;
}

/// The step that tried the other way is taken back.
#[tokio::test(start_paused = true)]
async fn a_dial_that_was_at_its_end_before_stays_there() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    assert!(set(&remote, "aperture", "16").await.is_ok());
    let failed = set(&remote, "aperture", "22").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::DialAtEnd(CommandDial::APERTURE_AT_END));
    assert_eq!((failed.actual, failed.steps), (Some(1600), 3), "{failed}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_the_next_setting_works() {
    let sim = simulator("X-T4");
    // The first two writes are those of the opening.
    for fault in ["refuse=SetDevicePropValue#3:0x2019", "refuse=StepShutterSpeed#1:0x2019"] {
        sim.add_fault(fault.parse().unwrap());
    }
    let remote = connect(&sim).await;
    for (key, text) in [("iso", "400"), ("shutter", "1/125")] {
        let failed = set(&remote, key, text).await.unwrap_err();
        assert_eq!(failed.obstacle, Obstacle::Refused(ResponseCode::DEVICE_BUSY), "{key}");
        assert!(failed.cure().contains("menu"), "{}", failed.cure());
    }
    assert_eq!(set(&remote, "iso", "400").await, Ok(Means::Written));
    remote.leave().await;
}

/// Only a camera that says it is busy has a menu open.
#[tokio::test(start_paused = true)]
async fn another_refusal_is_not_explained_as_a_menu() {
    let sim = simulator("X-T4");
    sim.add_fault("refuse=SetDevicePropValue#3:0x2002".parse().unwrap());
    let remote = connect(&sim).await;
    let failed = set(&remote, "iso", "400").await.unwrap_err();
    assert!(!failed.cure().contains("menu"), "{}", failed.cure());
    assert!(failed.to_string().contains("0x2002"), "{failed}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutter_speed_the_camera_chooses_itself_is_not_stepped() {
    let sim = simulator("X-T5");
    let remote = connect(&sim).await;
    // Origin: log:XT5, mode A; the list has the shutter speed as 0xFFFFFFFF.
    let failed = set(&remote, "shutter", "1/125").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::Program(ExposureProgram::APERTURE_PRIORITY));
    assert!(failed.to_string().contains("aperture-priority (500E)"), "{failed}");
    assert!(failed.cure().contains("set the body to M"), "{}", failed.cure());
    assert_eq!(operations(&sim, OperationCode::STEP_SHUTTER_SPEED), 0);
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_bias_the_camera_does_not_tell_is_not_stepped() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let failed = set(&remote, "bias", "+1").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::NotTold(Some(ExposureProgram::MANUAL)));
    assert!(failed.cure().contains("P, A or S"), "{}", failed.cure());
    assert_eq!((failed.actual, operations(&sim, OperationCode::STEP_EXPOSURE_BIAS)), (None, 0));
    remote.leave().await;
}

/// Bulb is not told apart from a value that is not there (the fact sheet's section 6.4).
#[tokio::test(start_paused = true)]
async fn no_shutter_speed_in_manual_is_no_reason_to_turn_to_manual() {
    let sim = simulator("X-T4");
    for (code, value) in [(0xD240, u32::MAX), (0x5007, 0xFFFF)] {
        sim.with_persona(|persona| {
            let entry = persona.remote_list.iter_mut().find(|entry| entry.0 == Code(code));
            entry.unwrap().1 = value;
        });
    }
    let remote = connect(&sim).await;
    for (key, text, cause, cure) in [
        ("shutter", "1/125", "bulb looks like this", "set the shutter speed on the body"),
        ("aperture", "4", "tells no aperture in its exposure program manual", "on the lens"),
    ] {
        let failed = set(&remote, key, text).await.unwrap_err();
        assert_eq!(failed.obstacle, Obstacle::NotTold(Some(ExposureProgram::MANUAL)), "{key}");
        assert!(failed.to_string().contains(cause), "{failed}");
        assert!(failed.cure().contains(cure), "{}", failed.cure());
    }
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn an_open_menu_is_told_and_once_it_is_left_the_rest_works() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    sim.set_menu(true);
    for (key, text) in [("wb", "shade"), ("aperture", "4")] {
        let failed = set(&remote, key, text).await.unwrap_err();
        assert_eq!(failed.obstacle, Obstacle::Refused(ResponseCode::DEVICE_BUSY), "{key}");
        assert!(failed.cure().contains("leave the camera's menu"), "{key}");
    }
    sim.set_menu(false);
    for (key, text) in [("wb", "shade"), ("aperture", "4")] {
        assert!(set(&remote, key, text).await.is_ok(), "{key}");
    }
    remote.leave().await;
}

/// The person turns the body to another program while it is stepped.
#[tokio::test(start_paused = true)]
async fn a_program_that_changes_half_way_ends_the_steps() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let person = sim.clone();
    tokio::spawn(async move {
        while operations(&person, OperationCode::STEP_SHUTTER_SPEED) < 2 {
            tokio::task::yield_now().await;
        }
        person.turn(0x500E, u32::from(ExposureProgram::APERTURE_PRIORITY.0));
    });
    let failed = set(&remote, "shutter", "1/4000").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::Program(ExposureProgram::APERTURE_PRIORITY));
    assert!((2..6).contains(&failed.steps), "{failed}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_lost_half_way_is_no_obstacle_but_the_end() {
    let sim = simulator("X-T4");
    sim.add_fault("vanish=StepShutterSpeed#2:1s".parse().unwrap());
    let remote = connect(&sim).await;
    let shutter = setting("shutter");
    let error = remote.set(shutter, shutter.parse("1/4000").unwrap()).await.unwrap_err();
    assert!(error.is_link_trouble(), "{error}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_without_remote_mode_says_so() {
    let sim = simulator("X-A2");
    let network = SimNetwork(sim.clone());
    let error = Camera::connect_remote(network, options(), &Departures::default()).await;
    assert!(matches!(error, Err(Error::NotOffered(_))));
    sim.wait_idle().await;
    assert_eq!(sim.journal().last().unwrap().note, "goodbye");
}

/// Firmware may say things nobody has seen yet.
#[tokio::test(start_paused = true)]
async fn one_item_that_cannot_be_read_does_not_hide_the_others() {
    let sim = simulator("X-T4");
    let items = sim.with_persona(|persona| {
        persona.capabilities[0].data_type = 0x77;
        persona.capabilities.len()
    });
    let remote = connect(&sim).await;
    assert_eq!(remote.capabilities().items.len(), items - 1);
    let failed = set(&remote, "film", "0x0099").await.unwrap_err();
    assert!(matches!(failed.obstacle, Obstacle::NotListed(_)), "{failed}");
    remote.leave().await;
    // What came before a cut is whole.
    let sim = simulator("X-T4");
    sim.add_fault("truncate=GetCapabilities:60".parse().unwrap());
    let remote = connect(&sim).await;
    let listed: Vec<_> = remote.capabilities().items.iter().map(|item| item.property.0).collect();
    assert_eq!(listed, [0x5012, 0x500C]);
    remote.leave().await;
}

/// A camera that does not list what can be set still tells what is set.
#[tokio::test(start_paused = true)]
async fn without_a_list_values_are_written_and_looked_at() {
    for fault in
        ["refuse=GetCapabilities:0x2005", "silence=GetCapabilities", "truncate=GetCapabilities:20"]
    {
        let sim = simulator("X-T4");
        sim.add_fault(fault.parse().unwrap());
        let remote = connect(&sim).await;
        assert!(remote.capabilities().items.is_empty(), "{fault}");
        assert_eq!(set(&remote, "film", "velvia").await, Ok(Means::Written), "{fault}");
        remote.leave().await;
    }
}

/// On the way to the gallery it was ended already.
#[tokio::test(start_paused = true)]
async fn a_function_that_was_ended_is_not_ended_again() {
    let sim = simulator("X-T4");
    let camera = Camera::connect(SimNetwork(sim.clone()), Options::default()).await.unwrap();
    camera.leave().await;
    sim.wait_idle().await;
    assert_eq!(operations(&sim, OperationCode::TERMINATE_OPEN_CAPTURE), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_dropped_ends_the_function_too() {
    let sim = simulator("X-T4");
    drop(connect(&sim).await);
    sim.wait_idle().await;
    assert_eq!(operations(&sim, OperationCode::TERMINATE_OPEN_CAPTURE), 1);
    assert_eq!(operations(&sim, OperationCode::CLOSE_SESSION), 1);
}

/// The same client without async, over streams of a thread of its own.
#[test]
fn the_blocking_client_reads_sets_and_leaves() {
    let sim = simulator("X-T4");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let inside = runtime.enter();
    let remote = std::thread::scope(|scope| {
        let network = SimNetwork(sim.clone());
        let connecting = || blocking::Remote::connect_by(network, options());
        scope.spawn(connecting).join().unwrap().unwrap()
    });
    drop(inside);
    let film = setting("film");
    let reached = remote.set(film, film.parse("acros").unwrap()).unwrap();
    assert_eq!((reached.before, reached.actual, reached.means), (Some(1), 12, Means::Written));
    let readings = remote.settings().unwrap();
    assert_eq!(find(&readings, "film").unwrap().bits, Some(12));
    assert_eq!(remote.info().model, "X-T4");
    remote.leave();
    runtime.block_on(sim.wait_idle());
    assert_eq!(operations(&sim, OperationCode::TERMINATE_OPEN_CAPTURE), 1);
    assert_eq!(sim.journal().last().unwrap().note, "goodbye");
}
