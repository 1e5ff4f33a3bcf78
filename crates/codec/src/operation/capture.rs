//! Starting and ending the remote function.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::dataset::Capabilities;
use crate::error::DecodeError;
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
