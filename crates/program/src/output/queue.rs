//! Lines that wait for whoever reads them, so that nobody waits for him.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{stdout_trouble, write_stdout};
use crate::exit::Trouble;

/// Lines that wait at most; some megabytes. Chosen: half a day of a frame every ten seconds.
const LONGEST: usize = 10_000;

/// How long a line may take to be read before its reader counts as one that stands still. Chosen: a
/// reader that is there takes it at once, and nobody who waits for a picture notices.
const PATIENCE: Duration = Duration::from_millis(100);

/// A thread that writes lines in their order.
#[derive(Debug)]
pub(super) struct Queue {
    lines: SyncSender<Line>,
    /// Lines that had no room since the last one that had.
    lost: Mutex<u64>,
    /// Why standard output takes no more; kept, for every later line wants to know.
    closed: Arc<Mutex<Option<(io::ErrorKind, String)>>>,
    /// Lines that were given to the thread, and how far it is with them.
    given: AtomicU64,
    progress: watch::Receiver<Progress>,
    /// Who reads did not take a line in time, and has not caught up since.
    is_behind: AtomicBool,
}

/// Lines that the thread has begun to write, and those it is done with.
#[derive(Debug, Default)]
struct Progress {
    begun: u64,
    done: u64,
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
        let (count, progress) = watch::channel(Progress::default());
        let closed = Arc::default();
        let noted = Arc::clone(&closed);
        std::thread::Builder::new()
            .name("telling".into())
            .spawn(move || write(&waiting, &noted, &count))?;
        Ok(Self::to(lines, closed, progress))
    }

    fn to(
        lines: SyncSender<Line>,
        closed: Arc<Mutex<Option<(io::ErrorKind, String)>>>,
        progress: watch::Receiver<Progress>,
    ) -> Self {
        let (given, is_behind) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { lines, lost: Mutex::default(), closed, given, progress, is_behind }
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
            self.given.fetch_add(1, Ordering::Relaxed);
            let _ = self.lines.send(line);
        }
        let _ = reached.recv();
        self.state()
    }

    /// Gives whoever reads a moment to take what was told; none to one that stands still. Fails if it
    /// could not be written. Cancel-safe.
    pub(super) async fn heard(&self) -> Result<(), Trouble> {
        let given = self.given.load(Ordering::Relaxed);
        let mut progress = self.progress.clone();
        let most = match self.is_behind.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        let is_behind = loop {
            let Progress { begun, done } = *progress.borrow_and_update();
            if done >= given {
                break false;
            }
            // Where the thread writes nothing it has not had its turn yet, and no reader is the cause.
            let most = if begun > done { most } else { Duration::MAX };
            match timeout(most, progress.changed()).await {
                Ok(Ok(())) => {}
                // The thread lives as long as this does.
                Ok(Err(_)) => break false,
                Err(_) => break true,
            }
        };
        self.is_behind.store(is_behind, Ordering::Relaxed);
        self.state()
    }

    /// Gives the thread a line, if there is room.
    fn give(&self, line: Line) -> bool {
        let has_room = !matches!(self.lines.try_send(line), Err(TrySendError::Full(_)));
        self.given.fetch_add(u64::from(has_room), Ordering::Relaxed);
        has_room
    }

    fn push(&self, line: Line) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost > 0 {
            if !self.give(Line::Other(words(*lost))) {
                *lost += 1;
                return;
            }
            *lost = 0;
        }
        if !self.give(line) {
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

fn write(
    lines: &Receiver<Line>,
    closed: &Mutex<Option<(io::ErrorKind, String)>>,
    count: &watch::Sender<Progress>,
) {
    let mut is_open = true;
    for line in lines {
        count.send_modify(|progress| progress.begun += 1);
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
        count.send_modify(|progress| progress.done += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(lines: SyncSender<Line>) -> Queue {
        Queue::to(lines, Arc::default(), watch::channel(Progress::default()).1)
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_has_a_moment_and_who_stands_still_has_none() {
        let (sender, _lines) = sync_channel(9);
        let (count, progress) = watch::channel(Progress { begun: 1, done: 0 });
        let queue = Queue::to(sender, Arc::default(), progress);
        let start = tokio::time::Instant::now();
        for _ in 0..3 {
            queue.data("x").unwrap();
            queue.heard().await.unwrap();
        }
        assert_eq!(start.elapsed(), PATIENCE, "it is waited for once");
        // It reads again, and has its moment again.
        count.send_replace(Progress { begun: 3, done: 3 });
        queue.heard().await.unwrap();
        queue.data("x").unwrap();
        count.send_modify(|progress| progress.begun += 1);
        queue.heard().await.unwrap();
        assert_eq!(start.elapsed(), 2 * PATIENCE);
    }

    /// As on a computer that is busy: one who is gone is noticed all the same.
    #[tokio::test(start_paused = true)]
    async fn a_thread_that_had_no_turn_yet_is_waited_for() {
        let (sender, _lines) = sync_channel(9);
        let (count, progress) = watch::channel(Progress::default());
        let queue = Queue::to(sender, Arc::default(), progress);
        queue.data("x").unwrap();
        let turn = async {
            tokio::time::sleep(10 * PATIENCE).await;
            *queue.closed.lock().unwrap() = Some((io::ErrorKind::BrokenPipe, String::new()));
            count.send_replace(Progress { begun: 1, done: 1 });
        };
        let (heard, ()) = tokio::join!(queue.heard(), turn);
        assert!(matches!(heard, Err(Trouble::PipeClosed)), "{heard:?}");
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
