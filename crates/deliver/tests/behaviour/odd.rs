//! Places of their own ways: some replace, as some servers do; one says that a free name is taken;
//! one makes files under the names they keep, as a bucket does.

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
    /// Below a folder, nothing gets its name any other way.
    Makes,
    MakesOver,
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
        assert!(self.oddity != Oddity::Makes || !path.contains('/'), "{path} needs no other name");
        self.folder.write(path, size, pieces)
    }

    fn creates(&self) -> bool {
        matches!(self.oddity, Oddity::Makes | Oddity::MakesOver)
    }

    fn create<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(async move {
            let aside = ".aside";
            self.folder.write(aside, size, pieces).await?;
            let moved = match self.oddity {
                Oddity::MakesOver => self.folder.replace(aside, path).await.map(|()| Moved::Done),
                _ => self.folder.move_new(aside, path).await,
            };
            self.folder.remove(aside).await?;
            moved
        })
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
            _ => self.folder.move_new(from, to),
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
    for (oddity, when) in [(Oddity::Replaces, "renamed"), (Oddity::MakesOver, "made")] {
        let stand = Stand::new();
        let root = stand.path("nas");
        let target = Odd::target(oddity, &root);
        let fault = target.test(None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Permanent, "{fault}");
        let told = format!("it replaces files when others are {when}");
        assert!(fault.reason.contains(&told), "{fault}");
        let left = content_of(&root);
        assert_eq!(left.len(), 0, "the test leaves nothing");
    }
}

#[tokio::test]
async fn a_file_is_made_under_the_name_it_keeps() {
    let stand = Stand::new();
    let root = stand.path("nas");
    for (name, content) in [("A", &b"abc"[..]), ("B", b"theirs"), ("C", b"ghi")] {
        stand.add(&format!("d/{name}.JPG"), content);
    }
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(root.join("d/B.JPG"), b"ours").unwrap();
    fs::write(root.join("d/C.JPG"), b"ghi").unwrap();
    let target = Odd::target(Oddity::Makes, &root);
    target.init().await.unwrap();
    let target: Arc<dyn Target> = Arc::new(target);
    stand.once(&target).await;
    let rows = stand.rows();
    assert!(rows.iter().all(|row| row.state == DeliveryState::Proven), "{rows:?}");
    let there = content_of(&root);
    let there: Vec<_> = there.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    assert_eq!(
        there,
        [
            ("d/A.JPG", &b"abc"[..]),
            ("d/B-2.JPG", b"theirs"),
            ("d/B.JPG", b"ours"),
            ("d/C.JPG", b"ghi"),
        ]
    );
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
