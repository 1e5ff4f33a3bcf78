//! Telling a camera where it is, so that its pictures say so.
//!
//! Source: the fact sheet's sections 4.11 (the mode) and 10.1 (the text), both from hkr's capture of
//! an X-T10 with the vendor's app. How often a camera wants to be told, how long it believes what it
//! was told, and whether its shutter works meanwhile is unknown. Newer bodies take their place over
//! Bluetooth instead.

use filmwire_codec::operation::SetDevicePropValue;
use filmwire_codec::value::Geolocation;
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode};

use crate::camera::{Camera, CameraInfo};
use crate::error::Error;
use crate::opening::{access, gallery, open_session, read_versions};
use crate::options::Options;
use crate::quirk::Quirks;

/// A camera that takes places from us.
///
/// 1. [`Camera::connect_geotag`] registers, waits for OK, and enters the camera's GPS mode.
/// 2. [`Geotagger::write`] tells it a place.
/// 3. [`Geotagger::leave`] leaves as [`Camera::leave`] does; so does dropping this value. What the
///    camera was told last stays with it, as long as it likes.
pub struct Geotagger {
    camera: Camera,
}

impl Geotagger {
    pub(crate) async fn open(mut camera: Camera, options: &Options) -> Result<Self, Error> {
        open_session(&camera).await?;
        if access::wait_for_access(&camera, options).await? == CameraState::PC_AUTO_SAVE {
            let text = "the camera is in PC AutoSave; choose its wireless communication";
            return Err(Error::NotOffered(text.into()));
        }
        let versions = read_versions(&camera).await?;
        if !versions.contains_key(&DevicePropCode::GPS_VERSION) {
            let text = "this body reports no version of taking places over Wi-Fi (DF31); newer bodies take them over Bluetooth";
            return Err(Error::NotOffered(text.into()));
        }
        camera.set_info(versions, Quirks::default(), Vec::new());
        access::write_mode(&camera, FunctionMode::GPS_ASSIST, options).await?;
        gallery::exchange_version(&camera, DevicePropCode::GPS_VERSION).await?;
        Ok(Self { camera })
    }

    /// What the camera said of itself.
    pub fn info(&self) -> &CameraInfo {
        self.camera.info()
    }

    /// The connection, for its statistics.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Tells the camera where it is (D500).
    ///
    /// Fails with [`Error::Forbidden`] unless [`crate::Allow::geotag`] lets it pass,
    /// [`Error::Refused`] if the camera says no, or with link trouble. Cancel-safe: what was begun
    /// is brought to its end.
    pub async fn write(&self, place: &Geolocation) -> Result<(), Error> {
        let (property, value) = (DevicePropCode::GEOLOCATION, place.value());
        self.camera.run(&SetDevicePropValue { property, value }, 0).await
    }

    /// Asks for a sign of life, which the time between two places is too long without.
    ///
    /// Fails with link trouble; a camera that refuses is there. Cancel-safe.
    pub async fn look(&self) -> Result<(), Error> {
        match self.camera.refresh().await {
            Err(error) if error.is_link_trouble() => Err(error),
            _ => Ok(()),
        }
    }

    /// Leaves as [`Camera::leave`] does.
    pub async fn leave(self) {
        self.camera.leave().await;
    }
}
