//! Two bars on the terminal: the current file, and the run.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::text;

/// How often the terminal is drawn while nothing happens, so that figures do not freeze.
const TICK: Duration = Duration::from_millis(250);
/// Widest name shown beside a bar.
const NAME_WIDTH: usize = 14;

/// Bars of one run.
pub struct Bars {
    all: MultiProgress,
    file: ProgressBar,
    total: ProgressBar,
    start: Option<Instant>,
    files: u64,
    wanted: u64,
    /// Bytes of finished files, and of those how many were here before the run.
    bytes: u64,
    current: u64,
    resumed: u64,
}

impl Bars {
    /// Empty bars; they show up with the first file.
    pub fn new(paint: bool) -> Self {
        let all = MultiProgress::new();
        let style = |color: &str| {
            let bar = if paint { format!("{{bar:24.{color}/dim}}") } else { "{bar:24}".into() };
            // The template is fixed, so it can only be wrong in a test.
            ProgressStyle::with_template(&format!("  {{prefix:14!}} {bar} {{msg}}"))
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━━─")
        };
        let file = all.add(ProgressBar::new(0).with_style(style("cyan")));
        let total = all.add(ProgressBar::new(1).with_style(style("green")));
        Self {
            all,
            file,
            total,
            start: None,
            files: 0,
            wanted: 0,
            bytes: 0,
            current: 0,
            resumed: 0,
        }
    }

    /// Says how many files are to come, as far as that is known.
    pub fn expect(&mut self, files: u64) {
        self.wanted = files;
        self.total.set_length(files.max(1) * 1000);
    }

    /// The card is being listed: what is to come is at most what it shows.
    pub fn listing(&mut self, listed: u64, objects: u64) {
        self.total.set_message(format!("listing {listed} of {objects}"));
        self.expect(objects);
    }

    /// An object is passed over: one less is to come.
    pub fn skip(&mut self) {
        if self.wanted > self.files {
            self.expect(self.wanted - 1);
        }
    }

    /// A file begins.
    pub fn begin(&mut self, name: &str, size: u64, resumed: u64) {
        if self.start.is_none() {
            self.start = Some(Instant::now());
            self.total.enable_steady_tick(TICK);
        }
        self.resumed += resumed;
        self.file.set_prefix(short(name));
        self.file.set_length(size);
        self.advance(resumed, size);
    }

    /// Bytes of the current file came in.
    pub fn advance(&mut self, bytes: u64, size: u64) {
        self.current = bytes;
        self.file.set_position(bytes);
        self.file.set_message(format!("{} of {}", text::bytes(bytes), text::bytes(size)));
        self.draw(bytes as f64 / size.max(1) as f64);
    }

    /// A file is done with, well or not.
    pub fn end(&mut self, size: u64) {
        self.files += 1;
        self.bytes += size;
        self.current = 0;
        self.draw(0.0);
    }

    fn draw(&self, part: f64) {
        let done = self.files as f64 + part;
        // Where nobody knows how much is to come, the bar stays empty instead of full.
        let known = if self.wanted > 0 { done } else { 0.0 };
        self.total.set_position((known * 1000.0) as u64);
        let of = if self.wanted > 0 { format!(" of {}", self.wanted) } else { String::new() };
        self.total.set_prefix(format!("{}{of} files", self.files));
        let Some(elapsed) = self.start.map(|start| start.elapsed().as_secs_f64()) else { return };
        let here = self.bytes + self.current;
        let rate = (here.saturating_sub(self.resumed)) as f64 / elapsed.max(0.001);
        let mut message = format!("{} at {}/s", text::bytes(here), text::bytes(rate as u64));
        if elapsed > 1.0 && rate > 0.0 && self.files > 0 && self.wanted > self.files {
            // Sizes of files to come are not known yet; they are taken for those so far.
            let left = here as f64 / done * (self.wanted as f64 - done) / rate;
            let left = text::span(Duration::from_secs_f64(left.clamp(0.0, 1e6)));
            message.push_str(&format!(", {left} left"));
        }
        self.total.set_message(message);
    }

    /// Writes without the bars in the way.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.all.suspend(write)
    }

    /// Takes the bars away.
    pub fn clear(self) {
        self.total.disable_steady_tick();
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }
}

fn short(name: &str) -> String {
    let name = text::tame(name);
    if name.chars().count() <= NAME_WIDTH {
        return name;
    }
    let mut cut: String = name.chars().take(NAME_WIDTH - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut() {
        assert_eq!(short("DSCF0001.JPG"), "DSCF0001.JPG");
        assert_eq!(short("a_very_long_name.JPG").chars().count(), NAME_WIDTH);
    }

    #[test]
    fn the_share_of_the_run_counts_the_current_file() {
        let mut bars = Bars::new(false);
        bars.expect(5);
        bars.skip();
        bars.begin("A", 100, 0);
        bars.end(100);
        bars.begin("B", 100, 0);
        bars.advance(50, 100);
        assert_eq!((bars.total.position(), bars.total.length()), (1500, Some(4000)));
        bars.clear();
    }
}
