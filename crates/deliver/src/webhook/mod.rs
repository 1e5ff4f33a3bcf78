//! A website of your own, which is sent each file by HTTP.
//!
//! Each file goes in one POST with the headers of Standard Webhooks
//! (<https://www.standardwebhooks.com>), so that the receiver knows whom it is from: `webhook-id`, the
//! same for all tries of a file; `webhook-timestamp`; `webhook-signature`, over both and the [order].
//! The order is the whole body, or beside the file a part of it; the file is told by the SHA-256 in
//! the order. An answer of 2xx means that the receiver stored it, and nobody can ask it later.
//!
//! [order]: crate::order::Order

mod sign;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, RequestBuilder, StatusCode, Url, header};
use tokio::sync::Mutex;

use self::sign::Key;
use crate::fault::Fault;
use crate::http;
use crate::order::Order;
use crate::pulse::Pulse;
use crate::secret::Secret;
use crate::source;
use crate::store::Pieces;
use crate::target::{Future, Placed, Proof, Target, Upload, Verdict};

/// How long the receiver may be silent, as while it works on a file.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a piece may take that is read just now.
const LEAVE: Duration = Duration::from_secs(2);

/// Which address files are sent to, and how.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// The address.
    pub url: String,
    /// What signatures are made with: `whsec_` and the key in Base64, or the key as a text.
    pub secret: Secret,
    /// Whether the file itself is sent; else what is told of it alone.
    pub sends_file: bool,
    /// A PEM file with certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
}

/// A receiver of webhooks as a target.
#[derive(Debug)]
pub struct Webhook {
    url: Url,
    key: Key,
    sends_file: bool,
    client: Client,
}

impl Webhook {
    /// Sets up; nothing is sent yet.
    ///
    /// # Errors
    /// If the address or the secret is none, or the certificates cannot be read.
    pub fn new(options: &WebhookOptions) -> Result<Self, Fault> {
        Ok(Self {
            url: http::address(&options.url)?,
            key: Key::of(&options.secret)?,
            sends_file: options.sends_file,
            client: http::client(options.ca.as_deref())?,
        })
    }

    async fn deliver(&self, upload: &Arc<Upload>) -> Result<Placed, Fault> {
        let order = Order::of(upload).to_json()?;
        let id = sign::id_of(upload);
        // A clock before 1970 is as wrong as any other: the receiver refuses the time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let request = self
            .client
            .post(self.url.clone())
            .header("webhook-id", &id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", self.key.sign(&id, now, &order));
        let what = format!("send {} to {}", upload.path, self.url);
        let pulse = Pulse::default();
        if !self.sends_file {
            let request = request.header(header::CONTENT_TYPE, "application/json").body(order);
            self.send(request, &what, &pulse, upload).await??;
            return Ok(placed(upload));
        }
        let (pieces, reading) = source::open(upload, pulse.clone());
        let sent = Arc::new(AtomicU64::new(0));
        let pieces = Arc::new(Mutex::new(Some(pieces)));
        let form = form(order, Arc::clone(&pieces), &sent, upload)?;
        let answer = self.send(request.multipart(form), &what, &pulse, upload).await;
        if answer.is_ok() && sent.load(Ordering::Relaxed) < upload.size {
            // The connection may keep the body for as long as the receiver keeps the connection.
            if let Ok(mut pieces) = tokio::time::timeout(LEAVE, pieces.lock()).await {
                *pieces = None;
            }
            answer??;
            let early = "the answer came before all was sent";
            return Err(Fault::transient(format!("cannot {what}: {early}")));
        }
        // What is wrong with the source is the cause of what the receiver says.
        reading.await.unwrap_or_else(|broken| Err(Fault::transient(broken.to_string())))?;
        answer??;
        Ok(placed(upload))
    }

    /// Sends, and waits for an answer as long as something moves; what it means is the inner
    /// result.
    async fn send(
        &self,
        request: RequestBuilder,
        what: &str,
        pulse: &Pulse,
        upload: &Upload,
    ) -> Result<Result<(), Fault>, Fault> {
        let answer = tokio::select! {
            answer = pulse.watch(PATIENCE, request.send()) => answer,
            () = upload.stop.asked() => return Err(Fault::stopped()),
        };
        let Some(answer) = answer else {
            let limit = PATIENCE.as_secs();
            return Err(Fault::transient(format!("{} did not answer for {limit} s", self.url)));
        };
        let answer = answer.map_err(|cause| http::failed(what, &cause))?;
        Ok(match answer.status() {
            status if status.is_success() => Ok(()),
            status @ StatusCode::UNAUTHORIZED => Err(Fault::transient(format!(
                "cannot {what}: the server says {status}; are the secrets the same, and the clocks?"
            ))),
            _ => Err(http::refused(what, &answer)),
        })
    }

    /// Any answer will do: what the receiver says to a request that is none of ours is its own
    /// affair.
    async fn answers(&self) -> Result<(), Fault> {
        let asked = tokio::time::timeout(PATIENCE, self.client.head(self.url.clone()).send());
        match asked.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(cause)) => Err(http::failed(&format!("reach {}", self.url), &cause)),
            Err(_) => Err(Fault::transient(format!("{} does not answer", self.url))),
        }
    }
}

/// The order and the file. What goes of the file is counted in `sent`.
fn form(
    order: Vec<u8>,
    pieces: Arc<Mutex<Option<Pieces>>>,
    sent: &Arc<AtomicU64>,
    upload: &Upload,
) -> Result<Form, Fault> {
    let count = |piece: &io::Result<Bytes>| piece.as_ref().map_or(0, |piece| piece.len() as u64);
    let pieces = stream::unfold((pieces, Arc::clone(sent)), move |(pieces, sent)| async move {
        let piece = pieces.lock().await.as_mut()?.next().await?;
        sent.fetch_add(count(&piece), Ordering::Relaxed);
        Some((piece, (pieces, sent)))
    });
    let name = upload.path.rsplit('/').next().unwrap_or_default().to_owned();
    let file = Part::stream_with_length(Body::wrap_stream(pieces), upload.size).file_name(name);
    Ok(Form::new()
        .part("order", part(Part::bytes(order), "application/json")?)
        .part("file", part(file, "application/octet-stream")?))
}

fn placed(upload: &Upload) -> Placed {
    Placed { path: upload.path.clone(), made: None }
}

fn part(part: Part, kind: &str) -> Result<Part, Fault> {
    part.mime_str(kind).map_err(|cause| Fault::permanent(cause.to_string()))
}

impl Target for Webhook {
    /// Looks whether something answers; no order is sent.
    fn test<'a>(&'a self, _: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        Box::pin(async { self.answers().await.map(|()| None) })
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async move { self.deliver(&upload).await })
    }

    /// The receiver said that it stored the file, and cannot be asked.
    fn prove(&self, _: Arc<Upload>, _: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async { Ok(Verdict::Proven(Proof::Word)) })
    }

    fn withdraw(&self, _: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}
