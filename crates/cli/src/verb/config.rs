//! `config`: the settings, and where they come from.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::config::{Config, SettingFlags, Source};
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::Output;

/// Explain the configuration
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Check the configuration and show every value and where it comes from
    ///
    /// The file is looked for in this order, and only the first one found is read: --config,
    /// $FILMWIRE_CONFIG, filmwire/filmwire.toml in the XDG configuration folder,
    /// /etc/filmwire/filmwire.toml. Flags beat the environment, the environment beats the file.
    #[command(after_help = EXAMPLE)]
    Check(SettingFlags),
}

const EXAMPLE: &str = "\
Example of a file; every line may be left out:
  camera = \"studio\"                # an address, or a name from below
  to = \"~/Pictures/filmwire\"
  library_id = \"...\"               # `filmwire catalogue list` shows it; an unmounted share is noticed
  name_template = \"{date:%Y}/{date:%Y-%m-%d}/{name}\"
  client_name = \"filmwire\"
  only = [\"jpg\", \"mov\"]

  [cameras.studio]
  address = \"192.168.0.1%wlan1\"    # HOST[:PORT][%INTERFACE]
  key = \"studio\"                   # what tells its photos from others' (default: the name)
  way = \"remote\"                   # view, remote or newer; left out, what the camera reports decides";

/// Runs the verb.
pub(crate) fn run(args: &ConfigArgs, context: &Context<'_>) -> Result<Exit> {
    let ConfigVerb::Check(flags) = &args.verb;
    let config = context.config_in_doubt(flags)?;
    if let Some(doubt) = config.doubt() {
        let names: Vec<_> = config.cameras.keys().map(String::as_str).collect();
        let cure = format!(
            "choose from {}; write a host name with a dot at its end to have it taken for one",
            names.join(", ")
        );
        return Err(Trouble::usage(doubt, cure).into());
    }
    if context.out.is_json() {
        print_json(&config, &context.out)?;
    } else {
        print_text(&config, &context.out)?;
    }
    Ok(Exit::Done)
}

/// Name, value and source of every setting.
fn rows(config: &Config) -> Vec<(&'static str, String, Source)> {
    let camera = &config.camera.value;
    let camera_text = match &camera.name {
        Some(name) => format!("{name} ({})", camera.address),
        None => camera.address.to_string(),
    };
    let only = match config.only_words.is_empty() {
        true => "all".to_owned(),
        false => config.only_words.join(","),
    };
    let id = config.library_id.value.clone().unwrap_or_else(|| "any".to_owned());
    let to = config.to.value.as_ref();
    let to = to.map_or_else(|| "nowhere".to_owned(), |to| to.display().to_string());
    vec![
        ("camera", camera_text, config.camera.source),
        ("to", to, config.to.source),
        ("library_id", id, config.library_id.source),
        ("name_template", config.name_template.value.clone(), config.name_template.source),
        ("client_name", config.client_name.value.clone(), config.client_name.source),
        ("only", only, config.only.source),
    ]
}

fn print_text(config: &Config, out: &Output) -> Result<(), Trouble> {
    match &config.file {
        Some(path) => out.data(&format!("file           {}", path.display()))?,
        None => out.data("file           none found")?,
    }
    for (name, value, source) in rows(config) {
        out.data(&format!("{name:<14} {value}  ({})", source.word()))?;
    }
    for (name, camera) in &config.cameras {
        let key = camera.key.as_ref().unwrap_or(name);
        out.data(&format!("camera {name:<7} {} with key {key:?}  (file)", camera.address))?;
    }
    Ok(())
}

fn print_json(config: &Config, out: &Output) -> Result<(), Trouble> {
    let settings: Vec<_> = rows(config)
        .into_iter()
        .map(|(name, value, source)| {
            json!({ "name": name, "value": value, "source": source.word() })
        })
        .collect();
    let cameras: Vec<_> = config
        .cameras
        .iter()
        .map(|(name, camera)| {
            let key = camera.key.as_ref().unwrap_or(name);
            json!({ "name": name, "address": camera.address.to_string(), "key": key })
        })
        .collect();
    let file = config.file.as_ref().map(|path| path.display().to_string());
    out.json("config", json!({ "file": file, "settings": settings, "cameras": cameras }))
}
