//! Making smaller copies of the library's files.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use filmwire_gallery::CopyError;
use sha2::Digest;
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::target::Upload;

/// The largest file that copies are made of.
const MOST_BYTES: u64 = 256 << 20;

/// Decoding takes much memory: one photo at a time, whatever the number of targets.
static DECODING: Semaphore = Semaphore::const_new(1);

/// Makes something of a file, on a thread for it.
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

/// Reads the library's file, which must be what it was when it was published.
fn read_source(upload: &Upload) -> Result<Vec<u8>, Fault> {
    let source = upload.source.display();
    if upload.size > MOST_BYTES {
        return Err(Fault::permanent(format!("{source} is too large to make a copy of")));
    }
    let fault = |cause: &std::io::Error| Fault::io("read the library's", &upload.source, cause);
    let file = File::open(&upload.source).map_err(|cause| fault(&cause))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|cause| fault(&cause))?;
    let found: [u8; 32] = sha2::Sha256::digest(&bytes).into();
    match found == upload.sha256 {
        true => Ok(bytes),
        false => Err(Fault::permanent(format!(
            "the library's {source} is not what it was when it was published; \
             `filmwire catalogue check --deep` tells more"
        ))),
    }
}
