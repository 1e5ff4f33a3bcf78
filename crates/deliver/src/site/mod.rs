//! A website: a static gallery on whatever keeps files.
//!
//! Each publisher (a library and a target of it) has its own images and its own manifest, which
//! lists its photos; the pages show what all manifests list. Images come before the manifest, the
//! manifest before the pages, pages before those that link to them, and nothing is removed before
//! no page shows it. `docs/design/delivery.md` says why every link works at every moment.

mod image;
mod manifest;
mod publish;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use filmwire_gallery::{CopyOptions, Settings};
use sha2::Digest;

use self::manifest::{Manifest, Publisher};
use crate::fault::Fault;
use crate::file_target::{FileTarget, Leave, Over, Usage};
use crate::stop::Stop;
use crate::store::Store;
use crate::target::{Future, Keep, Placed, Settle, Target, Upload, Verdict};

/// Photos that are put before pages are made anew.
const BATCH: u32 = 50;

/// What lies in a site's root beside folders. Before a site is made, nothing of it may be there.
const NAMES: [&str; 4] = ["feed.xml", "index.html", "latest.jpg", "style.css"];

/// What a site looks like, and who publishes to it.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// What the pages have in common. Publishers of one site need the same.
    pub settings: Settings,
    /// How copies are made.
    pub copies: CopyOptions,
    /// Names library and target for ever. Its manifest and images belong to it alone.
    pub publisher: String,
}

/// A site as a target.
pub struct Site {
    files: FileTarget,
    settings: Settings,
    copies: CopyOptions,
    publisher: Publisher,
    memory: tokio::sync::Mutex<Memory>,
}

/// What is known of the site. It is safe to lose, and forgotten whenever the target is tested.
#[derive(Default)]
struct Memory {
    /// SHA-256 of what is at a path; only while nobody else publishes.
    pages: HashMap<String, [u8; 32]>,
    /// Our manifest as it is there.
    own: Option<Manifest>,
    /// A page that was read for proof, with its content.
    read: Option<(String, String)>,
    /// When pages were last made for others who had not ended.
    mended: Option<publish::Mended>,
    /// A page did not show what it should: all are to be looked at.
    is_doubtful: bool,
}

impl Memory {
    /// What is left when nothing is known any more but that pages are to be looked at.
    fn forget(&mut self) {
        *self = Self { is_doubtful: self.is_doubtful, ..Self::default() };
    }
}

/// Manifests of the others, by their publishers.
type Others = BTreeMap<Publisher, Manifest>;

impl Site {
    /// A site on a store. `owner` names our temporary files, as for [`FileTarget::new`].
    #[must_use]
    pub fn new(store: Arc<dyn Store>, usage: Usage, options: SiteOptions, owner: &str) -> Self {
        let SiteOptions { settings, copies, publisher } = options;
        Self {
            files: FileTarget::new(store, usage, owner),
            settings,
            copies,
            publisher: Publisher::of(&publisher),
            memory: tokio::sync::Mutex::default(),
        }
    }

    async fn test_site(&self, place: Option<&str>) -> Result<String, Fault> {
        let id = self.files.test_as(place).await?;
        self.files.probe_replace().await?;
        let mut memory = self.memory.lock().await;
        memory.forget();
        self.begin(&mut memory, &Leave::default()).await?;
        Ok(id)
    }

    /// Finds our manifest, or makes an empty one: who has images here can be told by it.
    async fn begin(&self, memory: &mut Memory, leave: &Leave) -> Result<Manifest, Fault> {
        if let Some(own) = &memory.own {
            return Ok(own.clone());
        }
        let path = self.publisher.manifest();
        if let Some(own) = self.read_manifest(&path, &leave.stop).await? {
            return Ok(memory.own.insert(own).clone());
        }
        if self.publishers(&leave.stop).await?.is_empty() {
            self.is_free(&leave.stop).await?;
        }
        let own = Manifest::default();
        self.files.place(&path, own.bytes().into(), Over::Nothing, leave).await?;
        // Another process of ours may have been faster.
        let found = self.read_manifest(&path, &leave.stop).await?;
        Ok(memory.own.insert(found.unwrap_or(own)).clone())
    }

    /// Checks that nobody has put a page of their own where ours would go.
    async fn is_free(&self, stop: &Stop) -> Result<(), Fault> {
        let found = self.files.brief(Some(stop), self.files.store.list("")).await?;
        match found.iter().find(|name| NAMES.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(self.is_foreign(name)),
        }
    }

    fn is_foreign(&self, path: &str) -> Fault {
        let place = self.files.store.place();
        Fault::permanent(format!(
            "{path} in {place} is not filmwire's, and is not replaced; move it away, or give the \
             site a folder of its own"
        ))
    }
}

impl Target for Site {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        Box::pin(async move { self.test_site(place).await.map(Some) })
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async move { self.put_copies(&upload).await })
    }

    fn batch(&self) -> Option<u32> {
        Some(BATCH)
    }

    fn settle(&self, settle: Settle) -> Future<'_, Result<(), Fault>> {
        Box::pin(async move { self.publish(settle).await })
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async move { self.prove_copies(&upload, &placed).await })
    }

    /// Pages may show it: what is wrong stays until it is replaced by what is right.
    fn withdraw(&self, _: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What tells a photo from all others, on all pages.
fn key_of(keep: &Keep) -> String {
    hex(&keep.sha256[..8])
}
