//! Publishing: manifest, pages, and what nobody needs any more, in this order.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use filmwire_gallery::{Entry, Gallery, MARK, Page};
use tokio::time::Instant;

use super::image::READ_BYTES;
use super::manifest::{Image, Listed, Manifest};
use super::{Memory, Others, Site, hex, sha256};
use crate::fault::{Fault, FaultKind};
use crate::file_target::{Leave, Over};
use crate::stop::Stop;
use crate::store::{Look, Moved};
use crate::target::Settle;

/// How often pages are made anew because others published meanwhile.
const ROUNDS: usize = 8;
/// The newest photo.
const LATEST: &str = "latest.jpg";
/// How long others who have not ended are left alone before pages are made for them again; twice as
/// long each time.
const FIRST_WAIT: Duration = Duration::from_secs(5 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Where in a file the mark must stand.
const MARK_WITHIN: usize = 1024;

/// What is made of a gallery.
enum Piece {
    Page(Page),
    Latest(Entry),
}

/// When pages were made for publishers who had not ended: they may be dead, or take long.
pub(super) struct Mended {
    /// Their revisions.
    unsettled: BTreeMap<String, String>,
    /// How long they are left alone, and until when.
    wait: Duration,
    until: Instant,
}

impl Mended {
    fn after(before: Option<Self>, unsettled: BTreeMap<String, String>) -> Option<Self> {
        if unsettled.is_empty() {
            return None;
        }
        let same = before.filter(|before| before.unsettled == unsettled);
        let wait = same.map_or(FIRST_WAIT, |before| LONGEST_WAIT.min(before.wait * 2));
        Some(Self { unsettled, wait, until: Instant::now() + wait })
    }

    fn is_soon(&self, unsettled: &BTreeMap<String, String>) -> bool {
        self.unsettled == *unsettled && Instant::now() < self.until
    }
}

/// Paths that are there where pages may be.
struct Found(HashSet<String>);

impl Piece {
    fn path(&self) -> String {
        match self {
            Self::Page(page) => page.path(),
            Self::Latest(_) => LATEST.to_owned(),
        }
    }
}

impl Site {
    /// Makes the site show the photos that are to be kept, besides those of others.
    pub(super) async fn publish(&self, settle: Settle) -> Result<(), Fault> {
        let Settle { keep, pace, stop } = settle;
        let leave = Leave { stop, pace };
        let mut memory = self.memory.lock().await;
        let photos = Listed::all(&keep, &self.publisher);
        let published = self.publish_photos(&mut memory, photos, &leave).await;
        match published {
            Ok(()) => memory.is_doubtful = false,
            Err(_) => memory.forget(),
        }
        memory.read = None;
        published
    }

    async fn publish_photos(
        &self,
        memory: &mut Memory,
        photos: Vec<Listed>,
        leave: &Leave,
    ) -> Result<(), Fault> {
        let own = self.begin(memory, leave).await?;
        let mut others = self.others(&leave.stop).await?;
        if memory.is_doubtful {
            memory.pages.clear();
        }
        let is_same =
            !memory.is_doubtful && own.settled && own.photos == photos && own.made == self.made();
        let is_same = is_same && own.seen == revisions(&others);
        let unsettled = unsettled(&others);
        if is_same && unsettled.is_empty() {
            let may_sweep = !own.swept && self.is_seen_by_all(&own, &others);
            if !may_sweep {
                return Ok(());
            }
        }
        if is_same && memory.mended.as_ref().is_some_and(|mended| mended.is_soon(&unsettled)) {
            return Ok(());
        }
        let mut own = own;
        if !is_same {
            own = own.listing(photos, self.made());
            self.write_own(memory, &own, leave).await?;
        }
        self.make_pages(memory, own, &mut others, leave).await?;
        // Of the others as they were before: one who changed since is mended at once.
        memory.mended = Mended::after(memory.mended.take(), unsettled);
        Ok(())
    }

    /// Writes pages until they show what all publish, and says so.
    async fn make_pages(
        &self,
        memory: &mut Memory,
        mut own: Manifest,
        others: &mut Others,
        leave: &Leave,
    ) -> Result<(), Fault> {
        let begun = own.clone();
        for _ in 0..ROUNDS {
            if !others.is_empty() {
                // They may have written any page since we did.
                memory.pages.clear();
            }
            let found = self.found(&leave.stop).await?;
            let gallery = self.gallery(&own, others);
            let pieces = pieces(&gallery, &found, others.is_empty());
            self.write_pieces(memory, &gallery, &pieces, &found, leave).await?;
            let again = self.others(&leave.stop).await?;
            let is_same = revisions(&again) == revisions(others);
            *others = again;
            if !is_same || !self.tidy(memory, (&mut own, others), &pieces, &found, leave).await? {
                if own.settled {
                    // What began as mending for another has news now.
                    own.settled = false;
                    self.write_own(memory, &own, leave).await?;
                }
                continue;
            }
            (own.settled, own.seen) = (true, revisions(others));
            // Others would take a manifest that is written for news.
            return match own == begun {
                true => Ok(()),
                false => self.write_own(memory, &own, leave).await,
            };
        }
        let place = self.files.store.place();
        Err(Fault::transient(format!("others publish to {place} all the time")))
    }

    /// What the pages are made with, so that others make them anew.
    fn made(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let made = format!("{version} {:?} {:?}", self.settings.title, self.settings.url);
        hex(&sha256(made.as_bytes())[..8])
    }

    async fn write_own(
        &self,
        memory: &mut Memory,
        own: &Manifest,
        leave: &Leave,
    ) -> Result<(), Fault> {
        let (path, bytes) = (self.publisher.manifest(), own.bytes());
        memory.own = None;
        self.files.place(&path, bytes.into(), Over::Ours, leave).await?;
        memory.own = Some(own.clone());
        Ok(())
    }

    fn gallery(&self, own: &Manifest, others: &Others) -> Gallery {
        let theirs = others.iter().flat_map(|(publisher, manifest)| {
            manifest.photos.iter().filter_map(|photo| photo.entry(publisher))
        });
        let ours = own.photos.iter().filter_map(|photo| photo.entry(&self.publisher));
        Gallery::new(self.settings.clone(), ours.chain(theirs).collect())
    }

    async fn found(&self, stop: &Stop) -> Result<Found, Fault> {
        let mut found = HashSet::new();
        for folder in ["", "days/", "months/"] {
            let list = self.files.store.list(folder.trim_end_matches('/'));
            let names = self.files.brief(Some(stop), list).await?;
            found.extend(names.into_iter().map(|name| format!("{folder}{name}")));
        }
        Ok(Found(found))
    }

    /// Writes what is not as it is to be: first what is new, to which nothing leads yet, then what
    /// leads there.
    async fn write_pieces(
        &self,
        memory: &mut Memory,
        gallery: &Gallery,
        pieces: &[Piece],
        found: &Found,
        leave: &Leave,
    ) -> Result<(), Fault> {
        for is_there in [false, true] {
            for piece in pieces.iter().filter(|piece| found.0.contains(&piece.path()) == is_there) {
                match piece {
                    Piece::Page(page) => {
                        let (path, content) = (page.path(), gallery.render(page).into_bytes());
                        self.write_page(memory, &path, content, is_there, leave).await?;
                    }
                    Piece::Latest(entry) => {
                        self.write_latest(memory, entry, is_there, leave).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn write_page(
        &self,
        memory: &mut Memory,
        path: &str,
        content: Vec<u8>,
        is_there: bool,
        leave: &Leave,
    ) -> Result<(), Fault> {
        let digest = sha256(&content);
        if is_there && memory.pages.get(path) == Some(&digest) {
            return Ok(());
        }
        let old = match is_there {
            true => self.read_ours(path, &leave.stop).await?,
            false => None,
        };
        if old.as_ref() != Some(&content) {
            let over = if old.is_some() { Over::Ours } else { Over::Nothing };
            let content = Bytes::from(content);
            let moved = self.files.place(path, content.clone(), over, leave).await?;
            if moved == Moved::Taken {
                // Another publisher was faster, or a person.
                self.read_ours(path, &leave.stop).await?;
                self.files.place(path, content, Over::Ours, leave).await?;
            }
        }
        memory.pages.insert(path.to_owned(), digest);
        Ok(())
    }

    /// What is there, if filmwire wrote it.
    async fn read_ours(&self, path: &str, stop: &Stop) -> Result<Option<Vec<u8>>, Fault> {
        let Some(bytes) = self.files.read_small(path, READ_BYTES, stop).await? else {
            return Ok(None);
        };
        let begin = &bytes[..bytes.len().min(MARK_WITHIN)];
        if begin.windows(MARK.len()).any(|part| part == MARK.as_bytes()) {
            return Ok(Some(bytes));
        }
        match self.files.brief(Some(stop), self.files.store.look(path)).await? {
            Look::File { size, .. } if size != bytes.len() as u64 => {
                let (place, length) = (self.files.store.place(), bytes.len());
                Err(Fault::transient(format!("{place} gave {length} of {size} bytes of {path}")))
            }
            // What a loss of power makes of a new file. There is nothing in it to be lost.
            Look::File { size: 0, .. } => Ok(Some(bytes)),
            _ => Err(self.is_foreign(path)),
        }
    }

    async fn write_latest(
        &self,
        memory: &mut Memory,
        entry: &Entry,
        is_there: bool,
        leave: &Leave,
    ) -> Result<(), Fault> {
        let name = entry.photo.rsplit('/').next().and_then(|name| name.strip_suffix(".jpg"));
        let wanted = name.and_then(Image::parse).map(|image| image.hash);
        let known = memory.pages.get(LATEST).map(|digest| hex(&digest[..16]));
        if is_there && known == wanted {
            return Ok(());
        }
        if is_there && let Some(old) = self.read_ours(LATEST, &leave.stop).await? {
            let digest = sha256(&old);
            if Some(hex(&digest[..16])) == wanted {
                memory.pages.insert(LATEST.to_owned(), digest);
                return Ok(());
            }
        }
        match self.files.read_small(&entry.photo, READ_BYTES, &leave.stop).await? {
            Some(jpeg) if Some(Image::hash(&jpeg)) == wanted => {
                self.write_page(memory, LATEST, jpeg, is_there, leave).await
            }
            Some(jpeg) => self.is_at_rest(&entry.photo, jpeg.len(), &leave.stop).await,
            None => {
                tracing::warn!("{} is listed and not there", entry.photo);
                Ok(())
            }
        }
    }

    /// An image reads back with other content than it was put with. Its publisher finds that out
    /// by its proof, so that pages do not wait for it; but what was read in part is read again.
    async fn is_at_rest(&self, path: &str, length: usize, stop: &Stop) -> Result<(), Fault> {
        match self.files.brief(Some(stop), self.files.store.look(path)).await? {
            Look::File { size, .. } if size == length as u64 => {
                tracing::warn!("{path} is damaged, and is not shown as the newest photo");
                Ok(())
            }
            _ => {
                let place = self.files.store.place();
                Err(Fault::transient(format!("{place} gave {length} bytes of {path}, not all")))
            }
        }
    }

    /// Removes pages that nothing leads to, if nobody else publishes, the newest photo if there is
    /// none, and images of ours that no
    /// page shows any more. Returns false if somebody else has begun to publish: all is to be done
    /// once more then.
    async fn tidy(
        &self,
        memory: &mut Memory,
        (own, others): (&mut Manifest, &Others),
        pieces: &[Piece],
        found: &Found,
        leave: &Leave,
    ) -> Result<bool, Fault> {
        let wanted: HashSet<String> = pieces.iter().map(Piece::path).collect();
        let mut strays: Vec<&String> =
            found.0.iter().filter(|path| !wanted.contains(*path) && is_page(path)).collect();
        strays.sort();
        if !others.is_empty() && strays.iter().any(|path| *path == LATEST) {
            // Nobody has a photo. Unlike a page it cannot say so.
            self.remove_stray(memory, LATEST, leave).await?;
            if revisions(&self.others(&leave.stop).await?) != revisions(others) {
                return Ok(false);
            }
        }
        let is_alone = others.is_empty() && !strays.is_empty();
        for path in strays.into_iter().filter(|_| is_alone) {
            if !self.is_alone(&leave.stop).await? {
                return Ok(false);
            }
            self.remove_stray(memory, path, leave).await?;
        }
        if is_alone && !self.is_alone(&leave.stop).await? {
            return Ok(false);
        }
        if !own.swept && self.is_seen_by_all(own, others) {
            self.sweep_images(own, leave).await?;
            own.swept = true;
        }
        Ok(true)
    }

    async fn remove_stray(
        &self,
        memory: &mut Memory,
        path: &str,
        leave: &Leave,
    ) -> Result<(), Fault> {
        match self.read_ours(path, &leave.stop).await {
            Ok(_) => self.remove(path, leave).await?,
            // It stays whose it is.
            Err(fault) if fault.kind == FaultKind::Permanent => {}
            Err(fault) => return Err(fault),
        }
        memory.pages.remove(path);
        Ok(())
    }

    async fn is_alone(&self, stop: &Stop) -> Result<bool, Fault> {
        Ok(self.all(stop).await?.iter().all(|publisher| *publisher == self.publisher))
    }

    /// Whether no page that anybody makes from now on shows what we list no more.
    pub(super) fn is_seen_by_all(&self, own: &Manifest, others: &Others) -> bool {
        let us = self.publisher.as_str();
        others.values().all(|other| other.settled && other.seen.get(us) == Some(&own.revision))
    }

    async fn sweep_images(&self, own: &Manifest, leave: &Leave) -> Result<(), Fault> {
        let listed: HashSet<&str> = own.photos.iter().map(|photo| photo.image.as_str()).collect();
        for folder in self.publisher.folders() {
            let list = self.files.store.list(&folder);
            for name in self.files.brief(Some(&leave.stop), list).await? {
                let image = name.strip_suffix(".jpg").filter(|image| Image::parse(image).is_some());
                if image.is_some_and(|image| !listed.contains(image)) {
                    self.remove(&format!("{folder}/{name}"), leave).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove(&self, path: &str, leave: &Leave) -> Result<(), Fault> {
        self.files.present(Some(&leave.stop)).await?;
        self.files.brief(Some(&leave.stop), self.files.store.remove(path)).await
    }
}

/// All that is to be there, in an order in which each leads only to those before it, to others of
/// its kind, and to the first page. Beside others nothing is removed: pages without photos say so.
fn pieces(gallery: &Gallery, found: &Found, is_alone: bool) -> Vec<Piece> {
    let mut pages = gallery.pages();
    if !is_alone {
        pages.extend(found.0.iter().filter_map(|path| Page::of_path(path)));
        pages.sort();
        pages.dedup();
    }
    let mut pieces = Vec::new();
    for page in pages {
        if page == Page::Index {
            pieces.extend(gallery.latest().cloned().map(Piece::Latest));
        }
        pieces.push(Piece::Page(page));
    }
    pieces
}

/// Whether a path may be one of our pages.
fn is_page(path: &str) -> bool {
    Page::of_path(path).is_some() || path == LATEST || path == Page::Feed.path()
}

/// Who of the others has not said that its pages are made, with the revisions.
fn unsettled(others: &Others) -> BTreeMap<String, String> {
    let unsettled = others.iter().filter(|(_, manifest)| !manifest.settled);
    let revision = |(publisher, manifest): (&super::Publisher, &Manifest)| {
        (publisher.as_str().to_owned(), manifest.revision.clone())
    };
    unsettled.map(revision).collect()
}

fn revisions(others: &Others) -> BTreeMap<String, String> {
    let revision = |(publisher, manifest): (&super::Publisher, &Manifest)| {
        (publisher.as_str().to_owned(), manifest.revision.clone())
    };
    others.iter().map(revision).collect()
}
