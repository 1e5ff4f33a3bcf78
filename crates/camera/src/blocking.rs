//! The same client for programs without async: each call waits until it is done.
//!
//! ```no_run
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use filmwire_camera::{Options, blocking};
//!
//! let camera = blocking::Camera::connect("192.168.0.1".parse()?, Options::default())?;
//! for object in camera.objects() {
//!     println!("{}", camera.object_info(object)?.name);
//! }
//! camera.leave();
//! # Ok(())
//! # }
//! ```

use std::io;

use filmwire_codec::ObjectHandle;
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::operation::GetPartialObject;
use filmwire_codec::value::FocusPoint;
use tokio::runtime::{Builder, Runtime};

use crate::camera::CameraInfo;
use crate::error::Error;
use crate::network::{Address, Network, TcpNetwork};
use crate::options::Options;
use crate::remote::{FocusLock, Reached, Reading, Setting, Shot};
use crate::state::StateView;
use crate::{Departures, camera, receive, remote};

/// Connects on a runtime of its own, with one worker, so that the connection is kept alive between two calls.
/// What failed half-way is left politely before the error is told.
fn connect<T>(
    connecting: impl AsyncFnOnce(&Departures) -> Result<T, Error>,
) -> Result<(T, Runtime), Error> {
    let cannot = |cause: io::Error| Error::Lost(format!("no runtime: {cause}"));
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().map_err(cannot)?;
    let departures = Departures::default();
    match runtime.block_on(connecting(&departures)) {
        Ok(connected) => Ok((connected, runtime)),
        Err(error) => {
            runtime.block_on(departures.wait());
            Err(error)
        }
    }
}

/// A camera in its gallery; see [`crate::Camera`]. Dropped it is left politely, in bounded time.
///
/// Must not be used from async code, where a call would block others: tokio then panics.
pub struct Camera {
    camera: camera::Camera,
    runtime: Runtime,
}

impl Camera {
    /// As [`crate::Camera::connect`], over TCP.
    pub fn connect(address: Address, options: Options) -> Result<Self, Error> {
        Self::connect_by(TcpNetwork::new(address), options)
    }

    /// As [`crate::Camera::connect`], over any network.
    pub fn connect_by<N: Network>(network: N, options: Options) -> Result<Self, Error> {
        let (camera, runtime) = connect(async |departures| {
            camera::Camera::connect_watched(network, options, departures).await
        })?;
        Ok(Self { camera, runtime })
    }

    /// As [`crate::Camera::info`].
    pub fn info(&self) -> &CameraInfo {
        self.camera.info()
    }

    /// As [`crate::Camera::state`].
    pub fn state(&self) -> StateView {
        self.camera.state()
    }

    /// Handles of all objects, in the camera's order.
    pub fn objects(&self) -> impl Iterator<Item = ObjectHandle> + use<> {
        (1..=self.camera.object_count()).map(ObjectHandle)
    }

    /// As [`crate::Camera::object_info`].
    pub fn object_info(&self, object: ObjectHandle) -> Result<ObjectInfo, Error> {
        self.runtime.block_on(self.camera.object_info(object))
    }

    /// As [`crate::Camera::set_real_sizes`].
    pub fn set_real_sizes(&self, on: bool) -> Result<(), Error> {
        self.runtime.block_on(self.camera.set_real_sizes(on))
    }

    /// As [`crate::Camera::thumb`].
    pub fn thumb(&self, object: ObjectHandle) -> Result<Option<Vec<u8>>, Error> {
        self.runtime.block_on(self.camera.thumb(object))
    }

    /// As [`crate::Camera::read_part`].
    pub fn read_part(&self, wanted: GetPartialObject) -> Result<Vec<u8>, Error> {
        self.runtime.block_on(self.camera.read_part(wanted))
    }

    /// As [`crate::Camera::read_object`].
    pub fn read_object(&self, object: ObjectHandle, size_bytes: u32) -> Result<Vec<u8>, Error> {
        self.runtime.block_on(self.camera.read_object(object, size_bytes))
    }

    /// As [`crate::Camera::leave`].
    pub fn leave(self) {
        drop(self);
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.runtime.block_on(self.camera.clone().leave());
    }
}

/// A camera that sends what its person picked; see [`crate::Receiver`]. Dropped it is left politely.
///
/// Must not be used from async code, where a call would block others: tokio then panics.
pub struct Receiver {
    /// `None` only while it is dropped.
    receiver: Option<receive::Receiver>,
    runtime: Runtime,
}

impl Receiver {
    /// As [`crate::Camera::connect_receive`], over TCP.
    pub fn connect(address: Address, options: Options) -> Result<Self, Error> {
        Self::connect_by(TcpNetwork::new(address), options)
    }

    /// As [`crate::Camera::connect_receive`], over any network.
    pub fn connect_by<N: Network>(network: N, options: Options) -> Result<Self, Error> {
        let (receiver, runtime) = connect(async |departures| {
            camera::Camera::connect_receive(network, options, departures).await
        })?;
        Ok(Self { receiver: Some(receiver), runtime })
    }

    /// As [`crate::Receiver::next`].
    #[expect(
        clippy::should_implement_trait,
        reason = "it may fail, and the async one is so called"
    )]
    pub fn next(&mut self) -> Result<Option<ObjectInfo>, Error> {
        let receiver = self.receiver.as_mut().ok_or(Error::Left)?;
        self.runtime.block_on(receiver.next())
    }

    /// As [`crate::Receiver::read_part`].
    pub fn read_part(&mut self, offset: u32, max_bytes: u32) -> Result<Vec<u8>, Error> {
        let receiver = self.receiver.as_mut().ok_or(Error::Left)?;
        self.runtime.block_on(receiver.read_part(offset, max_bytes))
    }

    /// As [`crate::Receiver::read`].
    pub fn read(&mut self) -> Result<Vec<u8>, Error> {
        let receiver = self.receiver.as_mut().ok_or(Error::Left)?;
        self.runtime.block_on(receiver.read())
    }

    /// As [`crate::Receiver::leave`].
    pub fn leave(self) {
        drop(self);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(receiver) = self.receiver.take() {
            self.runtime.block_on(receiver.leave());
        }
    }
}

/// A camera in its remote function; see [`crate::Remote`]. Dropped it is left politely, in bounded
/// time.
///
/// Must not be used from async code, where a call would block others: tokio then panics.
pub struct Remote {
    remote: remote::Remote,
    focus: Option<FocusLock>,
    runtime: Runtime,
}

impl Remote {
    /// As [`crate::Camera::connect_remote`], over TCP.
    pub fn connect(address: Address, options: Options) -> Result<Self, Error> {
        Self::connect_by(TcpNetwork::new(address), options)
    }

    /// As [`crate::Camera::connect_remote`], over any network.
    pub fn connect_by<N: Network>(network: N, options: Options) -> Result<Self, Error> {
        let (remote, runtime) = connect(async |departures| {
            camera::Camera::connect_remote(network, options, departures).await
        })?;
        Ok(Self { remote, focus: None, runtime })
    }

    /// As [`crate::Remote::info`].
    pub fn info(&self) -> &CameraInfo {
        self.remote.info()
    }

    /// As [`crate::Remote::settings`].
    pub fn settings(&self) -> Result<Vec<Reading>, Error> {
        self.runtime.block_on(self.remote.settings())
    }

    /// As [`crate::Remote::set`].
    pub fn set(&self, setting: &'static Setting, wanted: u32) -> Result<Reached, Error> {
        self.runtime.block_on(self.remote.set(setting, wanted))
    }

    /// As [`crate::Remote::capture`].
    pub fn capture(&self) -> Result<Shot, Error> {
        self.runtime.block_on(self.remote.capture())
    }

    /// As [`crate::Remote::lock_focus`]; the lock is held until it is released or the camera left.
    pub fn lock_focus(&mut self, point: FocusPoint) -> Result<(), Error> {
        self.focus = None;
        self.focus = Some(self.runtime.block_on(self.remote.lock_focus(point))?);
        Ok(())
    }

    /// Releases the focus if it is locked. Fails as [`FocusLock::release`].
    pub fn unlock_focus(&mut self) -> Result<(), Error> {
        self.focus.take().map_or(Ok(()), |lock| self.runtime.block_on(lock.release()))
    }

    /// As [`crate::Remote::leave`].
    pub fn leave(self) {
        drop(self);
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.runtime.block_on(self.remote.clone().leave());
    }
}
