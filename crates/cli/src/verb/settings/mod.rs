//! `settings`: what is set on the camera, and changing it.

mod set;

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_camera::{Allow, Change, Choices, Reading, Remote};
use filmwire_codec::DevicePropCode;
use filmwire_codec::value::FocusPoint;
use serde_json::{Value, json};

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

/// Show what is set on the camera and what it may become, or change it
///
/// Every setting the camera reports, its present value, the values the camera lists, and how it can
/// be changed: written, stepped, or only on the body. The list of a body differs from one exposure
/// program to the other. While filmwire is connected the body's own controls are dead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire settings
  filmwire settings set iso=400 aperture=5.6 shutter=1/125
  filmwire settings set wb=daylight film=classic-chrome bias=-0.7
  filmwire settings --json | jq -r 'select(.setting == \"iso\") | .value'")]
pub(crate) struct SettingsArgs {
    #[command(subcommand)]
    verb: Option<SettingsVerb>,
}

#[derive(Debug, Subcommand)]
enum SettingsVerb {
    Set(set::SetArgs),
}

/// Runs the verb.
pub(crate) async fn run(args: &SettingsArgs, context: &Context<'_>) -> Result<Exit> {
    match &args.verb {
        Some(SettingsVerb::Set(args)) => set::run(args, context).await,
        None => list(context).await,
    }
}

async fn list(context: &Context<'_>) -> Result<Exit> {
    let config = context.config(&SettingFlags::default())?;
    let remote = context.connect_remote(&config, Allow::default()).await?;
    let readings = remote.settings().await?;
    let model = remote.info().model.clone();
    let out = &context.out;
    warn_without_list(&remote, out);
    remote.leave().await;
    if out.is_json() {
        readings.iter().try_for_each(|reading| out.json("setting", line(reading)))?;
    } else {
        print_text(&model, &readings, out)?;
    }
    out.json("summary", json!({ "model": model, "settings": readings.len() }))?;
    Ok(Exit::Done)
}

/// Says that nothing tells beforehand what the camera takes.
fn warn_without_list(remote: &Remote, out: &Output) {
    if remote.capabilities().items.is_empty() {
        let text = "the camera gave no list that can be read of what can be set to what (0x902B); \
                    values are written as asked, and count if the camera reports them";
        out.warn(text);
    }
}

/// The name a person can type, or the property where nobody knows one.
fn key(reading: &Reading) -> String {
    let known = reading.setting.map(|setting| setting.key.to_owned());
    known.unwrap_or_else(|| hex(reading.property))
}

fn hex(property: DevicePropCode) -> String {
    format!("{:#06X}", property.0)
}

fn line(reading: &Reading) -> Value {
    let words = |bits: &[u32]| bits.iter().map(|&bits| reading.text(bits)).collect::<Vec<_>>();
    let (choices, range) = match &reading.choices {
        Choices::NotTold => (None, None),
        Choices::Listed(listed) => (Some(words(listed)), None),
        Choices::Range(min, max) => (None, Some(words(&[*min, *max]))),
    };
    json!({
        "setting": reading.setting.map(|setting| setting.key),
        "name": reading.setting.map(|setting| setting.name),
        "property": hex(reading.property),
        "value": reading.bits.map(|bits| reading.text(bits)),
        "bits": reading.bits,
        "change": reading.change.as_str(),
        "choices": choices,
        "range": range,
    })
}

/// Groups in the order in which people want them.
const GROUPS: [(Change, &str); 6] = [
    (Change::Written, "Can be set: filmwire settings set NAME=VALUE"),
    (Change::Stepped, "Can be set, step by step, if the body's exposure program lets it"),
    (Change::FocusLock, "Set together with the lock of focus: filmwire shoot --focus COLUMN,ROW"),
    (Change::Body, "Only on the body, while filmwire is not connected"),
    (Change::State, "What the camera tells of itself"),
    (Change::Unknown, "Nobody knows what these are"),
];

/// Column of the values, and the longest line.
const INDENT: usize = 22;
const WIDTH: usize = 96;

fn print_text(model: &str, readings: &[Reading], out: &Output) -> Result<(), Trouble> {
    out.data(&format!("Model: {}", text::tame(model)))?;
    for (change, title) in GROUPS {
        let mut group = readings.iter().filter(|reading| reading.change == change).peekable();
        if group.peek().is_none() {
            continue;
        }
        out.data(&format!("\n{title}"))?;
        group.try_for_each(|reading| {
            let now = reading.bits.map_or_else(|| "not told now".to_owned(), |b| reading.text(b));
            out.data(&format!("  {:<width$}{now}", key(reading), width = INDENT - 2))?;
            let Some(choices) = choices(reading) else { return Ok(()) };
            let lines = text::wrap(&format!("may become {choices}"), WIDTH - INDENT);
            lines.iter().try_for_each(|line| out.data(&format!("{:INDENT$}{line}", "")))
        })?;
    }
    Ok(())
}

/// What a setting may become, in words; `None` where there is nothing to say.
fn choices(reading: &Reading) -> Option<String> {
    let changes = [Change::Written, Change::Stepped, Change::FocusLock].contains(&reading.change);
    match &reading.choices {
        _ if !changes => None,
        Choices::Listed(listed) => {
            let words: Vec<_> = listed.iter().map(|&bits| reading.text(bits)).collect();
            Some(words.join(" "))
        }
        // The bytes of the highest point are those of the last column and row.
        Choices::Range(_, max) if reading.property == DevicePropCode::FOCUS_POINT => {
            let last = FocusPoint(*max);
            Some(format!("1,1 to {},{} (column,row)", last.column(), last.row()))
        }
        Choices::Range(min, max) => {
            Some(format!("{} to {}", reading.text(*min), reading.text(*max)))
        }
        Choices::NotTold if reading.change == Change::Stepped => {
            Some("whatever body and lens have; the camera does not list it".to_owned())
        }
        Choices::NotTold => Some("the camera does not tell what".to_owned()),
    }
}
