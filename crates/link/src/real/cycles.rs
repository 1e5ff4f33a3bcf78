//! The whole way, again and again: the network is joined, the station's program fetches and
//! delivers, the network is left, and nothing is left of it.
//!
//! `FILMWIRE_CYCLES` sets the number of cycles, `FILMWIRE_SEED` what happens in them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{RADIO, check_ways, home_on_cable, join, manager, traces, until};
use crate::manager::Manager;

const CAMERA: &str = "192.168.0.1:55740";
const LIMIT: Duration = Duration::from_secs(30);

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!(".ci/link sets {name}"))
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// How a network is left.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Politely,
    /// As if the process had been killed.
    Killed,
    /// With a network on the cable that was left for it, and is back.
    ToHome,
    KilledToHome,
    /// NetworkManager is killed and started again meanwhile.
    Restarted,
    RestartedToHome,
}

/// A simulated camera in the camera's network.
struct Camera {
    simulator: Child,
    journal: PathBuf,
}

impl Camera {
    fn start(folder: &Path, photos: u64, seed: u64) -> Self {
        let journal = folder.join("journal");
        let _ = std::fs::remove_file(&journal);
        let (photos, seed) = (photos.to_string(), seed.to_string());
        let mut simulator = Command::new("ip")
            .args(["netns", "exec", "camera", &given("FILMWIRE_PROGRAM")])
            .args(["sim", "--json", "--listen", CAMERA, "--photos", &photos, "--seed", &seed])
            .args(["--journal", journal.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(simulator.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(CAMERA), "{line:?}");
        Self { simulator, journal }
    }

    /// Its last operation was CloseSession.
    fn was_left_politely(&self) {
        let journal = std::fs::read_to_string(&self.journal).unwrap();
        let mut operations = journal.lines().filter(|row| !row.contains("\"operation\":0,"));
        let last = operations.next_back().unwrap_or_default();
        assert!(last.contains(&format!("\"operation\":{}", 0x1003)), "{last}");
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.simulator.kill();
        let _ = self.simulator.wait();
    }
}

/// SHA-256 of all photos below a folder, in order.
fn hashes(folder: &Path) -> Vec<String> {
    let find = "find \"$0\" -type f -name '*.JPG' -exec sha256sum {} + | cut -d' ' -f1 | sort";
    let told = super::told("sh", &["-c", find, folder.to_str().unwrap()]);
    told.lines().map(ToOwned::to_owned).collect()
}

/// Fetches and delivers; fails unless all is proven.
fn serve(folder: &Path) {
    let config = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"192.168.0.1%{RADIO}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n"
    );
    std::fs::write(folder.join("station.toml"), config).unwrap();
    let ran = Command::new(given("FILMWIRE_STATION"))
        .args(["run", "--once", "--json", "--config", "station.toml"])
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && !told.contains("\"kind\":\"away\""), "{ran:?}");
}

async fn restart_network_manager() {
    let file = given("FILMWIRE_MANAGER_PID");
    let process = || std::fs::read_to_string(&file).unwrap();
    let before = process();
    super::told("kill", &["-TERM", before.trim()]);
    let begun = Instant::now();
    let is_back = async || {
        let manager = manager().await;
        process() != before && manager.version().await.is_ok()
    };
    while !is_back().await {
        assert!(begun.elapsed() < LIMIT, "NetworkManager does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Routes that do not go by the radio.
fn of_others(routes: &str) -> Vec<&str> {
    routes.lines().filter(|route| !route.contains(RADIO)).collect()
}

async fn cycle(manager: &Manager, ending: Ending, folder: &Path) {
    let home = match ending {
        Ending::Politely | Ending::Killed | Ending::Restarted => None,
        _ => Some(home_on_cable(manager).await),
    };
    let before = traces(manager).await;
    let own = self::manager().await;
    let joined = join(&own, home.clone()).await.unwrap();
    let during = traces(manager).await;
    assert_eq!(of_others(&during[0]), of_others(&before[0]), "routes");
    assert_eq!(during[2], before[2], "names");
    check_ways().await;
    serve(folder);
    check_ways().await;
    match ending {
        Ending::Politely | Ending::ToHome => joined.leave().await.unwrap(),
        Ending::Killed | Ending::KilledToHome => drop((joined, own)),
        Ending::Restarted | Ending::RestartedToHome => {
            restart_network_manager().await;
            joined.leave().await.unwrap();
        }
    }
    until(manager, &before).await;
    if let Some(home) = home {
        super::told("nmcli", &["connection", "delete", &home.name]);
    }
}

#[tokio::test]
#[ignore = "needs the world of .ci/link"]
async fn photos_are_served_again_and_again_without_a_trace() {
    let (cycles, seed) = (number("FILMWIRE_CYCLES", 20), number("FILMWIRE_SEED", 1));
    println!("FILMWIRE_SEED={seed} FILMWIRE_CYCLES={cycles}");
    let folder = PathBuf::from(given("FILMWIRE_WORK")).join("cycles");
    std::fs::create_dir(&folder).unwrap();
    // From the test before.
    super::told("nmcli", &["connection", "delete", "home"]);
    let mut photos = 0;
    for at in 0..cycles {
        let ending = match seed.wrapping_add(at) % 10 {
            0..3 => Ending::Politely,
            3 | 4 => Ending::Killed,
            5 | 6 => Ending::ToHome,
            7 => Ending::KilledToHome,
            8 => Ending::Restarted,
            _ => Ending::RestartedToHome,
        };
        // They are shot in addition to those that are on the card.
        let shot = 1 + seed.wrapping_add(at) % 3;
        photos += shot;
        let begun = Instant::now();
        let camera = Camera::start(&folder, photos, seed);
        cycle(&manager().await, ending, &folder).await;
        camera.was_left_politely();
        let found = hashes(&folder.join("nas"));
        assert_eq!(found.len() as u64, photos, "once each");
        assert_eq!(found, hashes(&folder.join("photos")));
        println!("{at}: {ending:?}, {shot} photos, {:.1} s", begun.elapsed().as_secs_f64());
    }
}
