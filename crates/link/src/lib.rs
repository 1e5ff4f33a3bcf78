//! A network path to a Fujifilm X camera.
//!
//! Cameras make a network of their own. This crate sees it, joins it with a radio through
//! NetworkManager over D-Bus, keeps its routes away from all others, and restores what was there.
//! [`survey`] only looks. It speaks no PTP.
//!
//! ```no_run
//! use filmwire_link::{Choice, Manager};
//!
//! # async fn example() -> Result<(), filmwire_link::Error> {
//! let manager = Manager::system().await?;
//! let choice = Choice::default();
//! for sight in manager.look(&choice).await? {
//!     if sight.network.ssid.is_camera() {
//!         let joined = manager.join(&sight, None, &choice).await?;
//!         println!("192.168.0.1 is reached by {}", joined.interface());
//!         joined.leave().await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

#[cfg(test)]
mod behaviour;
mod error;
mod join;
mod manager;
#[cfg(test)]
mod mock;
mod network;
mod profile;
mod proxy;
mod radio;
mod reach;
#[cfg(test)]
mod real;
#[cfg(any(test, feature = "stand-in"))]
pub mod stand_in;
pub mod survey;

pub use error::Error;
pub use join::Joined;
pub use manager::{Manager, Sight};
pub use network::{Network, Passphrase, Security, Ssid};
pub use radio::{Choice, Radio, RadioState, Use};
pub use reach::{Lookout, Reach, Way};
