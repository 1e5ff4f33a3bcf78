//! Starting and ending the remote function, and taking pictures in it.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::dataset::Capabilities;
use crate::error::{DecodeError, Problem};
use crate::id::TransactionId;

/// Starts the remote function; the camera then listens on 55741 and 55742.
///
/// Source: the fact sheet's sections 1.3 and 4.7. Seen: log:XT4, log:XT5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitiateOpenCapture;

impl Operation for InitiateOpenCapture {
    const CODE: OperationCode = OperationCode::INITIATE_OPEN_CAPTURE;
    /// The id that [`TerminateOpenCapture`] wants.
    type Output = TransactionId;

    fn params(&self) -> Vec<u32> {
        vec![0, 0]
    }

    fn decode(&self, _: Vec<u8>, response: &Response) -> Result<TransactionId, DecodeError> {
        Ok(response.transaction)
    }
}

/// Ends the remote function started in the given transaction; the sockets stay open.
///
/// Source: the fact sheet's section 4.7. Seen: log:XT4, log:XT5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminateOpenCapture(pub TransactionId);

impl Operation for TerminateOpenCapture {
    const CODE: OperationCode = OperationCode::TERMINATE_OPEN_CAPTURE;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Reads the capability list, and makes the camera initialise its descriptors.
///
/// Source: the fact sheet's section 6.2. Seen: X-T1, log:XT4, log:XT5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCapabilities;

impl Operation for GetCapabilities {
    const CODE: OperationCode = OperationCode::GET_CAPABILITIES;
    type Output = Capabilities;

    fn params(&self) -> Vec<u32> {
        Vec::new()
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<Capabilities, DecodeError> {
        Capabilities::decode(&data)
    }
}

/// Releases the shutter, in a running remote function.
///
/// OK comes before the picture is taken; two events tell of it, and [`GetCapturePreview`] must follow.
/// Source: the fact sheet's section 8.2. Reported: hkr, ptp-ip, gp2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitiateCapture;

impl Operation for InitiateCapture {
    const CODE: OperationCode = OperationCode::INITIATE_CAPTURE;
    type Output = TransactionId;

    fn params(&self) -> Vec<u32> {
        vec![0, 0]
    }

    /// The id that the events of this capture bear.
    fn decode(&self, _: Vec<u8>, response: &Response) -> Result<TransactionId, DecodeError> {
        Ok(response.transaction)
    }
}

/// Reads the preview of the last picture; `None` if the camera has none to give.
///
/// Mandatory after a capture: without it later ones are accepted and nothing happens. The data phase
/// is a JPEG from its first byte on. Source: the fact sheet's section 8.2. Reported: hkr, ptp-ip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCapturePreview;

impl Operation for GetCapturePreview {
    const CODE: OperationCode = OperationCode::GET_CAPTURE_PREVIEW;
    type Output = Option<Vec<u8>>;

    fn params(&self) -> Vec<u32> {
        Vec::new()
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<Option<Vec<u8>>, DecodeError> {
        if data.is_empty() {
            return Ok(None);
        }
        match data.first_chunk() {
            Some([0xFF, 0xD8]) => Ok(Some(data)),
            start => {
                let found = u64::from(u16::from_be_bytes(start.copied().unwrap_or_default()));
                let problem = Problem::Value { found, expected: "0xFFD8 (JPEG)" };
                Err(DecodeError { field: "preview", offset: 0, problem })
            }
        }
    }
}
