//! Goes from the address to the first object step by step, and says what it saw at each, and where
//! the way is broken: cause and cure.
//!
//! The steps are those of [`filmwire_camera`]; this crate only watches them. Before them come those
//! into the camera's network, by what [`filmwire_link::survey`] sees. It knows no beliefs of its own
//! about cameras, changes nothing, and prints nothing.
//!
//! ```no_run
//! # async fn example() {
//! use filmwire_camera::{Address, Departures, Options};
//! use filmwire_doctor::{Ground, Outcome, examine};
//!
//! let (address, departures) = (Address::default(), Departures::default());
//! let (ground, options) = (Ground::default(), Options::default());
//! let diagnosis = examine(&address, &ground, options, &departures, &mut |_| {}).await;
//! for report in &diagnosis.steps {
//!     println!("{}: {}", report.step, report.saw);
//!     if let Outcome::Failed { cause, cure } = &report.outcome {
//!         println!("  {cause}\n  {cure}");
//!     }
//! }
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

mod address;
mod examine;
mod judge;
mod log;
mod step;
mod watch;
mod way;

pub use examine::{examine, examine_network};
pub use step::{Diagnosis, Outcome, Step, StepReport};
pub use way::Ground;
