//! Captures with secrets in them, and what is left of those.

mod damage;
mod secrets;
mod structure;
mod wire;
