//! Starting the remote function. Source: the fact sheet's sections 4.12 and, for the newer way, 4.8.

use std::time::Duration;

use filmwire_codec::dataset::Capabilities;
use filmwire_codec::operation::{
    GetCapabilities, InitiateOpenCapture, SetDevicePropValue, TerminateOpenCapture,
};
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, TransactionId};
use filmwire_session::Request;
use tokio::sync::mpsc;

use super::gallery::{exchange_version, from_remote, write_u16};
use super::newer::by_newer;
use super::{access, read_version};
use crate::camera::Camera;
use crate::error::Error;
use crate::options::Options;
use crate::quirk::Way;
use crate::remote::Remote;
use crate::remote::event::Told;

/// Longest capability list that makes sense; the longest seen has 425 bytes (log:XT4).
const MOST_CAPABILITIES_BYTES: usize = 1 << 20;

/// A remote function that runs.
pub(crate) struct Started {
    /// What ends it.
    pub(crate) function: TransactionId,
    /// What the camera tells; `None` if the port did not open.
    pub(crate) events: Option<mpsc::Receiver<Told>>,
}

/// Bodies with DF24. The order of hkr, which asks for 0x902B before the function is started.
pub(super) async fn classic(camera: &Camera, options: &Options) -> Result<Remote, Error> {
    access::write_mode(camera, FunctionMode::REMOTE, options).await?;
    camera.refresh().await?;
    exchange_version(camera, DevicePropCode::REMOTE_VERSION).await?;
    let capabilities = capabilities(camera, camera.waits.other).await?;
    let started = start(camera).await?;
    Ok(Remote::new(camera.clone(), capabilities, started))
}

/// Bodies of the newer way: its view first, then its live view. libfuji's working code does not ask
/// for 0x902B here; a body that does not answer it goes on without.
pub(super) async fn newer(camera: &mut Camera, options: &Options) -> Result<Remote, Error> {
    access::write_mode(camera, FunctionMode::NEW_APP_VIEW, options).await?;
    camera.refresh().await?;
    by_newer(camera).await?;
    write_u16(camera, DevicePropCode::CAMERA_STATE, CameraState::REMOTE.0).await?;
    access::write_mode(camera, FunctionMode::NEW_APP_LIVE_VIEW, options).await?;
    exchange_newer_version(camera).await?;
    let started = start(camera).await?;
    let capabilities = capabilities(camera, camera.waits.unknown).await?;
    Ok(Remote::new(camera.clone(), capabilities, started))
}

async fn exchange_newer_version(camera: &Camera) -> Result<(), Error> {
    let property = DevicePropCode::EXTENDED_REMOTE_VERSION;
    let Some(version) = read_version(camera, property).await? else {
        let text = "this body reports no version of remote shooting (DF2A)";
        return Err(Error::NotOffered(text.into()));
    };
    camera.run(&SetDevicePropValue::u32(property, version), 0).await
}

/// From the remote function that runs to the gallery, on the same connection. Source: the fact
/// sheet's sections 4.7, steps 9 to 16, and 4.8.
pub(crate) async fn to_gallery(camera: &mut Camera, function: TransactionId) -> Result<(), Error> {
    if camera.info().quirks.way != Way::Newer {
        return from_remote(camera, function).await;
    }
    camera.refresh().await?;
    camera.run(&TerminateOpenCapture(function), 0).await?;
    camera.refresh().await?;
    write_u16(camera, DevicePropCode::CAMERA_STATE, CameraState::REMOTE.0).await?;
    camera.refresh().await?;
    camera.refresh().await?;
    write_u16(camera, DevicePropCode::FUNCTION_MODE, FunctionMode::NEW_APP_VIEW.0).await?;
    by_newer(camera).await
}

/// From the gallery back to the remote function; returns what ends it.
///
/// DF00 = 6 goes back to the neutral state before the function is changed (the fact sheet's section
/// 4.1), and from there on it is the first start again. That is our inference on the classic way
/// (grade C); on the newer one it is libfuji's code.
pub(crate) async fn from_gallery(camera: &Camera) -> Result<TransactionId, Error> {
    write_u16(camera, DevicePropCode::CAMERA_STATE, CameraState::REMOTE.0).await?;
    camera.refresh().await?;
    if camera.info().quirks.way == Way::Newer {
        let mode = FunctionMode::NEW_APP_LIVE_VIEW.0;
        write_u16(camera, DevicePropCode::FUNCTION_MODE, mode).await?;
        exchange_newer_version(camera).await?;
    } else {
        write_u16(camera, DevicePropCode::FUNCTION_MODE, FunctionMode::REMOTE.0).await?;
        camera.refresh().await?;
        exchange_version(camera, DevicePropCode::REMOTE_VERSION).await?;
    }
    let function = camera.run(&InitiateOpenCapture, 0).await?;
    camera.refresh().await?;
    Ok(function)
}

/// Starts the function and listens for events, as every client does; some open that port late, so
/// a port that does not open ends nothing.
async fn start(camera: &Camera) -> Result<Started, Error> {
    let function = camera.run(&InitiateOpenCapture, 0).await?;
    camera.refresh().await?;
    let events = camera.open_events().await;
    if let Err(cause) = &events {
        tracing::warn!(%cause, "the port of events did not open");
    }
    Ok(Started { function, events: events.ok() })
}

/// The list of what can be set to what, without the items that cannot be read; empty where the
/// camera would not tell: what it has set is known all the same.
async fn capabilities(camera: &Camera, wait: Duration) -> Result<Capabilities, Error> {
    let request = Request::new(&GetCapabilities, MOST_CAPABILITIES_BYTES, wait);
    let reply = match camera.transact(request).await {
        Err(Error::Silent { .. }) => return Ok(Capabilities::default()),
        reply => reply?,
    };
    // A refusal comes with an empty data phase, which is no list either.
    let response = reply.response.code;
    let (list, errors) = Capabilities::decode_readable(&reply.data);
    if let Some(error) = errors.first() {
        let (read, skipped) = (list.items.len(), errors.len());
        tracing::warn!(%response, %error, read, skipped, "not all of what can be set could be read");
    }
    Ok(list)
}
