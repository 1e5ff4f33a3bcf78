//! Lines that wait for whoever reads them, so that nobody waits for him.

use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::{stdout_trouble, write_stdout};
use crate::exit::Trouble;

/// Lines that wait at most; some megabytes. Chosen: half a day of a frame every ten seconds.
const LONGEST: usize = 10_000;

/// A thread that writes lines in their order.
#[derive(Debug)]
pub(super) struct Queue {
    lines: SyncSender<Line>,
    /// Lines that had no room since the last one that had.
    lost: Mutex<u64>,
    /// Why standard output takes no more; kept, for every later line wants to know.
    closed: Arc<Mutex<Option<(io::ErrorKind, String)>>>,
}

#[derive(Debug)]
enum Line {
    Data(String),
    Other(String),
    /// All before it was written.
    Mark(std::sync::mpsc::Sender<()>),
}

impl Queue {
    /// Starts the thread, which ends with this value. Fails if the system gives none.
    pub(super) fn start() -> io::Result<Self> {
        let (lines, waiting) = sync_channel(LONGEST);
        let closed = Arc::default();
        let noted = Arc::clone(&closed);
        std::thread::Builder::new()
            .name("telling".into())
            .spawn(move || write(&waiting, &noted))?;
        Ok(Self { lines, lost: Mutex::default(), closed })
    }

    /// A line for standard output. Fails if an earlier one could not be written.
    pub(super) fn data(&self, line: &str) -> Result<(), Trouble> {
        self.state()?;
        self.push(Line::Data(line.to_owned()));
        Ok(())
    }

    /// A line for standard error.
    pub(super) fn other(&self, line: String) {
        self.push(Line::Other(line));
    }

    /// Waits until all is written. Blocks as long as nobody reads.
    pub(super) fn settle(&self) -> Result<(), Trouble> {
        let (mark, reached) = channel();
        let lost = std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner));
        let told = (lost > 0).then(|| Line::Other(words(lost)));
        for line in told.into_iter().chain([Line::Mark(mark)]) {
            // The thread lives as long as this does.
            let _ = self.lines.send(line);
        }
        let _ = reached.recv();
        self.state()
    }

    fn push(&self, line: Line) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost > 0 {
            match self.lines.try_send(Line::Other(words(*lost))) {
                Ok(()) => *lost = 0,
                Err(_) => {
                    *lost += 1;
                    return;
                }
            }
        }
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            *lost += 1;
        }
    }

    fn state(&self) -> Result<(), Trouble> {
        match &*self.closed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((kind, text)) => Err(stdout_trouble(io::Error::new(*kind, text.clone()))),
            None => Ok(()),
        }
    }
}

fn words(lost: u64) -> String {
    let lines = super::text::count(lost, "line was", "lines were");
    format!("warning: {lines} not told, for nobody read what was told before")
}

fn write(lines: &Receiver<Line>, closed: &Mutex<Option<(io::ErrorKind, String)>>) {
    let mut is_open = true;
    for line in lines {
        match line {
            Line::Data(line) if is_open => {
                if let Err(cause) = write_stdout(&line) {
                    is_open = false;
                    let state = Some((cause.kind(), cause.to_string()));
                    *closed.lock().unwrap_or_else(PoisonError::into_inner) = state;
                }
            }
            Line::Data(_) => {}
            // A closed standard error leaves nobody to tell.
            Line::Other(line) => drop(writeln!(io::stderr(), "{line}")),
            Line::Mark(reached) => drop(reached.send(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(lines: SyncSender<Line>) -> Queue {
        Queue { lines, lost: Mutex::default(), closed: Arc::default() }
    }

    #[test]
    fn what_has_no_room_is_counted_and_told_when_there_is_some() {
        let (sender, lines) = sync_channel(2);
        let queue = queue(sender);
        for line in ["1", "2", "3", "4"] {
            queue.data(line).unwrap();
        }
        let next = || match lines.try_recv() {
            Ok(Line::Data(line) | Line::Other(line)) => line,
            other => format!("{other:?}"),
        };
        assert_eq!([next(), next()], ["1", "2"]);
        queue.data("5").unwrap();
        assert!(next().contains("2 lines were not told"));
        assert_eq!(next(), "5");
    }

    #[test]
    fn a_reader_that_is_gone_is_told_to_every_later_line() {
        let (sender, _lines) = sync_channel(1);
        let queue = queue(sender);
        *queue.closed.lock().unwrap() = Some((io::ErrorKind::BrokenPipe, String::new()));
        for _ in 0..2 {
            assert!(matches!(queue.data("1"), Err(Trouble::PipeClosed)));
        }
    }
}
