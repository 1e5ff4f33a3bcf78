//! From the welcome to the gallery: session, access, versions, mode.
//!
//! Source: the fact sheet's sections 4.3 (all bodies) and 4.7 (the two ways to the gallery).

mod access;
mod gallery;

use filmwire_codec::operation::{GetDevicePropValue, OpenSession};
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, ResponseCode, SessionId};
use filmwire_session::Request;

use crate::camera::{Camera, Registered};
use crate::error::Error;
use crate::options::Options;
use crate::quirk::{Quirks, Versions};

/// What exists is read in this order, so that the quirks can be chosen. Source: libfuji reads
/// DF22, DF25, DF21, DF24; log:XT4 and log:XT5 read the rest too.
const VERSIONS: [DevicePropCode; 6] = [
    DevicePropCode::VIEW_VERSION,
    DevicePropCode::REMOTE_VIEW_VERSION,
    DevicePropCode::RECEIVE_VERSION,
    DevicePropCode::REMOTE_VERSION,
    DevicePropCode::EXTENDED_VIEW_VERSION,
    DevicePropCode::GPS_VERSION,
];
const SESSION: SessionId = SessionId(1);

pub(crate) async fn open_gallery(
    registered: Registered,
    options: &Options,
) -> Result<Camera, Error> {
    let mut camera = registered.0;
    open_session(&camera).await?;
    let state = access::wait_for_access(&camera, options).await?;
    let versions = read_versions(&camera).await?;
    let chosen = Quirks::choose(&versions, &camera.info().model);
    let (quirks, rules) = match &options.quirks {
        Some(given) => (given.clone(), vec!["chosen by the caller"]),
        None => chosen,
    };
    let mode = choose_mode(state, &quirks)?;
    camera.set_info(versions, quirks, rules);
    access::write_mode(&camera, mode, options).await?;
    camera.refresh().await?;
    if mode == FunctionMode::REMOTE {
        gallery::by_remote(&camera).await?;
    } else {
        gallery::by_view(&camera).await?;
    }
    Ok(camera)
}

/// Opens the session; one that is open already will do (libfuji).
async fn open_session(camera: &Camera) -> Result<(), Error> {
    let operation = OpenSession(SESSION);
    let request = Request::new(&operation, 0, camera.waits.open_session);
    let code = request.code;
    match camera.transact(request).await?.response.code {
        ResponseCode::OK | ResponseCode::SESSION_ALREADY_OPEN => Ok(()),
        response => Err(Error::Refused { operation: code, response }),
    }
}

async fn read_versions(camera: &Camera) -> Result<Versions, Error> {
    let mut versions = Versions::new();
    for property in VERSIONS {
        if let Some(version) = read_version(camera, property).await? {
            versions.insert(property, version);
        }
    }
    Ok(versions)
}

/// Reads a version. An empty payload means that the function does not exist.
async fn read_version(camera: &Camera, property: DevicePropCode) -> Result<Option<u32>, Error> {
    let data = camera.run(&GetDevicePropValue(property), 64).await?;
    Ok(data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)))
}

/// Source: libfuji's choice, the fact sheet's section 4.3.
fn choose_mode(state: CameraState, quirks: &Quirks) -> Result<FunctionMode, Error> {
    match state {
        CameraState::PICKED => Err(Error::NotOffered(
            "pictures were picked on the camera to be sent; choose the function that lets a phone view all pictures".into(),
        )),
        CameraState::PC_AUTO_SAVE => {
            Err(Error::NotOffered("the camera is in PC AutoSave; choose its wireless communication".into()))
        }
        _ if quirks.remote_before_gallery => Ok(FunctionMode::REMOTE),
        _ => Ok(FunctionMode::VIEW_ALL),
    }
}
