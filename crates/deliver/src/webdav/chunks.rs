//! Large files to Nextcloud in pieces, for servers and proxies that limit a request.
//!
//! Source: Nextcloud's developer manual, chunked upload v2. A folder for the upload is made beside
//! the user's files, pieces called 1, 2 .. are put there, and the server joins them when `.file` is
//! moved to where the file is wanted. What nobody joins it removes after a day.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::{Body, Response, StatusCode, Url, header};
use tokio::sync::mpsc;

use super::WebDav;
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::http;
use crate::pulse::Pulse;
use crate::store::{PATIENCE, Pieces};

/// Above the folder of each user's files, and of each user's uploads.
const FILES: [&str; 3] = ["remote.php", "dav", "files"];
const UPLOADS: &str = "uploads";
/// How long the server may take to join chunks: as long as copying the file does.
const JOIN_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// What the server names.
const MOST_CHUNKS: u64 = 10_000;

/// Returns the folder for uploads of the user whose files are below an address.
pub(super) fn uploads_of(root: &Url) -> Option<Url> {
    let names: Vec<&str> = root.path_segments()?.collect();
    let at = names.windows(FILES.len()).position(|names| *names == FILES)?;
    let user = names.get(at + FILES.len()).filter(|user| !user.is_empty())?;
    let mut uploads = root.clone();
    let above = names.get(..at)?.iter().chain(&FILES[..2]);
    uploads.set_path(&above.copied().chain([UPLOADS, user]).collect::<Vec<_>>().join("/"));
    Some(uploads)
}

/// Pieces as they come, of which a part may be left for the next chunk.
struct Feed {
    pieces: Pieces,
    held: Bytes,
}

impl Feed {
    /// The next bytes, at most so many; `None` after the last.
    async fn next(&mut self, most: u64) -> Option<std::io::Result<Bytes>> {
        if self.held.is_empty() {
            match self.pieces.next().await? {
                Ok(piece) => self.held = piece,
                Err(cause) => return Some(Err(cause)),
            }
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Some(Ok(self.held.split_to(most.min(self.held.len()))))
    }
}

impl WebDav {
    /// Writes a file in chunks of so many bytes, and removes them when the server fails. A call that
    /// is dropped, by a stop or because the server is silent, leaves them; the server removes them
    /// after a day.
    pub(super) async fn write_chunks(
        &self,
        (uploads, chunk): (&Url, u64),
        path: &str,
        size: u64,
        pieces: Pieces,
    ) -> Result<(), Fault> {
        if size.div_ceil(chunk) > MOST_CHUNKS {
            let text = format!("{path} would be more than {MOST_CHUNKS} chunks; make them larger");
            return Err(Fault::permanent(text));
        }
        let mut folder = uploads.clone();
        if let Ok(mut parts) = folder.path_segments_mut() {
            parts.push(&format!("filmwire-{:016x}", random_bits()));
        }
        let to = self.at(path, false);
        let written = self.fill(&folder, &to, (size, chunk), pieces).await;
        if written.is_err() {
            // What stays in spite of it the server removes after a day.
            let _ = self.request("DELETE", &folder).send().await;
        }
        written
    }

    async fn fill(
        &self,
        folder: &Url,
        to: &Url,
        (size, chunk): (u64, u64),
        pieces: Pieces,
    ) -> Result<(), Fault> {
        let what = format!("begin to write {to}");
        let request = self.request("MKCOL", folder).header("Destination", to.as_str());
        created(&what, &self.send(&what, request).await?)?;
        let pulse = pieces.pulse.clone();
        let mut feed = Feed { pieces, held: Bytes::new() };
        let (mut left, mut number) = (size, 0);
        while left > 0 {
            let length = left.min(chunk);
            number += 1;
            self.put_chunk(&below(folder, &number.to_string()), to, (size, length), &mut feed)
                .await?;
            left -= length;
        }
        let what = format!("join {to}");
        let request = self
            .request("MOVE", &below(folder, ".file"))
            .header("Destination", to.as_str())
            .header("Overwrite", "F")
            .header("OC-Total-Length", size);
        match in_silence(&pulse, self.send(&what, request)).await {
            Some(answer) => created(&what, &answer?),
            None => {
                let limit = JOIN_PATIENCE.as_secs() / 60;
                Err(Fault::transient(format!("cannot {what}: no answer for {limit} minutes")))
            }
        }
    }

    async fn put_chunk(
        &self,
        url: &Url,
        to: &Url,
        (size, length): (u64, u64),
        feed: &mut Feed,
    ) -> Result<(), Fault> {
        let what = format!("write {to}");
        let (give, take) = mpsc::channel::<std::io::Result<Bytes>>(1);
        let body = stream::unfold(take, |mut take| async {
            let piece = take.recv().await?;
            Some((piece, take))
        });
        let request = self
            .request("PUT", url)
            .header("Destination", to.as_str())
            .header("OC-Total-Length", size)
            .header(header::CONTENT_LENGTH, length)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Body::wrap_stream(body));
        let feeding = async move {
            let mut left = length;
            while left > 0 {
                let Some(piece) = feed.next(left).await else { return };
                left = left.saturating_sub(piece.as_ref().map_or(0, |piece| piece.len() as u64));
                let is_broken = piece.is_err();
                // A server that answers early takes no more.
                if give.send(piece).await.is_err() || is_broken {
                    return;
                }
            }
        };
        let (answer, ()) = tokio::join!(self.send(&what, request), feeding);
        created(&what, &answer?)
    }
}

/// Waits for work during which no byte moves, and beats the pulse for it; `None` if it takes too
/// long.
async fn in_silence<T>(pulse: &Pulse, work: impl Future<Output = T>) -> Option<T> {
    let beating = async {
        loop {
            tokio::time::sleep(PATIENCE / 4).await;
            pulse.beat();
        }
    };
    tokio::select! {
        done = tokio::time::timeout(JOIN_PATIENCE, work) => done.ok(),
        () = beating => None,
    }
}

fn below(folder: &Url, name: &str) -> Url {
    let mut url = folder.clone();
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.push(name);
    }
    url
}

fn created(what: &str, answer: &Response) -> Result<(), Fault> {
    match answer.status() {
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
        _ => Err(http::refused(what, answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn joining_may_be_silent_for_long_but_not_for_ever() {
        let pulse = Pulse::default();
        let joining = tokio::time::sleep(JOIN_PATIENCE - Duration::from_secs(1));
        let done = pulse.watch(PATIENCE, in_silence(&pulse, joining)).await;
        assert_eq!(done, Some(Some(())));
        let never = std::future::pending::<()>();
        assert_eq!(pulse.watch(PATIENCE, in_silence(&pulse, never)).await, Some(None));
    }

    #[test]
    fn no_other_call_is_waited_for_so_long() {
        let options = super::super::WebDavOptions {
            url: "https://c/remote.php/dav/files/anna".to_owned(),
            user: None,
            ca: None,
            chunk_bytes: std::num::NonZeroU64::new(5_000_000),
        };
        let store: Box<dyn crate::store::Store> = Box::new(WebDav::new(&options).unwrap());
        assert_eq!(store.patience(), Some(PATIENCE));
    }

    #[test]
    fn uploads_lie_beside_the_files_of_the_same_user() {
        let uploads = |root: &str| uploads_of(&Url::parse(root).unwrap()).map(String::from);
        assert_eq!(
            uploads("https://c/nc/remote.php/dav/files/an%20na/Photos/X").unwrap(),
            "https://c/nc/remote.php/dav/uploads/an%20na"
        );
        assert_eq!(
            uploads("https://c/remote.php/dav/files/anna").unwrap(),
            "https://c/remote.php/dav/uploads/anna"
        );
        for other in ["https://c/remote.php/dav/files/", "https://c/dav/files/anna", "https://c"] {
            assert_eq!(uploads(other), None, "{other}");
        }
    }
}
