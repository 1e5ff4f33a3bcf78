//! Broken and hostile cameras: every fault of the simulator. No crash, no wait without end,
//! nothing outside the library, little memory; and once the fault is gone, everything is fetched.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use filmwire_ingest::Event;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Fault, Simulator};
use support::{Shelf, SimConnect, on_card, simulator};

/// Names that try to leave the library, from the catalogue of faults.
const NAMES: [&str; 5] = ["traversal", "absolute", "reserved", "control", "long"];

fn card() -> Card {
    let film_bytes = 1_500_000..=1_500_000;
    Card::generated(&GenerateSpec { photos: 6, films: 1, film_bytes, ..GenerateSpec::default() })
}

/// Faults as a person would write them: the example of each, and more arguments for some.
fn all_faults() -> Vec<String> {
    let mut faults: Vec<String> = Fault::catalogue()
        .iter()
        .map(|entry| format!("{}={}", entry.name, entry.example))
        .collect();
    faults.extend(NAMES.map(|name| format!("name={name}")));
    for more in [
        "claim-count=0",
        "claim-count=65536",
        "claim-size=0",
        "empty=GetObjectInfo",
        "empty=GetDevicePropValue",
        "truncate=GetObjectInfo:3",
        "refuse=GetPartialObject:0x2002",
        "refuse=GetObjectInfo:0x2009",
        "silence=GetPartialObject",
        "size-big=1048576",
        "garbage=OpenSession:12",
        "container-length=GetPartialObject:5",
        "stall=GetObjectInfo:10s",
        "container-length=OpenSession:0",
        "wrong-transaction=GetPartialObject",
        "short-reads=50000",
    ] {
        faults.push(more.to_owned());
    }
    faults
}

/// A run under the fault ends in bounded time; whatever it says, it breaks nothing.
async fn under(fault: &str, model: &str) -> (Shelf, Simulator, Vec<Event>) {
    let (shelf, sim) = (Shelf::new(), simulator(model, card()));
    sim.add_fault(fault.parse().unwrap_or_else(|error| panic!("{fault}: {error}")));
    let mut options = shelf.options();
    options.tries = 2;
    // Simulated time: what matters is that it ends.
    let hours = Duration::from_secs(12 * 3600);
    let connect = SimConnect::new(&sim);
    let running = tokio::time::timeout(hours, shelf.try_sync(&connect, &options));
    let Ok((_, events)) = running.await else { panic!("{model} {fault}: no end within {hours:?}") };
    (shelf, sim, events)
}

#[tokio::test(start_paused = true)]
async fn every_fault_ends_in_bounded_time_and_then_all_is_fetched() {
    for model in ["X-A2", "X-T4"] {
        for fault in all_faults() {
            eprintln!("{model} {fault}");
            let (shelf, sim, events) = under(&fault, model).await;
            sim.clear_faults();
            sim.set_on_air(true);
            let mut options = shelf.options();
            options.full = true;
            let (result, after) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
            let summary =
                result.unwrap_or_else(|error| panic!("{model} {fault}: {error} {after:#?}"));
            assert_eq!(summary.failed, 0, "{model} {fault}: {events:#?} {after:#?}");
            let expected: BTreeSet<_> = on_card(&sim).into_iter().collect();
            let found: Vec<_> = shelf.photos().into_values().collect();
            let unique: BTreeSet<_> = found.iter().cloned().collect();
            assert_eq!(found.len(), unique.len(), "{model} {fault}: doubled");
            let missing = expected.difference(&unique).count();
            assert_eq!(missing, 0, "{model} {fault}: {after:#?}");
            assert_eq!(shelf.faults(), [] as [String; 0], "{model} {fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_names_stay_inside_the_library() {
    for name in NAMES {
        let outer = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new();
        shelf.folder = tempfile::tempdir_in(outer.path()).unwrap();
        let sim = simulator("X-A2", card());
        sim.add_fault(format!("name={name}").parse().unwrap());
        let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &shelf.options()).await;
        assert_eq!(result.unwrap().new, 7, "{name}");
        assert_eq!(files_beside(outer.path()), 1, "{name}: only the library's folder");
        let photos = shelf.photos();
        assert_eq!(photos.len(), 7, "{name}");
        for path in photos.keys() {
            let plain = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
            assert!(path.chars().all(plain), "{name}: {path:?}");
            let fine = |part: &str| part.len() <= 255 && part != ".." && part != ".";
            assert!(path.split('/').all(fine), "{name}: {path:?}");
        }
    }
}

fn files_beside(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// The peak of a process that meets the worst claims, the simulated camera's own memory included.
#[test]
fn hostile_claims_cost_little_memory() {
    const CHILD: &str = "FILMWIRE_HOSTILE_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            for fault in all_faults() {
                under(&fault, "X-T4").await;
            }
        });
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        println!("peak {}", peak.split_whitespace().nth(1).unwrap());
        return;
    }
    let this = std::env::current_exe().unwrap();
    let out = std::process::Command::new(this)
        .args(["--exact", "hostile_claims_cost_little_memory", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let peak = text.split("peak ").nth(1).unwrap_or_else(|| panic!("{text}"));
    let kib: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kib < 64 * 1024, "{kib} KiB");
}
