//! What every verb works with.

use std::path::PathBuf;

use anyhow::Result;
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::Output;
use filmwire_program::places::Places;

use crate::config::Config;

/// What every verb works with.
pub(crate) struct Context {
    /// Where to say things.
    pub(crate) out: Output,
    /// The configuration file that was named.
    pub(crate) config: Option<PathBuf>,
    /// Asks to stop, and tells if asked.
    pub(crate) interrupt: Interrupt,
    /// The environment.
    pub(crate) places: Places,
}

impl Context {
    /// Finds and reads the configuration.
    pub(crate) fn load(&self) -> Result<Config> {
        Ok(Config::load(self.config.as_deref(), &self.places)?)
    }
}
