//! GetObjectInfo.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::dataset::ObjectInfo;
use crate::error::DecodeError;
use crate::id::ObjectHandle;

/// Reads what the camera tells of an object.
///
/// Source: ISO 15740, GetObjectInfo. Seen: log:XT4, X-T10. A handle without an object is answered
/// with InvalidObjectHandle and an empty data phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetObjectInfo(pub ObjectHandle);

impl Operation for GetObjectInfo {
    const CODE: OperationCode = OperationCode::GET_OBJECT_INFO;
    type Output = ObjectInfo;

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<ObjectInfo, DecodeError> {
        ObjectInfo::decode(&data)
    }
}
