//! Cameras fired together, and the guard, in simulated time.

mod support;

use std::path::Path;
use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Options, Setting};
use filmwire_codec::{DevicePropCode, OperationCode};
use filmwire_shoot::profile::{Drift, Guard, Policy, Profile, drift_text};
use filmwire_shoot::series::{Fetch, Plan, Series, Shelf};
use filmwire_shoot::stand::{Given, Held, Post, Stand};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Link, Persona, Simulator};
use support::SimNetwork;

const ISO: u16 = DevicePropCode::ISO.0;
const RELEASE: u16 = OperationCode::INITIATE_CAPTURE.0;

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

async fn post(sim: &Simulator, name: &str, folder: &Path, policy: Option<Policy>) -> Post {
    post_with(Fetch::Preview, sim, name, folder, policy).await
}

async fn post_with(
    fetch: Fetch,
    sim: &Simulator,
    name: &str,
    folder: &Path,
    policy: Option<Policy>,
) -> Post {
    let allow = Allow { settings: true, shoot: true, ..Allow::default() };
    let options = Options { allow, ..Options::default() };
    let network = SimNetwork(sim.clone());
    let remote = Camera::connect_remote(network, options, &Departures::default()).await.unwrap();
    let profile = Profile::of(&remote.info().model, &remote.settings().await.unwrap());
    let guard = policy.map(|policy| Guard { profile, policy });
    let name_template = format!("{{label}}-{name}").parse().unwrap();
    let plan = Plan { fetch, name: name_template };
    let shelf = Shelf::new(folder.to_owned()).unwrap();
    Post { name: name.to_owned(), series: Series::new(remote, plan, shelf), guard }
}

fn releases(sim: &Simulator) -> Vec<u64> {
    let rows = sim.journal().into_iter();
    rows.filter(|row| row.operation == RELEASE).map(|row| row.at_ms).collect()
}

fn words(drifts: &[Drift]) -> Vec<String> {
    drifts.iter().map(Drift::to_string).collect()
}

async fn leave(stand: Stand, sims: &[&Simulator]) {
    for post in stand.into_posts() {
        post.series.into_remote().leave().await;
    }
    for sim in sims {
        sim.wait_idle().await;
        assert_eq!(sim.violations(), []);
    }
}

/// The links differ, and so do the answers of the two; the releases go out together all the same.
#[tokio::test(start_paused = true)]
async fn cameras_are_fired_at_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let (near, far) = (simulator("X-T4"), simulator("X-T5"));
    far.set_link(Link { round_trip: Duration::from_millis(300), ..Link::default() });
    let left = post(&near, "left", folder.path(), None).await;
    let right = post(&far, "right", folder.path(), None).await;
    let mut stand = Stand::new(vec![left, right]);
    for label in ["A", "B", "C"] {
        let round = stand.round(Some(label)).await.unwrap();
        assert_eq!(round.spread, Some(Duration::ZERO));
        for (given, name) in round.given.iter().zip(["left", "right"]) {
            let frame = given.frame.as_ref().unwrap();
            assert_eq!(frame.files[0].path, folder.path().join(format!("{label}-{name}.jpg")));
        }
    }
    // The journals' clocks are one: simulated time.
    let (near_at, far_at) = (releases(&near), releases(&far));
    assert_eq!(near_at.len(), 3);
    assert_eq!(near_at, far_at);
    leave(stand, &[&near, &far]).await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_takes_no_picture_leaves_the_others_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (simulator("X-T4"), simulator("X-T4"));
    bad.set_menu(true);
    let left = post(&good, "left", folder.path(), None).await;
    let right = post(&bad, "right", folder.path(), None).await;
    let mut stand = Stand::new(vec![left, right]);
    let round = stand.round(Some("A")).await.unwrap();
    assert!(round.given[0].frame.is_ok());
    assert!(round.given[1].frame.is_err());
    assert_eq!(round.spread, None);
    bad.set_menu(false);
    let round = stand.round(Some("B")).await.unwrap();
    assert!(round.given.iter().all(|given| given.frame.is_ok()));
    leave(stand, &[&good, &bad]).await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_stops_lets_no_camera_fire() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (simulator("X-T4"), simulator("X-T5"));
    let left = post(&one, "left", folder.path(), Some(Policy::Stop)).await;
    let right = post(&other, "right", folder.path(), Some(Policy::Stop)).await;
    let mut stand = Stand::new(vec![left, right]);
    let round = stand.round(None).await.unwrap();
    assert!(!round.has_drift() && !stand.stops_at(&round));
    other.turn(ISO, 800);
    let Err(Held::Drift(drifts)) = stand.round(None).await else { panic!("it is held") };
    assert_eq!(words(&drifts[0]), [""; 0]);
    assert_eq!(words(&drifts[1]), ["iso is 800, not auto-3200"]);
    assert_eq!((releases(&one).len(), releases(&other).len()), (1, 1));
    // Set back, the series goes on.
    let remote = stand.posts()[1].series.remote();
    let iso = Setting::named("iso").unwrap();
    remote.set(iso, iso.parse("auto-3200").unwrap()).await.unwrap();
    assert!(stand.round(None).await.is_ok());
    leave(stand, &[&one, &other]).await;
}

/// Somebody turns ISO as soon as the release is there.
async fn turned_meanwhile(policy: Policy) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let sim = simulator("X-T4");
    let mut stand = Stand::new(vec![post(&sim, "x", folder.path(), Some(policy)).await]);
    let turning = async {
        while releases(&sim).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sim.turn(ISO, 800);
    };
    let (round, ()) = tokio::join!(stand.round(Some("A")), turning);
    let round = round.unwrap();
    let Given { frame, before, after, .. } = &round.given[0];
    assert_eq!(frame.as_ref().unwrap().files.len(), 1, "the frame stays");
    let told = (stand.stops_at(&round), drift_text(before, after));
    assert_eq!(round.has_drift(), !told.1.is_empty());
    leave(stand, &[&sim]).await;
    told
}

#[tokio::test(start_paused = true)]
async fn what_moves_during_a_frame_is_told_after_it() {
    let drift = "iso is 800, not auto-6400 (after the frame)".to_owned();
    assert_eq!(turned_meanwhile(Policy::Stop).await, (true, drift.clone()));
    assert_eq!(turned_meanwhile(Policy::Mark).await, (false, drift));
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_marks_takes_the_frame_and_tells() {
    let folder = tempfile::tempdir().unwrap();
    let sim = simulator("X-T4");
    let mut stand = Stand::new(vec![post(&sim, "x", folder.path(), Some(Policy::Mark)).await]);
    sim.turn(ISO, 800);
    let round = stand.round(Some("A")).await.unwrap();
    assert!(round.given[0].frame.is_ok() && round.has_drift() && !stand.stops_at(&round));
    let text = drift_text(&round.given[0].before, &round.given[0].after);
    assert_eq!(text, "iso is 800, not auto-6400");
    leave(stand, &[&sim]).await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_is_gone_keeps_the_others_from_firing() {
    let folder = tempfile::tempdir().unwrap();
    let (there, gone) = (simulator("X-T4"), simulator("X-T4"));
    let left = post(&there, "left", folder.path(), None).await;
    let right = post(&gone, "right", folder.path(), None).await;
    let mut stand = Stand::new(vec![left, right]);
    gone.set_on_air(false);
    let held = stand.round(Some("A")).await;
    assert!(matches!(held, Err(Held::NotReady(1, _))));
    assert_eq!(releases(&there), [0; 0]);
    leave(stand, &[&there]).await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_goes_while_nothing_is_taken_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (there, gone) = (simulator("X-T4"), simulator("X-T4"));
    let left = post(&there, "left", folder.path(), None).await;
    let right = post(&gone, "right", folder.path(), None).await;
    let stand = Stand::new(vec![left, right]);
    let hour = Duration::from_secs(3600);
    assert!(tokio::time::timeout(hour, stand.lost()).await.is_err());
    gone.set_on_air(false);
    let (place, error) = tokio::time::timeout(hour, stand.lost()).await.unwrap();
    assert!(place == 1 && error.ends_series(), "{error}");
    leave(stand, &[&there]).await;
}

/// A hundred pages while menus are opened and dials turned: each page of each camera is a file with
/// its preview or told with a cause, and what was turned is told of each.
#[tokio::test(start_paused = true)]
async fn every_label_is_a_file_or_a_cause() {
    let folder = tempfile::tempdir().unwrap();
    let sims = [simulator("X-T4"), simulator("X-T5")];
    let mut posts = Vec::new();
    for (sim, name) in sims.iter().zip(["left", "right"]) {
        posts.push(post(sim, name, folder.path(), Some(Policy::Mark)).await);
    }
    let isos = [0x8000_1900, 0x8000_0C80];
    let mut stand = Stand::new(posts);
    let (mut random, mut files, mut failures) = (5_u32, 0, 0);
    for page in 0..100 {
        // Any numbers will do; these are always the same.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (menu, turned) = (random >> 24 & 7, random >> 16 & 7);
        for (at, (sim, iso)) in sims.iter().zip(isos).enumerate() {
            sim.set_menu(menu == at as u32);
            sim.turn(ISO, if turned == at as u32 { 800 } else { iso });
        }
        let round = stand.round(Some(&format!("page-{page}"))).await.unwrap();
        for (at, given) in round.given.iter().enumerate() {
            match &given.frame {
                Ok(frame) => {
                    let kept = frame.files.first().unwrap();
                    assert_eq!(kept.bytes, frame.shot.preview.len() as u64);
                    files += 1;
                }
                Err(error) => {
                    assert!(menu == at as u32 && !error.ends_series(), "{page}: {error}");
                    failures += 1;
                }
            }
            assert_eq!(given.before.len(), usize::from(turned == at as u32), "{page}");
        }
    }
    assert_eq!((files + failures, files), (200, std::fs::read_dir(folder.path()).unwrap().count()));
    assert!(failures > 10, "{failures}");
    leave(stand, &[&sims[0], &sims[1]]).await;
}

/// With originals focus is locked anew for each frame, after the visit to the gallery.
#[tokio::test(start_paused = true)]
async fn a_camera_that_finds_no_focus_keeps_the_others_from_firing_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (simulator("X-T4"), simulator("X-T4"));
    let left = post_with(Fetch::Full, &one, "left", folder.path(), None).await;
    let mut right = post_with(Fetch::Full, &other, "right", folder.path(), None).await;
    right.series.lock_focus("7,5".parse().unwrap()).await.unwrap();
    let mut stand = Stand::new(vec![left, right]);
    other.add_fault("focus-fail=1".parse().unwrap());
    let Err(Held::NotReady(1, error)) = stand.round(Some("A")).await else { panic!("no focus") };
    assert!(!error.ends_series(), "{error}");
    assert_eq!((releases(&one).len(), releases(&other).len()), (0, 0));
    let round = stand.round(Some("B")).await.unwrap();
    assert_eq!(round.spread, Some(Duration::ZERO));
    for given in &round.given {
        let files = &given.frame.as_ref().unwrap().files;
        assert!(files.iter().all(|file| file.camera_name.is_some()) && !files.is_empty());
    }
    leave(stand, &[&one, &other]).await;
}
