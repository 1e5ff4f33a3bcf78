//! Proof that a file is in the folder, and taking back one that proved wrong.

use std::path::Path;

use filmwire_catalogue::Sha256;
use sha2::Digest;

use super::name::below;
use super::put::read;
use super::{Inner, PIECE_BYTES};
use crate::fault::Fault;
use crate::files::Look;
use crate::target::{Placed, Proof, Upload, Verdict};

impl Inner {
    pub(super) fn prove(&self, upload: &Upload, placed: &Placed) -> Result<Verdict, Fault> {
        let at = below(&self.options.root, &placed.path)?;
        let wrong = |why: &str| Ok(Verdict::Wrong(format!("{} {why}", placed.path)));
        let look = self.files.look(&at).map_err(|cause| Fault::io("look at", &at, &cause))?;
        if look == Look::Nothing {
            // Of an unmounted share nothing can be said.
            self.present()?;
            return wrong("is not there although it was stored");
        }
        if !matches!(look, Look::File { size, .. } if size == upload.size) {
            return wrong("has another size than the file that was stored");
        }
        if !self.options.read_back {
            return Ok(Verdict::Proven(Proof::Size));
        }
        match self.hash(&at, upload)? == upload.sha256 {
            true => Ok(Verdict::Proven(Proof::ReadBack)),
            false => wrong("reads back with other content than was stored"),
        }
    }

    /// Hashes what is on the disk.
    pub(super) fn hash(&self, at: &Path, upload: &Upload) -> Result<Sha256, Fault> {
        let fault = |cause: &std::io::Error| Fault::io("read back", at, cause);
        let mut file = self.files.open_back(at).map_err(|e| fault(&e))?;
        let mut hasher = sha2::Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if upload.stop.is_asked() {
                return Err(Fault::stopped());
            }
            let length = read(&mut *file, &mut piece).map_err(|e| fault(&e))?;
            match piece.get(..length) {
                None | Some([]) => return Ok(hasher.finalize().into()),
                Some(bytes) => hasher.update(bytes),
            }
        }
    }

    pub(super) fn withdraw(&self, placed: &Placed) -> Result<(), Fault> {
        let at = below(&self.options.root, &placed.path)?;
        let look = self.files.look(&at).map_err(|cause| Fault::io("look at", &at, &cause))?;
        match (look, &placed.made) {
            (Look::File { tag: Some(tag), .. }, Some(made)) if tag == *made => {}
            // Not there, or not ours any more.
            _ => return Ok(()),
        }
        self.files.remove(&at).map_err(|cause| Fault::io("remove", &at, &cause))?;
        self.sync_folder(at.parent().unwrap_or(&self.options.root))
    }
}
