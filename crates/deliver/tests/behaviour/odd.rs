//! Places that rename oddly: one replaces, as some servers do; one says that a free name is taken.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::store::{Look, Moved, Pieces, Sink, Store};
use filmwire_deliver::{Fault, FaultKind, FileTarget, Folder, Future, Target};

use crate::peer::MADE;
use crate::stand::{Stand, content_of};

#[derive(Clone, Copy, PartialEq)]
enum Oddity {
    Replaces,
    /// Of names below a folder, so that the test of the target does not see it.
    SaysTaken,
}

struct Odd {
    oddity: Oddity,
    root: PathBuf,
    folder: Folder,
}

impl Odd {
    fn target(oddity: Oddity, root: &Path) -> FileTarget {
        let (root, folder) = (root.to_owned(), Folder::new(root.to_owned()));
        FileTarget::new(Arc::new(Self { oddity, root, folder }), MADE, "one")
    }
}

impl Store for Odd {
    fn place(&self) -> &str {
        self.folder.place()
    }

    fn patience(&self) -> Option<Duration> {
        self.folder.patience()
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        self.folder.look(path)
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        self.folder.list(folder)
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        self.folder.make_folder(folder)
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        self.folder.write(path, size, pieces)
    }

    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>> {
        self.folder.read(path, sink)
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        match self.oddity {
            Oddity::Replaces => {
                fs::rename(self.root.join(from), self.root.join(to)).unwrap();
                Box::pin(async { Ok(Moved::Done) })
            }
            Oddity::SaysTaken if to.contains('/') => Box::pin(async { Ok(Moved::Taken) }),
            Oddity::SaysTaken => self.folder.move_new(from, to),
        }
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        self.folder.replace(from, to)
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.folder.remove(path)
    }
}

#[tokio::test]
async fn a_place_that_replaces_is_refused() {
    let stand = Stand::new();
    let root = stand.path("nas");
    let target = Odd::target(Oddity::Replaces, &root);
    let fault = target.test(None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Permanent, "{fault}");
    assert!(fault.reason.contains("it replaces files"), "{fault}");
    assert_eq!(content_of(&root).len(), 0, "the test leaves nothing");
}

#[tokio::test]
async fn a_free_name_that_is_called_taken_is_tried_later() {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    let target: Arc<dyn Target> = Arc::new(Odd::target(Oddity::SaysTaken, &stand.path("nas")));
    stand.once(&target).await;
    let row = stand.rows().remove(0);
    assert_eq!((row.state, row.next.is_some()), (DeliveryState::Failed, true), "{row:?}");
    assert!(row.reason.as_deref().unwrap().contains("has nothing there"), "{row:?}");
}
