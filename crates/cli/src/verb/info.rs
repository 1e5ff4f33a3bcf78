//! `info`: what the camera tells of itself.

use anyhow::Result;
use clap::Args;
use filmwire_camera::quirk::{GalleryOrder, RULES, RealSize, Rule};
use filmwire_camera::{Battery, Body, Camera, CameraInfo, Offer, body, class, offers};
use filmwire_codec::code::Grade;
use filmwire_codec::{CameraState, DevicePropCode};
use filmwire_ingest::OUT_OF_REACH;
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

/// Tell what the camera says of itself
///
/// Model, what it offers by the versions it reports and how sure that is, battery, what is known of
/// this body, how filmwire behaves towards it and why, and every value of its state list.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {}

/// Runs the verb.
pub(crate) async fn run(_: &InfoArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.config(&SettingFlags::default())?;
    let camera = context.connect(&config, Default::default()).await?;
    if context.out.is_json() {
        print_json(&camera, &context.out)?;
    } else {
        print_text(&camera, &context.out)?;
    }
    camera.leave().await;
    Ok(Exit::Done)
}

fn rules_of(names: &[&'static str]) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| names.contains(&rule.name))
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    }
}

/// The word for the order of the gallery's opening.
fn gallery(order: GalleryOrder) -> &'static str {
    match order {
        GalleryOrder::VersionReadFirst => "version-read-first",
        GalleryOrder::ModeFirst => "mode-first",
    }
}

/// The word for when true sizes are asked for.
fn real_size(when: RealSize) -> &'static str {
    match when {
        RealSize::PerSession => "per-session",
        RealSize::PerFile => "per-file",
        RealSize::ByOriginal => "by-original",
        _ => "unknown",
    }
}

fn meaning(property: DevicePropCode, value: u32) -> Option<&'static str> {
    if property != DevicePropCode::CAMERA_STATE {
        return None;
    }
    CameraState(u16::try_from(value).ok()?).name()
}

fn print_text(camera: &Camera, out: &Output) -> Result<(), Trouble> {
    let info = camera.info();
    out.data(&format!("Model      {}", text::tame(&info.model)))?;
    out.data(&format!("Objects    {}", camera.object_count()))?;
    if let Some(battery) = camera.state().battery() {
        out.data(&format!("Battery    {battery}"))?;
    }
    out.data("\nWhat is known of it")?;
    known(info).iter().try_for_each(|(name, text)| indented(out, name, text))?;
    out.data("\nOffers, by the versions it reports")?;
    offers(&info.versions).iter().try_for_each(|offer| out.data(&offer_line(offer)))?;
    print_behaviour(info, out)?;
    out.data("\nState list")?;
    for (property, value) in camera.state().iter() {
        let name = property.name().unwrap_or("unknown");
        let meaning = meaning(property, value).map(|name| format!("  {name}")).unwrap_or_default();
        out.data(&format!("  {:#06X} {name:<28} {value:>10}  {value:#X}{meaning}", property.0))?;
    }
    out.data("\nOut of reach")?;
    text::wrap(OUT_OF_REACH, 76).iter().try_for_each(|line| out.data(&format!("  {line}")))
}

/// What public projects tell of the body, and what class of bodies it is taken for.
fn known(info: &CameraInfo) -> Vec<(&'static str, &'static str)> {
    let class = ("taken for", class(&info.quirks));
    match body(&info.model) {
        Some(&Body { evidence, proven, expected, unknown, .. }) => vec![
            ("evidence", evidence.as_str()),
            ("proven", proven),
            ("expected", expected),
            ("unknown", unknown),
            class,
        ],
        None => vec![("evidence", "nobody named this model; a report would help"), class],
    }
}

fn indented(out: &Output, name: &str, words: &str) -> Result<(), Trouble> {
    for (row, line) in text::wrap(words, 64).iter().enumerate() {
        let name = if row == 0 { name } else { "" };
        out.data(&format!("  {name:<10} {line}"))?;
    }
    Ok(())
}

fn offer_line(offer: &Offer) -> String {
    let version = match offer.version {
        Some(version) => format!("{version:#X}"),
        None => "not offered".to_owned(),
    };
    let note = match (offer.version, offer.used) {
        (Some(_), false) => ", not used yet",
        _ => "",
    };
    format!("  {:<42} {version:<11} grade {}{note}", offer.function, grade(offer.grade))
}

fn print_behaviour(info: &CameraInfo, out: &Output) -> Result<(), Trouble> {
    let quirks = &info.quirks;
    out.data("\nHow filmwire behaves towards it")?;
    let yes = |value| if value { "yes" } else { "no" };
    for (name, value) in [
        ("way to the gallery", quirks.way.as_str().to_owned()),
        ("order of the gallery's opening", gallery(quirks.gallery).to_owned()),
        ("true sizes are asked for", real_size(quirks.real_size).to_owned()),
        ("state reads after an unfinished file", quirks.drain_reads.to_string()),
        ("event and live view ports", yes(quirks.side_sockets).to_owned()),
        ("handle 1 is", if quirks.oldest_first { "the oldest" } else { "the newest" }.to_owned()),
    ] {
        out.data(&format!("  {name:<42} {value}"))?;
    }
    for rule in rules_of(&info.rules) {
        out.data(&format!("  because of the rule {:?} (grade {}):", rule.name, grade(rule.grade)))?;
        let lines = text::wrap(rule.evidence, 74);
        lines.iter().try_for_each(|line| out.data(&format!("    {line}")))?;
    }
    Ok(())
}

fn print_json(camera: &Camera, out: &Output) -> Result<(), Trouble> {
    let info = camera.info();
    let offers: Vec<_> = offers(&info.versions)
        .iter()
        .map(|offer| {
            json!({
                "function": offer.function,
                "property": format!("{:#06X}", offer.property.0),
                "version": offer.version,
                "used": offer.used,
                "grade": grade(offer.grade),
                "evidence": offer.evidence,
            })
        })
        .collect();
    let rules: Vec<_> = rules_of(&info.rules)
        .map(|rule| {
            json!({ "name": rule.name, "grade": grade(rule.grade), "evidence": rule.evidence })
        })
        .collect();
    let state: Vec<_> = camera
        .state()
        .iter()
        .map(|(property, value)| {
            let code = format!("{:#06X}", property.0);
            json!({ "property": code, "name": property.name(), "value": value })
        })
        .collect();
    let known: serde_json::Map<_, _> =
        known(info).into_iter().map(|(name, text)| (name.replace(' ', "_"), text.into())).collect();
    let quirks = &info.quirks;
    let quirks = json!({
        "way": quirks.way.as_str(),
        "gallery": gallery(quirks.gallery),
        "real_size": real_size(quirks.real_size),
        "drain_reads": quirks.drain_reads,
        "side_sockets": quirks.side_sockets,
        "oldest_first": quirks.oldest_first,
    });
    let battery = camera.state().battery();
    let battery = battery.map(|Battery { bars, of }| json!({ "bars": bars, "of": of }));
    out.json(
        "camera",
        json!({
            "model": info.model,
            "objects": camera.object_count(),
            "battery": battery,
            "known": known,
            "offers": offers,
            "quirks": quirks,
            "rules": rules,
            "state": state,
            "out_of_reach": OUT_OF_REACH,
        }),
    )
}
