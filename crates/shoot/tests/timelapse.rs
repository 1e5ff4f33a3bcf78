//! Timelapses of a simulated camera, in simulated time: single runs, and a model of many from
//! `FILMWIRE_SEED`.

#[path = "../../camera/tests/support/mod.rs"]
mod network;

#[path = "timelapse/keep.rs"]
mod keep;
#[path = "timelapse/light.rs"]
mod light;
#[path = "timelapse/model.rs"]
mod model;
#[path = "timelapse/pause.rs"]
mod pause;
#[path = "timelapse/run.rs"]
mod run;
#[path = "timelapse/world.rs"]
mod world;
