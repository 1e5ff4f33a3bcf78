//! A capture, as a recording that can be replayed.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use filmwire_codec::SessionId;
use filmwire_codec::dataset::EventDataset;
use filmwire_codec::journal::Direction;
use filmwire_program::exit::Trouble;
use filmwire_sim::replay::{Exchange, Recorder, Recording, ReplayError};
use filmwire_trace::capture::Reader;
use filmwire_trace::record::{Event, Step, Transaction};
use filmwire_trace::{Decoder, Ports, Record};

use filmwire_program::interrupt::Interrupt;

const CURE: &str =
    "name a recording of `filmwire proxy`, or a capture `filmwire decode` shows a session of";

/// Reads a recording of a camera on the usual ports, these, or those where a client registers. Bodies
/// go into a file without a name in the folder for temporary files.
pub(super) fn read(
    path: &Path,
    cameras: &[u16],
    connection: Option<u32>,
    interrupt: &Interrupt,
) -> Result<Recording, Trouble> {
    let failed = |why: String| Trouble::usage(format!("{}: {why}", path.display()), CURE);
    let spool = tempfile::tempfile()
        .map_err(|cause| Trouble::storage("write", std::env::temp_dir(), cause))?;
    let file = File::open(path).map_err(|cause| failed(cause.to_string()))?;
    let mut reader = Reader::new(file).map_err(|error| failed(error.to_string()))?;
    let mut ports = Ports::default();
    cameras.iter().for_each(|&port| ports.add(port));
    let mut decoder = Decoder::new(ports);
    decoder.give_all_parts();
    let mut taker = Taker { recorder: Recorder::new(spool), start_ns: None, trouble: None };
    while let Some(item) = reader.next_item().map_err(|error| failed(error.to_string()))? {
        decoder.take(&item, &mut |record| taker.take(record));
        if interrupt.stop.is_asked() {
            let cure = "nothing was served yet".to_owned();
            return Err(Trouble::Interrupted { cure });
        }
        if taker.trouble.is_some() {
            break;
        }
    }
    decoder.finish(&mut |record| taker.take(record));
    if let Some(cause) = taker.trouble {
        return Err(Trouble::storage("write", std::env::temp_dir(), cause));
    }
    taker.recorder.finish(connection).map_err(|error| trouble(path, error))
}

/// A full disk is nothing the recording can be blamed for.
fn trouble(path: &Path, error: ReplayError) -> Trouble {
    match error {
        ReplayError::Io(cause) => Trouble::storage("write", std::env::temp_dir(), cause),
        error => Trouble::usage(format!("{}: {error}", path.display()), CURE),
    }
}

/// Hands on what a decoder gives out.
struct Taker {
    recorder: Recorder,
    start_ns: Option<u64>,
    trouble: Option<io::Error>,
}

impl Taker {
    fn take(&mut self, record: Record) {
        let at_ns = record.at_ns();
        self.start_ns = self.start_ns.or(at_ns);
        let at = self.since(at_ns);
        match record {
            Record::Init(init) if init.step == Step::Ack => {
                self.recorder.ack(init.connection, init.name.as_deref().unwrap_or_default());
            }
            Record::Part(part) => {
                let id = part.id.map(|id| id.0);
                let kept = self.recorder.part(part.connection, id, part.offset, &part.bytes);
                if let Err(error) = kept {
                    self.trouble.get_or_insert(error);
                }
            }
            Record::Transaction(told) => {
                let end_ns = told.at_ns.map(|ns| ns + told.duration_ns.unwrap_or(0));
                let (connection, id) = (told.connection, told.id.0);
                let hung_up = told.hung_up;
                match exchange(self.since(end_ns), told) {
                    Some(exchange) if hung_up => self.recorder.hung_up(exchange),
                    Some(exchange) => self.recorder.exchange(exchange),
                    None => self.recorder.incomplete(connection, id),
                }
            }
            Record::Event(told) => self.recorder.event(at, event(told)),
            Record::Frame(frame) if frame.missing_bytes == 0 => {
                self.recorder.frame(frame.connection, at, frame.bytes);
            }
            Record::Frame(frame) => self.recorder.frame(frame.connection, at, 0),
            _ => {}
        }
    }

    fn since(&self, at_ns: Option<u64>) -> Duration {
        let since = at_ns.zip(self.start_ns).map_or(0, |(at, start)| at.saturating_sub(start));
        Duration::from_nanos(since)
    }
}

/// A transaction that is all there, or in place of whose answer the camera hung up; `None` for
/// others.
fn exchange(at: Duration, told: Transaction) -> Option<Exchange> {
    if !told.asked || told.missing_bytes > 0 {
        return None;
    }
    let (response, response_params) = match told.hung_up {
        true => (0, Vec::new()),
        false => (told.response?.0, told.response_params?),
    };
    Some(Exchange {
        connection: told.connection,
        id: told.id.0,
        at,
        operation: told.operation?.0,
        params: told.params?,
        direction: told.direction,
        sent: match told.direction {
            Direction::Out => told.value,
            _ => Vec::new(),
        },
        data_bytes: told.data_bytes,
        response,
        response_params,
    })
}

fn event(told: Event) -> EventDataset {
    // 1 everywhere seen, and what a transcript leaves out.
    let session = SessionId(1);
    EventDataset { code: told.event, session, transaction: told.id, params: told.params }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one() {
        let file = Path::new("session.pcapng");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(trouble(file, ReplayError::Io(full)), Trouble::Storage { .. }));
        assert!(matches!(trouble(file, ReplayError::Empty), Trouble::Usage { .. }));
    }
}
