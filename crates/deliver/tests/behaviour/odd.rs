//! A place that replaces files by renaming, as some servers do.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use filmwire_deliver::store::{Look, Moved, Pieces, Sink, Store};
use filmwire_deliver::{Fault, FaultKind, FileTarget, Folder, Future, Target};

use crate::peer::MADE;
use crate::stand::{Stand, content_of};

struct Replacing {
    root: PathBuf,
    folder: Folder,
}

impl Store for Replacing {
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
        fs::rename(self.root.join(from), self.root.join(to)).unwrap();
        Box::pin(async { Ok(Moved::Done) })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.folder.remove(path)
    }
}

#[tokio::test]
async fn a_place_that_replaces_is_refused() {
    let stand = Stand::new();
    let root = stand.path("nas");
    let store = Replacing { root: root.clone(), folder: Folder::new(root.clone()) };
    let target = FileTarget::new(Arc::new(store), MADE, "one");
    let fault = target.test(None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Permanent, "{fault}");
    assert!(fault.reason.contains("it replaces files"), "{fault}");
    assert_eq!(content_of(&root).len(), 0, "the test leaves nothing");
}
