//! From the remote function to the gallery and back, on one connection.

use super::{Armed, Remote};
use crate::camera::Camera;
use crate::driver::Job;
use crate::error::Error;

/// A visit to the gallery. Nobody shoots meanwhile.
///
/// Dropped without [`Visit::back`], the next capture goes back first.
pub struct Visit {
    camera: Camera,
    armed: Armed,
}

impl Remote {
    /// Ends the remote function and opens the gallery, where pictures can be listed and fetched.
    ///
    /// A lock of focus is released before. Fails as [`Camera::connect`] does in its last steps;
    /// what the camera is in then is not known, and a new connection helps. Cancel-safe: the
    /// connection stays in order, but is best left.
    pub async fn visit_gallery(&self) -> Result<Visit, Error> {
        let (mut armed, mut camera) = (self.arm().await?, self.camera.clone());
        let _ = camera.jobs.send(Job::ReleaseFocus(None)).await;
        armed.leave_function(&mut camera).await?;
        Ok(Visit { camera, armed })
    }
}

impl Visit {
    /// The gallery.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Starts the remote function again. The ports beside stay open over a visit on bodies that open
    /// them once a session (libfuji); what a camera closed is opened again.
    ///
    /// Returns false if the camera takes nobody on its port of events any more: pictures can be taken
    /// all the same, but are told of late, and a new connection helps. Fails if the camera does not
    /// go back. Cancel-safe: the next capture goes back first.
    pub async fn back(mut self) -> Result<bool, Error> {
        self.armed.enter_function().await
    }
}
