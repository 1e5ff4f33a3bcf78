//! A WebDAV server: Nextcloud, Apache, a NAS.
//!
//! Source: RFC 4918; MOVE with `Overwrite: F` gives a file its name and replaces nothing, as far as
//! the server does both at once.

mod chunks;
mod listing;

use std::num::NonZeroU64;
use std::path::PathBuf;

use futures_util::stream;
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode, Url, header};

use self::listing::Entry;
use crate::fault::Fault;
use crate::http;
use crate::secret::Secret;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Longest listing that is read.
const LISTING_BYTES: usize = 64 << 20;

/// What is asked of each file.
const WANTED: &str = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getetag/></prop></propfind>"#;

/// Where the server is, and who we are to it.
#[derive(Debug, Clone)]
pub struct WebDavOptions {
    /// Address of the folder that is the target.
    pub url: String,
    /// User and password, if the server wants them (basic authentication).
    pub user: Option<(String, Secret)>,
    /// A PEM file with certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// Sends what is longer in chunks of so many bytes, which Nextcloud alone understands: its
    /// address has `remote.php/dav/files/USER` in it. It wants at least 5,000,000.
    pub chunk_bytes: Option<NonZeroU64>,
}

/// A folder on a WebDAV server as a [`Store`]. It is made if it is missing, its parents are not.
pub struct WebDav {
    client: Client,
    root: Url,
    user: Option<(String, Secret)>,
    /// Where chunks go, and the bytes of each.
    chunks: Option<(Url, u64)>,
}

impl WebDav {
    /// Sets up; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is none, or not Nextcloud's although chunks are wanted, or the certificates
    /// cannot be read.
    pub fn new(options: &WebDavOptions) -> Result<Self, Fault> {
        let mut root = http::address(&options.url)?;
        if let Ok(mut parts) = root.path_segments_mut() {
            parts.pop_if_empty();
        }
        let client = http::client(options.ca.as_deref())?;
        let chunks = options.chunk_bytes.map(|bytes| match chunks::uploads_of(&root) {
            Some(uploads) => Ok((uploads, bytes.get())),
            None => Err(Fault::permanent(
                "chunks are Nextcloud's: its address has remote.php/dav/files/USER in it",
            )),
        });
        let chunks = chunks.transpose()?;
        Ok(Self { client, root, user: options.user.clone(), chunks })
    }

    /// The address of a path, each of its names encoded.
    fn at(&self, path: &str, is_folder: bool) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.extend(path.split('/').filter(|part| !part.is_empty()));
            if is_folder {
                parts.push("");
            }
        }
        url
    }

    fn request(&self, method: &str, url: &Url) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self.client.request(method, url.clone());
        match &self.user {
            Some((user, password)) => request.basic_auth(user, Some(password.expose())),
            None => request,
        }
    }

    async fn send(&self, what: &str, request: RequestBuilder) -> Result<Response, Fault> {
        request.send().await.map_err(|cause| http::failed(what, &cause))
    }

    /// What the server tells of a path, and with depth 1 of what is in it; `None` if it is not there.
    async fn find(&self, url: &Url, depth: &'static str) -> Result<Option<Vec<Entry>>, Fault> {
        let what = format!("look at {url}");
        let request = self
            .request("PROPFIND", url)
            .header("Depth", depth)
            .header(header::CONTENT_TYPE, "application/xml; charset=utf-8")
            .body(WANTED);
        let mut answer = self.send(&what, request).await?;
        match answer.status() {
            StatusCode::MULTI_STATUS => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_redirection() && is_to_folder(url, &answer) => {
                return Ok(Some(vec![Entry::folder()]));
            }
            _ => return Err(http::refused(&what, &answer)),
        }
        let mut xml = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|cause| http::failed(&what, &cause))? {
            xml.extend_from_slice(&piece);
            if xml.len() > LISTING_BYTES {
                return Err(Fault::permanent(format!("cannot {what}: its listing has no end")));
            }
        }
        let entries = std::str::from_utf8(&xml).ok().and_then(|xml| listing::read(xml, url));
        entries
            .map(Some)
            .ok_or_else(|| Fault::transient(format!("cannot {what}: its listing is no WebDAV")))
    }

    async fn look_at(&self, path: &str) -> Result<Look, Fault> {
        let url = self.at(path, path.is_empty());
        let Some(entries) = self.find(&url, "0").await? else { return Ok(Look::Nothing) };
        match entries.into_iter().next() {
            Some(Entry { is_folder: false, size: Some(size), tag, .. }) => {
                Ok(Look::File { size, tag })
            }
            Some(Entry { is_folder: true, .. }) => Ok(Look::Other),
            _ => Err(Fault::permanent(format!("{url}: the server does not tell its size"))),
        }
    }

    async fn make(&self, folder: &str) -> Result<(), Fault> {
        let url = self.at(folder, true);
        let what = format!("make {url}");
        let answer = self.send(&what, self.request("MKCOL", &url)).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(()),
            // What is there already may be mapped, as a root often is; it need not allow MKCOL.
            _ if self.look_at(folder).await? == Look::Other => Ok(()),
            _ => Err(http::refused(&what, &answer)),
        }
    }

    async fn write_new(&self, path: &str, size: u64, pieces: Pieces) -> Result<(), Fault> {
        if let Some((uploads, bytes)) = self.chunks.as_ref().filter(|(_, bytes)| size > *bytes) {
            return self.write_chunks((uploads, *bytes), path, size, pieces).await;
        }
        let url = self.at(path, false);
        let what = format!("write {url}");
        let body = stream::unfold(pieces, |mut pieces| async {
            let piece = pieces.next().await?;
            Some((piece, pieces))
        });
        let request = self
            .request("PUT", &url)
            .header(header::CONTENT_LENGTH, size)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Body::wrap_stream(body));
        let answer = self.send(&what, request).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(http::refused(&what, &answer)),
        }
    }

    async fn read_back(&self, path: &str, mut sink: Sink) -> Result<bool, Fault> {
        let url = self.at(path, false);
        let what = format!("read {url}");
        let request = self.request("GET", &url).header(header::CACHE_CONTROL, "no-cache");
        let mut answer = self.send(&what, request).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(false),
            _ => return Err(http::refused(&what, &answer)),
        }
        while let Some(piece) = answer.chunk().await.map_err(|cause| http::failed(&what, &cause))? {
            if !sink.take(piece).await {
                break;
            }
        }
        Ok(true)
    }

    async fn give_name(&self, from: &str, to: &str) -> Result<Moved, Fault> {
        let (from, to) = (self.at(from, false), self.at(to, false));
        let what = format!("rename to {to}");
        let request =
            self.request("MOVE", &from).header("Destination", to.as_str()).header("Overwrite", "F");
        let answer = self.send(&what, request).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(Moved::Done),
            StatusCode::PRECONDITION_FAILED => Ok(Moved::Taken),
            StatusCode::NO_CONTENT => Err(Fault::permanent(format!(
                "{to} was replaced although the server was told not to; it cannot be trusted"
            ))),
            _ => Err(http::refused(&what, &answer)),
        }
    }

    /// Whether the name is ever without a file meanwhile is the server's own affair.
    async fn replace_by(&self, from: &str, to: &str) -> Result<(), Fault> {
        let (from, to) = (self.at(from, false), self.at(to, false));
        let what = format!("rename to {to}");
        let request =
            self.request("MOVE", &from).header("Destination", to.as_str()).header("Overwrite", "T");
        let answer = self.send(&what, request).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(http::refused(&what, &answer)),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let url = self.at(path, false);
        let what = format!("remove {url}");
        let answer = self.send(&what, self.request("DELETE", &url)).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            _ => Err(http::refused(&what, &answer)),
        }
    }
}

/// Some servers send whoever asks for a folder without a slash to the same with one.
fn is_to_folder(url: &Url, answer: &Response) -> bool {
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| url.join(to).ok());
    to.is_some_and(|to| to.path().strip_suffix('/') == Some(url.path()))
}

impl Store for WebDav {
    fn place(&self) -> &str {
        self.root.as_str()
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        Box::pin(self.look_at(path))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let found = self.find(&self.at(folder, true), "1").await?.unwrap_or_default();
            Ok(found.into_iter().filter_map(|entry| entry.name).collect())
        })
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.make(folder))
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.write_new(path, size, pieces))
    }

    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>> {
        Box::pin(self.read_back(path, sink))
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(self.give_name(from, to))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.replace_by(from, to))
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.delete(path))
    }
}
