//! Traces on standard error for `-v`.

use tracing::Level;

/// Starts telling on standard error, or does nothing if nobody asked.
pub fn start(verbose: u8, color: bool) {
    let level = match verbose {
        0 => return,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .without_time()
        .init();
}
