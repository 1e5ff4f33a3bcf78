//! Files of packets, one after the other: each goes on with the one before it, or is a capture of its
//! own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use filmwire_ingest::Stop as Asked;
use filmwire_program::exit::Trouble;
use filmwire_trace::capture::{CaptureError, Item, LinkType, Reader};
use filmwire_trace::{Decoder, Tally};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde_json::json;

use super::{DecodeArgs, Teller, Whole, refused, shown};
use crate::context::Context;

/// What helps where there is no capture.
const MAKE: &str = "captures are made with tcpdump -w or Wireshark, as pcap or pcapng";
/// What helps where no packet can be decoded.
const KINDS: &str = "capture where packets are Ethernet, Linux cooked, raw IP or Wi-Fi (802.11)";
/// What helps where all of Wi-Fi stays closed, also with a passphrase that is a wrong one.
const OPEN: &str = "the remarks say why; it takes the network's own passphrase (--wpa-file), and a \
                    capture from before the client joins";
/// How long a silent pipe is waited for before we look whether we should stop.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Why a file is not read on.
pub(super) enum Stop {
    /// It cannot be, in words, and what helps; another file may.
    Input(String, &'static str),
    /// Nobody reads what we write.
    Output(Trouble),
    /// We were asked to stop.
    Asked,
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Output(trouble)
    }
}

impl From<CaptureError> for Stop {
    fn from(error: CaptureError) -> Self {
        Self::Input(error.to_string(), MAKE)
    }
}

/// Reads files and tells what is in them.
pub(super) struct Reading<'a> {
    context: &'a Context<'a>,
    decoder: Decoder,
    teller: Teller<'a>,
    /// What was counted before the capture that is read.
    before: Tally,
    /// Its files of which nothing was opened, with how much stays closed.
    closed: Vec<(&'a Path, u64)>,
    failed: u64,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        decoder: Decoder,
        args: &'a DecodeArgs,
        context: &'a Context<'_>,
        whole: &'a mut Whole,
    ) -> Self {
        let teller = Teller::new(args, &context.out, whole);
        let (before, closed, failed) = (Tally::default(), Vec::new(), 0);
        Self { context, decoder, teller, before, closed, failed }
    }

    /// Reads a file; what is unfinished at its end may go on in the next one.
    pub(super) fn file(&mut self, file: &'a Path) -> Result<(), Stop> {
        let stop = &self.context.interrupt.stop;
        let unopened = |error: io::Error| Stop::Input(error.to_string(), MAKE);
        let input = Waiting::open(file, stop).map_err(unopened)?;
        let of = |error: CaptureError| if stop.is_asked() { Stop::Asked } else { error.into() };
        let mut reader = Reader::new(input).map_err(of)?;
        self.teller.begin(file)?;
        let before = self.decoder.tally().clone();
        let mut is_first = true;
        while let Some(item) = reader.next_item().map_err(of)? {
            if let Item::Packet(packet) = &item
                && std::mem::replace(&mut is_first, false)
                && !self.decoder.goes_on(packet)
            {
                self.end()?;
                self.teller.begin(file)?;
            }
            let Self { decoder, teller, .. } = self;
            decoder.take(&item, &mut |record| teller.tell(&record));
            self.teller.check()?;
            if stop.is_asked() {
                return Err(Stop::Asked);
            }
        }
        self.judge(file, &before)
    }

    /// A file of which nothing can be decoded has failed.
    fn judge(&mut self, file: &'a Path, before: &Tally) -> Result<(), Stop> {
        let after = self.decoder.tally();
        let of = |count: fn(&Tally) -> u64| count(after) - count(before);
        let packets = of(|tally| tally.packets);
        if packets > 0 && of(refused) == packets {
            let new = |(link, count): (&u32, &u64)| {
                (before.refused.get(link) != Some(count)).then(|| LinkType(*link).to_string())
            };
            let kinds: Vec<_> = after.refused.iter().filter_map(new).collect();
            let kinds = kinds.join(", ");
            let reason = format!("all its packets are of a kind that cannot be decoded: {kinds}");
            return Err(Stop::Input(reason, KINDS));
        }
        let (opened, closed) = (of(|tally| tally.air.opened), of(|tally| tally.air.closed));
        if closed > 0 && opened == 0 {
            self.closed.push((file, closed));
        }
        Ok(())
    }

    /// Ends the capture. If nothing of all its files can be shown, they have failed.
    fn end(&mut self) -> Result<(), Trouble> {
        let Self { decoder, teller, .. } = self;
        decoder.finish(&mut |record| teller.tell(&record));
        teller.check()?;
        teller.finish()?;
        let after = decoder.tally().clone();
        let before = std::mem::replace(&mut self.before, after.clone());
        let closed = std::mem::take(&mut self.closed);
        if after.air.opened == before.air.opened && shown(&after) == shown(&before) {
            for (file, frames) in closed {
                let reason =
                    format!("all its {frames} frames with data are protected, and stay closed");
                self.fail(file, &reason, OPEN)?;
            }
        }
        Ok(())
    }

    /// Tells of a file that cannot be read.
    pub(super) fn fail(&mut self, file: &Path, reason: &str, cure: &str) -> Result<(), Trouble> {
        self.failed += 1;
        let name = file.display().to_string();
        self.context.out.error(&format!("{name}: {reason}"), cure);
        self.context.out.json("failed", json!({ "name": name, "reason": reason }))
    }

    /// Ends the last capture. Returns what was counted, and how many files have failed.
    pub(super) fn finish(mut self) -> Result<(Tally, u64), Trouble> {
        self.end()?;
        Ok((self.decoder.tally().clone(), self.failed))
    }
}

/// Input that is waited for no longer than until we are asked to stop: a pipe from tcpdump is silent
/// while the camera is. What is there is read all the same.
pub(in super::super) struct Waiting<'a> {
    file: File,
    stop: &'a Asked,
}

impl<'a> Waiting<'a> {
    /// Opens a file; - is standard input.
    pub(in super::super) fn open(path: &Path, stop: &'a Asked) -> io::Result<Self> {
        let file = if path.as_os_str() == "-" {
            // Its own buffer would hide from us whether there is something to read.
            File::from(io::stdin().as_fd().try_clone_to_owned()?)
        } else {
            // A pipe with a name would else not be opened before somebody writes to it.
            let flags = if cfg!(target_os = "linux") { OFlags::NONBLOCK } else { OFlags::empty() };
            OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?
        };
        Ok(Self { file, stop })
    }
}

impl Read for Waiting<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut ready, Some(&LOOK)) {
                Ok(0) | Err(Errno::INTR) => {}
                // What cannot be waited for is read at once.
                _ => match self.file.read(into) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
            }
            if self.stop.is_asked() {
                return Err(io::Error::other("we were asked to stop"));
            }
        }
    }
}
