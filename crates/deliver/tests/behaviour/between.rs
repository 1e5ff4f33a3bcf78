//! A folder that waits before the call of a certain number, so that others can act in between.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filmwire_deliver::store::{Look, Moved, Pieces, Sink, Store};
use filmwire_deliver::{Fault, Folder, Future};
use tokio::sync::Notify;

pub(crate) struct Between {
    folder: Folder,
    at: usize,
    calls: AtomicUsize,
    /// Done before each call from then on.
    look: Box<dyn Fn() + Send + Sync>,
    /// Told when the call is reached.
    pub(crate) reached: Notify,
    /// So many times the folder of the manifests is said to be empty.
    pub(crate) lies: AtomicUsize,
    /// Lets it go on.
    pub(crate) go: Notify,
}

impl Between {
    pub(crate) fn new(root: &Path, at: usize, look: impl Fn() + Send + Sync + 'static) -> Self {
        let look = Box::new(look);
        let (calls, reached, go) = (AtomicUsize::new(0), Notify::new(), Notify::new());
        Self {
            folder: Folder::new(root.to_owned()),
            at,
            calls,
            look,
            lies: AtomicUsize::new(0),
            reached,
            go,
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn wait<'a, T: Send + 'a>(
        &'a self,
        call: Future<'a, Result<T, Fault>>,
    ) -> Future<'a, Result<T, Fault>> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if number == self.at {
                self.reached.notify_one();
                self.go.notified().await;
            }
            if number >= self.at {
                (self.look)();
            }
            call.await
        })
    }
}

impl Store for Between {
    fn place(&self) -> &str {
        self.folder.place()
    }

    fn patience(&self) -> Option<Duration> {
        self.folder.patience()
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        self.wait(self.folder.look(path))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        let less = |left: usize| left.checked_sub(1);
        let is_lie = folder == "data"
            && self.lies.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        match is_lie {
            true => self.wait(Box::pin(async { Ok(Vec::new()) })),
            false => self.wait(self.folder.list(folder)),
        }
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        self.wait(self.folder.make_folder(folder))
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        self.wait(self.folder.write(path, size, pieces))
    }

    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>> {
        self.wait(self.folder.read(path, sink))
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        self.wait(self.folder.move_new(from, to))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        self.wait(self.folder.replace(from, to))
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.wait(self.folder.remove(path))
    }

    fn settle<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.wait(self.folder.settle(path))
    }
}
