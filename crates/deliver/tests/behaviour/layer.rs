//! The disk under the folder target, with faults.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use filmwire_deliver::files::{Disk, Files, Look, Part};
use tokio::sync::Notify;

/// What goes wrong at the step with a certain number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// Nothing; steps are only counted.
    None,
    /// The process dies before the step.
    Die,
    /// The step fails once, with a number of Linux.
    Error(i32),
    /// From this step on, everything that writes fails so, until [`Shared::heal`].
    Lasting(i32),
    /// The share is unmounted before the step: its folder is moved to the path, and an empty one
    /// is left.
    Vanish(PathBuf),
    /// Bytes appended from this step on are damaged, until [`Shared::heal`].
    Lie,
}

pub(crate) struct Shared {
    root: PathBuf,
    trouble: Trouble,
    at: usize,
    steps: AtomicUsize,
    healed: AtomicBool,
    dead: AtomicBool,
    pub(crate) died: Notify,
    buried: (Mutex<bool>, Condvar),
    pub(crate) log: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub(crate) struct Layer(pub(crate) Arc<Shared>);

struct LayerPart(Box<dyn Part>, Arc<Shared>);

impl Layer {
    pub(crate) fn new(root: &Path, trouble: Trouble, at: usize) -> Self {
        Self(Arc::new(Shared {
            root: root.to_owned(),
            trouble,
            at,
            steps: AtomicUsize::new(0),
            healed: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            buried: (Mutex::new(false), Condvar::new()),
            log: Mutex::new(Vec::new()),
        }))
    }
}

impl Shared {
    pub(crate) fn steps(&self) -> usize {
        self.steps.load(Ordering::SeqCst)
    }

    pub(crate) fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
    }

    /// Lets the threads of the dead process end; nothing they do has an effect.
    pub(crate) fn bury(&self) {
        *self.buried.0.lock().unwrap() = true;
        self.buried.1.notify_all();
    }

    fn step(&self, what: &str, path: &Path, writes: bool) -> io::Result<()> {
        let number = self.steps.fetch_add(1, Ordering::SeqCst);
        let name = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let name = if name.ends_with(".part") { "part".to_owned() } else { name };
        self.log.lock().unwrap().push(format!("{what} {name}"));
        if self.dead.load(Ordering::SeqCst) {
            return Err(io::Error::other("dead"));
        }
        let healed = self.healed.load(Ordering::SeqCst);
        match &self.trouble {
            Trouble::Die if number == self.at => self.die(),
            Trouble::Error(code) if number == self.at => Err(io::Error::from_raw_os_error(*code)),
            Trouble::Lasting(code) if number >= self.at && writes && !healed => {
                Err(io::Error::from_raw_os_error(*code))
            }
            Trouble::Vanish(to) if number == self.at => {
                fs::rename(&self.root, to)?;
                fs::create_dir(&self.root)
            }
            _ => Ok(()),
        }
    }

    /// Stands still until the test has dropped the one who waits.
    fn die(&self) -> io::Result<()> {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
        let mut buried = self.buried.0.lock().unwrap();
        while !*buried {
            buried = self.buried.1.wait(buried).unwrap();
        }
        Err(io::Error::other("dead"))
    }

    fn lies(&self) -> bool {
        self.trouble == Trouble::Lie
            && self.steps() > self.at
            && !self.healed.load(Ordering::SeqCst)
    }
}

impl Files for Layer {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Part>> {
        self.0.step("create", path, true)?;
        Ok(Box::new(LayerPart(Disk.create_new(path)?, Arc::clone(&self.0))))
    }

    fn open_back(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        self.0.step("read", path, false)?;
        Disk.open_back(path)
    }

    fn move_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.step("move to", to, true)?;
        Disk.move_new(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.step("replace", to, true)?;
        Disk.replace(from, to)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.0.step("make", path, true)?;
        Disk.make_folder(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.0.step("sync", path, true)?;
        Disk.sync_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.step("sync folder", path, true)?;
        Disk.sync_folder(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.step("remove", path, false)?;
        Disk.remove(path)
    }

    fn look(&self, path: &Path) -> io::Result<Look> {
        self.0.step("look", path, false)?;
        Disk.look(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.step("list", folder, false)?;
        Disk.list(folder)
    }
}

impl Part for LayerPart {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        assert!(bytes.len() <= 1 << 20, "pieces are small, however long the file");
        self.1.step("append", Path::new(""), true)?;
        let mut bytes = bytes.to_vec();
        if let (true, Some(first)) = (self.1.lies(), bytes.first_mut()) {
            *first ^= 1;
        }
        self.0.append(&bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.step("sync part", Path::new(""), true)?;
        self.0.sync()
    }
}
