//! A simulated Fujifilm X camera: the Responder, its card, its faults.
//!
//! The simulator is the second opinion on the protocol. It shares the bytes of
//! [`filmwire_codec`] with the client and nothing else: what a body does comes from a [`Persona`],
//! a data file made from real logs, never from what the client believes about that body.
//!
//! How the parts fit:
//!
//! - [`card`] and [`media`]: what is on the memory card, from a folder or from a seed;
//! - [`persona`]: what a body is like; every doubtful point is a switch ([`Persona::set`]);
//! - [`guard`]: what a client may ask for; [`Allow`] widens it;
//! - [`light`]: how bright the scene is; settings and light together make pictures bright or dark;
//! - [`fault`]: what goes wrong, by name ([`Fault::catalogue`]);
//! - [`Simulator`]: one camera. [`Simulator::accept`] serves any stream, [`Simulator::connect`]
//!   makes one in memory; [`Simulator::connect_events`] and [`Simulator::connect_live_view`] are
//!   refused until 0x101C, as on a real body. Other methods are the hands of a test: press OK,
//!   switch the network off, change the card, read the journal, set the [`Link`];
//! - [`replay`]: a recorded session, played again ([`Simulator::replay`]);
//! - [`SimServer`]: the same camera on three TCP ports.
//!
//! All waiting is tokio's time, so a test with paused time runs minutes in milliseconds, and its
//! answers come at exact instants. One client is served at a time.
//!
//! ```
//! use filmwire_codec::init::{INIT_ACK_BYTES, InitRequest};
//! use filmwire_sim::card::{Card, GenerateSpec};
//! use filmwire_sim::{Persona, Simulator};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let card = Card::generated(&GenerateSpec { photos: 3, ..GenerateSpec::default() });
//! let camera = Simulator::new(Persona::builtin("X-T5")?, card);
//!
//! let mut stream = camera.connect()?;
//! stream.write_all(&InitRequest::new("filmwire").encode()).await?;
//! let mut ack = [0; INIT_ACK_BYTES];
//! stream.read_exact(&mut ack).await?;
//! assert_eq!(&ack[28..34], b"X\0-\0T\0");
//!
//! drop(stream);
//! camera.wait_idle().await;
//! assert_eq!(camera.journal()[1].note, "closed by peer");
//! # Ok(())
//! # }
//! ```

pub mod card;
pub mod fault;
pub mod guard;
pub mod light;
pub mod media;
pub mod persona;
pub mod replay;

mod camera;
mod journal;
mod net;
mod reply;
mod responder;
mod setting;
mod shooting;
mod simulator;

pub use camera::Stats;
pub use fault::Fault;
pub use guard::Allow;
pub use net::link::Link;
pub use net::server::{Addresses, BindError, SimOptions, SimServer};
pub use persona::Persona;
pub use simulator::Simulator;
