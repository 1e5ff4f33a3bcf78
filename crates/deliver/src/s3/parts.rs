//! Pieces of a file as the parts of an upload.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, PutPayload};
use tokio::task::JoinSet;

use super::PART_BYTES;
use crate::fault::Fault;
use crate::store::Pieces;

/// Parts under way at once, while the next one is read.
const PARTS: usize = 2;

/// All of a small file.
pub(super) async fn whole(at: &Path, size: u64, mut pieces: Pieces) -> Result<PutPayload, Fault> {
    let (mut all, mut length) = (Vec::new(), 0);
    while let Some(piece) = next(at, &mut pieces).await? {
        length += piece.len() as u64;
        all.push(piece);
    }
    is_all(at, length, size)?;
    Ok(PutPayload::from_iter(all))
}

/// Sends the parts, all but the last of one size. What the bucket says against one is the inner error.
pub(super) async fn send(
    upload: &mut dyn MultipartUpload,
    at: &Path,
    size: u64,
    mut pieces: Pieces,
) -> Result<Result<(), Error>, Fault> {
    let mut under_way = JoinSet::new();
    let (mut part, mut held, mut length) = (Vec::new(), 0, 0);
    loop {
        let piece = next(at, &mut pieces).await?;
        let is_last = piece.is_none();
        let mut rest = piece.unwrap_or_default();
        length += rest.len() as u64;
        while !rest.is_empty() {
            let taken = rest.split_to(rest.len().min(PART_BYTES - held));
            held += taken.len();
            part.push(taken);
            if held < PART_BYTES {
                continue;
            }
            if let Err(cause) = until(&mut under_way, PARTS - 1).await {
                return Ok(Err(cause));
            }
            under_way.spawn(upload.put_part(PutPayload::from_iter(std::mem::take(&mut part))));
            held = 0;
        }
        if is_last {
            break;
        }
    }
    is_all(at, length, size)?;
    if !part.is_empty() {
        under_way.spawn(upload.put_part(PutPayload::from_iter(part)));
    }
    Ok(until(&mut under_way, 0).await)
}

/// Waits until no more than so many parts are under way.
async fn until(under_way: &mut JoinSet<Result<(), Error>>, most: usize) -> Result<(), Error> {
    while under_way.len() > most {
        match under_way.join_next().await {
            Some(Ok(sent)) => sent?,
            Some(Err(source)) => return Err(Error::JoinError { source }),
            None => {}
        }
    }
    Ok(())
}

async fn next(at: &Path, pieces: &mut Pieces) -> Result<Option<Bytes>, Fault> {
    let piece = pieces.next().await.transpose();
    piece.map_err(|cause| Fault::transient(format!("cannot write {at}: {cause}")))
}

/// Whoever reads the file may have died.
fn is_all(at: &Path, length: u64, size: u64) -> Result<(), Fault> {
    match length == size {
        true => Ok(()),
        false => Err(Fault::transient(format!("cannot write {at}: {length} of {size} bytes came"))),
    }
}
