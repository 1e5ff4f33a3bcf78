//! The program as its users meet it: simulated cameras, folders as NAS, signals.

#[path = "../../../cli/tests/cli/schema.rs"]
mod schema;

mod air;
mod deliver;
mod demo;
mod program;
mod prune;
mod reduced;
mod run;
mod secrets;
mod settings;
mod site;
