//! Smaller copies instead of the photos, on whatever keeps files.
//!
//! A copy lies under the name its photo would have, and bears a [`Seal`] that says what it is a copy
//! of and whether it is whole. What is there with the right seal is taken for the copy, whatever it
//! was made with; so is the photo itself, for a target that got photos before. All else is left
//! alone, and the copy gets another name, as `docs/design/delivery.md` says of files.

mod seal;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use filmwire_gallery::{CopyOptions, copy};

use self::seal::Seal;
use crate::copying::copied;
use crate::fault::Fault;
use crate::file_target::{
    FileTarget, Leave, MOST_NUMBERS, Over, Usage, checked, folder_of, numbered,
};
use crate::stop::Stop;
use crate::store::{Look, Moved, Store};
use crate::target::{Future, Placed, Proof, Target, Upload, Verdict};

/// The largest file that is read to see whether it is a copy.
const READ_BYTES: usize = 64 << 20;

/// Smaller copies as a target, of JPEG files and of the JPEG that a raw file has inside. Of other files
/// no copy is made, and putting one fails.
pub struct Reduced {
    files: FileTarget,
    options: CopyOptions,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    Nothing,
    /// A whole copy of the photo.
    Copy,
    /// The photo itself.
    Photo,
    /// Something else, or a copy that is damaged.
    Other,
}

impl Reduced {
    /// Copies on a store. `owner` names our temporary files, as for [`FileTarget::new`]; of the
    /// options [`CopyOptions::thumb_side`] means nothing here.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, usage: Usage, options: CopyOptions, owner: &str) -> Self {
        Self { files: FileTarget::new(store, usage, owner), options }
    }

    async fn put_copy(&self, upload: &Arc<Upload>) -> Result<Placed, Fault> {
        let name = copy_name(checked(&upload.path)?, &upload.source);
        self.files.present(Some(&upload.stop)).await?;
        if let Some(known) = upload.known.as_deref()
            && matches!(self.there(checked(known)?, upload).await?, There::Copy | There::Photo)
        {
            return self.files.adopt(known, upload).await;
        }
        // Also where a copy is taken for ours: a cut put may have left its part beside it.
        let folder = folder_of(&name);
        self.files.make_folders(folder, &upload.stop).await?;
        self.files.sweep(folder, Some(&upload.stop)).await?;
        let mut made = None;
        for number in 1..=MOST_NUMBERS {
            let path = numbered(&name, number);
            if let Some(placed) = self.put_under(&path, upload, &mut made).await? {
                return Ok(placed);
            }
            if upload.stop.is_asked() {
                return Err(Fault::stopped());
            }
        }
        Err(Fault::permanent(format!("{MOST_NUMBERS} files are called {name}")))
    }

    /// Puts the copy under one name; `None` if something else has that. The copy is made once, and
    /// not if there is one.
    async fn put_under(
        &self,
        path: &str,
        upload: &Arc<Upload>,
        made: &mut Option<Bytes>,
    ) -> Result<Option<Placed>, Fault> {
        match self.there(path, upload).await? {
            There::Copy | There::Photo => return self.files.adopt(path, upload).await.map(Some),
            There::Other => return Ok(None),
            There::Nothing => {}
        }
        let bytes = match made {
            Some(bytes) => bytes.clone(),
            None => made.insert(self.make(upload).await?).clone(),
        };
        let leave = Leave { stop: upload.stop.clone(), pace: upload.pace.clone() };
        if self.files.place(path, bytes, Over::Nothing, &leave).await? == Moved::Done {
            let look = self.files.brief(Some(&upload.stop), self.files.store.look(path)).await;
            let made = match look {
                Ok(Look::File { tag, .. }) => tag,
                _ => None,
            };
            return Ok(Some(Placed { path: path.to_owned(), made }));
        }
        // Someone was faster; look at what it is.
        match self.there(path, upload).await? {
            There::Copy | There::Photo => self.files.adopt(path, upload).await.map(Some),
            There::Other => Ok(None),
            There::Nothing => {
                let place = self.files.store.place();
                let odd = format!("{place} says that {path} is taken, and has nothing there");
                Err(Fault::transient(odd))
            }
        }
    }

    async fn make(&self, upload: &Arc<Upload>) -> Result<Bytes, Fault> {
        let options = self.options.clone();
        let made = copied(upload, move |jpeg| copy(jpeg, &options)).await?;
        let sealed = Seal::put_on(&made.jpeg, upload.sha256);
        sealed.map(Bytes::from).ok_or_else(|| {
            Fault::permanent(format!("no copy of {}: what was made is no JPEG", upload.path))
        })
    }

    /// Reads what is at a path, and sees what it is.
    async fn there(&self, path: &str, upload: &Upload) -> Result<There, Fault> {
        let stop = &upload.stop;
        let size = match self.files.brief(Some(stop), self.files.store.look(path)).await? {
            Look::Nothing => return Ok(There::Nothing),
            Look::Other => return Ok(There::Other),
            Look::File { size, .. } => size,
        };
        if size <= READ_BYTES as u64 {
            let bytes = self.files.read_small(path, READ_BYTES, stop).await?.unwrap_or_default();
            match Seal::read(&bytes) {
                Some(seal) if seal.of == upload.sha256 && seal.holds(&bytes) => {
                    return Ok(There::Copy);
                }
                _ => self.is_all(path, bytes.len() as u64, size)?,
            }
        }
        match self.files.is_equal(path, upload).await? {
            Some(true) => Ok(There::Photo),
            Some(false) => Ok(There::Other),
            None => Ok(There::Nothing),
        }
    }

    /// Less is no proof of other content: a connection may have ended so.
    fn is_all(&self, path: &str, length: u64, size: u64) -> Result<(), Fault> {
        if length == size {
            return Ok(());
        }
        let place = self.files.store.place();
        Err(Fault::transient(format!("{place} gave {length} bytes of the {size} of {path}")))
    }

    async fn prove_copy(&self, upload: &Upload, placed: &Placed) -> Result<Verdict, Fault> {
        let path = checked(&placed.path)?;
        if !self.files.usage.read_back {
            return self.prove_size(path, upload).await;
        }
        match self.there(path, upload).await? {
            There::Copy => Ok(Verdict::Proven(Proof::Copy)),
            There::Photo => Ok(Verdict::Proven(Proof::ReadBack)),
            There::Other => {
                let reason = format!("{path} reads back with other content than was stored");
                Ok(Verdict::Wrong(reason))
            }
            There::Nothing => self.is_missing(path, &upload.stop).await,
        }
    }

    /// The seal tells what the size must be.
    async fn prove_size(&self, path: &str, upload: &Upload) -> Result<Verdict, Fault> {
        let stop = &upload.stop;
        let size = match self.files.brief(Some(stop), self.files.store.look(path)).await? {
            Look::Nothing => return self.is_missing(path, stop).await,
            Look::Other => 0,
            Look::File { size, .. } => size,
        };
        if size >= Seal::HEAD_BYTES as u64 {
            let head = self.files.read_bytes(path, Seal::HEAD_BYTES, Some(stop)).await?;
            let head = head.unwrap_or_default();
            match Seal::read(&head) {
                Some(seal) if seal.of == upload.sha256 && seal.size == size => {
                    return Ok(Verdict::Proven(Proof::CopySize));
                }
                _ if head.len() < Seal::HEAD_BYTES => self.is_all(path, head.len() as u64, size)?,
                _ => {}
            }
        }
        Ok(match size == upload.size {
            true => Verdict::Proven(Proof::Size),
            false => {
                Verdict::Wrong(format!("{path} is no copy of the size of that which was stored"))
            }
        })
    }

    async fn is_missing(&self, path: &str, stop: &Stop) -> Result<Verdict, Fault> {
        // Of an unmounted share nothing can be said.
        self.files.present(Some(stop)).await?;
        Ok(Verdict::Wrong(format!("{path} is not there although it was stored")))
    }
}

impl Target for Reduced {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        self.files.test(place)
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async move { self.put_copy(&upload).await })
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async move { self.prove_copy(&upload, &placed).await })
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        self.files.withdraw(placed)
    }
}

/// What the copy of a file is called that would have a path: it is a JPEG, and its name says so.
fn copy_name(path: &str, source: &Path) -> String {
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    let dot = path.rfind('.').filter(|dot| *dot > name_at);
    let Some((stem, ending)) = dot.map(|dot| (&path[..dot], &path[dot + 1..])) else {
        return format!("{path}.jpg");
    };
    let is = |other: &str| ending.eq_ignore_ascii_case(other);
    match source.extension().and_then(std::ffi::OsStr::to_str) {
        _ if is("jpg") || is("jpeg") => path.to_owned(),
        Some(extension) if is(extension) => format!("{stem}.jpg"),
        // A dot of the name's own.
        _ => format!("{path}.jpg"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copys_name_says_that_it_is_a_jpeg() {
        let name = |path: &str, source: &str| copy_name(path, Path::new(source));
        assert_eq!(name("d.x/A.JPG", "/l/A.JPG"), "d.x/A.JPG");
        assert_eq!(name("a.jpeg", "/l/A.JPG"), "a.jpeg");
        assert_eq!(name("d/A.RAF", "/l/A.RAF"), "d/A.jpg");
        assert_eq!(name("d/a.raf", "/l/A.RAF"), "d/a.jpg");
        assert_eq!(name("d.x/A", "/l/A.JPG"), "d.x/A.jpg");
        assert_eq!(name("d/v1.2", "/l/A.JPG"), "d/v1.2.jpg");
        assert_eq!(name(".hidden", "/l/A.JPG"), ".hidden.jpg");
    }
}
