//! A library in a temporary folder, simulated time, and short ways to deliver.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use filmwire_catalogue::{Adopted, Create, Delivery, DeliveryState, FileId, Library, OpenOptions};
use filmwire_deliver::{
    Around, Clock, End, Event, Future, Happening, Job, Options, Target, Until, deliver,
};
use sha2::Digest;
use tempfile::TempDir;

pub(crate) const NOW: i64 = 1_700_000_000_000;

/// A clock that is where one waits for it to be.
pub(crate) struct SimClock(pub(crate) AtomicI64);

impl Clock for SimClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at_ms: i64) -> Future<'_, ()> {
        Box::pin(async move {
            self.0.fetch_max(at_ms, Ordering::SeqCst);
            tokio::task::yield_now().await;
        })
    }
}

pub(crate) struct Stand {
    pub(crate) folder: TempDir,
    pub(crate) library: Library,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) around: Around,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

impl Stand {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        open_up(folder.path());
        let options = OpenOptions {
            create: Create::IfMissingOrEmpty,
            network: Some(false),
            ..OpenOptions::default()
        };
        let library = Library::open(&folder.path().join("photos"), options).unwrap();
        let clock = Arc::new(SimClock(AtomicI64::new(NOW)));
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let around = Around {
            clock: clock.clone(),
            random: Arc::new(|| 0.5),
            tell: Arc::new(move |event| told.lock().unwrap().push(event)),
            ..Around::default()
        };
        Self { folder, library, clock, around, events }
    }

    /// A library of three photos: an empty one, a short one, and one longer than a piece.
    pub(crate) fn with_photos() -> (Self, BTreeMap<String, Vec<u8>>) {
        let stand = Self::new();
        let long: Vec<u8> = (0..(1_u32 << 20) + 7).map(|n| (n % 251) as u8).collect();
        let photos = BTreeMap::from([
            ("2016/A.JPG".to_owned(), b"abc".to_vec()),
            ("2016/B.RAF".to_owned(), long),
            ("C.MOV".to_owned(), Vec::new()),
        ]);
        for (path, content) in &photos {
            stand.add(path, content);
        }
        (stand, photos)
    }

    pub(crate) fn add(&self, path: &str, content: &[u8]) -> FileId {
        let at = self.library.absolute(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, content).unwrap();
        let sha256 = sha2::Sha256::digest(content).into();
        let catalogue = self.library.catalogue().unwrap();
        let Adopted::New(id) =
            catalogue.adopt_file(path, &sha256, content.len() as u64, NOW).unwrap()
        else {
            panic!("{path} is there already")
        };
        id
    }

    pub(crate) fn job(name: &str, target: Arc<dyn Target>) -> Job {
        Job::new(name, target)
    }

    /// Delivers what is due now to one target called nas.
    pub(crate) async fn once(&self, target: &Arc<dyn Target>) -> End {
        let options = Options { until: Until::Idle, ..Options::default() };
        let jobs = vec![Self::job("nas", Arc::clone(target))];
        deliver(&self.library, jobs, &options, &self.around).await.unwrap()[0]
    }

    /// Delivers, run after run and wait after wait, until everything is proven.
    pub(crate) async fn settle(&self, target: &Arc<dyn Target>) {
        for _ in 0..50 {
            match self.once(target).await {
                End::Idle { next: None } => return,
                End::Idle { next: Some(next) } => self.clock.sleep_until(next).await,
                End::Stopped => panic!("nobody asked"),
            }
        }
        let row = self.library.catalogue().unwrap().target_named("nas").unwrap();
        panic!("it never settles: {row:?} {:?}", self.rows());
    }

    /// Delivers all that is due to one job.
    pub(crate) async fn settle_job(&self, job: &Job) {
        let options = Options { until: Until::Idle, ..Options::default() };
        let ends = deliver(&self.library, vec![job.clone()], &options, &self.around).await;
        assert_eq!(ends.unwrap(), [End::Idle { next: None }], "{:?}", self.told());
    }

    pub(crate) fn rows(&self) -> Vec<Delivery> {
        let catalogue = self.library.catalogue().unwrap();
        let Some(target) = catalogue.target_named("nas").unwrap() else { return Vec::new() };
        let of = |state: &DeliveryState| catalogue.deliveries(target.id, *state, None, 99).unwrap();
        DeliveryState::ALL.iter().flat_map(of).collect()
    }

    pub(crate) fn all_are(&self, state: DeliveryState) -> bool {
        let rows = self.rows();
        !rows.is_empty() && rows.iter().all(|row| row.state == state)
    }

    /// What was told, leaving out the target's name.
    pub(crate) fn told(&self) -> Vec<Happening> {
        self.events.lock().unwrap().iter().map(|event| event.what.clone()).collect()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Servers may run as another user.
fn open_up(folder: &Path) {
    #[cfg(unix)]
    if std::env::var_os("FILMWIRE_SERVERS").is_some() {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
}

/// All files below a folder but the target's marker, by path.
pub(crate) fn content_of(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != filmwire_deliver::MARK_FILE {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
