//! What filmwire's programs have in common, so that they speak with one voice.
//!
//! - [`exit`]: exit codes, and which error means which; [`failure`] says what went wrong;
//! - [`output`]: data on standard output, everything else on standard error, JSON lines;
//! - [`interrupt`]: the first Ctrl-C asks politely, the second ends the program;
//! - [`notice`]: what a person at the camera is to do;
//! - [`places`] and [`mod@file`]: where configuration is looked for, and how its mistakes are named;
//! - [`pages`]: completions and manual pages; [`clock`], [`logging`];
//! - [`simulated`]: a simulated camera beside the program's own work.
//!
//! It is made for `filmwire` and `filmwire-station` and changes with them. Delivery and its crates
//! stay out: the tool does without.

pub mod clock;
pub mod exit;
pub mod failure;
pub mod file;
pub mod interrupt;
pub mod logging;
pub mod notice;
pub mod output;
pub mod pages;
pub mod places;
pub mod simulated;
