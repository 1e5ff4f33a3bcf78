//! The waits for OK that happen inside the session.

use std::time::Duration;

use tokio::time::Instant;

use filmwire_codec::operation::SetDevicePropValue;
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, ResponseCode};
use filmwire_session::Request;

use crate::camera::Camera;
use crate::error::Error;
use crate::options::{Notice, OkWait, Options};

/// Between two reads of 0xD212 while the camera waits for its person. Reported: libfuji.
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// Reads 0xD212 until DF00 is told and not 0, and returns it.
pub(crate) async fn wait_for_access(
    camera: &Camera,
    options: &Options,
) -> Result<CameraState, Error> {
    let start = Instant::now();
    let mut asked = false;
    loop {
        camera.refresh().await?;
        match camera.state().camera_state() {
            Some(state) if state != CameraState::WAIT => {
                if asked {
                    options.notices.tell(Notice::Accepted);
                }
                return Ok(state);
            }
            told => {
                let waited = start.elapsed();
                if waited >= options.waits.ok {
                    return Err(Error::NotAccepted { waited });
                }
                // The list may be late; only a told 0 means that a person is asked.
                if told.is_some() && !asked {
                    options.notices.tell(Notice::PressOk(OkWait::StateWait));
                    asked = true;
                }
            }
        }
        tokio::time::sleep(POLL_PAUSE).await;
    }
}

/// Writes DF01; newer bodies hold the reply back until their person pressed OK.
pub(crate) async fn write_mode(
    camera: &Camera,
    mode: FunctionMode,
    options: &Options,
) -> Result<(), Error> {
    let operation = SetDevicePropValue::u16(DevicePropCode::FUNCTION_MODE, mode.0);
    let request = Request::new(&operation, 0, options.waits.ok);
    let code = request.code;
    let writing = camera.transact(request);
    tokio::pin!(writing);
    let mut asked = false;
    let reply = tokio::select! {
        biased;
        reply = &mut writing => reply,
        () = tokio::time::sleep(options.waits.ok_hint) => {
            options.notices.tell(Notice::PressOk(OkWait::ReplyHeld));
            asked = true;
            writing.await
        }
    };
    match reply {
        Ok(reply) if reply.response.code == ResponseCode::OK => {
            if asked {
                options.notices.tell(Notice::Accepted);
            }
            Ok(())
        }
        Ok(reply) => Err(Error::Refused { operation: code, response: reply.response.code }),
        Err(Error::Silent { waited, .. }) => Err(Error::NotAccepted { waited }),
        Err(error) => Err(error),
    }
}
