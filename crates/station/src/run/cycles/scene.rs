//! The play's world: the air, a camera, a station's computer, and simulated time.

use std::cell::{Cell as Holder, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use filmwire_deliver::Happening;
use filmwire_ingest::{Event, WatchEvent};
use filmwire_link::stand_in::{Cell, StandIn, Used};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer, Simulator};
use tokio::time::{Instant, advance, pause, resume, sleep};

use super::around::{Random, Wall};
use super::mishap::working;
use crate::run::told::{Passage, Told};

pub(super) const NETWORK: &str = "FUJIFILM-X-T20-1A2B";
pub(super) const PASSPHRASE: &str = "hunter2hunter2";
/// The camera listens on loopback, so the radio that joins its network is called so.
pub(super) const CAMERA_RADIO: &str = "lo";
const OTHER_RADIO: &str = "wlan0";
const HOME: &str = "home";
/// A camera's network ends when nobody joins it for so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for anything, in real time; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
/// How many of the last things that were told are shown when something is wrong.
const SHOWN: usize = 40;

/// How the station's computer is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Radios {
    /// One for cameras, one that is at home.
    Two,
    /// One that is at home, and leaves it for a camera.
    One,
}

/// What the station told.
#[derive(Default)]
struct Heard {
    all: usize,
    last: Vec<String>,
    published: usize,
    proven: usize,
    gone: usize,
    is_in_pass: bool,
    is_resting: bool,
    is_sending: bool,
    /// By what it told; the air has its own view.
    is_in_network: bool,
    names_placed: BTreeSet<String>,
}

impl Heard {
    fn follow(&mut self, told: &Told) {
        self.all += 1;
        self.last.push(format!("{told:?}").chars().take(200).collect());
        if self.last.len() > SHOWN {
            self.last.remove(0);
        }
        match told {
            Told::Camera { event, .. } => self.follow_camera(event),
            Told::Target(event) => self.follow_target(&event.what),
            Told::Passage { passage, .. } => {
                let is_in = matches!(passage, Passage::Joined { .. });
                assert_ne!(is_in, self.is_in_network, "{passage:?}\n{}", self.last.join("\n"));
                self.is_in_network = is_in;
            }
            Told::Away { .. } | Told::Notice { .. } | Told::Stranger { .. } => {}
        }
    }

    fn follow_camera(&mut self, event: &WatchEvent) {
        match event {
            WatchEvent::Seen => (self.is_in_pass, self.is_resting) = (true, false),
            WatchEvent::Resting => (self.is_in_pass, self.is_resting) = (false, true),
            WatchEvent::Gone => {
                (self.is_in_pass, self.is_resting) = (false, false);
                self.gone += 1;
            }
            WatchEvent::Pass(Event::Published(_)) => self.published += 1,
            _ => {}
        }
    }

    fn follow_target(&mut self, what: &Happening) {
        match what {
            Happening::Sending { .. } => self.is_sending = true,
            Happening::Proven { placed, .. } => {
                self.proven += 1;
                assert!(self.names_placed.insert(placed.clone()), "{placed} twice");
            }
            _ => {}
        }
        if !matches!(what, Happening::Sending { .. } | Happening::Queued { .. }) {
            self.is_sending = false;
        }
    }
}

/// What the air tells of the current cycle.
#[derive(Default)]
struct Log {
    joined: usize,
    failed: usize,
}

/// The world.
pub(super) struct Scene {
    pub(super) air: StandIn,
    pub(super) wall: Arc<Wall>,
    pub(super) is_full: Arc<AtomicBool>,
    radios: Radios,
    server: SimServer,
    folder: tempfile::TempDir,
    heard: RefCell<Heard>,
    log: RefCell<Log>,
    cell: RefCell<Cell>,
    is_on_air: Holder<bool>,
    is_reachable: Holder<bool>,
    /// When somebody has to have joined at last.
    patience: Holder<Option<Instant>>,
    is_target_on: Holder<bool>,
    is_target_there: Holder<bool>,
    is_manager_on: Holder<bool>,
    shot: RefCell<Vec<Vec<u8>>>,
    checked: RefCell<BTreeSet<PathBuf>>,
}

impl Scene {
    pub(super) async fn new(radios: Radios, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let air = StandIn::listen(&folder.path().join("bus")).unwrap();
        air.add_radio(CAMERA_RADIO);
        match radios {
            Radios::One => air.set_home(CAMERA_RADIO, HOME, true),
            Radios::Two => {
                air.add_radio(OTHER_RADIO);
                air.set_home(OTHER_RADIO, HOME, true);
            }
        }
        let spec = GenerateSpec { seed, ..GenerateSpec::default() };
        let options = SimOptions::new(Persona::builtin("X-T20").unwrap(), Card::generated(&spec));
        let server = SimServer::bind(options).await.unwrap();
        server.simulator().set_on_air(false);
        std::fs::create_dir(folder.path().join("lan")).unwrap();
        let scene = Self {
            air,
            wall: Arc::new(Wall::new(1_796_000_000_000)),
            is_full: Arc::default(),
            radios,
            server,
            folder,
            heard: RefCell::default(),
            log: RefCell::default(),
            cell: RefCell::new(working()),
            is_on_air: Holder::new(false),
            is_reachable: Holder::new(false),
            patience: Holder::new(None),
            is_target_on: Holder::new(true),
            is_target_there: Holder::new(true),
            is_manager_on: Holder::new(true),
            shot: RefCell::default(),
            checked: RefCell::default(),
        };
        scene.until("home", Self::is_home).await;
        scene
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn address(&self) -> String {
        self.server.addresses().command.to_string()
    }

    pub(super) fn camera(&self) -> &Simulator {
        self.server.simulator()
    }

    pub(super) fn hear(&self, told: &Told) {
        self.heard.borrow_mut().follow(told);
    }

    // --- The person with the camera ---------------------------------------------------------------

    /// Shoots so many photos.
    pub(super) fn shoot(&self, count: u64) {
        let mut shot = self.shot.borrow_mut();
        self.camera().with_card(|card| {
            for position in card.shoot(usize::try_from(count).unwrap()) {
                let object = card.object(position).unwrap();
                let size = usize::try_from(object.size_bytes).unwrap();
                shot.push(object.read_at(0, size).unwrap().to_vec());
            }
        });
    }

    pub(super) fn set_cell(&self, cell: Cell) {
        *self.cell.borrow_mut() = cell;
    }

    pub(super) fn go_on_air(&self) {
        self.air.show(self.cell.borrow().clone());
        self.is_on_air.set(true);
        self.patience.set(Some(Instant::now() + PATIENCE));
    }

    /// The person sees to it that the network stays.
    pub(super) fn have_time(&self) {
        self.patience.set(None);
    }

    /// As with a network that begins anew, unless the camera was served before it went.
    pub(super) fn be_patient_if_unserved(&self) {
        if !self.heard.borrow().is_resting {
            self.patience.set(Some(Instant::now() + PATIENCE));
        }
    }

    pub(super) fn go_off_air(&self) {
        self.air.hide(NETWORK);
        self.is_on_air.set(false);
        self.patience.set(None);
        self.look_after();
    }

    // --- The computer and its network -------------------------------------------------------------

    pub(super) fn stop_manager(&self) {
        self.is_manager_on.set(false);
        self.air.stop();
    }

    pub(super) fn start_manager(&self) {
        self.air.start();
        self.is_manager_on.set(true);
    }

    pub(super) fn switch_target(&self, is_on: bool) {
        self.is_target_on.set(is_on);
        self.look_after();
    }

    fn used(&self, is_it: impl Fn(&Used) -> bool) -> bool {
        self.air.uses().iter().any(is_it)
    }

    fn is_home(&self) -> bool {
        self.used(|used| used.profile == HOME && used.is_up)
    }

    /// A radio is in the camera's network, or on its way there.
    pub(super) fn is_in_camera(&self) -> bool {
        self.used(|used| used.profile != HOME)
    }

    /// What must be the same before and after.
    pub(super) fn traces(&self) -> (Vec<String>, Vec<Used>) {
        (self.air.profiles(), self.air.uses())
    }

    /// Keeps the world together: who is in no network of the camera does not reach it, and who is
    /// not at home does not reach the target.
    fn look_after(&self) {
        for line in self.air.take_log() {
            let mut log = self.log.borrow_mut();
            log.joined += usize::from(line.starts_with("joined FUJIFILM"));
            log.failed += usize::from(line.starts_with("failed FUJIFILM"));
            if line.starts_with("joined FUJIFILM") {
                self.patience.set(None);
            }
        }
        let is_reachable = self.is_on_air.get() && self.is_in_camera();
        if self.is_reachable.replace(is_reachable) != is_reachable {
            self.camera().set_on_air(is_reachable);
        }
        let is_there = self.is_target_on.get() && self.is_home();
        if self.is_target_there.replace(is_there) != is_there {
            let (lan, away) = (self.path().join("lan"), self.path().join("lan.away"));
            let (from, to) = if is_there { (away, lan) } else { (lan, away) };
            std::fs::rename(from, to).unwrap();
        }
        if self.radios == Radios::Two && self.is_manager_on.get() {
            let is_other = |used: &Used| used.interface == OTHER_RADIO && used.profile == HOME;
            assert!(self.used(is_other), "home was left: {:?}", self.air.uses());
        }
        if self.patience.get().is_some_and(|until| Instant::now() > until) {
            self.fail("nobody joined the camera's network");
        }
    }

    // --- What is seen -----------------------------------------------------------------------------

    pub(super) fn expected(&self) -> usize {
        self.shot.borrow().len()
    }

    pub(super) fn proven(&self) -> usize {
        self.heard.borrow().proven
    }

    pub(super) fn gone(&self) -> usize {
        self.heard.borrow().gone
    }

    pub(super) fn joins(&self) -> usize {
        self.log.borrow().joined
    }

    pub(super) fn failed_joins(&self) -> usize {
        self.log.borrow().failed
    }

    /// All is fetched, the camera is left alone, and its network is left.
    pub(super) fn is_served(&self) -> bool {
        let heard = self.heard.borrow();
        assert!(heard.published <= self.expected(), "one was fetched twice");
        heard.published == self.expected()
            && heard.is_resting
            && !heard.is_in_network
            && !self.is_in_camera()
    }

    pub(super) fn begin_cycle(&self) {
        *self.log.borrow_mut() = Log::default();
        self.camera().clear_journal();
        self.set_cell(working());
    }

    /// Every photo is there once and whole, and nothing else is.
    pub(super) fn check_target(&self) {
        let (mut checked, shot) = (self.checked.borrow_mut(), self.shot.borrow());
        let all = files(&self.path().join("lan/nas"));
        assert_eq!(all.len(), shot.len(), "{all:?}");
        let new: Vec<_> = all.into_iter().filter(|path| !checked.contains(path)).collect();
        let mut found: Vec<_> = new.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let mut expected = shot[checked.len()..].to_vec();
        found.sort();
        expected.sort();
        assert!(found == expected, "other content: {new:?}");
        checked.extend(new);
    }

    /// As [`Scene::check_target`], for all that ever came, in library and target.
    pub(super) fn check_all(&self) {
        let mut expected = self.shot.borrow().clone();
        expected.sort();
        for place in ["photos", "lan/nas"] {
            let all = files(&self.path().join(place));
            let mut found: Vec<_> = all.iter().map(|path| std::fs::read(path).unwrap()).collect();
            found.sort();
            assert!(found == expected, "{place}: {} of {}", found.len(), expected.len());
        }
    }

    // --- Time -------------------------------------------------------------------------------------

    /// Waits until photos of this cycle are being fetched, and a little more.
    pub(super) async fn until_fetching(&self, random: &mut Random) {
        let (before, more) = (self.camera().stats().total(), random.below(40));
        self.until("photos are fetched", |scene| {
            let heard = scene.heard.borrow();
            let is_over = heard.is_resting && heard.published == scene.expected();
            (heard.is_in_pass && scene.camera().stats().total() > before + more) || is_over
        })
        .await;
    }

    /// Lets so much time pass.
    pub(super) async fn pass(&self, time: Duration) {
        let end = Instant::now() + time;
        self.until("time passes", |_| Instant::now() >= end).await;
    }

    /// Waits until something is so. While nothing happens, time flies.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let (begun, mut quiet) = (std::time::Instant::now(), Quiet::new(self));
        loop {
            self.look_after();
            if is_so(self) {
                return;
            }
            if begun.elapsed() > LIMIT {
                self.fail(&format!("in vain was waited until: {what}"));
            }
            sleep(Duration::from_millis(1)).await;
            if let Some(step) = quiet.step(self) {
                pause();
                advance(step).await;
                resume();
            }
        }
    }

    fn fail(&self, what: &str) -> ! {
        let heard = self.heard.borrow();
        let state = (heard.published, heard.proven, self.expected(), self.air.uses());
        panic!("{what}\n{state:?}\n{}", heard.last.join("\n"));
    }
}

/// Notices when nothing happens.
struct Quiet {
    last: (usize, u64, u64),
    since: std::time::Instant,
}

impl Quiet {
    fn new(scene: &Scene) -> Self {
        Self { last: Self::signs(scene), since: std::time::Instant::now() }
    }

    fn signs(scene: &Scene) -> (usize, u64, u64) {
        let stats = scene.camera().stats();
        (scene.heard.borrow().all, stats.total(), stats.sent_bytes)
    }

    /// How far time may go ahead. Disks and threads do not know of it, so that it goes slowly
    /// while one is waited for.
    fn step(&mut self, scene: &Scene) -> Option<Duration> {
        let signs = Self::signs(scene);
        if signs != self.last {
            (self.last, self.since) = (signs, std::time::Instant::now());
        }
        let is_at_work = {
            let heard = scene.heard.borrow();
            heard.is_in_pass || heard.is_sending || scene.is_in_camera()
        };
        let (rest, step) = if is_at_work { (30, 50) } else { (2, 300) };
        (self.since.elapsed() >= Duration::from_millis(rest)).then(|| Duration::from_millis(step))
    }
}

/// Photos below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut all) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match (path.is_dir(), name.starts_with('.')) {
                (true, false) => folders.push(path),
                (false, false) => all.push(path),
                _ => assert!(!name.ends_with(".part"), "half a file was left: {name}"),
            }
        }
    }
    all
}
