//! `decode`: what was said on the air, from a capture.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_codec::OperationCode;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use filmwire_trace::rule::What;
use filmwire_trace::{Decoder, LiveTally, OperationTally, Ports, Record, Tally};
use serde_json::json;

use crate::context::Context;
use crate::target::{Sink, Target};

mod extract;
mod html;
pub(super) mod line;
mod persona;
pub(super) mod reading;
mod sieve;
mod unknown;
pub(super) mod wpa;

use extract::Extract;
use html::Page;
use line::Lines;
use persona::Drafter;
use reading::{Reading, Stop};
use sieve::Word;
use unknown::Unknown;
use wpa::WpaArgs;

/// Show what a capture holds: one line a transaction
///
/// Reads pcap and pcapng as tcpdump, Wireshark and capture apps of phones write them. A capture may
/// begin and end anywhere and have holes; they are shown. Packets of live view are counted, with
/// --json told one by one.
///
/// Files are read in the order in which they are named, and one that begins where the one before it
/// ended goes on with it: that is how `tcpdump -C` and `-G` cut a capture. One that begins earlier is
/// another capture.
///
/// Wi-Fi itself (802.11, monitor mode) is read too. What is protected by WPA2 is opened with the
/// network's passphrase, if the capture has the handshake by which the client joined. No key is
/// guessed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire decode session.pcapng
  tcpdump -i wlan0 -w - 'tcp portrange 55740-55742' | filmwire decode -
  filmwire decode ring.pcap0 ring.pcap1 ring.pcap2
  filmwire decode --json session.pcap | jq 'select(.kind == \"transaction\") | .operation_name'
  filmwire decode --filter SetDevicePropValue --filter 0xD212 --filter 10..20 session.pcap
  filmwire decode --unknown session.pcap
  filmwire decode --extract session session.pcap
  filmwire decode --stats --html session.html session.pcap
  filmwire decode --stats --persona body.toml session.pcap
  filmwire decode --wpa-file networks.txt monitor.pcapng")]
pub(crate) struct DecodeArgs {
    /// The captures; - is standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<PathBuf>,
    /// A camera listened on this port; events and live view on the two next. Besides the usual
    /// ones, and those where a client registers
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,
    /// Only transactions and events of this operation, property, event or response: name or code;
    /// only what was in these seconds from the start. Of names one must fit, and of times one
    #[arg(long, value_name = "NAME|CODE|FROM..TO", value_parser = sieve::word)]
    filter: Vec<Word>,
    /// Write what was fetched into this folder: objects, thumbnails, previews, live view as frames
    /// and as a film (Motion-JPEG). Nothing is ever replaced; what has holes says so in its name
    #[arg(long, value_name = "DIR")]
    extract: Option<PathBuf>,
    /// Write a page for a browser, which needs nothing besides: a timeline to zoom, a sequence
    /// diagram, each field; - is standard output. Nothing is ever replaced
    #[arg(long, value_name = "FILE|-")]
    html: Option<PathBuf>,
    /// Write a draft of a persona for `filmwire sim --persona`, from all that the captures show of
    /// one camera; - is standard output. What was not seen says so. No serial number and no name of
    /// a client or file is in it. Nothing is ever replaced
    #[arg(long, value_name = "FILE|-", conflicts_with = "extract")]
    persona: Option<PathBuf>,
    #[command(flatten)]
    wpa: WpaArgs,
    /// Show the first bytes of data phases as well
    #[arg(long, conflicts_with = "stats")]
    hex: bool,
    /// Only what no table explains: codes without a name or whose meaning is a guess, data and values
    /// without words, fields nobody knows, bytes that belong to no packet
    #[arg(long, conflicts_with_all = ["hex", "filter"])]
    unknown: bool,
    /// Only count: operations, times, losses
    #[arg(long)]
    stats: bool,
}

/// Runs the verb. Reading goes on until the capture ends, a pipe is closed, or we are stopped.
pub(crate) fn run(args: &DecodeArgs, context: &Context<'_>) -> Result<Exit> {
    let mut ports = Ports::default();
    args.port.iter().for_each(|&port| ports.add(port));
    let mut decoder = Decoder::new(ports);
    decoder.give_keys(wpa::keys(&args.wpa, context)?);
    if args.extract.is_some() {
        decoder.give_parts();
    }
    if args.unknown {
        decoder.give_fields();
    }
    if args.persona.is_some() {
        decoder.give_all_parts();
    }
    let page = args.html.as_deref().map(|path| Page::open(path, args.says(context)));
    // Only one of them can have standard output.
    let has_output = args.says(context) || is_stdout(args.html.as_deref());
    let draft = args.persona.as_deref().map(|path| Drafter::open(path, has_output));
    let mut whole =
        Whole { unknown: Unknown::default(), page: page.transpose()?, draft: draft.transpose()? };
    let mut reading = Reading::new(decoder, args, context, &mut whole);
    let mut is_stopped = false;
    for file in &args.files {
        match reading.file(file) {
            Ok(()) => {}
            Err(Stop::Output(trouble)) => return Err(trouble.into()),
            Err(Stop::Input(reason, cure)) => reading.fail(file, &reason, cure)?,
            Err(Stop::Asked) => {
                is_stopped = true;
                break;
            }
        }
    }
    let (tally, failed) = reading.finish()?;
    let exit = match failed {
        _ if is_stopped => Exit::Interrupted,
        0 => Exit::Done,
        _ => Exit::SomeFailed,
    };
    // Also if we were stopped: a pipe from tcpdump ends no other way.
    let exit = conclude(args, &tally, whole, exit, &context.out)?;
    if is_stopped {
        let cure = "what was shown so far stands".to_owned();
        return Err(Trouble::Interrupted { cure }.into());
    }
    Ok(exit)
}

/// What is made of all captures together.
struct Whole {
    unknown: Unknown,
    page: Option<Page>,
    draft: Option<Drafter>,
}

/// True for the name of standard output.
fn is_stdout(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}

impl DecodeArgs {
    /// True if standard output has something to say besides the transcript.
    fn says(&self, context: &Context<'_>) -> bool {
        context.out.is_json() || self.stats || self.unknown
    }

    /// True if the transcript is not shown.
    fn is_quiet(&self) -> bool {
        let is_taken = is_stdout(self.html.as_deref()) || is_stdout(self.persona.as_deref());
        self.stats || self.unknown || is_taken
    }
}

/// Tells what stands at the end.
fn conclude(
    args: &DecodeArgs,
    tally: &Tally,
    whole: Whole,
    mut exit: Exit,
    out: &Output,
) -> Result<Exit, Trouble> {
    // Where nothing was read, nothing is known of the tables.
    if args.unknown && shown(tally) > 0 {
        whole.unknown.tell(out)?;
    }
    if args.stats {
        stats(tally, out)?;
    }
    if let Some(page) = whole.page {
        page.finish(tally, !args.filter.is_empty(), out)?;
    }
    if let Some(draft) = whole.draft {
        let drafted = draft.finish(tally, out)?;
        exit = if exit == Exit::Done { drafted } else { exit };
    }
    out.json("summary", summary(tally, exit))?;
    Ok(exit)
}

/// A file under a temporary name until it is whole, or standard output.
fn target(path: &Path, has_output: bool, flag: &str, noun: &str) -> Result<Sink, Trouble> {
    if path == Path::new("-") {
        return match has_output {
            false => Target::Stdout.open(""),
            true => Err(Trouble::usage(
                format!("{flag} - cannot share standard output with what else is told there"),
                format!("write the {noun} to a file, or leave --json, --stats and the like out"),
            )),
        };
    }
    // What is no file, such as a pipe, is written to; what is one must not exist.
    let name = path.file_name().and_then(|name| name.to_str()).filter(|_| !path.exists());
    match name {
        Some(name) => {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            Target::Folder(folder).open(name)
        }
        None => Target::File(path.to_owned()).open(""),
    }
}

fn shown(tally: &Tally) -> u64 {
    tally.records.iter().filter(|(kind, _)| **kind != "note").map(|(_, count)| count).sum()
}

fn refused(tally: &Tally) -> u64 {
    tally.refused.values().sum()
}

/// Tells the records of a capture, and of the next one.
struct Teller<'a> {
    out: &'a Output,
    filter: &'a [Word],
    quiet: bool,
    hex: bool,
    unknown: Option<&'a mut Unknown>,
    page: Option<&'a mut Page>,
    folder: Option<&'a Path>,
    draft: Option<&'a mut Drafter>,
    extract: Option<Extract>,
    lines: Lines,
    trouble: Option<Trouble>,
}

impl<'a> Teller<'a> {
    fn new(args: &'a DecodeArgs, out: &'a Output, whole: &'a mut Whole) -> Self {
        let (filter, quiet) = (args.filter.as_slice(), args.is_quiet());
        let (hex, unknown) = (args.hex, args.unknown.then_some(&mut whole.unknown));
        Self {
            out,
            filter,
            quiet,
            hex,
            unknown,
            page: whole.page.as_mut(),
            folder: args.extract.as_deref(),
            draft: whole.draft.as_mut(),
            extract: None,
            lines: Lines::default(),
            trouble: None,
        }
    }

    /// A file can be read: the first of a capture, or one that goes on with it.
    fn begin(&mut self, file: &Path) -> Result<(), Trouble> {
        if let Some(page) = &mut self.page {
            page.file(file);
        }
        if let Some(folder) = self.folder.filter(|_| self.extract.is_none()) {
            self.extract = Some(Extract::into_folder(folder)?);
        }
        Ok(())
    }

    /// Tells a record; what goes wrong is kept for [`Teller::check`].
    fn tell(&mut self, record: &Record) {
        if let Some(extract) = self.extract.as_mut().filter(|_| self.trouble.is_none()) {
            self.trouble = extract.take(record, self.out).err();
        }
        if let Some(draft) = &mut self.draft {
            draft.take(record);
        }
        if matches!(record, Record::Part(_)) {
            return;
        }
        if let Some(unknown) = &mut self.unknown {
            unknown.take(record);
        }
        if matches!(record, Record::Field(_)) {
            return;
        }
        let start_ns = self.lines.see(record);
        if let Some(page) = &mut self.page {
            page.see(record);
        }
        if self.trouble.is_some() || !sieve::passes(self.filter, start_ns, record) {
            return;
        }
        if let Some(page) = &mut self.page {
            self.trouble = page.take(record).err();
        }
        if self.trouble.is_some() {
            return;
        }
        if self.quiet {
            self.trouble = self.tell_aside(record).err();
            return;
        }
        let result = if self.out.is_json() {
            self.out.json(record.kind(), record)
        } else {
            let mut lines = self.lines.of(record);
            if let Record::Transaction(done) = record
                && self.hex
            {
                lines.extend(line::hex(done));
            }
            lines.iter().try_for_each(|line| self.out.data(&text::tame(line)))
        };
        self.trouble = result.err();
    }

    /// Where the transcript is not shown: what of the capture could not be read, and why. Standard
    /// output belongs to something else.
    fn tell_aside(&self, record: &Record) -> Result<(), Trouble> {
        let Record::Note(note) = record else { return Ok(()) };
        if !note.is_of_capture() {
            return Ok(());
        }
        self.out.note(&text::tame(&note.text));
        self.out.json(record.kind(), record)
    }

    /// Puts objects under their names; times count anew in the next capture.
    fn finish(&mut self) -> Result<(), Trouble> {
        self.lines = Lines::default();
        self.extract.take().map_or(Ok(()), |extract| extract.finish(self.out))
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
        "opened_frames": tally.air.opened,
        "closed_frames": tally.air.closed,
        "repeated_frames": tally.air.repeated,
        "connections": tally.connections,
        "repeated_segments": tally.repeated,
        "transactions": count("transaction"),
        "events": count("event"),
        "frames": count("frame"),
        "frame_bytes": tally.frame_bytes,
        "live_view": live_view(&tally.live),
        "findings": findings(tally),
        "gaps": count("gap"),
        "said_bytes": tally.said_bytes,
        "packet_bytes": tally.packet_bytes,
        "lost_bytes": tally.lost_bytes,
        "stray_bytes": tally.stray_bytes,
        "operations": operations,
    })
}

fn live_view(live: &LiveTally) -> serde_json::Value {
    json!({
        "frames_per_second": live.rate(),
        "smallest_bytes": live.smallest,
        "largest_bytes": live.largest,
        "longest_step_us": (live.steps > 0).then_some(live.longest.as_micros() as u64),
        "counter_jumps": live.jumps,
    })
}

fn findings(tally: &Tally) -> Vec<serde_json::Value> {
    let each = tally.findings.iter();
    each.map(|((what, code), count)| json!({ "what": what, "code": code, "count": count }))
        .collect()
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
    let (lost, stray) = (text::bytes(tally.lost_bytes), text::bytes(tally.stray_bytes));
    let frames = text::bytes(tally.frame_bytes);
    out.data(&format!(
        "{}, {} of live view ({frames})",
        text::count(count("event"), "event", "events"),
        text::count(count("frame"), "picture", "pictures")
    ))?;
    tell_live_view(&tally.live, out)?;
    tell_findings(tally, out)?;
    let unread = match refused(tally) {
        0 => String::new(),
        count => format!("; {} cannot be decoded", text::count(count, "packet", "packets")),
    };
    out.data(&format!(
        "{} in {}; {} of others{unread}",
        text::count(tally.connections, "connection", "connections"),
        text::count(tally.packets, "packet", "packets"),
        text::count(tally.others, "packet", "packets")
    ))?;
    let (opened, closed) = (tally.air.opened, tally.air.closed);
    if opened + closed > 0 {
        out.data(&format!(
            "{} of Wi-Fi opened, {closed} stay closed, {} repeated",
            text::count(opened, "protected frame", "protected frames"),
            tally.air.repeated
        ))?;
    }
    let Tally { said_bytes, packet_bytes, .. } = tally;
    out.data(&format!(
        "{} said, {packet_bytes} of them in packets that are known",
        text::count(*said_bytes, "byte", "bytes")
    ))?;
    out.data(&format!(
        "{} repeated; {}: {lost} lost, {stray} not understood",
        text::count(tally.repeated, "segment", "segments"),
        text::count(count("gap"), "gap", "gaps")
    ))
}

fn tell_live_view(live: &LiveTally, out: &Output) -> Result<(), Trouble> {
    let Some((smallest, largest)) = live.smallest.zip(live.largest) else { return Ok(()) };
    let mut parts = Vec::new();
    if let Some(rate) = live.rate() {
        parts.push(format!("{rate:.1} pictures a second"));
        parts.push(format!("at most {} from one to the next", line::time(live.longest)));
    }
    parts.push(format!("{} to {} each", text::bytes(smallest), text::bytes(largest)));
    parts.push(format!("the counter jumps {}", text::count(live.jumps, "time", "times")));
    out.data(&format!("live view: {}", parts.join(", ")))
}

fn tell_findings(tally: &Tally, out: &Output) -> Result<(), Trouble> {
    let of = |wanted: What| {
        let fit = tally.findings.iter().filter(|((what, _), _)| *what == wanted);
        fit.map(|(_, count)| count).sum::<u64>()
    };
    let broken = text::count(of(What::Rule), "breach of a rule", "breaches of rules");
    let retries = text::count(of(What::Retry), "retry", "retries");
    let silences = text::count(of(What::Silence), "silence", "silences");
    out.data(&format!("{broken}, {retries}, {silences}"))?;
    let mut each = tally.findings.iter();
    each.try_for_each(|((_, code), count)| out.data(&format!("  {code:<24} {count:>7}")))
}
