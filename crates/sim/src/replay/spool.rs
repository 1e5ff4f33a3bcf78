//! Bodies of a recording in a file, so that a long one takes no memory.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::reply::READ_BYTES;

/// Bodies up to this length are read at once, as a body in memory would be.
const SMALL_BYTES: u64 = 64 * 1024;

/// A run of bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    /// Where it stands in the body.
    offset: u64,
    /// Where it stands in the file.
    at: u64,
    length: u64,
}

impl Extent {
    fn end(self) -> u64 {
        self.offset + self.length
    }

    /// Its bytes from `from` to `to`, which stand at `from - base` of another body.
    fn cut(self, from: u64, to: u64, base: u64) -> Self {
        let at = self.at + (from - self.offset);
        Self { offset: from - base, at, length: to - from }
    }
}

/// Where the bytes of a body are, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extents(Vec<Extent>);

impl Extents {
    /// Adds bytes; those that go on in body and file become one run.
    fn push(&mut self, extent: Extent) {
        match self.0.last_mut() {
            Some(last) if last.end() == extent.offset && last.at + last.length == extent.at => {
                last.length += extent.length;
            }
            _ => self.0.push(extent),
        }
    }

    /// Adds the bytes of another body, which begins at `base` of this one.
    pub(super) fn add(&mut self, base: u64, other: &Self) {
        let moved = other.0.iter().map(|run| Extent { offset: base + run.offset, ..*run });
        self.0.extend(moved);
    }

    /// The bytes from `from` to `to`, if all of them are there.
    pub(super) fn slice(&self, from: u64, to: u64) -> Option<Self> {
        let (mut found, mut next) = (Self::default(), from);
        while next < to {
            let covering = self.0.iter().filter(|run| run.offset <= next && next < run.end());
            let run = covering.max_by_key(|run| run.end())?;
            let end = run.end().min(to);
            found.push(run.cut(next, end, from));
            next = end;
        }
        Some(found)
    }
}

/// Takes the bytes of bodies.
#[derive(Debug)]
pub(super) struct Spooler {
    file: BufWriter<File>,
    at: u64,
}

impl Spooler {
    pub(super) fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(1 << 20, file), at: 0 }
    }

    /// Keeps bytes that stand at `offset` of a body.
    pub(super) fn put(&mut self, to: &mut Extents, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        let length = bytes.len() as u64;
        to.push(Extent { offset, at: self.at, length });
        self.at += length;
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<Arc<Spool>> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Arc::new(Spool(Mutex::new(file))))
    }
}

/// The bytes of all bodies.
#[derive(Debug)]
pub(super) struct Spool(Mutex<File>);

impl Spool {
    fn read(&self, at: u64, length: u64) -> io::Result<Bytes> {
        let mut bytes = vec![0; length as usize];
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A body of a recording, read when it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Spooled {
    spool: Arc<Spool>,
    /// What is left, last run first.
    runs: Vec<Extent>,
    length: u64,
}

impl Spooled {
    pub(super) fn new(spool: &Arc<Spool>, extents: Extents) -> Self {
        let length = extents.0.iter().map(|run| run.length).sum();
        let runs = extents.0.into_iter().rev().collect();
        Self { spool: Arc::clone(spool), runs, length }
    }

    /// Bytes that are left.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Whether reading it all is better done elsewhere.
    pub(crate) fn is_slow(&self) -> bool {
        self.length > SMALL_BYTES
    }

    /// Takes the next bytes off the front; empty at the end.
    ///
    /// Fails with the error of the file system.
    pub(crate) fn next(&mut self) -> io::Result<Bytes> {
        let Some(mut run) = self.runs.pop() else { return Ok(Bytes::new()) };
        let count = run.length.min(READ_BYTES);
        let bytes = self.spool.read(run.at, count)?;
        self.length -= count;
        if count < run.length {
            run.at += count;
            run.length -= count;
            self.runs.push(run);
        }
        Ok(bytes)
    }

    /// All that is left.
    ///
    /// Fails with the error of the file system.
    pub(super) fn read(mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::with_capacity(self.length as usize);
        while self.length > 0 {
            all.extend_from_slice(&self.next()?);
        }
        Ok(all)
    }
}
