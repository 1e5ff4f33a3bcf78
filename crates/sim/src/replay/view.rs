//! A recorded live view, at its pace and over again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::spool::{Extents, Spool, Spooled};

/// Offset of the counter in a packet (the fact sheet's section 8.6).
const COUNTER: usize = 8;
/// From the last picture to the first one again, where there is only one.
const ALONE: Duration = Duration::from_millis(100);

/// A packet of live view.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) at: Duration,
    pub(super) packet: Extents,
}

/// The packets of a live view.
#[derive(Debug)]
pub(crate) struct View {
    spool: Arc<Spool>,
    pictures: Vec<Picture>,
}

impl View {
    pub(super) fn new(spool: &Arc<Spool>, pictures: Vec<Picture>) -> Self {
        Self { spool: Arc::clone(spool), pictures }
    }

    /// When the packet of that number is due after the first, counted through all rounds.
    pub(crate) fn due(&self, number: u64) -> Duration {
        let count = self.pictures.len().max(1) as u64;
        let at = |index: usize| self.pictures.get(index).map_or(Duration::ZERO, |found| found.at);
        let first = at(0);
        let span = at(self.pictures.len().saturating_sub(1)).saturating_sub(first);
        // Back at the start as fast as the rest went.
        let pause = span.checked_div(count.saturating_sub(1) as u32).unwrap_or(ALONE);
        let round = span + pause;
        let rounds = u32::try_from(number / count).unwrap_or(u32::MAX);
        round.saturating_mul(rounds) + at((number % count) as usize).saturating_sub(first)
    }

    /// The packet of that number. Its counter goes on where the next round begins.
    ///
    /// Fails with the error of the file system.
    pub(crate) fn packet(&self, number: u64) -> io::Result<Vec<u8>> {
        let count = self.pictures.len().max(1) as u64;
        let (round, index) = (number / count, (number % count) as usize);
        let mut packet = self.recorded(index)?;
        if round > 0 {
            let (first, last) = (self.recorded(0)?, self.recorded(count as usize - 1)?);
            let of_round = counter(&last).wrapping_sub(counter(&first)).wrapping_add(1);
            let gone_on = counter(&packet).wrapping_add(of_round.wrapping_mul(round as u32));
            if let Some(word) = packet.get_mut(COUNTER..COUNTER + 4) {
                word.copy_from_slice(&gone_on.to_le_bytes());
            }
        }
        Ok(packet)
    }

    fn recorded(&self, index: usize) -> io::Result<Vec<u8>> {
        let picture = self.pictures.get(index).ok_or(io::ErrorKind::NotFound)?;
        Spooled::new(&self.spool, picture.packet.clone()).read()
    }
}

fn counter(packet: &[u8]) -> u32 {
    let word = packet.get(COUNTER..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
