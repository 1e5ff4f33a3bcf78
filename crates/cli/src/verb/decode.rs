//! `decode`: what was said on the air, from a capture.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_codec::OperationCode;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use filmwire_trace::capture::{CaptureError, Reader};
use filmwire_trace::{Decoder, OperationTally, Ports, Record, Tally};
use serde_json::json;

use crate::context::Context;

pub(super) mod line;
mod sieve;

use line::Lines;
use sieve::Word;

/// Show what a capture holds: one line a transaction
///
/// Reads pcap and pcapng as tcpdump, Wireshark and capture apps of phones write them. A capture may
/// begin and end anywhere and have holes; they are shown. Packets of live view are counted, with
/// --json told one by one. Captures of Wi-Fi itself (802.11, monitor mode) cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire decode session.pcapng
  tcpdump -i wlan0 -w - 'tcp portrange 55740-55742' | filmwire decode -
  filmwire decode --json session.pcap | jq 'select(.kind == \"transaction\") | .operation_name'
  filmwire decode --filter SetDevicePropValue --filter 0xD212 session.pcap")]
pub(crate) struct DecodeArgs {
    /// The captures; - is standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<PathBuf>,
    /// A camera listened on this port; events and live view on the two next. Besides the usual
    /// ones, and those where a client registers
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,
    /// Only transactions and events of this operation, property, event or response: name or code
    #[arg(long, value_name = "NAME|CODE", value_parser = sieve::word)]
    filter: Vec<Word>,
    /// Only count: operations, times, losses
    #[arg(long)]
    stats: bool,
}

/// Runs the verb. Reading goes on until the capture ends, a pipe is closed, or we are stopped.
pub(crate) fn run(args: &DecodeArgs, context: &Context<'_>) -> Result<Exit> {
    let mut ports = Ports::default();
    args.port.iter().for_each(|&port| ports.add(port));
    let mut decoder = Decoder::new(ports);
    let mut failed = 0u64;
    for file in &args.files {
        if let Err(error) = decode(file, args, context, &mut decoder) {
            match error {
                Stop::Output(trouble) => return Err(trouble.into()),
                Stop::Asked => {
                    let cure = "what was shown so far stands".to_owned();
                    return Err(Trouble::Interrupted { cure }.into());
                }
                Stop::Input(reason) => {
                    failed += 1;
                    fail(file, &reason, &context.out)?;
                }
            }
        }
    }
    let exit = if failed == 0 { Exit::Done } else { Exit::SomeFailed };
    let tally = decoder.tally();
    if args.stats {
        stats(tally, &context.out)?;
    }
    context.out.json("summary", summary(tally, exit))?;
    Ok(exit)
}

/// Why a file is not read on.
enum Stop {
    /// It cannot be, in words; another file may.
    Input(String),
    /// Nobody reads what we write.
    Output(Trouble),
    /// We were asked to stop.
    Asked,
}

fn decode(
    file: &Path,
    args: &DecodeArgs,
    context: &Context<'_>,
    decoder: &mut Decoder,
) -> Result<(), Stop> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| Stop::Input(error.to_string()))?)
    };
    let unreadable = |error: CaptureError| Stop::Input(error.to_string());
    let mut reader = Reader::new(input).map_err(unreadable)?;
    let mut teller = Teller::new(args, &context.out);
    let (packets, refused) = (decoder.tally().packets, refused(decoder.tally()));
    let result = loop {
        match reader.next_item() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(unreadable(error)),
            Ok(Some(item)) => decoder.take(&item, &mut |record| teller.tell(&record)),
        }
        teller.check().map_err(Stop::Output)?;
        if context.interrupt.stop.is_asked() {
            break Err(Stop::Asked);
        }
    };
    decoder.finish(&mut |record| teller.tell(&record));
    teller.check().map_err(Stop::Output)?;
    result?;
    let tally = decoder.tally();
    let packets = tally.packets - packets;
    if packets > 0 && self::refused(tally) - refused == packets {
        return Err(Stop::Input("all its packets are of a kind that cannot be decoded".to_owned()));
    }
    Ok(())
}

fn refused(tally: &Tally) -> u64 {
    tally.refused.values().sum()
}

fn fail(file: &Path, reason: &str, out: &Output) -> Result<(), Trouble> {
    let name = file.display().to_string();
    let cure = "captures are made with tcpdump -w or Wireshark, as pcap or pcapng";
    out.error(&format!("{name}: {reason}"), cure);
    out.json("failed", json!({ "name": name, "reason": reason }))
}

/// Tells the records of a file.
struct Teller<'a> {
    out: &'a Output,
    filter: &'a [Word],
    quiet: bool,
    lines: Lines,
    trouble: Option<Trouble>,
}

impl<'a> Teller<'a> {
    fn new(args: &'a DecodeArgs, out: &'a Output) -> Self {
        let (filter, quiet) = (args.filter.as_slice(), args.stats);
        Self { out, filter, quiet, lines: Lines::default(), trouble: None }
    }

    /// Tells a record; what goes wrong is kept for [`Teller::check`].
    fn tell(&mut self, record: &Record) {
        if self.quiet || self.trouble.is_some() || !sieve::passes(self.filter, record) {
            return;
        }
        let result = if self.out.is_json() {
            self.out.json(record.kind(), record)
        } else {
            let lines = self.lines.of(record);
            lines.iter().try_for_each(|line| self.out.data(&text::tame(line)))
        };
        self.trouble = result.err();
    }

    fn check(&mut self) -> Result<(), Trouble> {
        self.trouble.take().map_or(Ok(()), Err)
    }
}

fn summary(tally: &Tally, exit: Exit) -> serde_json::Value {
    let count = |kind: &str| tally.records.get(kind).copied().unwrap_or_default();
    let operations = tally.operations.iter().map(|(code, tally)| operation(*code, tally));
    let operations: Vec<_> = operations.collect();
    json!({
        "outcome": exit.word(),
        "packets": tally.packets,
        "other_packets": tally.others,
        "refused_packets": refused(tally),
        "connections": tally.connections,
        "repeated_segments": tally.repeated,
        "transactions": count("transaction"),
        "events": count("event"),
        "frames": count("frame"),
        "frame_bytes": tally.frame_bytes,
        "gaps": count("gap"),
        "lost_bytes": tally.lost_bytes,
        "stray_bytes": tally.stray_bytes,
        "operations": operations,
    })
}

fn operation(code: u16, tally: &OperationTally) -> serde_json::Value {
    json!({
        "operation": format!("0x{code:04X}"),
        "operation_name": OperationCode(code).name(),
        "count": tally.count,
        "refused": tally.refused,
        "unanswered": tally.unanswered,
        "data_bytes": tally.data_bytes,
        "mean_us": mean(tally).map(|time| time.as_micros() as u64),
        "longest_us": (tally.timed > 0).then_some(tally.longest.as_micros() as u64),
    })
}

fn mean(tally: &OperationTally) -> Option<Duration> {
    let mean = tally.total.as_nanos().checked_div(u128::from(tally.timed))?;
    u64::try_from(mean).ok().map(Duration::from_nanos)
}

/// The counts for people.
fn stats(tally: &Tally, out: &Output) -> Result<(), Trouble> {
    if out.is_json() {
        return Ok(());
    }
    let head =
        "operation                    count  refused  no answer         data       mean    longest";
    out.data(head)?;
    for (&code, tally) in &tally.operations {
        let code = OperationCode(code);
        let name = code.name().map_or_else(|| code.to_string(), str::to_owned);
        let time = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), line::time);
        let longest = (tally.timed > 0).then_some(tally.longest);
        out.data(&format!(
            "{name:<26} {:>7} {:>8} {:>10} {:>12} {:>10} {:>10}",
            tally.count,
            tally.refused,
            tally.unanswered,
            text::bytes(tally.data_bytes),
            time(mean(tally)),
            time(longest),
        ))?;
    }
    let count = |kind: &str| tally.records.get(kind).copied().unwrap_or_default();
    let Tally { packets, others, connections, repeated, .. } = tally;
    let (lost, stray) = (text::bytes(tally.lost_bytes), text::bytes(tally.stray_bytes));
    let frames = text::bytes(tally.frame_bytes);
    out.data(&format!(
        "{} events, {} pictures of live view ({frames})",
        count("event"),
        count("frame")
    ))?;
    out.data(&format!(
        "{connections} connections in {packets} packets; {others} packets of others"
    ))?;
    out.data(&format!(
        "{repeated} segments repeated; {} gaps: {lost} lost, {stray} not understood",
        count("gap")
    ))
}
