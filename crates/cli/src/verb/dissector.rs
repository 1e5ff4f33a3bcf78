//! `dissector`: for Wireshark and tshark.

use std::io::Write as _;

use anyhow::Result;
use clap::Args;
use filmwire_program::exit::Exit;
use filmwire_program::output::stdout_trouble;

/// Print a dissector for Wireshark and tshark, in Lua
///
/// Made of filmwire's own tables: names of operations, properties, responses and events, values in
/// words, lists of state, live view. Ports 55740 to 55742; another one by its preference
/// fujiptp.port. Wireshark 4.0 or newer. Fields begin with fujiptp.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire dissector > ~/.local/lib/wireshark/plugins/fujifilm.lua
  filmwire dissector > fujifilm.lua; tshark -X lua_script:fujifilm.lua -r session.pcapng
  tshark -X lua_script:fujifilm.lua -r session.pcapng -Y 'fujiptp.property == 0xd212' -V")]
pub(crate) struct DissectorArgs {}

/// Runs the verb.
pub(crate) fn run(_: &DissectorArgs) -> Result<Exit> {
    let text = filmwire_trace::dissector();
    std::io::stdout().write_all(text.as_bytes()).map_err(stdout_trouble)?;
    Ok(Exit::Done)
}
