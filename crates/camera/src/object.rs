//! Objects on the card: what they are, their thumbnails, their bytes.

use filmwire_codec::dataset::{CurrentState, ObjectInfo};
use filmwire_codec::operation::{
    GetCurrentState, GetDevicePropValue, GetObjectInfo, GetPartialObject, GetThumb,
    SetDevicePropValue,
};
use filmwire_codec::{DevicePropCode, ObjectFormatCode, ObjectHandle};
use filmwire_session::Request;

use crate::camera::Camera;
use crate::driver::MOST_STATE_BYTES;
use crate::error::Error;
use crate::quirk::RealSize;

/// Value of D226 for originals on the newer way. Reported: libfuji, third party.
const ORIGINAL: u16 = 2;
/// Long side of a copy resized by the camera: 1776 x 1184 for 3:2, seen on X-T10 and X-A2.
const RESIZED_LONG_SIDE: u32 = 1776;

/// Longest ObjectInfo that makes sense: four strings of 511 bytes, and room.
const MOST_INFO_BYTES: usize = 4096;
/// Longest thumbnail that makes sense; the largest seen has 42,562 bytes (log:XT4).
const MOST_THUMB_BYTES: usize = 4 << 20;
/// Longest property value that makes sense.
const MOST_VALUE_BYTES: usize = 1 << 20;

/// True if what the camera hands over is a copy it has resized, by its size in pixels.
///
/// Nothing on the wire says it outright. A long side of 1776 is what D226 and receiving give on an
/// X-T10 and an X-A2; no X body has a picture size of that length, but bodies we know nothing of
/// may resize to another one. Grade C.
pub fn is_resized(info: &ObjectInfo) -> bool {
    info.format == ObjectFormatCode::EXIF_JPEG && info.width.max(info.height) == RESIZED_LONG_SIDE
}

impl Camera {
    /// Number of objects the mode lists, as last told; handles are 1 to this number.
    ///
    /// JPEG and MOV only: RAF, a second slot and bytes past 4 GiB are out of reach in phone modes.
    pub fn object_count(&self) -> u32 {
        self.state().object_count().unwrap_or(0)
    }

    /// Reads 0xD212 and returns what changed. Cancel-safe.
    pub async fn refresh(&self) -> Result<CurrentState, Error> {
        self.run(&GetCurrentState, MOST_STATE_BYTES).await
    }

    /// Reads what the camera tells of an object. Its size is a placeholder unless
    /// [`Camera::set_real_sizes`] was called.
    ///
    /// Fails with [`Error::Refused`] and InvalidObjectHandle if there is none. Cancel-safe.
    pub async fn object_info(&self, object: ObjectHandle) -> Result<ObjectInfo, Error> {
        self.run(&GetObjectInfo(object), MOST_INFO_BYTES).await
    }

    /// Makes the camera tell true sizes (D227 = 1, on the newer way D226 = 2), or placeholders
    /// again.
    ///
    /// Thumbnails are slow while it is on (libfuji). Cancel-safe.
    pub async fn set_real_sizes(&self, on: bool) -> Result<(), Error> {
        let (property, value) = match self.info().quirks.real_size {
            RealSize::ByOriginal => (DevicePropCode::RESIZE, if on { ORIGINAL } else { 0 }),
            _ => (DevicePropCode::REAL_FILE_SIZE, u16::from(on)),
        };
        self.write(&SetDevicePropValue::u16(property, value), self.waits.real_size).await
    }

    /// Makes the camera resize what is fetched (D226 = 1; 1776 x 1184 for 3:2), or not.
    ///
    /// ObjectInfo then tells the resized size. Cancel-safe.
    pub async fn set_reduced(&self, on: bool) -> Result<(), Error> {
        let operation = SetDevicePropValue::u16(DevicePropCode::RESIZE, u16::from(on));
        self.write(&operation, self.waits.real_size).await
    }

    async fn write(
        &self,
        operation: &SetDevicePropValue,
        wait: std::time::Duration,
    ) -> Result<(), Error> {
        let request = Request::new(operation, 0, wait);
        let code = request.code;
        match self.transact(request).await?.response.code {
            filmwire_codec::ResponseCode::OK => Ok(()),
            response => Err(Error::Refused { operation: code, response }),
        }
    }

    /// Reads the thumbnail, a bare JPEG; `None` if there is none. Asks for the ObjectInfo first,
    /// since newer bodies never answer otherwise (log:XT5).
    ///
    /// Fails with [`Error::Refused`] if the camera does not know the object. Cancel-safe.
    pub async fn thumb(&self, object: ObjectHandle) -> Result<Option<Vec<u8>>, Error> {
        self.object_info(object).await?;
        self.run(&GetThumb(object), MOST_THUMB_BYTES).await
    }

    /// Reads part of an object. The result is empty only if the camera sent no bytes.
    ///
    /// A piece shorter than asked for means end of file. Fails with [`Error::Refused`] if the
    /// camera does not know the object. Cancel-safe: after a drop the transaction runs to its end,
    /// and its data is thrown away.
    pub async fn read_part(&self, wanted: GetPartialObject) -> Result<Vec<u8>, Error> {
        self.run(&wanted, wanted.max_bytes as usize).await
    }

    /// Reads a whole object of known size into memory, piece by piece; for small ones.
    ///
    /// Fails with [`Error::Short`] if the camera sends fewer bytes than it announced. Not
    /// cancel-safe: what was read is lost, but the connection stays in order.
    pub async fn read_object(
        &self,
        object: ObjectHandle,
        size_bytes: u32,
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(left) = size_bytes.checked_sub(bytes.len() as u32).filter(|&left| left > 0) {
            let (offset, max_bytes) = (bytes.len() as u32, left.min(GetPartialObject::PIECE_BYTES));
            let piece = self.read_part(GetPartialObject { object, offset, max_bytes }).await?;
            if piece.is_empty() {
                let (sent, announced) = (u64::from(offset), u64::from(size_bytes));
                return Err(Error::Short { object: object.0, sent, announced });
            }
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    /// Reads a property as bytes; empty if the camera does not know it. Cancel-safe.
    pub async fn property(&self, property: DevicePropCode) -> Result<Vec<u8>, Error> {
        self.run(&GetDevicePropValue(property), MOST_VALUE_BYTES).await
    }
}
