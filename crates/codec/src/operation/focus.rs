//! Locking focus at a point, and releasing it.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::error::DecodeError;
use crate::value::FocusPoint;

/// Moves the focus point and locks focus there, as a half press does; in a running remote function.
///
/// In AF-S only; a lock must be released before the next one takes effect. OK does not say that focus
/// was found: D209 in 0xD212 is 1 when it is locked. Source: the fact sheet's section 8.3. Reported:
/// hkr, ptp-ip.
#[doc(alias = "SetFocusPoint")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockS1Lock(pub FocusPoint);

impl Operation for LockS1Lock {
    const CODE: OperationCode = OperationCode::LOCK_S1_LOCK;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Releases the lock of focus, in a running remote function.
///
/// Source: the fact sheet's section 8.3. Reported: hkr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlockS1Lock;

impl Operation for UnlockS1Lock {
    const CODE: OperationCode = OperationCode::UNLOCK_S1_LOCK;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        Vec::new()
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}
