//! The journal of a timelapse: a JSON line for each frame, so that the same command goes on after a
//! crash with the right number, at the right instant.
//!
//! 1. [`Journal::open`] reads what is there and holds the file against other processes. A last line
//!    that a crash tore is cut off; the frame it told of counts as one that nobody told of.
//! 2. [`Journal::begin`] writes the first line of a new journal: what was asked for, and slot 0.
//! 3. [`Journal::write`] appends a line and waits until the disk has it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::gap::{Gaps, Missed};
use super::schedule::Due;

/// Version of the format.
const VERSION: u32 = 1;

/// What was asked for, by the names of the flags. The same terms go on with a journal.
pub type Terms = BTreeMap<String, String>;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Record {
    /// The first line.
    Timelapse {
        /// Slot 0.
        start: Timestamp,
        /// What was asked for.
        terms: Terms,
    },
    /// A run goes on with the journal.
    Resumed {
        /// When.
        at: Timestamp,
    },
    /// A frame was taken.
    Taken(Taken),
    /// Frames were not taken.
    Missed(Missed),
    /// The ramp changed a setting.
    Exposure {
        /// After this frame.
        after: u64,
        /// Which setting.
        setting: String,
        /// What it was, in words.
        from: String,
        /// What it is.
        to: String,
    },
    /// Settings moved from the profile, or are back.
    Drift {
        /// When that was seen.
        at: Timestamp,
        /// The last frame before, which may have it; 0 if there was none.
        after: u64,
        /// What differs, in words; empty if all is as it was.
        drift: String,
    },
    /// Originals were fetched, or could not be.
    Fetched {
        /// When that ended.
        at: Timestamp,
        /// Files that came.
        new: u64,
        /// Those that did not.
        failed: u64,
        /// Nothing is left to be fetched.
        is_whole: bool,
        /// Why it ended early, where it was not asked to.
        error: Option<String>,
    },
    /// The run was asked to stop.
    Stopped {
        /// When.
        at: Timestamp,
    },
    /// The schedule is at its end.
    Ended {
        /// When.
        at: Timestamp,
    },
}

/// A frame that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Its number, from 1.
    pub number: u64,
    /// Its slot of the schedule.
    pub slot: u64,
    /// When it was due.
    pub due: Timestamp,
    /// When the shutter command was sent.
    pub fired: Timestamp,
    /// How bright its preview is, in stops from middle grey, where a ramp looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub luminance: Option<f64>,
    /// What differed from the profile at the last look before, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    #[serde(flatten)]
    record: Record,
}

/// What a journal told of earlier runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Slot 0.
    pub start: Timestamp,
    /// The first slot that is not told of.
    pub slot: u64,
    /// The number its frame has.
    pub number: u64,
    /// Frames that were taken.
    pub taken: u64,
    /// Those that were not.
    pub gaps: Gaps,
    /// The last run was asked to stop, and told of all it did.
    pub is_stopped: bool,
    /// The schedule was at its end.
    pub is_ended: bool,
    /// All originals were fetched after the last frame that was taken.
    pub is_fetched: bool,
}

impl Past {
    /// Of a journal that has begun, and no more.
    pub(super) fn new(start: Timestamp) -> Self {
        Self {
            start,
            slot: 0,
            number: 1,
            taken: 0,
            gaps: Gaps::default(),
            is_stopped: false,
            is_ended: false,
            is_fetched: false,
        }
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system said no.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The journal.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another process holds it.
    #[error("{} is in use by another timelapse", .0.display())]
    Held(PathBuf),
    /// It is the journal of something else.
    #[error("{} belongs to another timelapse: {what}", path.display())]
    Other {
        /// The journal.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// It makes no sense in the middle.
    #[error("{}, line {line}: {what}", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens a journal, or makes an empty one; tells what it holds.
    ///
    /// Fails if it belongs to a timelapse on other terms, another process holds it, it is damaged
    /// before its last line, or the system says no. Blocks.
    pub fn open(path: &Path, terms: &Terms) -> Result<(Self, Option<Past>), JournalError> {
        let failed =
            |action| move |cause| JournalError::Io { action, path: path.to_owned(), cause };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(failed("open"))?;
        // A pipe would be waited for, and a device read, without end.
        if !file.metadata().map_err(failed("open"))?.is_file() {
            return Err(failed("open")(io::Error::other("it is no plain file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Held(path.to_owned())),
            // Some network file systems cannot.
            Err(TryLockError::Error(error)) => tracing::warn!(%error, "the journal is not locked"),
        }
        let mut journal = Self { path: path.to_owned(), file };
        let (past, end) = Reader { path, terms, past: None }.read(&journal.file)?;
        journal.file.set_len(end).map_err(failed("mend"))?;
        journal.file.seek(SeekFrom::Start(end)).map_err(failed("read"))?;
        Ok((journal, past))
    }

    /// Writes the first line of a new journal. Blocks.
    pub fn begin(&mut self, start: Timestamp, terms: &Terms) -> Result<(), JournalError> {
        self.write(&Record::Timelapse { start, terms: terms.clone() })?;
        // The file is new: its name must be on the disk as well.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| self.failed(cause))
    }

    /// Appends a line, and waits until the disk has it. Blocks.
    pub fn write(&mut self, record: &Record) -> Result<(), JournalError> {
        let line = Line { v: VERSION, record: record.clone() };
        let text = serde_json::to_string(&line).map_err(|error| self.failed(error.into()))?;
        let written = self.file.write_all(format!("{text}\n").as_bytes());
        written.and_then(|()| self.file.sync_data()).map_err(|cause| self.failed(cause))
    }

    /// Takes an empty journal away again.
    pub(super) fn abandon(self) {
        if self.file.metadata().is_ok_and(|file| file.len() == 0) {
            // An empty file is harmless too.
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn failed(&self, cause: io::Error) -> JournalError {
        JournalError::Io { action: "write", path: self.path.clone(), cause }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Closing is not enough: a program that is being started has the open file too, until it
        // runs.
        let _ = self.file.unlock();
    }
}

/// No line is longer; what has a longer one is another file, perhaps one that fills no memory.
const LONGEST: u64 = 1 << 20;

struct Reader<'a> {
    path: &'a Path,
    terms: &'a Terms,
    past: Option<Past>,
}

impl Reader<'_> {
    /// What the whole lines hold, and where the last of them ends.
    fn read(mut self, file: &File) -> Result<(Option<Past>, u64), JournalError> {
        let mut lines = BufReader::new(file);
        let (mut end, mut number) = (0, 0);
        let mut text = Vec::new();
        loop {
            text.clear();
            let mut line = Read::by_ref(&mut lines).take(LONGEST + 1);
            let read = line.read_until(b'\n', &mut text).map_err(|cause| JournalError::Io {
                action: "read",
                path: self.path.to_owned(),
                cause,
            })?;
            if read == 0 {
                return Ok((self.past, end));
            }
            number += 1;
            if read as u64 > LONGEST {
                return Err(self.damaged(number, "the line is longer than any of ours".into()));
            }
            let line = serde_json::from_slice::<Line>(&text);
            match line {
                Ok(line) if text.ends_with(b"\n") => self.take(line, number)?,
                line => {
                    let is_last = lines.fill_buf().is_ok_and(<[u8]>::is_empty);
                    // A first line that is none may be anybody's file.
                    if !is_last || (number == 1 && !looks_torn(&text)) {
                        let what = line.err().map_or_else(String::new, |error| error.to_string());
                        return Err(self.damaged(number, what));
                    }
                    tracing::warn!(line = number, "the journal's last line is torn; cut off");
                    return Ok((self.past, end));
                }
            }
            end += read as u64;
        }
    }

    fn take(&mut self, line: Line, number: u64) -> Result<(), JournalError> {
        if line.v != VERSION {
            return Err(self.damaged(number, format!("version {} is not known", line.v)));
        }
        let Some(past) = &mut self.past else {
            let Record::Timelapse { start, terms } = line.record else {
                return Err(self.damaged(number, "it does not begin as a timelapse".into()));
            };
            self.compare(&terms)?;
            self.past = Some(Past::new(start));
            return Ok(());
        };
        past.is_stopped = matches!(line.record, Record::Stopped { .. });
        let told = match line.record {
            Record::Taken(Taken { number, slot, due, .. }) => {
                past.taken += 1;
                past.is_fetched = false;
                let due = Due { number, slot, at: due };
                Some((due, due))
            }
            Record::Missed(missed) => {
                let told = (missed.first, missed.last);
                past.gaps.push(missed);
                Some(told)
            }
            Record::Ended { .. } => {
                past.is_ended = true;
                None
            }
            Record::Fetched { is_whole, .. } => {
                past.is_fetched = is_whole;
                None
            }
            Record::Timelapse { .. } => {
                return Err(self.damaged(number, "it begins a second time".into()));
            }
            Record::Resumed { .. }
            | Record::Exposure { .. }
            | Record::Drift { .. }
            | Record::Stopped { .. } => None,
        };
        let Some((first, last)) = told else { return Ok(()) };
        if first.number != past.number || first.slot < past.slot || last.number < first.number {
            let what = format!("frame {} where {} was next", first.number, past.number);
            return Err(self.damaged(number, what));
        }
        (past.number, past.slot) = (last.number + 1, last.slot + 1);
        Ok(())
    }

    fn compare(&self, found: &Terms) -> Result<(), JournalError> {
        let names = found.keys().chain(self.terms.keys());
        let differing = names.filter(|name| found.get(*name) != self.terms.get(*name)).min();
        let Some(name) = differing else { return Ok(()) };
        let word = |terms: &Terms| terms.get(name).cloned().unwrap_or_else(|| "not given".into());
        let what = format!("--{name} is {} there, and {} here", word(found), word(self.terms));
        Err(JournalError::Other { path: self.path.to_owned(), what })
    }

    fn damaged(&self, line: u64, what: String) -> JournalError {
        JournalError::Damaged { path: self.path.to_owned(), line, what }
    }
}

/// A piece of our own first line, or what a file system leaves of it after a power cut.
fn looks_torn(text: &[u8]) -> bool {
    let start = format!("{{\"v\":{VERSION},\"kind\":\"timelapse\"");
    let same = start.len().min(text.len());
    text.iter().all(|byte| *byte == 0)
        || (!text.ends_with(b"\n") && text[..same] == start.as_bytes()[..same])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::gap::Why;
    use super::*;

    fn terms(interval: &str) -> Terms {
        Terms::from([("interval".to_owned(), interval.to_owned())])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn taken(number: u64) -> Record {
        let due = at(number as i64 * 10);
        Record::Taken(Taken {
            number,
            slot: number - 1,
            due,
            fired: due,
            luminance: None,
            drift: None,
        })
    }

    fn missed(first: u64, last: u64) -> Record {
        let due = |number: u64| Due { number, slot: number - 1, at: at(number as i64 * 10) };
        let cause = "the camera is busy".to_owned();
        let (first, last) = (due(first), due(last));
        Record::Missed(Missed { first, last, why: Why::Refused, cause, may_exist: false })
    }

    fn written(path: &Path, records: &[Record]) -> Vec<u8> {
        let (mut journal, past) = Journal::open(path, &terms("10s")).unwrap();
        assert_eq!(past, None);
        journal.begin(at(0), &terms("10s")).unwrap();
        records.iter().for_each(|record| journal.write(record).unwrap());
        fs::read(path).unwrap()
    }

    fn past(path: &Path) -> Past {
        Journal::open(path, &terms("10s")).unwrap().1.unwrap()
    }

    #[test]
    fn a_file_that_fills_no_memory_is_not_read_whole_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        File::create(&path).unwrap().set_len(1 << 36).unwrap();
        let error = Journal::open(&path, &terms("10s")).unwrap_err();
        assert!(error.to_string().contains("longer than any of ours"), "{error}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 1 << 36);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_is_not_read() {
        let error = Journal::open(Path::new("/dev/null"), &terms("10s")).unwrap_err();
        assert!(error.to_string().contains("no plain file"), "{error}");
    }

    #[test]
    fn a_journal_tells_where_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        written(&path, &[taken(1), missed(2, 5), taken(6), Record::Stopped { at: at(65) }]);
        let found = past(&path);
        assert_eq!((found.start, found.number, found.slot, found.taken), (at(0), 7, 6, 2));
        assert_eq!((found.is_stopped, found.is_ended), (true, false));
        let gap = &found.gaps.list()[0];
        assert_eq!((gap.first.number, gap.last.number), (2, 5));
        let (mut journal, _) = Journal::open(&path, &terms("10s")).unwrap();
        journal.write(&Record::Resumed { at: at(69) }).unwrap();
        journal.write(&taken(7)).unwrap();
        journal.write(&Record::Ended { at: at(70) }).unwrap();
        drop(journal);
        let found = past(&path);
        assert_eq!((found.number, found.is_stopped, found.is_ended), (8, false, true));
    }

    #[test]
    fn a_journal_is_free_when_it_is_closed_whoever_has_the_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (mut journal, _) = Journal::open(&path, &terms("10s")).unwrap();
        journal.begin(at(0), &terms("10s")).unwrap();
        let error = Journal::open(&path, &terms("10s")).unwrap_err();
        assert!(matches!(error, JournalError::Held(_)), "{error}");
        // As a program has it that is started just now.
        let _inherited = journal.file.try_clone().unwrap();
        drop(journal);
        assert_eq!(past(&path).number, 1);
        // Also where the journal is refused.
        assert!(Journal::open(&path, &terms("20s")).is_err());
        assert_eq!(past(&path).number, 1);
    }

    #[test]
    fn a_line_torn_anywhere_costs_that_line_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let whole = written(&path, &[taken(1), taken(2)]);
        let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let (mut journal, past) = Journal::open(&path, &terms("10s")).unwrap();
            let ends = [lines[0].len(), lines[0].len() + lines[1].len()];
            let expected = ends.iter().filter(|end| cut >= **end).count() as u64;
            assert_eq!(past.as_ref().map_or(0, |past| past.number), expected, "{cut}");
            let Some(past) = past else { continue };
            // And what is written next stands on a line of its own.
            journal.write(&taken(past.number)).unwrap();
            drop(journal);
            assert_eq!(self::past(&path).number, past.number + 1, "{cut}");
        }
        // A power cut may leave zeros.
        fs::write(&path, [&whole[..], &[0; 700]].concat()).unwrap();
        assert_eq!(past(&path).number, 3);
        assert_eq!(fs::read(&path).unwrap(), whole, "nothing is left of them");
    }

    #[test]
    fn what_is_not_ours_to_go_on_with_is_refused_with_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let whole = String::from_utf8(written(&path, &[taken(1), taken(2)])).unwrap();
        let why = |terms: &Terms| Journal::open(&path, terms).unwrap_err().to_string();
        assert!(why(&terms("5s")).contains("--interval is 10s there, and 5s here"));
        assert!(why(&Terms::new()).contains("10s there, and not given here"));
        let held = Journal::open(&path, &terms("10s")).unwrap();
        assert!(why(&terms("10s")).contains("in use"));
        drop(held);
        let lines: Vec<_> = whole.lines().collect();
        for (text, what) in [
            ("{\"my\": \"notes\"}\n".to_owned(), "line 1"),
            ("my notes".to_owned(), "line 1"),
            (format!("{}\n", lines[1]), "does not begin"),
            (format!("{}\nodd\n{}\n", lines[0], lines[1]), "line 2"),
            (format!("{}\n{}\n", lines[0], lines[2]), "frame 2 where 1 was next"),
            (format!("{}\n{}\n{}\n", lines[0], lines[1], lines[1]), "frame 1 where 2 was next"),
            (whole.replace("\"v\":1", "\"v\":2"), "version 2"),
        ] {
            fs::write(&path, &text).unwrap();
            let said = why(&terms("10s"));
            assert!(said.contains(what), "{said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it was");
        }
    }
}
