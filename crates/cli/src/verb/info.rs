//! `info`: what the camera tells of itself.

use anyhow::Result;
use clap::Args;
use filmwire_camera::Camera;
use filmwire_camera::quirk::{GalleryOrder, RULES, RealSize, Rule};
use filmwire_codec::code::Grade;
use filmwire_codec::{CameraState, DevicePropCode};
use filmwire_ingest::OUT_OF_REACH;
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use crate::exit::{Exit, Trouble};
use crate::output::{Output, text};

/// Tell what the camera says of itself
///
/// Model, versions of its functions, how filmwire behaves towards it and why, and every value of
/// its state list.
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

/// What a version property stands for, where we know it. Source: the fact sheet's section 4.2.
fn function(property: DevicePropCode) -> &'static str {
    match property {
        DevicePropCode::VIEW_VERSION => "view and fetch photos",
        DevicePropCode::REMOTE_VIEW_VERSION => "view and fetch photos in a remote session",
        DevicePropCode::RECEIVE_VERSION => "receive photos picked on the camera",
        DevicePropCode::REMOTE_VERSION => "remote shooting",
        DevicePropCode::EXTENDED_VIEW_VERSION => "extended photo view",
        DevicePropCode::GPS_VERSION => "location from a phone",
        _ => "unknown function",
    }
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
    out.data("\nOffers")?;
    for (property, version) in &info.versions {
        out.data(&format!("  {:<42} version {version:#X}", function(*property)))?;
    }
    let quirks = &info.quirks;
    out.data("\nHow filmwire behaves towards it")?;
    let yes = |value| if value { "yes" } else { "no" };
    for (name, value) in [
        ("remote function before the gallery", yes(quirks.remote_before_gallery).to_owned()),
        ("order of the gallery's opening", gallery(quirks.gallery).to_owned()),
        ("true sizes are asked for", real_size(quirks.real_size).to_owned()),
        ("state reads after an unfinished file", quirks.drain_reads.to_string()),
        ("event and live view ports", yes(quirks.side_sockets).to_owned()),
    ] {
        out.data(&format!("  {name:<42} {value}"))?;
    }
    for rule in rules_of(&info.rules) {
        out.data(&format!("  because of the rule {:?} (grade {}):", rule.name, grade(rule.grade)))?;
        let lines = text::wrap(rule.evidence, 74);
        lines.iter().try_for_each(|line| out.data(&format!("    {line}")))?;
    }
    out.data("\nState list")?;
    for (property, value) in camera.state().iter() {
        let name = property.name().unwrap_or("unknown");
        let meaning = meaning(property, value).map(|name| format!("  {name}")).unwrap_or_default();
        out.data(&format!("  {:#06X} {name:<28} {value:>10}  {value:#X}{meaning}", property.0))?;
    }
    out.data("\nOut of reach")?;
    text::wrap(OUT_OF_REACH, 76).iter().try_for_each(|line| out.data(&format!("  {line}")))
}

fn print_json(camera: &Camera, out: &Output) -> Result<(), Trouble> {
    let info = camera.info();
    let offers: Vec<_> = info
        .versions
        .iter()
        .map(|(property, version)| {
            let property_code = format!("{:#06X}", property.0);
            json!({ "function": function(*property), "property": property_code, "version": version })
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
    let quirks = &info.quirks;
    let quirks = json!({
        "remote_before_gallery": quirks.remote_before_gallery,
        "gallery": gallery(quirks.gallery),
        "real_size": real_size(quirks.real_size),
        "drain_reads": quirks.drain_reads,
        "side_sockets": quirks.side_sockets,
    });
    out.json(
        "camera",
        json!({
            "model": info.model,
            "objects": camera.object_count(),
            "offers": offers,
            "quirks": quirks,
            "rules": rules,
            "state": state,
            "out_of_reach": OUT_OF_REACH,
        }),
    )
}
