//! Captures of made-up sessions, whole and damaged: what is shown is true, whatever is lost.

mod air;
mod damage;
mod hostile;
mod hung_up;
mod parts;
mod reader;
mod rules;
mod session;
mod wrapping;
mod writer;
