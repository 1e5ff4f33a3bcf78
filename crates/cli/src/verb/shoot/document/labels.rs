//! Labels from a file or from standard input, on a thread of their own: reading them blocks.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_program::output::Output;
use filmwire_shoot::label::{Label, Labels};
use tokio::sync::mpsc;

/// Labels as they come.
pub(super) struct Lines {
    from: PathBuf,
    labels: mpsc::Receiver<io::Result<Label>>,
    is_typed: bool,
}

impl Lines {
    /// Opens a file, or standard input for `-`.
    ///
    /// Fails with [`Trouble::Usage`] if it cannot be opened.
    pub(super) fn open(from: &Path) -> Result<Self, Trouble> {
        // One is read ahead, so that what is typed meanwhile waits where it was typed.
        let (sender, labels) = mpsc::channel(1);
        let is_input = from == Path::new("-");
        if is_input {
            spawn(sender, || Ok(BufReader::new(io::stdin())))?;
        } else {
            let cannot = |cause: io::Error| {
                let text = format!("cannot read the labels in {}: {cause}", from.display());
                Trouble::usage(text, "name a file with a label on each line, or - to type them")
            };
            let file = File::open(from).map_err(cannot)?;
            // Opening a folder works, and reading it does not, when the camera is connected already.
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(cannot(io::ErrorKind::IsADirectory.into()));
            }
            spawn(sender, || Ok(BufReader::new(file)))?;
        }
        let is_typed = is_input && io::stdin().is_terminal();
        Ok(Self { from: from.to_owned(), labels, is_typed })
    }

    /// Tells a person at a terminal what to do.
    pub(super) fn invite(&self, out: &Output) {
        if self.is_typed {
            out.note("scan or type a label for each picture; Ctrl-D ends");
        }
    }

    /// The next label; `None` at the end. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Option<Label>, Trouble> {
        let read = self.labels.recv().await.transpose();
        read.map_err(|cause| Trouble::storage("read", &self.from, cause))
    }
}

/// Reads until the end or until nobody listens; a read that blocks ends with the program.
fn spawn<R: BufRead>(
    sender: mpsc::Sender<io::Result<Label>>,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<(), Trouble> {
    let read = move || {
        let labels = match open() {
            Ok(input) => Labels::new(input),
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        for label in labels {
            let is_last = label.is_err();
            if sender.blocking_send(label).is_err() || is_last {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("labels".into()).spawn(read);
    thread.map(drop).map_err(|cause| Trouble::storage("start with", "the system's threads", cause))
}
