//! Listing objects, and fetching what is new among them as they are listed.

use std::collections::HashMap;

use filmwire_catalogue::{Direction, PhotoKey};
use filmwire_codec::ObjectFormatCode;

use super::Job;
use super::fetch::Wanted;
use super::session::{End, Session, Shown};
use crate::event::{Event, SkipReason};
use crate::librarian::{Message, Placed, fingerprint};

/// Objects whose places are written down together.
const BATCH: usize = 200;
/// Objects listed between two looks at the count.
const LOOK_AGAIN: u64 = 64;
/// Handles in a row without an object after which the camera's count is not believed any more.
const MOST_MISSING: u64 = 100;

/// A listing that goes on.
pub(super) struct Listing {
    /// Places not yet sent to the librarian.
    batch: Vec<Placed>,
    /// Position of the first object of each key.
    first: HashMap<u64, u64>,
    /// Positions of objects whose key is not the only one, by its stand-in.
    twins: HashMap<u64, Vec<u64>>,
    listed: u64,
    /// Objects since the count was last looked at; each fetch looks at it.
    unchecked: u64,
    missing: u64,
    /// Whether places are written down.
    keeps_places: bool,
    /// Whether an object that is known already means that the listing is wrong.
    only_new: bool,
    /// Some object could not be placed: the snapshot stays incomplete.
    pub(super) has_gaps: bool,
}

impl Listing {
    pub(super) fn new(keeps_places: bool, only_new: bool) -> Self {
        Self {
            batch: Vec::new(),
            first: HashMap::new(),
            twins: HashMap::new(),
            listed: 0,
            unchecked: 0,
            missing: 0,
            keeps_places,
            only_new,
            has_gaps: false,
        }
    }
}

impl Session<'_> {
    /// Looks at the object at a position: fetches it if it is new and wanted.
    ///
    /// Returns false if the listing cannot go on: it takes only new objects and this one is known,
    /// or the camera has no objects where it said it has.
    pub(super) async fn list_one(
        &mut self,
        listing: &mut Listing,
        index: u64,
    ) -> Result<bool, End> {
        self.checkpoint()?;
        self.has_power()?;
        self.left = self.left.saturating_sub(1);
        let place = self.places.place(index, self.count);
        match self.show(index).await? {
            Shown::File { key, format } => {
                if !self.list_file(listing, (index, place), key, format).await? {
                    return Ok(false);
                }
            }
            Shown::Passed(key, reason) => {
                self.skip(index, &key.name, reason);
                let skip = Some(reason.as_str());
                self.put(listing, Placed { key, place, skip }).await?;
            }
            Shown::Unreadable => {
                listing.has_gaps = true;
                listing.missing += 1;
                self.skip(index, "", SkipReason::Unreadable);
                return Ok(!self.is_hopeless(listing, index));
            }
        }
        listing.missing = 0;
        listing.listed += 1;
        self.tally.listed();
        listing.unchecked += 1;
        if listing.unchecked >= LOOK_AGAIN {
            listing.unchecked = 0;
            self.still_the_same().await?;
            (self.tell)(Event::Listing { listed: listing.listed, objects: self.count });
        }
        Ok(true)
    }

    fn is_hopeless(&mut self, listing: &Listing, index: u64) -> bool {
        if listing.missing < MOST_MISSING {
            return false;
        }
        let text = format!(
            "the camera says it has {} objects, but told nothing of {MOST_MISSING} in a row, up to \
             number {}; the rest was not asked for",
            self.count,
            index + 1
        );
        (self.tell)(Event::Warning(text));
        let asked = self.places.age(index, self.count) as u64 + 1;
        self.tally.skip(SkipReason::NotListed, self.count.saturating_sub(asked));
        true
    }

    async fn list_file(
        &mut self,
        listing: &mut Listing,
        (index, place): (u64, u64),
        key: PhotoKey,
        format: ObjectFormatCode,
    ) -> Result<bool, End> {
        let stand_in = fingerprint(&key);
        let mut key = key;
        if let Some(&first) = listing.first.get(&stand_in) {
            // Equal keys: only their content tells which is which.
            let all = listing.twins.entry(stand_in).or_insert_with(|| vec![first]);
            if self.job == Job::MarkKnown {
                key.twin = all.len() as u32;
            }
            all.push(index);
        } else {
            listing.first.insert(stand_in, index);
        }
        if self.finished.contains(&stand_in) {
            if listing.only_new {
                return Ok(false);
            }
            self.tally.know(stand_in);
            self.put(listing, Placed { key, place, skip: None }).await?;
        } else if self.tally.has_failed(stand_in) {
            self.put(listing, Placed { key, place, skip: None }).await?;
        } else if self.given_up.contains(&stand_in) {
            self.passed_over.insert(stand_in);
            self.skip(index, &key.name, SkipReason::GivenUp);
            self.put(listing, Placed { key, place, skip: None }).await?;
        } else if !self.wants(&key, format) || self.job == Job::MarkKnown {
            self.passed_over.insert(stand_in);
            if self.job == Job::Fetch {
                self.skip(index, &key.name, SkipReason::NotAsked);
            }
            self.put(listing, Placed { key, place, skip: None }).await?;
        } else {
            let place = listing.keeps_places.then_some(place);
            self.fetch(Wanted { key, format, index, place, twin: false }).await?;
            listing.unchecked = 0;
        }
        Ok(true)
    }

    async fn put(&mut self, listing: &mut Listing, placed: Placed) -> Result<(), End> {
        if listing.keeps_places {
            listing.batch.push(placed);
            if listing.batch.len() >= BATCH {
                self.flush(listing).await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self, listing: &mut Listing) -> Result<(), End> {
        let batch = std::mem::take(&mut listing.batch);
        if !batch.is_empty() {
            self.desk.send(Message::Placed(self.body, batch)).await?;
        }
        Ok(())
    }

    /// Ends a listing: twins are fetched, the count is looked at, the snapshot is complete.
    pub(super) async fn end_listing(&mut self, mut listing: Listing) -> Result<(), End> {
        self.flush(&mut listing).await?;
        if self.job == Job::Fetch {
            let mut twins: Vec<_> = std::mem::take(&mut listing.twins).into_iter().collect();
            twins.sort_unstable_by(|a, b| a.1.cmp(&b.1));
            for (stand_in, positions) in twins {
                self.fetch_twins(stand_in, &positions).await?;
            }
        }
        if listing.unchecked > 0 {
            self.still_the_same().await?;
        }
        self.settle().await?;
        let complete = listing.keeps_places && !listing.has_gaps;
        self.desk
            .ask(move |librarian| {
                if !complete {
                    return Ok(());
                }
                let (camera, now) = (librarian.camera(), librarian.now());
                librarian.catalogue.complete_listing(camera, now)
            })
            .await??;
        self.checkpoint()
    }

    /// Fetches objects of one key, unless as many are known or they are not wanted.
    async fn fetch_twins(&mut self, stand_in: u64, positions: &[u64]) -> Result<(), End> {
        self.settle().await?;
        let mut known = None;
        for &index in positions {
            self.checkpoint()?;
            if self.passed_over.contains(&stand_in) {
                return Ok(());
            }
            // The one that this pass fetched is no news.
            if self.fetched_at.get(&stand_in) == Some(&index) {
                continue;
            }
            let Shown::File { key, format } = self.show(index).await? else { continue };
            if !self.wants(&key, format) {
                return Ok(());
            }
            if known.is_none() {
                let key = key.clone();
                let count = self.desk.ask(move |librarian| librarian.count_twins(&key)).await??;
                known = Some(count);
            }
            if known.is_some_and(|known| known >= positions.len()) {
                return Ok(());
            }
            self.fetch(Wanted { key, format, index, place: None, twin: true }).await?;
        }
        Ok(())
    }

    /// Forgets what was known of the card and lists all of it, newest first.
    pub(super) async fn list_all(&mut self) -> Result<(), End> {
        let (count, direction) = (self.count, self.places.direction);
        self.desk.ask(move |librarian| begin(librarian, count, direction)).await??;
        let mut listing = Listing::new(true, false);
        self.left = count;
        for index in self.places.newest_first(count) {
            if !self.list_one(&mut listing, index).await? {
                break;
            }
        }
        self.end_listing(listing).await
    }

    /// Looks at the newest objects only, and leaves the snapshot as it is.
    pub(super) async fn list_newest(&mut self, newest: u32) -> Result<(), End> {
        let mut listing = Listing::new(false, false);
        self.left = self.count.min(newest.into());
        for index in self.places.newest_first(self.count).take(newest as usize) {
            if !self.list_one(&mut listing, index).await? {
                break;
            }
        }
        self.end_listing(listing).await
    }

    /// Passes over the object at a position.
    pub(super) fn skip(&mut self, index: u64, name: &str, reason: SkipReason) {
        self.tally.skip(reason, 1);
        (self.tell)(Event::Skipped { handle: index as u32 + 1, name: name.into(), reason });
    }
}

fn begin(
    librarian: &crate::librarian::Librarian,
    count: u64,
    direction: Direction,
) -> Result<(), filmwire_catalogue::Error> {
    let (camera, now) = (librarian.camera(), librarian.now());
    librarian.catalogue.begin_listing(camera, count, direction, now)
}
