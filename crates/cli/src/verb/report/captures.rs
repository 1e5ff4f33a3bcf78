//! Captures on their way into the archive, and the transcript of what came out.

use std::io::{self, Read, Write};
use std::path::Path;

use filmwire_ingest::Stop as Asked;
use filmwire_program::exit::Trouble;
use filmwire_program::output::text;
use filmwire_redact::{LeftOut, Redactor};
use filmwire_trace::capture::{CaptureError, Item, LinkType, Packet, Reader, Writer};
use filmwire_trace::wifi::Keys;
use filmwire_trace::{Decoder, Ports, Record};
use serde::Serialize;

use super::super::decode::line::Lines;
use super::super::decode::reading::Waiting;
use super::archive::{Archive, Part};
use crate::context::Context;

/// What helps where there is no capture.
const MAKE: &str = "captures are made with tcpdump -w or Wireshark, as pcap or pcapng; of other kinds, \
                    such as Bluetooth's btsnoop, nothing can be made that may be shown";
/// What helps where all packets stay closed.
const OPEN: &str = "give the passphrase by --wpa-file";
const PROGRAM: &str = concat!("filmwire ", env!("CARGO_PKG_VERSION"));
/// What helps where no camera is found.
const FIND: &str = "if a camera listened on a port of its own, name it by --port; `filmwire decode` shows \
                    what it finds";
/// What one should know to read the capture.
const COMMENT: &str = "Made by `filmwire report`. Real: what was said but for stand-ins, times and \
                       ports. Made up: addresses, IP and TCP. replaced.json lists the stand-ins.";

/// Why a capture is not read on.
pub(super) enum Stop {
    /// It cannot be, in words, and what helps; another one may.
    Input(String, &'static str),
    /// The archive cannot be written.
    Output(Trouble),
    /// We were asked to stop.
    Asked,
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Output(trouble)
    }
}

/// Captures, and where they are in the archive.
pub(super) struct Captures {
    redactor: Redactor,
    ports: Ports,
    parts: Vec<Part>,
    /// Standard input was opened, which cannot be read once more.
    is_heard: bool,
}

/// A line of the transcript in JSON, as `decode` prints it.
#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    kind: &'static str,
    #[serde(flatten)]
    record: &'a Record,
}

/// A file that was read up to its first packet, which tells whether it goes on with the one before.
pub(super) struct Opened<'a> {
    pub(super) file: &'a Path,
    /// Nothing if it has none.
    packets: Option<(First, Reader<Box<dyn Read + 'a>>)>,
}

/// A packet that waits for those of the file before.
struct First {
    at_ns: Option<u64>,
    link: LinkType,
    data: Vec<u8>,
    cut_bytes: u64,
}

impl First {
    fn packet(&self) -> Packet<'_> {
        let Self { at_ns, link, data, cut_bytes } = self;
        Packet { at_ns: *at_ns, link: *link, data, cut_bytes: *cut_bytes }
    }
}

impl Opened<'_> {
    pub(super) fn has_packets(&self) -> bool {
        self.packets.is_some()
    }
}

fn unreadable(error: CaptureError) -> Stop {
    Stop::Input(error.to_string(), MAKE)
}

impl Captures {
    pub(super) fn new(ports: Ports, keys: Keys) -> Self {
        let redactor = Redactor::new(ports.clone(), keys);
        Self { redactor, ports, parts: Vec::new(), is_heard: false }
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// How many are in the archive.
    pub(super) fn count(&self) -> u64 {
        self.parts.len() as u64
    }

    /// Opens a file. Fails where there is nothing of a capture, and where we are asked to stop while
    /// a pipe with a name is silent. Standard input is waited for: see [`Captures::add`].
    pub(super) fn open<'a>(&mut self, file: &'a Path, stop: &'a Asked) -> Result<Opened<'a>, Stop> {
        let is_input = file.as_os_str() == "-";
        if is_input && self.is_heard {
            let reason = "standard input was named before, and can be read once only";
            return Err(Stop::Input(reason.to_owned(), "name it once"));
        }
        self.is_heard |= is_input;
        let is_stopped = || !self.is_heard && stop.is_asked();
        let unreadable = |error| if is_stopped() { Stop::Asked } else { unreadable(error) };
        let input: Box<dyn Read + 'a> = if is_input {
            Box::new(io::stdin())
        } else {
            let unopened = |error: io::Error| Stop::Input(error.to_string(), MAKE);
            Box::new(Waiting::open(file, stop).map_err(unopened)?)
        };
        let mut reader = Reader::new(input).map_err(unreadable)?;
        while let Some(item) = reader.next_item().map_err(unreadable)? {
            if let Item::Packet(Packet { at_ns, link, data, cut_bytes }) = item {
                let first = First { at_ns, link, data: data.to_vec(), cut_bytes };
                return Ok(Opened { file, packets: Some((first, reader)) });
            }
            // Remarks are counted, and go nowhere.
            self.redactor.take(&item, &mut |_| {});
            if !self.is_heard && stop.is_asked() {
                return Err(Stop::Asked);
            }
        }
        Ok(Opened { file, packets: None })
    }

    /// Puts what may be shown of a capture into the archive; also of one that is damaged what stands
    /// before the damage. What is unfinished at its end may go on in the next one with packets. Once
    /// standard input was opened, all is read also if we are asked to stop: the same Ctrl-C ends
    /// tcpdump, which then writes what it kept back.
    pub(super) fn add(
        &mut self,
        opened: Opened<'_>,
        next: Option<&Opened<'_>>,
        archive: &mut Archive,
        context: &Context<'_>,
    ) -> Result<(), Stop> {
        let before = (self.redactor.left_out(), self.redactor.passed());
        let name = format!("capture-{}.pcapng", self.parts.len() + 1);
        let Self { redactor, is_heard, .. } = self;
        let is_stopped = || !*is_heard && context.interrupt.stop.is_asked();
        let (end, part) = archive.write(&name, |out| {
            let failed = |cause| Stop::Output(Trouble::storage("write", "the archive", cause));
            let mut writer = Writer::new(out, Redactor::LINK, PROGRAM, COMMENT).map_err(failed)?;
            let mut written = Ok(());
            let mut put = |packet: &Packet<'_>| {
                if written.is_ok() {
                    written = writer.packet(packet.at_ns.unwrap_or_default(), packet.data, None);
                }
            };
            let mut end = Ok(());
            if let Some((first, mut reader)) = opened.packets {
                redactor.take(&Item::Packet(first.packet()), &mut put);
                end = pass(&mut reader, redactor, &is_stopped, &mut put);
            }
            let goes_on = |next: &Opened<'_>| {
                let first = next.packets.as_ref().map(|(first, _)| first);
                first.is_some_and(|first| redactor.goes_on(&first.packet()))
            };
            if !next.is_some_and(goes_on) {
                redactor.finish(&mut put);
            }
            written.map_err(failed)?;
            match end {
                Err(Stop::Input(reason, cure)) => Ok(Some((reason, cure))),
                end => end.map(|()| None),
            }
        })?;
        self.parts.push(part);
        if let Some((reason, cure)) = end {
            return Err(Stop::Input(reason, cure));
        }
        self.judge(&before)
    }

    /// A capture of which nothing is in the archive has failed.
    fn judge(&self, (left, passed): &(LeftOut, u64)) -> Result<(), Stop> {
        let after = self.redactor.left_out();
        let (reason, cure) = if self.redactor.passed() > *passed {
            return Ok(());
        } else if after.closed > left.closed {
            ("its frames are protected and stay closed: nothing of it is in the archive", OPEN)
        } else if after.refused > left.refused {
            ("its packets are of a kind that cannot be read: nothing of it is in the archive", MAKE)
        } else {
            ("no camera and no client speaks in it: nothing of it is in the archive", FIND)
        };
        Err(Stop::Input(reason.to_owned(), cure))
    }

    /// Puts the transcript into the archive: of what is in it, not of what was read.
    pub(super) fn transcripts(&self, archive: &mut Archive) -> Result<(), Trouble> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let mut lines = Lines::default();
        self.transcript("transcript.txt", archive, &mut |record, out| {
            lines.of(record).iter().try_for_each(|line| writeln!(out, "{}", text::tame(line)))
        })?;
        self.transcript("transcript.jsonl", archive, &mut |record, out| {
            serde_json::to_writer(&mut *out, &Line { v: 1, kind: record.kind(), record })?;
            writeln!(out)
        })
    }

    fn transcript(
        &self,
        name: &str,
        archive: &mut Archive,
        tell: &mut dyn FnMut(&Record, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        let inputs: io::Result<Vec<_>> =
            self.parts.iter().map(|part| archive.read(*part)).collect();
        let inputs = inputs.map_err(|cause| archive.trouble(cause))?;
        let mut decoder = Decoder::new(self.ports.clone());
        let failed = |cause| Trouble::storage("write", "the archive", cause);
        archive
            .write(name, |out| {
                let mut written = Ok(());
                let mut give = |record: Record| {
                    if written.is_ok() {
                        written = tell(&record, out);
                    }
                };
                for input in inputs {
                    // We wrote it a moment ago.
                    let defect = |error: CaptureError| failed(io::Error::other(error));
                    let mut reader = Reader::new(input).map_err(defect)?;
                    let mut is_first = true;
                    while let Some(item) = reader.next_item().map_err(defect)? {
                        let Item::Packet(packet) = &item else { continue };
                        if std::mem::take(&mut is_first) && !decoder.goes_on(packet) {
                            decoder.finish(&mut give);
                        }
                        decoder.take(&item, &mut give);
                    }
                }
                decoder.finish(&mut give);
                written.map_err(failed)
            })
            .map(drop)
    }
}

fn pass(
    reader: &mut Reader<Box<dyn Read + '_>>,
    redactor: &mut Redactor,
    is_stopped: &dyn Fn() -> bool,
    put: &mut dyn FnMut(&Packet<'_>),
) -> Result<(), Stop> {
    loop {
        match reader.next_item() {
            Ok(None) => return Ok(()),
            Err(_) if is_stopped() => return Err(Stop::Asked),
            Err(error) => return Err(unreadable(error)),
            Ok(Some(item)) => redactor.take(&item, put),
        }
        if is_stopped() {
            return Err(Stop::Asked);
        }
    }
}
