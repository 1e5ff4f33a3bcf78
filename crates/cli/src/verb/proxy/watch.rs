//! Those who watch: one writes the recording, one shows the transcript, each on a thread of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};
use filmwire_trace::capture::{Item, LinkType, Writer};
use filmwire_trace::{Decoder, Record, Segments, Tally, recording_comment};

use super::super::decode::line::Lines;
use super::tap::Queue;

const PROGRAM: &str = concat!("filmwire ", env!("CARGO_PKG_VERSION"));

/// A recording that is being written.
pub(super) struct Recording {
    path: PathBuf,
    file: File,
    is_file: bool,
    writer: Writer<BufWriter<File>>,
}

impl Recording {
    /// Begins a recording. Pipes and devices are written to; a file must not exist.
    pub(super) fn begin(path: &Path, notes: &str) -> Result<Self, Trouble> {
        let failed = |cause| Trouble::storage("write", path, cause);
        let is_file = fs::metadata(path).map_or(true, |found| found.is_file());
        let file = match is_file {
            true => File::create_new(path),
            false => OpenOptions::new().write(true).open(path),
        };
        let file = file.map_err(|cause| Trouble::storage("create", path, cause))?;
        let out = BufWriter::new(file.try_clone().map_err(failed)?);
        let writer = Writer::new(out, LinkType::RAW, PROGRAM, &recording_comment(notes));
        let mut writer = writer.map_err(failed)?;
        writer.flush().map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, is_file, writer })
    }

    /// False for a pipe or a device, which may take nothing for as long as it likes.
    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Writes until the relay has ended; the file is whole whenever there is nothing to write.
    /// Returns how many packets it has. Blocks.
    pub(super) fn keep(mut self, queue: &Queue) -> Result<u64, Trouble> {
        let written = self.write(queue);
        written.map_err(|cause| Trouble::storage("write", &self.path, cause))
    }

    fn write(&mut self, queue: &Queue) -> io::Result<u64> {
        let (mut segments, mut packets) = (Segments::default(), 0);
        while let Some(first) = queue.next() {
            let mut next = Some(first);
            while let Some(note) = next {
                let mut result = Ok(());
                segments.take(
                    note.at_ns,
                    note.connection,
                    &note.crossing,
                    &mut |packet, comment| {
                        packets += 1;
                        let at_ns = packet.at_ns.unwrap_or_default();
                        let written = self.writer.packet(at_ns, packet.data, comment);
                        if result.is_ok() {
                            result = written;
                        }
                    },
                );
                result?;
                next = queue.waiting();
            }
            self.writer.flush()?;
        }
        // Pipes and devices cannot be synchronised, and need not.
        match self.file.sync_all() {
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
            _ => Ok(packets),
        }
    }
}

/// Shows the transcript until the relay has ended, or nobody reads it. Blocks.
pub(super) fn show(queue: &Queue, out: &Output) -> Result<Tally, Trouble> {
    let (mut segments, mut decoder) = (Segments::default(), Decoder::default());
    let mut teller = Teller { out, lines: Lines::default(), trouble: Ok(()) };
    while let Some(note) = queue.next() {
        segments.take(note.at_ns, note.connection, &note.crossing, &mut |packet, comment| {
            if let Some(comment) = comment {
                let comment = Item::Comment(comment.to_owned());
                decoder.take(&comment, &mut |record| teller.tell(&record));
            }
            decoder.take(&Item::Packet(*packet), &mut |record| teller.tell(&record));
        });
        teller.trouble?;
        teller.trouble = Ok(());
    }
    decoder.finish(&mut |record| teller.tell(&record));
    teller.trouble.map(|()| decoder.tally().clone())
}

/// Tells records; what goes wrong is kept.
struct Teller<'a> {
    out: &'a Output,
    lines: Lines,
    trouble: Result<(), Trouble>,
}

impl Teller<'_> {
    fn tell(&mut self, record: &Record) {
        if self.trouble.is_ok() {
            self.trouble = self.put(record);
        }
    }

    fn put(&mut self, record: &Record) -> Result<(), Trouble> {
        if self.out.is_json() {
            return self.out.json(record.kind(), record);
        }
        let mut lines = self.lines.of(record).into_iter();
        lines.try_for_each(|line| self.out.data(&text::tame(&line)))
    }
}
