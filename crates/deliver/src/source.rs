//! Reading the library's file for a store.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use sha2::Digest;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::store::Pieces;
use crate::target::Upload;

/// Bytes read and written at once.
pub(crate) const PIECE_BYTES: usize = 1 << 19;
/// Pieces that wait for the store.
const AHEAD: usize = 2;

/// Starts to read a file on a thread of its own, which hashes it too. What ended the pieces early
/// is told by the second value; a store that wants no more ends it without a fault.
pub(crate) fn open(upload: &Arc<Upload>, pulse: Pulse) -> (Pieces, JoinHandle<Result<(), Fault>>) {
    let (to, from) = mpsc::channel(AHEAD);
    let upload = Arc::clone(upload);
    let reading = tokio::task::spawn_blocking(move || {
        let ended = read_all(&upload, &to);
        if let Err(fault) = &ended {
            let _ = to.blocking_send(Err(io::Error::other(fault.reason.clone())));
        }
        ended
    });
    (Pieces { from, pulse }, reading)
}

/// Sends the pieces of a file. Each waits until the next one was read, so that the last goes only
/// when size and SHA-256 are known to be right: no store gets a whole file of wrong content.
fn read_all(upload: &Upload, to: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), Fault> {
    let fault = |cause: &io::Error| Fault::io("read the library's", &upload.source, cause);
    let mut source = File::open(&upload.source).map_err(|e| fault(&e))?;
    let (mut hasher, mut length) = (sha2::Sha256::new(), 0);
    let mut held = Bytes::new();
    let most = upload.pace.piece(PIECE_BYTES);
    loop {
        let piece = read_piece(&mut source, most).map_err(|e| fault(&e))?;
        if upload.stop.is_asked() {
            return Err(Fault::stopped());
        }
        length += piece.len() as u64;
        hasher.update(&piece);
        // A source that grew is not followed to its end.
        if piece.is_empty() || length > upload.size {
            break;
        }
        upload.pace.wait(held.len() as u64, &upload.stop);
        if !held.is_empty() && to.blocking_send(Ok(held)).is_err() {
            return Ok(());
        }
        held = piece;
    }
    if length != upload.size || <[u8; 32]>::from(hasher.finalize()) != upload.sha256 {
        let source = upload.source.display();
        return Err(Fault::permanent(format!(
            "the library's {source} is not what it was when it was published; \
             `filmwire catalogue check --deep` tells more"
        )));
    }
    if !held.is_empty() {
        upload.pace.wait(held.len() as u64, &upload.stop);
        let _ = to.blocking_send(Ok(held));
    }
    Ok(())
}

/// Reads a full piece, or what is left.
fn read_piece(source: &mut File, most: usize) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(most);
    source.take(most as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;
    use crate::pace::Pace;

    /// The bytes a store gets, and whether it was told that they are all.
    async fn got(content: &[u8], claimed: &[u8]) -> (usize, bool, Result<(), Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a");
        std::fs::write(&source, content).unwrap();
        let upload = Arc::new(Upload {
            target: "nas".to_owned(),
            source,
            path: "a".to_owned(),
            known: None,
            size: claimed.len() as u64,
            sha256: sha2::Sha256::digest(claimed).into(),
            facts: Default::default(),
            attempt: 1,
            pace: Pace::default(),
            stop: crate::Stop::default(),
        });
        let (mut pieces, reading) = open(&upload, Pulse::default());
        let (mut length, mut whole) = (0, true);
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => length += piece.len(),
                Err(_) => whole = false,
            }
        }
        (length, whole, reading.await.unwrap())
    }

    #[tokio::test]
    async fn no_store_gets_a_whole_file_that_is_not_the_one() {
        let right = vec![7; PIECE_BYTES + 5];
        assert_eq!(got(&right, &right).await, (right.len(), true, Ok(())));
        assert_eq!(got(b"", b"").await, (0, true, Ok(())));
        let mut turned = right.clone();
        turned[3] ^= 1;
        for wrong in [&turned[..], &right[1..], &[&right[..], &[7]].concat()] {
            let (length, whole, ended) = got(wrong, &right).await;
            assert!(length < right.len() && !whole, "{length} bytes went");
            assert_eq!(ended.unwrap_err().kind, FaultKind::Permanent);
        }
    }
}
