//! Moving shutter speed, aperture and exposure bias by one step.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::error::DecodeError;

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepDirection {
    /// 1: a faster shutter speed, a larger f-number, a lighter picture.
    ///
    /// That the number grows is hkr's word for it; what that means for the shutter speed is read
    /// from its search loop (the fact sheet's section 5.2), for the bias it is a guess.
    Up,
    /// 0: the other way.
    Down,
}

impl StepDirection {
    fn param(self) -> u32 {
        match self {
            Self::Up => 1,
            Self::Down => 0,
        }
    }
}

/// Makes a step operation: one parameter, no data phase.
macro_rules! step {
    ($(#[$doc:meta])* $name:ident, $code:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub StepDirection);

        impl Operation for $name {
            const CODE: OperationCode = OperationCode::$code;
            type Output = ();

            fn params(&self) -> Vec<u32> {
                vec![self.0.param()]
            }

            fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
                Ok(())
            }
        }
    };
}

step! {
    /// Moves the shutter speed by one step, in a running remote function.
    ///
    /// OK does not say that anything moved: 0xD212 does. Source: the fact sheet's sections 5.2 and
    /// 8.4. Reported: hkr, libfuji.
    StepShutterSpeed, STEP_SHUTTER_SPEED
}

step! {
    /// Moves the f-number by a third of a stop, in a running remote function.
    ///
    /// OK does not say that anything moved: an X-T100 showed no effect (mz). Source: the fact sheet's
    /// sections 5.2, 8.4 and 8.7. Reported: hkr, libfuji.
    StepFNumber, STEP_F_NUMBER
}

step! {
    /// Moves the exposure bias by a third of a stop, in a running remote function.
    ///
    /// OK does not say that anything moved: 0xD212 does. Source: the fact sheet's sections 5.2 and
    /// 8.4. Reported: hkr, libfuji.
    StepExposureBias, STEP_EXPOSURE_BIAS
}
