//! GetThumb.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::error::DecodeError;
use crate::id::ObjectHandle;

/// A payload shorter than this is no thumbnail (the fact sheet's section 5.1).
const LEAST_BYTES: usize = 100;

/// Reads the thumbnail, a bare JPEG; `None` if the object has none.
///
/// On bodies with DF24 above 0x20006 GetObjectInfo of the same handle must come first, or the
/// camera never answers. Source: ISO 15740, GetThumb. Seen: log:XT4; log:XT5 shows the hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetThumb(pub ObjectHandle);

impl Operation for GetThumb {
    const CODE: OperationCode = OperationCode::GET_THUMB;
    type Output = Option<Vec<u8>>;

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<Option<Vec<u8>>, DecodeError> {
        Ok((data.len() >= LEAST_BYTES).then_some(data))
    }
}
