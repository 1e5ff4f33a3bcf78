//! A bucket of S3 or of what speaks its language: MinIO, Ceph, many clouds.
//!
//! There are no folders in a bucket and no renaming. A file is put to its own key: one of a single
//! part at once, a larger one as a multipart upload that is there when it is completed; both with
//! `If-None-Match: *`, which replaces nothing (Amazon S3 API, `PutObject` and
//! `CompleteMultipartUpload`). The marker has a temporary key first, and is copied to its own on the
//! server, as a multipart upload too. A server that does not heed that is found out by the test of
//! the target.

mod completion;
mod parts;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, S3CopyIfNotExists};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, Error, MultipartUpload, ObjectStore, ObjectStoreExt,
    PutMode, RetryConfig,
};

use self::completion::NothingReplaced;
use crate::fault::{Fault, FaultKind};
use crate::http;
use crate::secret::Secret;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Size of the parts of a large file: the least S3 takes. 10,000 of them are the most.
const PART_BYTES: usize = 5 << 20;
/// The largest file: as many parts as there can be.
const MOST_BYTES: u64 = 10_000 * PART_BYTES as u64;
/// The largest file that is replaced by way of us.
const REPLACED_BYTES: u64 = 64 << 20;
/// How long a part or a copy may take.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);

/// What a browser is told that a file is, by the end of its key. A bucket says nothing of its own
/// accord, and a page that is none to a browser is offered to be saved.
const MEDIA_TYPES: [(&str, &str); 5] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("xml", "application/atom+xml"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
];

/// Where the bucket is, and who we are to its server.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// Address of the server; Amazon's if it is none.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// What all keys begin with; nothing if it is empty.
    pub path: String,
    /// The name of the key we sign with.
    pub access_key: String,
    /// That key.
    pub secret_key: Secret,
    /// A PEM file with certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
}

/// Keys of a bucket as a [`Store`]. What stands for its folders is there once something is in them.
pub struct S3 {
    place: String,
    root: String,
    bucket: AmazonS3,
}

impl S3 {
    /// Sets up; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is none, or the certificates cannot be read.
    pub fn new(options: &S3Options) -> Result<Self, Fault> {
        http::prepare();
        let S3Options { endpoint, region, bucket, path, access_key, secret_key, ca } = options;
        let mut client = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            // A part on a slow link takes as long as it takes; silence is watched elsewhere.
            .with_timeout_disabled();
        for (suffix, kind) in MEDIA_TYPES {
            client = client.with_content_type_for_suffix(suffix, kind);
        }
        if let Some(path) = ca {
            let pem = std::fs::read(path).map_err(|cause| Fault::io("read", path, &cause))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| {
                Fault::permanent(format!("{} holds no certificate in PEM", path.display()))
            })?;
            for certificate in certificates {
                client = client.with_root_certificate(certificate);
            }
        }
        let backoff =
            BackoffConfig { init_backoff: Duration::from_millis(10), ..BackoffConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_region(region)
            .with_bucket_name(bucket)
            .with_access_key_id(access_key)
            .with_secret_access_key(secret_key.expose())
            .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
            .with_http_connector(NothingReplaced)
            // Which not all servers know.
            .with_disable_bulk_delete(true)
            // Whoever calls tries again, and waits longer for it.
            .with_retry(RetryConfig { max_retries: 1, backoff, ..RetryConfig::default() });
        if let Some(endpoint) = endpoint {
            let url = http::address(endpoint)?;
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
            client = client.with_allow_http(url.scheme() == "http");
        }
        let built = builder.with_client_options(client).build();
        let bucket_at = built.map_err(|cause| Fault::permanent(words(&cause)))?;
        let root = path.trim_matches('/').to_owned();
        let place = format!("s3://{bucket}/{root}").trim_end_matches('/').to_owned();
        Ok(Self { place, root, bucket: bucket_at })
    }

    fn at(&self, path: &str) -> Result<Path, Fault> {
        let parts = [self.root.as_str(), path].into_iter().filter(|part| !part.is_empty());
        let key = parts.collect::<Vec<_>>().join("/");
        Path::parse(&key).map_err(|_| Fault::permanent(format!("{key:?} is no key for a bucket")))
    }

    fn fault(&self, what: &str, path: &str, cause: &Error) -> Fault {
        let path = if path.is_empty() { "it" } else { path };
        let what = format!("cannot {what} {path} at {}", self.place);
        let text = words(cause);
        let is = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let kind = match cause {
            _ if is(&["InsufficientStorage", "QuotaExceeded", "StorageFull"]) => FaultKind::Full,
            Error::NotImplemented { .. } | Error::NotSupported { .. } => FaultKind::Permanent,
            _ => FaultKind::Transient,
        };
        let cure = match cause {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                "the server does not let us; are access_key and secret_key right, and may they? "
            }
            _ => "",
        };
        Fault { kind, reason: format!("{what}: {cure}{text}") }
    }

    async fn look_at(&self, path: &str) -> Result<Look, Fault> {
        let (at, fault) = (self.at(path)?, |cause| self.fault("look at", path, &cause));
        let head = if path.is_empty() { None } else { Some(self.bucket.head(&at).await) };
        if let Some(Ok(found)) = head {
            let (size, changed) = (found.size, found.last_modified.timestamp_millis());
            let tag = found.e_tag.map(|tag| format!("{tag}-{changed}-{size}"));
            return Ok(Look::File { size, tag });
        }
        match (self.bucket.list(Some(&at)).next().await, head) {
            (Some(Ok(_)), _) => Ok(Look::Other),
            // Only now: servers over a disk may fail at the head of what is a folder there.
            (_, Some(Err(cause))) if !matches!(cause, Error::NotFound { .. }) => Err(fault(cause)),
            (None, _) => Ok(Look::Nothing),
            (Some(Err(cause)), _) => Err(fault(cause)),
        }
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let at = self.at(folder)?;
        let found = self.bucket.list_with_delimiter(Some(&at)).await;
        let found = found.map_err(|cause| self.fault("list", folder, &cause))?;
        // What stands for the folder itself, where somebody made one, is not in it.
        let inside = found.objects.iter().filter(|object| object.location != at);
        let files = inside.filter_map(|object| object.location.filename());
        let folders = found.common_prefixes.iter().filter_map(Path::filename);
        Ok(files.chain(folders).map(str::to_owned).collect())
    }

    async fn create_new(&self, path: &str, size: u64, pieces: Pieces) -> Result<Moved, Fault> {
        let (at, fault) = (self.at(path)?, |cause| self.fault("write", path, &cause));
        if size > MOST_BYTES {
            let most = MOST_BYTES >> 30;
            return Err(Fault::permanent(format!("{path} is larger than {most} GiB")));
        }
        let put = match size > PART_BYTES as u64 {
            true => self.put_parts(&at, size, pieces).await?,
            false => {
                let (whole, new) = (parts::whole(&at, size, pieces).await?, PutMode::Create);
                self.bucket.put_opts(&at, whole, new.into()).await.map(drop)
            }
        };
        match put {
            Ok(()) => Ok(Moved::Done),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Moved::Taken),
            Err(cause) => Err(fault(cause)),
        }
    }

    /// What the bucket says against the parts is the inner error.
    async fn put_parts(
        &self,
        at: &Path,
        size: u64,
        pieces: Pieces,
    ) -> Result<Result<(), Error>, Fault> {
        let mut upload = match self.bucket.put_multipart(at).await {
            Ok(upload) => upload,
            Err(cause) => return Ok(Err(cause)),
        };
        let sent = parts::send(&mut *upload, at, size, pieces).await;
        let ended = match sent {
            Ok(Ok(())) => Ok(complete(&mut *upload).await),
            other => other,
        };
        if !matches!(ended, Ok(Ok(()))) {
            // Parts that nobody completes cost storage. What went wrong before is what counts.
            let _ = upload.abort().await;
        }
        ended
    }

    /// Nobody else uses the name: a second try, after an answer was lost, finds its own file.
    async fn write_new(&self, path: &str, size: u64, pieces: Pieces) -> Result<(), Fault> {
        if size <= PART_BYTES as u64 {
            let at = self.at(path)?;
            let whole = parts::whole(&at, size, pieces).await?;
            let put = self.bucket.put(&at, whole).await;
            return put.map(drop).map_err(|cause| self.fault("write", path, &cause));
        }
        match self.create_new(path, size, pieces).await? {
            Moved::Done => Ok(()),
            Moved::Taken => Err(Fault::transient(format!("{path} is taken at {}", self.place))),
        }
    }

    async fn read_back(&self, path: &str, mut sink: Sink) -> Result<bool, Fault> {
        let found = match self.bucket.get(&self.at(path)?).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(cause) => return Err(self.fault("read", path, &cause)),
        };
        let mut pieces = found.into_stream();
        while let Some(piece) =
            pieces.try_next().await.map_err(|cause| self.fault("read", path, &cause))?
        {
            if !sink.take(piece).await {
                break;
            }
        }
        Ok(true)
    }

    async fn give_name(&self, from: &str, to: &str) -> Result<Moved, Fault> {
        let (at, to_at) = (self.at(from)?, self.at(to)?);
        // A key and a folder of one name can both be there, and should not.
        match self.bucket.list(Some(&to_at)).next().await {
            None => {}
            Some(Ok(_)) => return Ok(Moved::Taken),
            Some(Err(cause)) => return Err(self.fault("look at", to, &cause)),
        }
        match self.bucket.copy_if_not_exists(&at, &to_at).await {
            Ok(()) => {}
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                return Ok(Moved::Taken);
            }
            Err(cause) => return Err(self.fault("rename to", to, &cause)),
        }
        // It has its name; a temporary key that stays goes when the next process begins.
        let _ = self.delete(from).await;
        Ok(Moved::Done)
    }

    /// A key is put as a whole, which replaces the one there at once. What is small goes by way of
    /// us, so that browsers are told what it is: a plain copy on the server keeps the type of a
    /// temporary file.
    async fn replace_by(&self, from: &str, to: &str) -> Result<(), Fault> {
        let (at, to_at) = (self.at(from)?, self.at(to)?);
        let fault = |cause| self.fault("rename to", to, &cause);
        let found = self.bucket.get(&at).await.map_err(fault)?;
        if found.meta.size <= REPLACED_BYTES {
            let whole = found.bytes().await.map_err(fault)?;
            self.bucket.put(&to_at, whole.into()).await.map_err(fault)?;
        } else {
            self.bucket.copy(&at, &to_at).await.map_err(fault)?;
        }
        // As after giving a name.
        let _ = self.delete(from).await;
        Ok(())
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        match self.bucket.delete(&self.at(path)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(self.fault("remove", path, &cause)),
        }
    }
}

/// Completes an upload. One that is not there any more was completed before, if an answer was lost:
/// what is under the name tells.
async fn complete(upload: &mut dyn MultipartUpload) -> Result<(), Error> {
    match upload.complete().await {
        Ok(_) => Ok(()),
        Err(Error::NotFound { path, source }) => Err(Error::AlreadyExists { path, source }),
        Err(cause) => Err(cause),
    }
}

/// What a server says ends up on terminals and in logs; of a page of XML the beginning tells most.
fn words(cause: &Error) -> String {
    cause.to_string().chars().filter(|c| !c.is_control()).take(500).collect()
}

impl Store for S3 {
    fn place(&self) -> &str {
        &self.place
    }

    /// Whole parts are handed over at once, and a film is copied in one call: long times pass in
    /// which nothing is seen to move. A connection that is dead is found out by the system.
    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        Box::pin(self.look_at(path))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        Box::pin(self.names(folder))
    }

    fn has_folders(&self) -> bool {
        false
    }

    fn make_folder<'a>(&'a self, _: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.write_new(path, size, pieces))
    }

    fn creates(&self) -> bool {
        true
    }

    fn create<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(self.create_new(path, size, pieces))
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
