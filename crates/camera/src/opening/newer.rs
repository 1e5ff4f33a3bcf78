//! The way of the vendor's newer app. Source: the fact sheet's section 4.8, libfuji's working code.
//!
//! What the operations 0x9050 to 0x9055 answer is unknown. They are asked as libfuji does, in case
//! the camera needs to be asked, and nothing depends on their answers.

use filmwire_codec::operation::GetDevicePropValue;
use filmwire_codec::{DevicePropCode, ObjectHandle, OperationCode};
use filmwire_session::Request;

use super::gallery::{exchange_version, wait_for_count, write_u16};
use crate::camera::Camera;
use crate::error::Error;

/// Most bytes kept of an answer nobody can read.
const MOST_UNKNOWN_BYTES: usize = 1 << 20;
/// Handle that libfuji asks the newest object by.
const LATEST: u32 = 0x1000_0001;

pub(super) async fn by_newer(camera: &mut Camera) -> Result<(), Error> {
    exchange_version(camera, DevicePropCode::EXTENDED_VIEW_VERSION).await?;
    write_u16(camera, DevicePropCode::RESIZE, 0).await?;
    write_u16(camera, DevicePropCode::REAL_FILE_SIZE, 0).await?;
    ask_the_unknown(camera).await?;
    camera.refresh().await?;
    wait_for_count(camera, None).await?;
    if camera.info().quirks.order_by_dates {
        look_up_order(camera).await?;
    }
    Ok(())
}

/// libfuji's preliminaries, in its order. After a first silence the operations without a known
/// payload are left out: each would cost a wait.
async fn ask_the_unknown(camera: &Camera) -> Result<(), Error> {
    let mut answers = true;
    for (code, params) in [
        (OperationCode::GET_EXTENSION_OBJECT_INFO, &[LATEST][..]),
        (OperationCode::GET_EXTENSION_THUMB, &[LATEST]),
        (OperationCode::GET_IMAGE_IMPORT_FOLDERS, &[]),
    ] {
        answers = answers && ask(camera, code, params).await?;
    }
    read(camera, DevicePropCode::UNKNOWN_D22B).await?;
    if answers {
        ask(camera, OperationCode::GET_IMAGE_IMPORT_DATES, &[0, 30_000]).await?;
    }
    if let Some(count) = read(camera, DevicePropCode::IMPORT_OBJECT_COUNT).await? {
        camera.shared.learn(DevicePropCode::IMPORT_OBJECT_COUNT, count);
    }
    read(camera, DevicePropCode::IMPORT_OBJECT_HANDLES).await?;
    Ok(())
}

/// Asks and takes any answer; false if there was none.
async fn ask(camera: &Camera, code: OperationCode, params: &[u32]) -> Result<bool, Error> {
    let (params, silence) = (params.to_vec(), camera.waits.unknown);
    let request = Request { code, params, payload: None, most_bytes: MOST_UNKNOWN_BYTES, silence };
    match camera.transact(request).await {
        Ok(_) => Ok(true),
        Err(Error::Silent { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The first word of a property that may be missing or refused.
async fn read(camera: &Camera, property: DevicePropCode) -> Result<Option<u32>, Error> {
    match camera.run(&GetDevicePropValue(property), MOST_UNKNOWN_BYTES).await {
        Ok(data) => Ok(data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))),
        Err(Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Handles count from the oldest object here, says one project. The dates of both ends say it
/// better; where they do not differ or are not told, the rule stands.
async fn look_up_order(camera: &mut Camera) -> Result<(), Error> {
    let count = camera.object_count();
    if count < 2 {
        return Ok(());
    }
    let first = date(camera, 1).await?;
    let last = date(camera, count).await?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    if first != last {
        camera.set_oldest_first(first < last);
    }
    Ok(())
}

async fn date(camera: &Camera, handle: u32) -> Result<Option<String>, Error> {
    match camera.object_info(ObjectHandle(handle)).await {
        Ok(info) => Ok(Some(info.capture_date.to_text()).filter(|date| !date.is_empty())),
        Err(Error::Refused { .. } | Error::Unreadable { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
