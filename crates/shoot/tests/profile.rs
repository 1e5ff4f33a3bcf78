//! Profiles on every persona with a remote function, in simulated time.

mod support;

use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Error, Means, Options, Remote, Setting};
use filmwire_codec::journal::JournalRow;
use filmwire_codec::{DevicePropCode, OperationCode};
use filmwire_shoot::profile::{Applied, Drift, Outcome, Problem, Profile};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Link, Persona, Simulator};
use support::SimNetwork;

const ISO: u16 = DevicePropCode::ISO.0;
const PROGRAM: u16 = DevicePropCode::EXPOSURE_PROGRAM.0;

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

async fn connect(sim: &Simulator) -> Remote {
    let allow = Allow { settings: true, ..Allow::default() };
    let options = Options { allow, ..Options::default() };
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, options, &Departures::default()).await.unwrap()
}

async fn saved(remote: &Remote) -> Profile {
    Profile::of(&remote.info().model, &remote.settings().await.unwrap())
}

fn profile(settings: &[(&str, &str)]) -> Profile {
    let lines: String = settings.iter().map(|(key, word)| format!("{key} = {word:?}\n")).collect();
    Profile::parse(&format!("format = 1\n[settings]\n{lines}")).unwrap()
}

async fn drifts(profile: &Profile, remote: &Remote) -> Vec<String> {
    let readings = remote.settings().await.unwrap();
    profile.drifts(&readings).iter().map(Drift::to_string).collect()
}

fn of<'a>(applied: &'a [Applied], key: &str) -> &'a Applied {
    applied.iter().find(|applied| applied.kept.setting.key == key).unwrap()
}

fn changes(sim: &Simulator) -> Vec<u16> {
    let changing = [
        OperationCode::SET_DEVICE_PROP_VALUE.0,
        OperationCode::STEP_SHUTTER_SPEED.0,
        OperationCode::STEP_F_NUMBER.0,
        OperationCode::STEP_EXPOSURE_BIAS.0,
    ];
    let rows = sim.journal();
    // What is written before the function runs is the opening.
    let start = rows.iter().rposition(|row| row.operation == 0x101C).unwrap();
    let rows = rows[start..].iter().map(|row| row.operation);
    rows.filter(|operation| changing.contains(operation)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_of_any_body_comes_back_from_its_file_and_needs_no_setting() {
    let bodies = Persona::names().into_iter();
    let bodies: Vec<_> =
        bodies.filter(|name| Persona::builtin(name).unwrap().has_remote()).collect();
    assert!(bodies.len() > 8);
    for model in bodies {
        let sim = simulator(model);
        let remote = connect(&sim).await;
        let profile = saved(&remote).await;
        assert!(profile.kept().len() >= 9, "{model}: {profile:?}");
        let profile = Profile::parse(&profile.to_toml()).unwrap();
        assert_eq!(profile, saved(&remote).await, "{model}");
        assert_eq!(drifts(&profile, &remote).await, [""; 0], "{model}");
        let applied = profile.apply(&remote).await.unwrap();
        let already = Outcome::Reached(Means::Already);
        assert!(applied.iter().all(|applied| applied.outcome == already), "{model}: {applied:?}");
        assert_eq!(changes(&sim), [0; 0], "{model}");
        remote.leave().await;
        assert_eq!(sim.violations(), [], "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_changed_is_set_back() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let profile = saved(&remote).await;
    for (key, word) in [
        ("iso", "800"),
        ("wb", "shade"),
        ("film", "velvia"),
        ("aperture", "8"),
        ("shutter", "1/15"),
    ] {
        let setting = Setting::named(key).unwrap();
        remote.set(setting, setting.parse(word).unwrap()).await.unwrap();
    }
    let told = [
        "iso is 800, not auto-6400",
        "wb is shade, not auto",
        "film is velvia, not provia",
        "aperture is f/8, not f/2",
        "shutter is 1/15, not 1/60",
    ];
    assert_eq!(drifts(&profile, &remote).await, told);
    let applied = profile.apply(&remote).await.unwrap();
    assert!(applied.iter().all(Applied::is_reached), "{applied:?}");
    assert_eq!(of(&applied, "iso").outcome, Outcome::Reached(Means::Written));
    assert_eq!(of(&applied, "shutter").outcome, Outcome::Reached(Means::Stepped(6)));
    assert_eq!(of(&applied, "size").outcome, Outcome::Reached(Means::Already));
    let aperture = of(&applied, "aperture");
    assert_eq!((aperture.before, aperture.actual), (Some(800), Some(200)));
    assert_eq!(drifts(&profile, &remote).await, [""; 0]);
    remote.leave().await;
    assert_eq!(sim.violations(), []);
}

/// ISO and flash go before the shutter speed, whatever the order in the file.
#[tokio::test(start_paused = true)]
async fn what_is_written_goes_before_what_is_stepped() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let settings =
        [("shutter", "1/125"), ("aperture", "2.8"), ("flash", "disabled"), ("iso", "400")];
    profile(&settings).apply(&remote).await.unwrap();
    let (write, f_number, shutter) = (
        OperationCode::SET_DEVICE_PROP_VALUE.0,
        OperationCode::STEP_F_NUMBER.0,
        OperationCode::STEP_SHUTTER_SPEED.0,
    );
    let mut sent = changes(&sim);
    assert_eq!(sent.len(), 8, "{sent:X?}");
    sent.dedup();
    assert_eq!(sent, [write, f_number, shutter]);
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_body_alone_can_set_is_told_and_the_rest_is_set() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let settings = [("iso", "400"), ("program", "aperture-priority"), ("shutter", "----")];
    let applied = profile(&settings).apply(&remote).await.unwrap();
    assert!(of(&applied, "iso").is_reached());
    for key in ["program", "shutter"] {
        assert_eq!(of(&applied, key).outcome, Outcome::Failed(Problem::Body), "{key}");
    }
    // The person turns the dial.
    sim.turn(PROGRAM, 3);
    let applied = profile(&settings).apply(&remote).await.unwrap();
    assert!(applied.iter().all(Applied::is_reached), "{applied:?}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reached_does_not_keep_the_others_from_being_set() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let settings = [("iso", "401"), ("film", "0x00010001"), ("aperture", "22"), ("wb", "shade")];
    let applied = profile(&settings).apply(&remote).await.unwrap();
    assert!(of(&applied, "wb").is_reached());
    for (key, cause) in
        [("iso", "lists only"), ("film", "lists only"), ("aperture", "dial is at its end")]
    {
        let Outcome::Failed(problem) = &of(&applied, key).outcome else { panic!("{key}") };
        assert!(problem.cause().contains(cause), "{key}: {}", problem.cause());
        assert!(!problem.cure().is_empty());
    }
    assert_eq!(of(&applied, "aperture").actual, Some(1600));
    remote.leave().await;
}

/// Applies while somebody turns ISO away: `moves` tells by the rows since the last time if now.
async fn apply_while(times: u32, moves: impl Fn(&[JournalRow]) -> bool) -> Vec<Applied> {
    let sim = simulator("X-T4");
    sim.set_link(Link { round_trip: Duration::from_millis(10), ..Link::default() });
    let remote = connect(&sim).await;
    let profile = profile(&[("iso", "400"), ("shutter", "1/125")]);
    let moving = async {
        for _ in 0..times {
            while !moves(&sim.journal()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            sim.turn(ISO, 800);
            sim.clear_journal();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        applied = profile.apply(&remote) => applied.unwrap(),
        () = moving => unreachable!("it waits without end"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_moved_while_others_were_set_is_set_once_more() {
    let stepped = |row: &JournalRow| row.operation == OperationCode::STEP_SHUTTER_SPEED.0;
    let applied = apply_while(1, |rows| rows.iter().any(stepped)).await;
    assert!(applied.iter().all(Applied::is_reached), "{applied:?}");
    assert_eq!(of(&applied, "iso").outcome, Outcome::Reached(Means::Written));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stay_is_told() {
    let wrote = |row: &JournalRow| row.operation == OperationCode::SET_DEVICE_PROP_VALUE.0;
    // Once it was read back after it was written.
    let moves = |rows: &[JournalRow]| {
        let write = rows.iter().rposition(|row| wrote(row) && row.params == [u32::from(ISO)]);
        write.is_some_and(|at| rows.len() > at + 1)
    };
    let applied = apply_while(2, moves).await;
    assert!(of(&applied, "shutter").is_reached());
    assert_eq!(of(&applied, "iso").outcome, Outcome::Failed(Problem::Moved));
    assert_eq!(of(&applied, "iso").actual, Some(800));
}

#[tokio::test(start_paused = true)]
async fn settings_need_permission() {
    let sim = simulator("X-T4");
    let network = SimNetwork(sim.clone());
    let departures = Departures::default();
    let remote = Camera::connect_remote(network, Options::default(), &departures).await.unwrap();
    let applied = profile(&[("iso", "400")]).apply(&remote).await;
    assert!(matches!(applied, Err(Error::Forbidden(_))), "{applied:?}");
    remote.leave().await;
}
