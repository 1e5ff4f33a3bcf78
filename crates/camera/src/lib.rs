//! Async client for Fujifilm X cameras over Wi-Fi.
//!
//! [`Camera::connect`] registers with a camera, waits for OK to be pressed, and opens its gallery;
//! the [`Camera`] then lists, reads and leaves. A task owns the connection, so that a dropped
//! future never shifts later replies, and so that every way out is polite. What differs from body
//! to body is data ([`quirk`]). [`Remote`] sees and changes what is set on the camera, takes pictures ([`Shot`]) and opens its [`LiveView`],
//! [`Receiver`] takes what the person at the camera sends instead, and [`blocking`] is the same
//! client without async. This crate must not touch files of the user and prints nothing.
//!
//! Everything runs on tokio's clock and on any stream ([`Network`]), so that tests play hours of
//! a camera's life in simulated time.
//!
//! ```no_run
//! # async fn example() -> Result<(), filmwire_camera::Error> {
//! use filmwire_camera::{Address, Camera, ObjectHandle, Options, TcpNetwork};
//!
//! let network = TcpNetwork::new(Address::default());
//! let camera = Camera::connect(network, Options::default()).await?;
//! for handle in 1..=camera.object_count() {
//!     let info = camera.object_info(ObjectHandle(handle)).await?;
//!     println!("{handle}: {}", info.name);
//! }
//! camera.leave().await;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

pub mod blocking;
mod body;
mod camera;
mod driver;
mod error;
mod guard;
mod neighbour;
mod network;
mod object;
mod offer;
mod opening;
mod options;
mod presence;
pub mod quirk;
mod receive;
mod remote;
mod state;

pub use body::{BODIES, Body, Evidence, body, class};
pub use camera::{Camera, CameraInfo, Departures, Registered};
pub use error::Error;
pub use filmwire_codec::{
    ObjectHandle, dataset::ObjectInfo, operation::GetPartialObject, value::Battery,
};
pub use guard::Allow;
pub use neighbour::hardware_address;
pub use network::{Address, BadAddress, COMMAND_PORT, Network, Port, TcpNetwork};
pub use object::is_resized;
pub use offer::{Offer, offers};
pub use options::{Notice, Notices, OkWait, Options, Waits};
pub use presence::{Presence, Sight};
pub use receive::{ReceiveMode, Receiver};
pub use remote::{
    Armed, Change, Choices, FocusLock, FocusObstacle, Frame, LiveView, Means, Mishap, NotReached,
    NotTaken, Obstacle, Picture, Reached, Reading, Remote, SETTINGS, Setting, Shot, Tally, Visit,
};
pub use state::{StateView, Stats};
