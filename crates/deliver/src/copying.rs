//! Making smaller copies of the library's files.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::sync::Arc;

use filmwire_gallery::CopyError;
use filmwire_photo::{Facts, Kind};
use sha2::Digest;
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::source::PIECE_BYTES;
use crate::target::Upload;

/// The largest file that copies are made of.
const MOST_BYTES: u64 = 256 << 20;

/// Decoding takes much memory: one photo at a time, whatever the number of targets.
static DECODING: Semaphore = Semaphore::const_new(1);

/// Makes something of a JPEG, or of the JPEG a raw file has inside, on a thread for it.
pub(crate) async fn copied<T: Send + 'static>(
    upload: &Arc<Upload>,
    make: impl FnOnce(&[u8]) -> Result<T, CopyError> + Send + 'static,
) -> Result<T, Fault> {
    // It is never closed.
    let _one = DECODING.acquire().await.map_err(|cause| Fault::transient(cause.to_string()))?;
    let upload = Arc::clone(upload);
    let making = tokio::task::spawn_blocking(move || {
        let jpeg = read_source(&upload)?;
        if upload.stop.is_asked() {
            return Err(Fault::stopped());
        }
        make(&jpeg)
            .map_err(|cause| Fault::permanent(format!("no copy of {}: {cause}", upload.path)))
    });
    making.await.unwrap_or_else(|broken| Err(Fault::transient(broken.to_string())))
}

/// Reads the picture of the library's file, which must be what it was when it was published.
fn read_source(upload: &Upload) -> Result<Vec<u8>, Fault> {
    let source = upload.source.display();
    if upload.size > MOST_BYTES {
        return Err(Fault::permanent(format!("{source} is too large to make a copy of")));
    }
    let read = || {
        let mut file = File::open(&upload.source)?;
        let part = picture_in(&mut file)?;
        file.rewind()?;
        read_part(&mut file.take(MOST_BYTES + 1), &part)
    };
    let (jpeg, found) =
        read().map_err(|cause| Fault::io("read the library's", &upload.source, &cause))?;
    if found != upload.sha256 {
        return Err(Fault::permanent(format!(
            "the library's {source} is not what it was when it was published; \
             `filmwire catalogue check --deep` tells more"
        )));
    }
    Ok(jpeg)
}

/// Where the JPEG lies in a file: in a raw file where its directory says, if it does, else
/// everywhere.
fn picture_in(file: &mut File) -> io::Result<Range<u64>> {
    let mut head = [0; 64];
    let length = file.read(&mut head)?;
    if head.get(..length).and_then(Kind::of_head) != Some(Kind::Raf) {
        return Ok(0..u64::MAX);
    }
    let preview = Facts::read(file)?.preview;
    Ok(preview.map_or(0..0, |span| span.offset..span.offset.saturating_add(span.length)))
}

/// Reads a file to its end; returns a part of it, and the SHA-256 of the whole.
fn read_part(file: &mut impl Read, part: &Range<u64>) -> io::Result<(Vec<u8>, [u8; 32])> {
    let (mut kept, mut hasher, mut at) = (Vec::new(), sha2::Sha256::new(), 0_u64);
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        piece.clear();
        let length = (&mut *file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        if length == 0 {
            return Ok((kept, hasher.finalize().into()));
        }
        hasher.update(&piece);
        let end = at + length as u64;
        // Both lie within the piece.
        let [from, to] = [part.start, part.end].map(|edge| (edge.clamp(at, end) - at) as usize);
        kept.extend_from_slice(piece.get(from..to).unwrap_or_default());
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_kept_and_everything_hashed() {
        let bytes: Vec<u8> = (0..PIECE_BYTES * 2 + 9).map(|at| (at % 251) as u8).collect();
        let whole: [u8; 32] = sha2::Sha256::digest(&bytes).into();
        let edge = PIECE_BYTES;
        for part in [0..9, 3..edge, edge - 1..edge + 1, edge..bytes.len(), 0..0, 0..bytes.len()] {
            let wanted = part.start as u64..part.end as u64;
            let (kept, sha256) = read_part(&mut &bytes[..], &wanted).unwrap();
            assert!(kept == bytes[part.clone()] && sha256 == whole, "{part:?}");
        }
        let (kept, _) = read_part(&mut &bytes[..], &(5..u64::MAX)).unwrap();
        assert_eq!(kept.len(), bytes.len() - 5);
    }
}
