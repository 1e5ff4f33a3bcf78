//! Timelapses of a simulated camera, in simulated time.

#[path = "../../../camera/tests/support/mod.rs"]
mod network;

mod model;
mod run;
mod world;
