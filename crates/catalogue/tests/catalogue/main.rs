//! Tests of the catalogue through its public face, with real files in temporary folders.
#![allow(clippy::unwrap_used)]

mod bulk;
mod check;
mod delivery;
mod fixture;
mod forget;
mod library;
mod name;
mod object;
mod pair;
mod prune;
mod publish;
mod schema;
mod snapshot;
