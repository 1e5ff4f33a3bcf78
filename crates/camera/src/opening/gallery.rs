//! The two classic ways to the gallery. Source: the fact sheet's section 4.7.

use std::time::Duration;

use tokio::time::Instant;

use filmwire_codec::operation::{InitiateOpenCapture, SetDevicePropValue, TerminateOpenCapture};
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, TransactionId};

use super::read_version;
use crate::camera::Camera;
use crate::error::Error;
use crate::network::Port;
use crate::quirk::GalleryOrder;

/// How long the gallery may take to tell its object count; the logs show it at the first read.
const GALLERY_WAIT: Duration = Duration::from_secs(10);
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// Bodies without remote mode: exchange the version of the photo view.
pub(super) async fn by_view(camera: &Camera) -> Result<(), Error> {
    exchange_version(camera, DevicePropCode::VIEW_VERSION).await?;
    wait_for_count(camera, None).await
}

/// Remote-capable bodies: the remote function is started and stopped once, then the gallery of
/// the remote session is entered. Without that the camera stops answering (libfuji).
pub(super) async fn by_remote(camera: &Camera) -> Result<(), Error> {
    exchange_version(camera, DevicePropCode::REMOTE_VERSION).await?;
    let capture = camera.run(&InitiateOpenCapture, 0).await?;
    camera.refresh().await?;
    if camera.info().quirks.side_sockets
        && let Err(cause) = camera.open_sides(&[Port::Event, Port::LiveView]).await
    {
        // Some clients never open them, so the gallery may still come.
        tracing::warn!(%cause, "the event and live view ports did not open");
    }
    camera.refresh().await?;
    from_remote(camera, capture).await
}

/// From a remote function that runs to the gallery of the remote session; `capture` is what started it.
pub(super) async fn from_remote(camera: &Camera, capture: TransactionId) -> Result<(), Error> {
    camera.run(&TerminateOpenCapture(capture), 0).await?;
    camera.refresh().await?;
    write_u16(camera, DevicePropCode::CAMERA_STATE, CameraState::REMOTE.0).await?;
    camera.refresh().await?;
    let mode = FunctionMode::REMOTE_IMAGE_VIEW.0;
    match camera.info().quirks.gallery {
        GalleryOrder::VersionReadFirst => {
            let version = read_version(camera, DevicePropCode::REMOTE_VIEW_VERSION).await?;
            write_u16(camera, DevicePropCode::FUNCTION_MODE, mode).await?;
            write_version(camera, DevicePropCode::REMOTE_VIEW_VERSION, version).await?;
        }
        GalleryOrder::ModeFirst => {
            camera.refresh().await?;
            write_u16(camera, DevicePropCode::FUNCTION_MODE, mode).await?;
            camera.refresh().await?;
            exchange_version(camera, DevicePropCode::REMOTE_VIEW_VERSION).await?;
        }
    }
    wait_for_count(camera, Some(CameraState::REMOTE_IMAGE_VIEW)).await
}

/// Reads a version and writes it back: the camera accepts its own or a higher one, and what a too
/// high one does is unknown (the fact sheet's section 4.2).
pub(crate) async fn exchange_version(
    camera: &Camera,
    property: DevicePropCode,
) -> Result<(), Error> {
    let version = read_version(camera, property).await?;
    write_version(camera, property, version).await
}

async fn write_version(
    camera: &Camera,
    property: DevicePropCode,
    version: Option<u32>,
) -> Result<(), Error> {
    let Some(version) = version else { return Ok(()) };
    camera.run(&SetDevicePropValue::u32(property, version), 0).await
}

pub(super) async fn write_u16(
    camera: &Camera,
    property: DevicePropCode,
    value: u16,
) -> Result<(), Error> {
    camera.run(&SetDevicePropValue::u16(property, value), 0).await
}

/// Reads 0xD212 until the state is the wanted one and the object count is known.
pub(super) async fn wait_for_count(
    camera: &Camera,
    wanted: Option<CameraState>,
) -> Result<(), Error> {
    let start = Instant::now();
    let open = || {
        let state = camera.state();
        wanted.is_none_or(|wanted| state.camera_state() == Some(wanted))
            && state.object_count().is_some()
    };
    while !open() {
        camera.refresh().await?;
        if open() {
            break;
        }
        if start.elapsed() >= GALLERY_WAIT {
            let text = "the gallery did not open; the camera told no object count";
            return Err(Error::NotOffered(text.into()));
        }
        tokio::time::sleep(POLL_PAUSE).await;
    }
    Ok(())
}
