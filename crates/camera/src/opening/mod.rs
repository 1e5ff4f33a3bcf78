//! From the welcome to the gallery or the remote function: session, access, versions, mode.
//!
//! Source: the fact sheet's sections 4.3 (all bodies), 4.7 (the two ways to the gallery) and 4.12
//! (the remote function).

pub(crate) mod access;
pub(crate) mod gallery;
mod newer;
pub(crate) mod remote;

use filmwire_codec::operation::{GetDevicePropValue, OpenSession};
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, ResponseCode, SessionId};
use filmwire_session::Request;

use crate::camera::{Camera, Registered};
use crate::error::Error;
use crate::offer;
use crate::options::Options;
use crate::quirk::{Quirks, Told, Versions, Way};
use crate::remote::Remote;

const SESSION: SessionId = SessionId(1);

pub(crate) async fn open_gallery(
    registered: Registered,
    options: &Options,
) -> Result<Camera, Error> {
    let (mut camera, way) = begin(registered, options).await?;
    access::write_mode(&camera, mode_of(way), options).await?;
    camera.refresh().await?;
    match way {
        Way::View => gallery::by_view(&camera).await?,
        Way::Remote => gallery::by_remote(&camera).await?,
        Way::Newer => newer::by_newer(&mut camera).await?,
    }
    Ok(camera)
}

pub(crate) async fn open_remote(
    registered: Registered,
    options: &Options,
) -> Result<Remote, Error> {
    let (mut camera, way) = begin(registered, options).await?;
    match way {
        Way::View => {
            let text = "this body reports no version of remote shooting; what is set on it can be neither seen nor changed from here";
            Err(Error::NotOffered(text.into()))
        }
        Way::Remote => remote::classic(&camera, options).await,
        Way::Newer => remote::newer(&mut camera, options).await,
    }
}

/// Session, access, and the way that the camera's own words choose.
async fn begin(registered: Registered, options: &Options) -> Result<(Camera, Way), Error> {
    let mut camera = registered.0;
    open_session(&camera).await?;
    let state = access::wait_for_access(&camera, options).await?;
    let versions = read_versions(&camera).await?;
    let told = Told { state, versions: &versions, model: &camera.info().model, way: options.way };
    let (quirks, rules) = match &options.quirks {
        Some(given) => (given.clone(), vec!["chosen by the caller"]),
        None => Quirks::choose(&told),
    };
    let way = choose_way(state, &quirks)?;
    camera.set_info(versions, quirks, rules);
    Ok((camera, way))
}

/// Opens the session; one that is open already will do (libfuji).
pub(crate) async fn open_session(camera: &Camera) -> Result<(), Error> {
    let operation = OpenSession(SESSION);
    let request = Request::new(&operation, 0, camera.waits.open_session);
    let code = request.code;
    match camera.transact(request).await?.response.code {
        ResponseCode::OK | ResponseCode::SESSION_ALREADY_OPEN => Ok(()),
        response => Err(Error::Refused { operation: code, response }),
    }
}

pub(crate) async fn read_versions(camera: &Camera) -> Result<Versions, Error> {
    let mut versions = Versions::new();
    for property in offer::asked() {
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

/// The states in which there is no gallery. Source: the fact sheet's section 4.1.
fn choose_way(state: CameraState, quirks: &Quirks) -> Result<Way, Error> {
    match state {
        CameraState::PICKED => Err(Error::NotOffered(
            "pictures were picked on the camera to be sent: `filmwire receive` takes them; to see all pictures choose the camera's function for viewing".into(),
        )),
        CameraState::PC_AUTO_SAVE => {
            Err(Error::NotOffered("the camera is in PC AutoSave; choose its wireless communication".into()))
        }
        _ => Ok(quirks.way),
    }
}

/// Source: libfuji's choice, the fact sheet's section 4.3.
fn mode_of(way: Way) -> FunctionMode {
    match way {
        Way::View => FunctionMode::VIEW_ALL,
        Way::Remote => FunctionMode::REMOTE,
        Way::Newer => FunctionMode::NEW_APP_VIEW,
    }
}
