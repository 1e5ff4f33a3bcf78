//! `sync --demo`: the same run against a simulated camera inside the process.

use std::time::Duration;

use anyhow::Result;
use filmwire_catalogue::META_FOLDER;
use filmwire_sim::card::Card;
use filmwire_sim::{Link, Persona, SimOptions};
use serde_json::json;

use super::SyncArgs;
use crate::config::{CameraChoice, Config, SettingFlags};
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;
use filmwire_program::simulated::Simulated;

const FOLDER: &str = "filmwire-demo";
const MODEL: &str = "X-T20";
/// What tells the demonstration's photos from others.
const KEY: &str = "demo";
/// Of Wi-Fi in the same room.
const ROUND_TRIP: Duration = Duration::from_millis(5);
/// How long all files take, so that a person sees the bars.
const SECONDS: u64 = 13;

/// Runs the demonstration; a second run fetches nothing.
pub(super) async fn run(args: &SyncArgs, context: &Context<'_>) -> Result<Exit> {
    if !context.global.camera.is_empty() {
        let cure = "leave one of the two out";
        return Err(Trouble::usage("--demo brings its own camera", cure).into());
    }
    let card = Card::demo(MODEL, "62A01234");
    let (files, bytes) = (card.len() as u64, card.objects().map(|object| object.size_bytes).sum());
    let mut config = settings(args)?;
    announce(&config, files, bytes, context)?;
    let persona = Persona::builtin(MODEL)?;
    let link = Link { round_trip: ROUND_TRIP, ..Link::bytes(bytes / SECONDS) };
    let camera = Simulated::start(SimOptions { link, ..SimOptions::new(persona, card) }).await?;
    let address = camera.addresses().command;
    config.camera.value = CameraChoice {
        address: address.to_string().parse()?,
        name: None,
        key: Some(KEY.to_owned()),
        way: None,
    };
    let result = super::fetch(args, &config, context).await;
    camera.stop().await;
    result
}

/// The settings of the flags alone: a demonstration looks the same for everybody.
fn settings(args: &SyncArgs) -> Result<Config, Trouble> {
    let to = args.settings.to.clone().unwrap_or_else(|| FOLDER.into());
    Config::of_flags(&SettingFlags { to: Some(to), ..args.settings.clone() })
}

fn announce(config: &Config, files: u64, bytes: u64, context: &Context<'_>) -> Result<(), Trouble> {
    let library = config.library()?;
    let (folder, again) = (library.display(), library.join(META_FOLDER).exists());
    context.out.note(&format!(
        "A simulated {MODEL} with {} stands in for a camera.",
        text::count(files, "file", "files")
    ));
    context.out.note(&match again {
        true => format!("What is in {folder} already is not fetched again.\n"),
        false => format!(
            "This writes {} into {folder} and takes some {SECONDS} seconds.\n",
            text::bytes(bytes)
        ),
    });
    let line =
        json!({ "model": MODEL, "files": files, "bytes": bytes, "library": folder.to_string() });
    context.out.json("demo", line)
}
