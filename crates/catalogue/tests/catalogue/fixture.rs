//! A library in a temporary folder, and short ways to fill it.

use std::fs;
use std::path::PathBuf;

use filmwire_catalogue::{
    CameraId, Catalogue, Create, FileId, Library, ObjectId, OpenOptions, PairHint, PhotoKey,
    Publish, Rendition, Seen, Sha256,
};
use sha2::Digest;
use tempfile::TempDir;

/// The time of everything that has no reason to have another.
pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) library: Library,
    pub(crate) catalogue: Catalogue,
    pub(crate) camera: CameraId,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(&folder.path().join("photos"), creating()).unwrap();
        let catalogue = library.catalogue().unwrap();
        let camera = catalogue.add_camera("ssid", None, "X-T20", NOW).unwrap().id;
        Self { folder, library, catalogue, camera }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.library.root().to_owned()
    }

    /// An object with a name and the second it was taken in.
    pub(crate) fn see(&self, name: &str, second: u32) -> ObjectId {
        self.see_key(&key(name, second))
    }

    pub(crate) fn see_key(&self, key: &PhotoKey) -> ObjectId {
        self.catalogue.see(self.camera, key, &Seen::default(), NOW).unwrap().id
    }

    /// Gives out a path in folder `d` as ingest would.
    pub(crate) fn assign(&self, object: ObjectId) -> String {
        let name = self.catalogue.object(object).unwrap().key.name;
        let pair = Some(PairHint::default());
        let exists = |path: &str| self.library.exists(path);
        self.catalogue.assign_path(object, "d", &name, pair, &exists).unwrap()
    }

    /// Writes a file into the library.
    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        let path = self.library.absolute(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn begin(&self, object: ObjectId, path: &str, content: &[u8]) -> FileId {
        let sha256 = &sha(content);
        let file = Publish { path, sha256, size: content.len() as u64, proof: "size" };
        self.catalogue.begin_publish(object, file, None, NOW).unwrap()
    }

    /// Takes an object through the whole procedure; returns its path and file.
    pub(crate) fn publish(&self, object: ObjectId, content: &[u8]) -> (String, FileId) {
        let path = self.assign(object);
        let file = self.begin(object, &path, content);
        self.write(&path, content);
        self.catalogue.finish_publish(object, NOW + 1).unwrap();
        (path, file)
    }
}

pub(crate) fn creating() -> OpenOptions {
    OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() }
}

pub(crate) fn sha(content: &[u8]) -> Sha256 {
    sha2::Sha256::digest(content).into()
}

/// A key whose size follows from name and second, so that different photos differ.
pub(crate) fn key(name: &str, second: u32) -> PhotoKey {
    PhotoKey {
        name: name.to_owned(),
        capture_date: Some(format!("20160102T15{:02}{:02}", second / 60, second % 60)),
        size: 1000 + u64::from(second),
        format: 0x3801,
        rendition: Rendition::Original,
        twin: 0,
    }
}
