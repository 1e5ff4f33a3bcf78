//! Input that may end anywhere, read in pieces of bounded length.

use std::io::{self, BufReader, Read};

/// Bytes asked of the system at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Input and how far it was read.
#[derive(Debug)]
pub(super) struct Source<R> {
    input: BufReader<R>,
    offset: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(BUFFER_BYTES, input), offset: 0 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `into`; returns how much came before the end.
    pub(super) fn fill(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }

    /// So many bytes; `None` if the input ends before.
    pub(super) fn array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        Ok((self.fill(&mut bytes)? == N).then_some(bytes))
    }

    /// Replaces what `into` holds by the next bytes; false if the input ends before.
    pub(super) fn replace(&mut self, into: &mut Vec<u8>, count: usize) -> io::Result<bool> {
        into.clear();
        into.resize(count, 0);
        let filled = self.fill(into)?;
        into.truncate(filled);
        Ok(filled == count)
    }

    /// Passes bytes over; false if the input ends before.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<bool> {
        let skipped = io::copy(&mut self.input.by_ref().take(count), &mut io::sink())?;
        self.offset += skipped;
        Ok(skipped == count)
    }
}
