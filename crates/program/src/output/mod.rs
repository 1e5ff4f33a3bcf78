//! What is said, and where: data on standard output, everything else on standard error.

pub mod bars;
mod queue;
pub mod text;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::exit::Trouble;
use bars::Bars;
use queue::Queue;

/// Version of the JSON lines; a change that could break a reader raises it.
const JSON_VERSION: u32 = 1;

/// How a program is to speak, as its flags say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Voice {
    /// One JSON object a line on standard output.
    pub json: bool,
    /// Only what went wrong.
    pub quiet: bool,
    /// No colours, also on a terminal.
    pub no_color: bool,
}

/// Where verbs say what they have to say. Clones speak to the same place.
#[derive(Clone)]
pub struct Output(Arc<Inner>);

struct Inner {
    json: bool,
    quiet: bool,
    paint: bool,
    bars: Mutex<Option<Bars>>,
    /// Who writes lines, where nobody may wait for their reader.
    queue: Option<Queue>,
}

#[derive(Serialize)]
struct Line<'a, T> {
    v: u32,
    kind: &'a str,
    #[serde(flatten)]
    body: T,
}

impl Output {
    /// As the flags and the terminal ask for.
    pub fn new(voice: Voice) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = !voice.no_color && !no_color && io::stderr().is_terminal();
        let (json, quiet) = (voice.json, voice.quiet);
        Self(Arc::new(Inner { json, quiet, paint, bars: Mutex::new(None), queue: None }))
    }

    /// Speaks in the same way, but never waits for whoever reads: a pager that is not scrolled, or a
    /// terminal stopped with Ctrl-S, must not hold up what has its time. What such a reader leaves
    /// waiting is bounded; lines past that are counted and told. Shows no bars. See
    /// [`Output::settle`].
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn unhurried(&self) -> io::Result<Self> {
        let Inner { json, quiet, paint, .. } = *self.0;
        let queue = Some(Queue::start()?);
        Ok(Self(Arc::new(Inner { json, quiet, paint, bars: Mutex::new(None), queue })))
    }

    /// Waits until all that was told is written. Blocks as long as nobody reads.
    ///
    /// # Errors
    /// [`Trouble::PipeClosed`] and the like if something could not be written.
    pub fn settle(&self) -> Result<(), Trouble> {
        self.0.queue.as_ref().map_or(Ok(()), Queue::settle)
    }

    /// Gives whoever reads a moment to take what was told, so that one who is gone is noticed now and not
    /// with the next line. One who stands still is waited for once, until all of it was taken. Does nothing
    /// unless lines are told unhurried; others were waited for already. Cancel-safe.
    ///
    /// # Errors
    /// As [`Output::settle`].
    pub async fn heard(&self) -> Result<(), Trouble> {
        match &self.0.queue {
            Some(queue) => queue.heard().await,
            None => Ok(()),
        }
    }

    /// True if lines are JSON.
    pub fn is_json(&self) -> bool {
        self.0.json
    }

    /// True if standard error takes colours.
    pub fn paints(&self) -> bool {
        self.0.paint
    }

    /// Shows bars from now on, if a person looks at a terminal.
    pub fn show_bars(&self) {
        if !self.0.json && !self.0.quiet && io::stderr().is_terminal() {
            *self.bars() = Some(Bars::new(self.0.paint));
        }
    }

    /// Takes the bars away.
    pub fn hide_bars(&self) {
        if let Some(bars) = self.bars().take() {
            bars.clear();
        }
    }

    /// Changes the bars, if there are any.
    pub fn with_bars(&self, change: impl FnOnce(&mut Bars)) {
        if let Some(bars) = self.bars().as_mut() {
            change(bars);
        }
    }

    fn bars(&self) -> std::sync::MutexGuard<'_, Option<Bars>> {
        self.0.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the bars out of the way while something is written.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        let bars = self.bars();
        if let Some(bars) = &*bars {
            return bars.suspend(write);
        }
        // Who reads standard output may be slow; others have things to say meanwhile.
        drop(bars);
        write()
    }

    /// Writes a line of data. Fails if whoever reads it is gone.
    pub fn data(&self, line: &str) -> Result<(), Trouble> {
        match &self.0.queue {
            Some(queue) => queue.data(line),
            None => self.aside(|| write_stdout(line).map_err(stdout_trouble)),
        }
    }

    /// Writes a line for people: nothing with `--json` or `--quiet`.
    pub fn say(&self, line: &str) -> Result<(), Trouble> {
        if self.0.json || self.0.quiet {
            return Ok(());
        }
        self.data(line)
    }

    /// Writes a line of JSON: nothing without `--json`.
    pub fn json(&self, kind: &str, body: impl Serialize) -> Result<(), Trouble> {
        if !self.0.json {
            return Ok(());
        }
        let line = Line { v: JSON_VERSION, kind, body };
        let text = serde_json::to_string(&line)
            .map_err(|error| Trouble::failed(error.to_string(), "report this defect"))?;
        self.data(&text)
    }

    /// Tells a person at the terminal what goes on, on standard error.
    pub fn note(&self, text: &str) {
        if !self.0.quiet && !self.0.json {
            self.stderr(text);
        }
    }

    /// As [`Output::note`], in bold.
    pub fn note_bold(&self, text: &str) {
        self.note(&self.bold(text));
    }

    /// Tells a person what must not be overlooked, on standard error.
    pub fn call(&self, text: &str) {
        self.stderr(&self.bold(text));
    }

    /// Tells something that is not as it should be, on standard error.
    pub fn warn(&self, text: &str) {
        self.stderr(&format!("{} {text}", self.color("33;1", "warning:")));
    }

    /// Tells an error and its cure, on standard error.
    pub fn error(&self, cause: &str, cure: &str) {
        self.stderr(&format!("{} {cause}", self.color("31;1", "error:")));
        if !cure.is_empty() {
            self.stderr(&format!("{} {cure}", self.color("36;1", "help:")));
        }
    }

    fn stderr(&self, text: &str) {
        match &self.0.queue {
            Some(queue) => queue.other(text.to_owned()),
            // A closed standard error leaves nobody to tell.
            None => self.aside(|| drop(writeln!(io::stderr(), "{text}"))),
        }
    }

    fn bold(&self, text: &str) -> String {
        self.color("1", text)
    }

    fn color(&self, code: &str, text: &str) -> String {
        if self.0.paint { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Takes a reader that is gone for none: for work that goes on to its end all the same, and whose exit
/// code tells what came of it.
///
/// # Errors
/// What else went wrong.
pub fn heedless(told: Result<(), Trouble>) -> Result<(), Trouble> {
    match told {
        Err(Trouble::PipeClosed) => Ok(()),
        told => told,
    }
}

fn write_stdout(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What a failed write to standard output means.
pub fn stdout_trouble(cause: io::Error) -> Trouble {
    match cause.kind() {
        io::ErrorKind::BrokenPipe => Trouble::PipeClosed,
        _ => Trouble::storage("write to", "standard output", cause),
    }
}
