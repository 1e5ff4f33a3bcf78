//! Starting and stopping a movie (fact sheet 8.5). What a body sends on the event port then is
//! unknown (12.1.7): nothing here.

use filmwire_codec::ResponseCode;
use tokio::time::Instant;

use super::Responder;
use crate::camera::Camera;
use crate::reply::{Answer, Command, Reply};

impl Responder {
    /// 0x9020. Refused with 0x2019 where no movie may be started; the code is a guess.
    pub(super) fn start_movie(
        &self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
    ) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        match camera.start_movie(now, command.transaction) {
            true => Answer::ok().into(),
            false => Answer::new(ResponseCode::DEVICE_BUSY).into(),
        }
    }

    /// 0x9021: the parameter is the id of the 0x9020. Guess: another id and a movie that is over are
    /// refused as 0x1018 refuses them.
    pub(super) fn stop_movie(&self, camera: &mut Camera, now: Instant, command: &Command) -> Reply {
        let Some(movie) = camera.shooting.movie else {
            return Answer::new(ResponseCode::CAPTURE_ALREADY_TERMINATED).into();
        };
        if command.param(0) != movie.transaction {
            return Answer::new(ResponseCode::INVALID_TRANSACTION_ID).into();
        }
        camera.stop_movie(now);
        Answer::ok().into()
    }
}
