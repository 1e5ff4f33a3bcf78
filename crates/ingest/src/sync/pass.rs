//! Looking at a card: what changed since it was listed, and what is left to do.

use filmwire_camera::{GetPartialObject, ObjectHandle};
use filmwire_catalogue::{
    Direction, ObjectFilter, ObjectRow, PhotoKey, SnapshotHead, State, Unfinished,
};
use filmwire_codec::ObjectFormatCode;
use filmwire_photo::{Facts, HEAD_BYTES};

use super::Job;
use super::fetch::Wanted;
use super::listing::Listing;
use super::session::{End, NEWEST, ROOM, Session, Shown};
use crate::error::Error;
use crate::event::{Event, FullReason, Look, SkipReason};
use crate::librarian::{Librarian, Outcome, fingerprint};
use crate::listing::{Ask, Matcher, Relation, Verdict};

/// How often a card may change under us in a row.
const MOST_CHANGES: u32 = 20;
/// How long a listing that was cut may be gone on with.
const RESUME_LISTING_MS: i64 = 24 * 3600 * 1000;
/// Places looked at before a listing is gone on with.
const RESUME_PROBES: usize = 6;
const PAGE: u32 = 200;

impl Session<'_> {
    /// Passes over the card until one goes through.
    pub(super) async fn play(mut self) -> Result<(), End> {
        self.passes().await
    }

    /// The same with a camera that is not left then, and must not go on with what it was told for
    /// the file that was cut.
    pub(super) async fn play_and_rest(mut self) -> Result<(), End> {
        let played = self.passes().await;
        if !matches!(played, Ok(()) | Err(End::Lost(_))) {
            self.rest_sizes(true).await?;
        }
        played
    }

    async fn passes(&mut self) -> Result<(), End> {
        self.meet().await?;
        let mut changes = 0;
        loop {
            match self.pass().await {
                Err(End::CardChanged) if changes < MOST_CHANGES => {
                    changes += 1;
                    (self.tell)(Event::CardChanged);
                }
                Err(End::CardChanged) => return Err(End::Fatal(Error::Restless(changes))),
                Err(End::OtherBody) => {
                    changes += 1;
                    (self.tell)(Event::OtherBody { bodies: changes });
                    if changes > MOST_CHANGES {
                        return Err(End::Fatal(Error::Restless(changes)));
                    }
                }
                result => return result,
            }
        }
    }

    /// Writes down whom we met.
    async fn meet(&mut self) -> Result<(), End> {
        let model = self.camera.info().model.clone();
        let objects = self.camera.object_count();
        (self.tell)(Event::Connected { model: model.clone(), objects });
        self.tally.model.clone_from(&model);
        let key = self.options.key_for(&model);
        self.desk.ask(move |librarian| librarian.meet(&key, &model)).await??;
        Ok(())
    }

    async fn pass(&mut self) -> Result<(), End> {
        self.count = u64::from(self.camera.object_count());
        self.tally.look_again();
        self.finished.clear();
        self.passed_over.clear();
        self.body = self.desk.ask(|librarian| librarian.camera()).await?;
        self.newest = [None; NEWEST];
        self.resumable = self.desk.ask(|librarian| librarian.resumable()).await??;
        // What was told while the gallery was opened is shown before anything is asked.
        let _ = self.has_power();
        let objects = self.options.newest.map_or(self.count, |most| self.count.min(most.into()));
        match self.look_as_asked().await {
            Err(End::Battery) => self.leave_rest().await?,
            looked => looked?,
        }
        self.fetch_again().await?;
        if self.job == Job::MarkKnown {
            self.mark_known().await?;
        }
        let options = self.options;
        let whole = options.newest.is_none() && options.since.is_none() && options.only.is_empty();
        if whole && !self.tally.has_skipped(SkipReason::Battery) && !options.dry_run {
            self.desk.ask(Librarian::drop_parts).await??;
        }
        self.tally.went_through(objects);
        self.rest_sizes(true).await
    }

    async fn look_as_asked(&mut self) -> Result<(), End> {
        let Some(newest) = self.options.newest else { return self.look().await };
        self.load_known().await?;
        if !self.finished.is_empty() {
            self.check_body(ROOM).await?;
        }
        (self.tell)(Event::Looked(Look::Newest(newest)));
        self.list_newest(newest).await
    }

    /// Counts what the run does not come to any more.
    async fn leave_rest(&mut self) -> Result<(), End> {
        self.tally.skip(SkipReason::Battery, self.left);
        if self.options.newest.is_none() { self.fetch_unfinished().await } else { Ok(()) }
    }

    async fn look(&mut self) -> Result<(), End> {
        let head = self.desk.ask(|librarian| librarian.catalogue.snapshot(librarian.camera()));
        let head = head.await??;
        let Some(head) = head.filter(|head| head.direction == self.places.direction) else {
            return self.full(FullReason::First).await;
        };
        let now = (self.options.now)();
        let begun = head.listed_at.unwrap_or(head.begun_at);
        // A clock that went back is a doubt, too.
        let age = now.checked_sub(begun).filter(|age| *age >= 0);
        let too_old = age.is_none_or(|age| age > self.options.full_after.as_millis() as i64);
        if self.options.full {
            self.full(FullReason::Asked).await
        } else if too_old {
            self.full(FullReason::Age).await
        } else if head.complete {
            self.changed(head).await
        } else if head.count == self.count && age.is_some_and(|age| age < RESUME_LISTING_MS) {
            self.resume_listing().await
        } else {
            self.full(FullReason::First).await
        }
    }

    async fn full(&mut self, reason: FullReason) -> Result<(), End> {
        (self.tell)(Event::Looked(Look::Full(reason)));
        self.load_known().await?;
        if !self.finished.is_empty() {
            self.check_body(ROOM).await?;
        }
        self.tally.look_again();
        self.passed_over.clear();
        self.list_all().await
    }

    async fn load_known(&mut self) -> Result<(), End> {
        let known = self
            .desk
            .ask(|librarian| Ok::<_, Error>((librarian.finished()?, librarian.given_up()?)));
        (self.finished, self.given_up) = known.await??;
        Ok(())
    }

    /// Finds out what changed since the card was listed.
    async fn changed(&mut self, head: SnapshotHead) -> Result<(), End> {
        let (verdict, room) = self.explain(&head).await?;
        // Probes are worth nothing if the card changed between them.
        self.still_the_same().await?;
        match verdict {
            Verdict::Unchanged => (self.tell)(Event::Looked(Look::Unchanged)),
            Verdict::Inserted { at, count } => {
                (self.tell)(Event::Looked(Look::Added(count)));
                if !self.added(head.count, at, count).await? {
                    return self.full(FullReason::Unexplained).await;
                }
            }
            Verdict::Removed { at, count } => {
                (self.tell)(Event::Looked(Look::Removed(count)));
                let lowest = self.places.lowest(at, count, head.count);
                self.desk.ask(move |librarian| librarian.places_gone(lowest, count)).await??;
            }
            Verdict::Unexplained => return self.full(FullReason::Unexplained).await,
        }
        self.fetch_unfinished().await?;
        // The newest photo, if fetched, told the body by itself. Last of all, since an object that
        // is not read to its end costs the camera's attention.
        self.check_body(room).await
    }

    async fn explain(&mut self, head: &SnapshotHead) -> Result<(Verdict, u32), End> {
        let seed = head.verified_at.unwrap_or_default() as u64 ^ self.count;
        let mut matcher = Matcher::new(head.count, self.count, seed);
        loop {
            match matcher.ask() {
                Ask::Done(verdict) => return Ok((verdict, matcher.room())),
                Ask::Probe(index) => {
                    let relation = self.probe(index, head.count, matcher.shift()).await?;
                    matcher.answer(relation);
                }
            }
        }
    }

    async fn probe(&mut self, index: u64, was: u64, shift: i64) -> Result<Relation, End> {
        self.checkpoint()?;
        let (Shown::File { key, .. } | Shown::Passed(key, _)) = self.show(index).await? else {
            return Ok(Relation { same: false, shifted: false });
        };
        let moved = index as i64 - shift;
        let places = self.places;
        self.desk
            .ask(move |librarian| {
                let at = |index: i64| match u64::try_from(index).ok().filter(|&at| at < was) {
                    Some(at) => librarian.key_at(places.place(at, was)),
                    None => Ok(None),
                };
                let same = at(index as i64)?.is_some_and(|was| was == key);
                let shifted = at(moved)?.is_some_and(|was| was == key);
                Ok::<_, Error>(Relation { same, shifted })
            })
            .await?
            .map_err(End::Fatal)
    }

    /// Lists and fetches one stretch of new objects; false if one of them is not new.
    async fn added(&mut self, was: u64, at: u64, count: u64) -> Result<bool, End> {
        self.load_known().await?;
        // The stretch begins before position `at` of the old order.
        let lowest = match self.places.direction {
            Direction::NewestFirst => was - at,
            Direction::OldestFirst => at,
        };
        self.desk
            .ask(move |librarian| {
                librarian.catalogue.insert_places(librarian.camera(), lowest, count)
            })
            .await??;
        let mut listing = Listing::new(true, true);
        self.left = count;
        for index in self.places.newest_first(self.count) {
            if (at..at + count).contains(&index) && !self.list_one(&mut listing, index).await? {
                return Ok(false);
            }
        }
        self.end_listing(listing).await?;
        Ok(true)
    }

    /// Goes on with a listing that was cut, if what was listed is still there.
    async fn resume_listing(&mut self) -> Result<(), End> {
        let filled =
            self.desk.ask(|librarian| librarian.catalogue.filled_places(librarian.camera()));
        let filled = filled.await??;
        if filled.is_empty() {
            return self.full(FullReason::First).await;
        }
        let step = (filled.len() / RESUME_PROBES).max(1);
        let mut probes: Vec<u64> = filled.iter().copied().step_by(step).collect();
        probes.extend(filled.last());
        for place in probes {
            let index = u64::from(self.places.handle(place, self.count).0) - 1;
            if !self.probe(index, self.count, 0).await?.same {
                return self.full(FullReason::Unexplained).await;
            }
        }
        self.check_body(ROOM).await?;
        (self.tell)(Event::Looked(Look::Resumed));
        self.load_known().await?;
        let mut listing = Listing::new(true, false);
        self.left = self.count.saturating_sub(filled.len() as u64);
        for index in self.places.newest_first(self.count) {
            let place = self.places.place(index, self.count);
            let empty = filled.binary_search(&place).is_err();
            if empty && !self.list_one(&mut listing, index).await? {
                break;
            }
        }
        self.end_listing(listing).await?;
        self.fetch_unfinished().await
    }

    /// Fetches what the snapshot has and the library has not: files that failed, files that other
    /// options left out.
    async fn fetch_unfinished(&mut self) -> Result<(), End> {
        if self.job == Job::MarkKnown {
            return Ok(());
        }
        let mut before = None;
        loop {
            self.settle().await?;
            let page = self.desk.ask(move |librarian| {
                let wanted = Unfinished { max_tries: u32::MAX, before, limit: PAGE };
                librarian.catalogue.unfinished(librarian.camera(), wanted)
            });
            let page = page.await??;
            for (place, row) in &page {
                self.one_unfinished(*place, row).await?;
            }
            match page.last() {
                Some(&(place, _)) if page.len() == PAGE as usize => before = Some(place),
                _ => return Ok(()),
            }
        }
    }

    async fn one_unfinished(&mut self, place: u64, row: &ObjectRow) -> Result<(), End> {
        self.checkpoint()?;
        let stand_in = fingerprint(&row.key);
        let format = ObjectFormatCode(row.key.format);
        let index = u64::from(self.places.handle(place, self.count).0) - 1;
        let listed = self.finished.contains(&stand_in) || self.passed_over.contains(&stand_in);
        if listed || self.tally.has_failed(stand_in) {
            return Ok(());
        }
        if row.state == State::Failed && row.tries >= self.options.tries {
            self.skip(index, &row.key.name, SkipReason::GivenUp);
            return Ok(());
        }
        if !self.wants(&row.key, format) {
            self.skip(index, &row.key.name, SkipReason::NotAsked);
            return Ok(());
        }
        if self.has_power().is_err() {
            self.skip(index, &row.key.name, SkipReason::Battery);
            return Ok(());
        }
        match self.show(index).await? {
            Shown::File { key, format } if same_photo(&key, &row.key) => {
                self.fetch(Wanted { key, format, index, place: None, twin: false }).await
            }
            // The snapshot is wrong: everything is in doubt.
            _ => {
                self.desk
                    .ask(|librarian| librarian.catalogue.clear_snapshot(librarian.camera()))
                    .await??;
                Err(End::CardChanged)
            }
        }
    }

    /// Fetches a second time what came broken.
    async fn fetch_again(&mut self) -> Result<(), End> {
        self.settle().await?;
        for wanted in std::mem::take(&mut self.tally.again) {
            let Some(&index) = self.fetched_at.get(&fingerprint(&wanted)) else { continue };
            if let Shown::File { key, format } = self.show(index).await?
                && same_photo(&key, &wanted)
            {
                self.fetch(Wanted { key, format, index, place: None, twin: false }).await?;
            }
        }
        self.settle().await?;
        for key in std::mem::take(&mut self.tally.again) {
            let reason = "it came broken twice, and not the same way".to_owned();
            let stand_in = fingerprint(&key);
            self.take(Outcome::Failed { name: key.name, reason, stand_in })?;
        }
        Ok(())
    }

    async fn mark_known(&mut self) -> Result<(), End> {
        self.settle().await?;
        self.desk
            .ask(|librarian| {
                let (camera, run, now) = (librarian.camera(), librarian.run, librarian.now());
                // Objects of another card of this body are not here to be seen.
                let all = ObjectFilter { on_card: true, ..ObjectFilter::default() };
                librarian.catalogue.mark_known(camera, &all, Some(run), now)
            })
            .await??;
        self.tally.look_again();
        Ok(())
    }

    /// Looks for the newest photo, with at most `room` questions.
    async fn newest_photo(&mut self, mut room: u32) -> Result<Option<(u64, u64)>, End> {
        for (age, index) in self.places.newest_first(self.count).take(NEWEST).enumerate() {
            if self.newest.get(age).is_some_and(Option::is_none) {
                if room == 0 {
                    break;
                }
                room -= 1;
                self.show(index).await?;
            }
            if let Some(Some(Some(size))) = self.newest.get(age) {
                return Ok(Some((index, *size)));
            }
        }
        Ok(None)
    }

    /// Compares the serial in the newest photo with that of the body we believe to talk to: two
    /// bodies of one model have the same name and address, and may have photos of the same name,
    /// second and size. At most `room` questions, the one for the photo's bytes included.
    pub(super) async fn check_body(&mut self, room: u32) -> Result<(), End> {
        if self.body_checked || room == 0 {
            return Ok(());
        }
        let Some((index, size)) = self.newest_photo(room - 1).await? else { return Ok(()) };
        self.body_checked = true;
        let max_bytes = size.min(HEAD_BYTES as u64) as u32;
        let object = ObjectHandle(index as u32 + 1);
        let asked = GetPartialObject { object, offset: 0, max_bytes };
        let head = match self.camera.read_part(asked).await {
            Ok(head) => head,
            Err(error) if error.is_link_trouble() => return Err(error.into()),
            // A photo that cannot be read tells nothing of its body.
            Err(_) => return Ok(()),
        };
        let Some(serial) = Facts::of_head(&head).serial else { return Ok(()) };
        let other = self.desk.ask(move |librarian| librarian.turn_to(&serial)).await??;
        if other { Err(End::OtherBody) } else { Ok(()) }
    }
}

/// Equal but for the twin number, which no camera tells.
fn same_photo(shown: &PhotoKey, known: &PhotoKey) -> bool {
    PhotoKey { twin: 0, ..known.clone() } == *shown
}

impl Librarian {
    /// Finds or makes the body's row; of several under one key the one seen last.
    pub(crate) fn meet(&mut self, key: &str, model: &str) -> Result<(), Error> {
        let now = self.now();
        let known = self.catalogue.cameras_with_key(key)?;
        self.body = match known.into_iter().next() {
            Some(body) => body,
            None => self.catalogue.add_camera(key, None, model, now)?,
        };
        self.catalogue.touch_camera(self.body.id, model, now)?;
        self.catalogue.set_run_camera(self.run, self.body.id)?;
        self.body = self.catalogue.camera(self.body.id)?;
        Ok(())
    }

    /// Turns to the body with this serial; true if it is another one than before.
    fn turn_to(&mut self, serial: &str) -> Result<bool, Error> {
        let before = self.body.id;
        self.body = self.body_with(serial)?;
        self.catalogue.touch_camera(self.body.id, "", self.now())?;
        Ok(self.body.id != before)
    }

    fn key_at(&self, place: u64) -> Result<Option<PhotoKey>, Error> {
        let row = self.catalogue.snapshot_object(self.camera(), place)?;
        Ok(row.map(|row| PhotoKey { twin: 0, ..row.key }))
    }

    fn places_gone(&self, lowest: u64, count: u64) -> Result<(), Error> {
        let (camera, now) = (self.camera(), self.now());
        self.catalogue.transaction(|catalogue| {
            catalogue.remove_places(camera, lowest, count)?;
            catalogue.complete_listing(camera, now)
        })?;
        Ok(())
    }

    /// Stand-ins of objects that failed too often to be tried by themselves.
    fn given_up(&self) -> Result<std::collections::HashSet<u64>, Error> {
        let filter = ObjectFilter {
            camera: Some(self.camera()),
            states: vec![State::Failed],
            ..ObjectFilter::default()
        };
        let rows = self.catalogue.objects(&filter)?;
        let rows = rows.iter().filter(|row| self.is_given_up(row));
        Ok(rows.map(|row| fingerprint(&row.key)).collect())
    }
}
