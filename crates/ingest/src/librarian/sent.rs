//! Photos that the person sent, although the library has them.
//!
//! The camera goes on to the next picture only after this one was read to its end. So the bytes
//! are here anyway, and they decide what the picture is.

use filmwire_catalogue::{ObjectFilter, ObjectRow, Seen, Sha256};
use sha2::Digest;

use super::incoming::Incoming;
use super::{Librarian, Outcome, fingerprint};
use crate::error::Error;

impl Librarian {
    /// All bytes are here: publishes, after choosing the row of a picture that was known.
    pub(super) fn complete(&mut self) -> Result<(), Error> {
        let Some(mut current) = self.current.take_if(|current| current.is_known) else {
            return self.end();
        };
        if current.received != current.object.key.size {
            self.remove(&current.path)?;
            let reason = format!("{} of {} bytes came", current.received, current.object.key.size);
            let (name, stand_in) =
                (current.object.key.name.clone(), fingerprint(&current.object.key));
            self.tell(Outcome::Failed { name, reason, stand_in });
            return Ok(());
        }
        current.object = self.row_of(&current)?;
        current.is_known = false;
        self.current = Some(current);
        self.end()
    }

    /// The known row if the content is the same: forgotten, so that publishing finds the library's
    /// file, or puts one in its place if that is gone. Another row if it is another picture.
    fn row_of(&self, current: &Incoming) -> Result<ObjectRow, Error> {
        let (known, now) = (&current.object, self.now());
        let sha256: Sha256 = current.hasher.clone().finalize().into();
        if known.sha256 != Some(sha256) {
            let seen = Seen { utc_offset: known.utc_offset.clone(), run: Some(self.run) };
            return Ok(self.next_twin(known.camera, &known.key, &seen, now)?);
        }
        let this = ObjectFilter { ids: vec![known.id], ..ObjectFilter::default() };
        self.catalogue.forget(&this, &|path| self.exists(path), now)?;
        Ok(self.catalogue.object(known.id)?)
    }
}
