//! What the catalogue knows, told to the camera side.

use std::collections::{HashMap, HashSet};

use filmwire_catalogue::{
    Camera as Body, CameraId, ObjectFilter, ObjectId, ObjectRow, PhotoKey, Rendition, Seen, State,
};
use filmwire_codec::operation::GetPartialObject;

use super::incoming::{SYNCED, boot_id};
use super::{Librarian, Outcome, fingerprint, storage};
use crate::error::Error;

/// Rows looked at at once.
const PAGE: u32 = 1000;

/// An object of a listing that need not be fetched now.
pub(crate) struct Placed {
    /// What it is.
    pub(crate) key: PhotoKey,
    /// Its place.
    pub(crate) place: u64,
    /// Passed over for good, with this reason.
    pub(crate) skip: Option<&'static str>,
}

/// Where a file can be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResumePoint {
    /// Where the piece to compare begins.
    pub(crate) offset: u64,
}

impl Librarian {
    pub(super) fn placed(&self, placed: &[Placed]) -> Result<(), Error> {
        let (camera, run, now) = (self.camera(), self.run, self.now());
        let seen = Seen { utc_offset: None, run: Some(run) };
        self.catalogue.transaction(|catalogue| {
            for Placed { key, place, skip } in placed {
                let row = catalogue.see(camera, key, &seen, now)?;
                catalogue.put_place(camera, *place, row.id)?;
                if let (Some(reason), true) = (skip, row.state.is_unfinished()) {
                    catalogue.set_state(row.id, State::Skipped, Some(reason), Some(run), now)?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Stand-ins for all objects of this body that need not be fetched.
    pub(crate) fn finished(&self) -> Result<HashSet<u64>, Error> {
        let states = State::ALL.iter().copied().filter(|state| !state.is_unfinished()).collect();
        let mut filter = ObjectFilter {
            camera: Some(self.camera()),
            states,
            limit: Some(PAGE),
            ..ObjectFilter::default()
        };
        let mut found = HashSet::new();
        loop {
            let rows = self.catalogue.objects(&filter)?;
            let originals = rows.iter().filter(|row| row.key.rendition == Rendition::Original);
            found.extend(originals.map(|row| fingerprint(&row.key)));
            match rows.last() {
                Some(last) if rows.len() == PAGE as usize => filter.after = Some(last.id),
                _ => return Ok(found),
            }
        }
    }

    /// Objects that failed too often to be tried again by themselves.
    pub(crate) fn is_given_up(&self, row: &ObjectRow) -> bool {
        row.state == State::Failed && row.tries >= self.options.tries
    }

    /// Parts that can be gone on with.
    pub(crate) fn resumable(&self) -> Result<HashMap<u64, ResumePoint>, Error> {
        let piece = u64::from(GetPartialObject::PIECE_BYTES);
        let mut found = HashMap::new();
        for row in self.fetching_of(self.camera())? {
            let path = self.shelf.part(row.id);
            let length = self.files.length(&path).map_err(storage("look at", &path))?;
            let whole = length.unwrap_or(0).min(row.key.size) / piece;
            let mark = row.reason.as_deref().unwrap_or_default();
            let boot = boot_id();
            let kept = mark == SYNCED || (!boot.is_empty() && mark == format!("boot {boot}"));
            if whole > 0 && kept {
                found.insert(fingerprint(&row.key), ResumePoint { offset: (whole - 1) * piece });
            }
        }
        Ok(found)
    }

    pub(super) fn fetching_of(&self, camera: CameraId) -> Result<Vec<ObjectRow>, Error> {
        let filter = ObjectFilter {
            camera: Some(camera),
            states: vec![State::Fetching],
            ..ObjectFilter::default()
        };
        Ok(self.catalogue.objects(&filter)?)
    }

    /// Writes down the serial an object's file names. If it is the newest photo the run goes on
    /// with that body, and the object's row is the body's.
    ///
    /// A differing serial then means that the key stands for two bodies. Older photos may have
    /// come with the card from another camera, and tell nothing of the one that is connected.
    pub(super) fn with_body_of(
        &mut self,
        object: ObjectRow,
        serial: &str,
        decides: bool,
    ) -> Result<ObjectRow, Error> {
        self.catalogue.set_exif_serial(object.id, serial)?;
        if !decides || self.body.serial.as_deref() == Some(serial) {
            return Ok(object);
        }
        let body = self.body_with(serial)?;
        if body.id == self.body.id {
            self.body = body;
            return Ok(object);
        }
        let row = self.move_to(object, &body)?;
        self.body = body;
        self.tell(Outcome::OtherBody);
        Ok(row)
    }

    /// The body of this key with this serial: known, or the one without a serial, or a new one.
    pub(crate) fn body_with(&self, serial: &str) -> Result<Body, Error> {
        let bodies = self.catalogue.cameras_with_key(&self.body.key)?;
        if let Some(body) = bodies.iter().find(|body| body.serial.as_deref() == Some(serial)) {
            return Ok(body.clone());
        }
        if self.body.serial.is_none() {
            self.catalogue.set_serial(self.body.id, serial)?;
            return Ok(self.catalogue.camera(self.body.id)?);
        }
        let (key, model) = (&self.body.key, &self.body.model);
        Ok(self.catalogue.add_camera(key, Some(serial), model, self.now())?)
    }

    fn move_to(&self, object: ObjectRow, body: &Body) -> Result<ObjectRow, Error> {
        // The other body may have an object of this key already; its own row then takes the file.
        match self.catalogue.find(body.id, &object.key)? {
            None => {
                self.catalogue.move_object(object.id, body.id)?;
                Ok(self.catalogue.object(object.id)?)
            }
            Some(row) if row.state.is_unfinished() => {
                self.put_back(object.id)?;
                Ok(row)
            }
            Some(row) => {
                self.put_back(object.id)?;
                let seen = Seen { utc_offset: row.utc_offset.clone(), run: Some(self.run) };
                Ok(self.next_twin(body.id, &row.key, &seen, self.now())?)
            }
        }
    }

    /// How many objects of one key need not be fetched.
    pub(crate) fn count_twins(&self, key: &PhotoKey) -> Result<usize, Error> {
        let mut key = key.clone();
        let mut count = 0;
        loop {
            match self.catalogue.find(self.camera(), &key)? {
                None => return Ok(count),
                Some(row) => count += usize::from(!row.state.is_unfinished()),
            }
            key.twin += 1;
        }
    }

    fn put_back(&self, object: ObjectId) -> Result<(), Error> {
        let text = "it came from another body of the same name";
        let (run, now) = (Some(self.run), self.now());
        Ok(self.catalogue.set_state(object, State::Seen, Some(text), run, now)?)
    }
}
