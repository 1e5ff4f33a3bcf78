//! Starting and ending a movie.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::error::DecodeError;
use crate::id::TransactionId;

/// Starts recording a movie, in a running remote function.
///
/// OK comes without data. D019 tells whether a movie may be started; what comes on 55741 then is
/// unknown. Source: the fact sheet's section 8.5. Reported: hkr, libfuji.
#[doc(alias = "start_record")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitiateMovieCapture;

impl Operation for InitiateMovieCapture {
    const CODE: OperationCode = OperationCode::INITIATE_MOVIE_CAPTURE;
    /// The id that [`TerminateMovieCapture`] wants.
    type Output = TransactionId;

    fn params(&self) -> Vec<u32> {
        vec![0, 0]
    }

    fn decode(&self, _: Vec<u8>, response: &Response) -> Result<TransactionId, DecodeError> {
        Ok(response.transaction)
    }
}

/// Ends the movie started in the given transaction.
///
/// Source: the fact sheet's section 8.5. Reported: hkr, libfuji.
#[doc(alias = "stop_record")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminateMovieCapture(pub TransactionId);

impl Operation for TerminateMovieCapture {
    const CODE: OperationCode = OperationCode::TERMINATE_MOVIE_CAPTURE;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}
