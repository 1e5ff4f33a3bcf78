//! `sim`: a simulated camera.

use std::fs::File;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::light::Light;
use filmwire_sim::media::exif::Body;
use filmwire_sim::persona::Faithful;
use filmwire_sim::replay::Recording;
use filmwire_sim::{Allow, Fault, Link, Persona, SimOptions, SimServer, Simulator};
use serde_json::json;

use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, stdout_trouble, text};

mod replay;

/// Run a simulated camera
///
/// Says where it listens and waits for clients until it is interrupted. Clients may only read,
/// unless --allow says otherwise; a folder given with --card is never changed.
///
/// With --replay it answers as the camera of a recording did: a client that does the same, in any
/// order, gets the same. What was not recorded is refused.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire sim --model X-T4 --photos 100 --listen 127.0.0.1:0
  filmwire sim --card ~/Pictures/DCIM --rate 25M --rtt 5ms
  filmwire sim --fault 'cut-at=5000000' --journal -
  filmwire sim --model X-T10 --receive --picked 3
  filmwire sim --model X-T4 --allow settings,shoot --light dawn.txt
  filmwire sim --replay session.pcapng
  filmwire sim --list")]
pub(crate) struct SimArgs {
    /// Which body; --list names them
    #[arg(long, value_name = "NAME", default_value = "X-T20")]
    model: String,
    /// Read the body from this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    persona: Option<PathBuf>,
    /// Files of this folder are the card
    #[arg(long, value_name = "DIR", conflicts_with_all = ["photos", "films", "seed"])]
    card: Option<PathBuf>,
    /// Make up so many photos [default: the card of the demonstration]
    #[arg(long, value_name = "N")]
    photos: Option<u32>,
    /// Make up so many films as well
    #[arg(long, value_name = "N", requires = "photos")]
    films: Option<u32>,
    /// Chooses what the photos look like
    #[arg(long, value_name = "N", requires = "photos")]
    seed: Option<u64>,
    /// The person has picked the N newest pictures, or all: the camera sends them one by one
    #[arg(long, value_name = "N|all", value_parser = picked)]
    picked: Option<Picked>,
    /// The person chooses pictures five seconds after a client asks to receive some: all, or those
    /// of --picked
    #[arg(long)]
    receive: bool,
    /// Where to listen; port 0 takes three free ones
    #[arg(long, value_name = "HOST[:PORT]", default_value = "127.0.0.1:55740")]
    listen: String,
    /// What clients may do besides reading: settings, shoot, delete, upload
    #[arg(long, value_name = "WHAT,..", value_delimiter = ',')]
    allow: Vec<String>,
    /// Something that goes wrong, such as silence=GetObjectInfo#2; --list names all
    #[arg(long, value_name = "NAME=ARGUMENT")]
    fault: Vec<Fault>,
    /// Change a switch of the body, such as ok=state_wait; --list names all
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Light on the scene, by lines of a file: a time since the start and an exposure value, such
    /// as `2h10m 12`
    #[arg(long, value_name = "FILE")]
    light: Option<PathBuf>,
    /// Bits per second the camera sends: 25M, 1G
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<u64>,
    /// Time from a request to its answer: 5ms
    #[arg(long, value_name = "TIME", value_parser = time)]
    rtt: Option<Duration>,
    /// Write every transaction to this file, or standard output (-), one JSON object a line
    #[arg(long, value_name = "FILE|-")]
    journal: Option<PathBuf>,
    /// Answer from this recording of `filmwire proxy --record`, or any capture that decode reads
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "model", "persona", "card", "photos", "picked", "receive", "allow", "set", "light", "list",
    ])]
    replay: Option<PathBuf>,
    /// Of the recording, this connection alone, as decode counts them [default: the first that has
    /// a session, and the others of a camera of that model]
    #[arg(long, value_name = "N", requires = "replay")]
    connection: Option<u32>,
    /// In the recording a camera listened on this port, as with decode
    #[arg(long, value_name = "PORT", requires = "replay",
        value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,
    /// Show bodies, switches and faults, and end
    #[arg(long)]
    list: bool,
}

/// Port of commands where none is given. Source: the fact sheet's section 1.2.
const COMMAND_PORT: u16 = 55740;
/// Serial number in the Exif of generated photos.
const SERIAL: &str = "62A01234";
/// DF00 of a camera on which pictures were picked. Source: the fact sheet's section 4.1.
const PICKED_STATE: u16 = 1;
/// How long the person takes to choose with --receive, unless a switch says otherwise.
const CHOOSE_AFTER_MS: u64 = 5000;

/// How many pictures the person picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picked {
    All,
    Newest(u32),
}

/// Runs the verb.
pub(crate) async fn run(args: &SimArgs, context: &Context<'_>) -> Result<Exit> {
    if let Some(path) = &args.replay {
        return play(path, args, context).await;
    }
    let persona = persona(args)?;
    if args.list {
        list(&persona, &context.out)?;
        return Ok(Exit::Done);
    }
    let card = card(args, &persona.model)?;
    let options = SimOptions {
        listen: listen(&args.listen, "--listen")?,
        link: link(args),
        allow: allow(&args.allow)?,
        faults: args.fault.clone(),
        ..SimOptions::new(persona, card)
    };
    let (model, photos) = (options.persona.model.clone(), options.card.len());
    let server = SimServer::bind(options).await?;
    journal(args, &server)?;
    if let Some(Picked::Newest(count)) = args.picked {
        server.simulator().pick_newest(count);
    }
    announce(&server, &model, photos, None, &context.out)?;
    tokio::select! {
        () = context.interrupt.stop.asked() => {}
        () = server.simulator().wait_off_air() => {
            context.out.note("sent what was picked and switched itself off");
        }
    }
    let simulator = server.simulator().clone();
    server.shutdown().await;
    // What the journal does not have; programs compare it with what they saw of us.
    let (served, connections) = (simulator.stats(), simulator.connections());
    context.out.json(
        "summary",
        json!({
            "outcome": Exit::Done.word(),
            "connections": connections,
            "operations": served.total(),
            "sent_bytes": served.sent_bytes,
            "object_bytes": served.object_bytes,
            "events": served.events,
            "frames": served.frames,
        }),
    )?;
    Ok(Exit::Done)
}

/// Replays a recording.
async fn play(path: &Path, args: &SimArgs, context: &Context<'_>) -> Result<Exit> {
    let listen = listen(&args.listen, "--listen")?;
    let recording = replay::read(path, &args.port, args.connection, &context.interrupt)?;
    if recording.incomplete() > 0 {
        let count = text::count(recording.incomplete(), "transaction", "transactions");
        context.out.note(&format!("not whole in the capture, and not used: {count}"));
    }
    if recording.left_out() > 0 {
        context.out.note(&format!("{} records are too many, and not used", recording.left_out()));
    }
    let simulator = Simulator::replay(recording.clone())?;
    simulator.set_link(link(args));
    args.fault.iter().for_each(|fault| simulator.add_fault(fault.clone()));
    let server = SimServer::listen(simulator, listen).await?;
    journal(args, &server)?;
    let model = recording.model().unwrap_or("camera");
    announce(&server, model, recording.objects(), Some(&recording), &context.out)?;
    context.interrupt.stop.asked().await;
    server.shutdown().await;
    Ok(Exit::Done)
}

fn link(args: &SimArgs) -> Link {
    Link {
        bytes_per_second: args.rate.map(|bits| bits / 8),
        round_trip: args.rtt.unwrap_or_default(),
        ..Link::default()
    }
}

fn persona(args: &SimArgs) -> Result<Persona> {
    let usage = |error: String| Trouble::usage(error, "`filmwire sim --list` shows what there is");
    let mut persona = match &args.persona {
        None => Persona::builtin(&args.model).map_err(|error| usage(error.to_string()))?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
            Persona::from_toml(&text).map_err(|error| usage(error.to_string()))?
        }
    };
    for switch in &args.set {
        let (key, value) = switch
            .split_once('=')
            .ok_or_else(|| usage(format!("{switch:?} is no switch; write KEY=VALUE")))?;
        persona.set(key, value).map_err(|error| usage(error.to_string()))?;
    }
    if let Some(path) = &args.light {
        persona.shooting.light = light(path)?;
    }
    person(args, &mut persona)?;
    Ok(persona)
}

fn light(path: &Path) -> Result<Light, Trouble> {
    let cure = "each line is a time and an exposure value, such as `2h10m 12`";
    let failed = |why: String| Trouble::usage(format!("{}: {why}", path.display()), cure);
    let text = std::fs::read_to_string(path).map_err(|cause| failed(cause.to_string()))?;
    Light::from_lines(&text).map_err(|error| failed(error.to_string()))
}

/// What the person at the camera does: pick beforehand, or choose when asked.
fn person(args: &SimArgs, persona: &mut Persona) -> Result<(), Trouble> {
    if !args.receive {
        if args.picked.is_some() {
            persona.camera_state = PICKED_STATE;
        }
        return Ok(());
    }
    if persona.receive_list.is_empty() {
        let text = format!("the simulated {} has no receive mode", persona.name);
        return Err(Trouble::usage(text, "take one that has, such as --model X-T10"));
    }
    if persona.choose_after_ms == 0 {
        persona.choose_after_ms = CHOOSE_AFTER_MS;
    }
    Ok(())
}

/// The card; generated photos name the body that shows them.
fn card(args: &SimArgs, model: &str) -> Result<Card, Trouble> {
    if let Some(folder) = &args.card {
        return Card::from_dir(folder).map_err(|cause| {
            let text = format!("cannot read the card {}: {cause}", folder.display());
            Trouble::usage(text, "name a folder of photos")
        });
    }
    let Some(photos) = args.photos else { return Ok(Card::demo(model, SERIAL)) };
    let base = GenerateSpec::default();
    Ok(Card::generated(&GenerateSpec {
        seed: args.seed.unwrap_or(base.seed),
        photos,
        films: args.films.unwrap_or(0),
        body: Body::new(model, SERIAL),
        ..base
    }))
}

fn allow(words: &[String]) -> Result<Allow, Trouble> {
    let mut allow = Allow::default();
    for word in words {
        if !allow.add(word) {
            let text = format!("{word:?} cannot be allowed");
            return Err(Trouble::usage(text, "choose from settings, shoot, delete, upload"));
        }
    }
    Ok(allow)
}

/// Where to listen, as `flag` says.
pub(super) fn listen(text: &str, flag: &str) -> Result<SocketAddr, Trouble> {
    let found = match text.parse() {
        Ok(address) => Some(address),
        Err(_) if !text.contains(':') => {
            (text, COMMAND_PORT).to_socket_addrs().ok().and_then(|mut found| found.next())
        }
        Err(_) => text.to_socket_addrs().ok().and_then(|mut found| found.next()),
    };
    found.ok_or_else(|| {
        let cure = format!("write {flag} HOST or HOST:PORT, such as 127.0.0.1:0");
        Trouble::usage(format!("cannot listen on {text:?}"), cure)
    })
}

fn journal(args: &SimArgs, server: &SimServer) -> Result<(), Trouble> {
    let Some(path) = &args.journal else { return Ok(()) };
    if path.as_os_str() == "-" {
        server.simulator().journal_to(std::io::stdout());
        return Ok(());
    }
    let file = File::create(path).map_err(|cause| Trouble::storage("write", path, cause))?;
    server.simulator().journal_to(file);
    Ok(())
}

/// One line, on standard output: programs wait for it.
fn announce(
    server: &SimServer,
    model: &str,
    objects: usize,
    replayed: Option<&Recording>,
    out: &Output,
) -> Result<(), Trouble> {
    let at = server.addresses();
    if out.is_json() {
        let replayed = replayed.map(|recording| {
            json!({
                "connections": recording.connections(),
                "exchanges": recording.exchanges(),
                "incomplete": recording.incomplete(),
                "left_out": recording.left_out(),
            })
        });
        return out.json(
            "listening",
            json!({
                "model": model,
                "objects": objects,
                "address": at.command.to_string(),
                "events": at.events.to_string(),
                "live_view": at.live_view.to_string(),
                "replayed": replayed,
            }),
        );
    }
    let model = match replayed {
        Some(recording) => format!("{model}, replayed from {} exchanges,", recording.exchanges()),
        None => model.to_owned(),
    };
    out.data(&format!(
        "{model} with {objects} objects listens on {}, events on {}, live view on {}",
        at.command,
        at.events.port(),
        at.live_view.port()
    ))
}

/// The bodies, those with a file first, and how well each is known.
fn bodies() -> String {
    use std::fmt::Write as _;
    let mut text = "Bodies (--model)\n".to_owned();
    let (alone, files): (Vec<_>, Vec<_>) =
        Persona::known_models().into_iter().partition(|known| known.based_on.is_some());
    for known in files {
        let made_from = match known.faithful {
            Faithful::Log => "from a log or printed bytes of this body",
            Faithful::Code => "from what a program for this body tells",
            Faithful::Class => "a few facts, the rest from a body of its age",
            Faithful::Guess => "chosen by us",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<12} {made_from}", known.name);
    }
    text.push_str("\nBodies known by their name alone, and what stands for them\n");
    for known in alone {
        let like = known.based_on.unwrap_or_default();
        let _ = writeln!(text, "  {:<12} {like:<8} {}", known.name, known.why);
    }
    text
}

fn list(persona: &Persona, out: &Output) -> Result<(), Trouble> {
    let switches = persona.switches();
    if out.is_json() {
        let faults: Vec<_> = Fault::catalogue()
            .iter()
            .map(|fault| {
                json!({
                    "name": fault.name, "argument": fault.argument,
                    "example": fault.example, "does": fault.does,
                })
            })
            .collect();
        let switches: Vec<_> =
            switches.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let models = Persona::names();
        let bodies: Vec<_> = Persona::known_models()
            .iter()
            .map(|known| {
                json!({
                    "name": known.name, "faithful": known.faithful,
                    "based_on": known.based_on, "why": known.why,
                })
            })
            .collect();
        return out.json(
            "sim-list",
            json!({
                "models": models, "bodies": bodies, "model": persona.name,
                "switches": switches, "faults": faults,
            }),
        );
    }
    use std::fmt::Write as _;
    let mut text = bodies();
    text.push_str("\nFaults (--fault NAME=ARGUMENT)\n");
    for fault in Fault::catalogue() {
        let usage = format!("{}={}", fault.name, fault.argument);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {usage:<24} {}", fault.does);
    }
    let _ = writeln!(text, "\nSwitches of {} (--set KEY=VALUE)", persona.name);
    for (key, value) in &switches {
        let short: String = value.chars().take(50).collect();
        let more = if short.len() < value.len() { " .." } else { "" };
        let _ = writeln!(text, "  {key:<30} {short}{more}");
    }
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes()).map_err(stdout_trouble)
}

/// A number of pictures, or all of them.
fn picked(text: &str) -> Result<Picked, String> {
    if text == "all" {
        return Ok(Picked::All);
    }
    let count = text.parse().ok().filter(|&count| count > 0);
    count.map(Picked::Newest).ok_or_else(|| "write a number such as 3, or all".to_owned())
}

/// Bits per second: `25M`, `1.5G`, `500k`.
fn rate(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['k', 'M', 'G']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, ""),
    };
    let factor = match unit {
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => 1.0,
    };
    let rate = number.parse::<f64>().ok().map(|number| number * factor);
    let rate = rate.filter(|rate| (8.0..1e15).contains(rate)).map(|rate| rate as u64);
    rate.ok_or_else(|| "write bits per second such as 25M".to_owned())
}

/// A time: `5ms`, `2s`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 5ms or 2s".to_owned();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis(1)),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, Duration::from_secs(1)),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(unit * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times_are_read() {
        assert_eq!(rate("25M"), Ok(25_000_000));
        assert_eq!(rate("1.5G"), Ok(1_500_000_000));
        assert_eq!(rate("800"), Ok(800));
        assert!(rate("fast").is_err() && rate("-1M").is_err() && rate("0").is_err());
        assert_eq!(time("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        assert!(time("2").is_err() && time("xs").is_err());
    }

    #[test]
    fn pictures_are_picked_by_number() {
        assert_eq!(picked("all"), Ok(Picked::All));
        assert_eq!(picked("3"), Ok(Picked::Newest(3)));
        assert!(picked("0").is_err() && picked("-1").is_err() && picked("some").is_err());
    }

    #[test]
    fn a_host_alone_has_the_usual_port() {
        assert_eq!(listen("127.0.0.1", "--listen").unwrap().port(), COMMAND_PORT);
        assert_eq!(listen("127.0.0.1:0", "--listen").unwrap().port(), 0);
        assert!(listen("127.0.0.1:x", "--listen").is_err());
    }
}
