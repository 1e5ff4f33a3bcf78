//! `config`: the settings as they were understood.

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_deliver::{ExecOptions, Usage};
use filmwire_program::exit::{Exit, Trouble};
use serde_json::json;

use crate::config::{Config, PruneConfig, TargetConfig, TargetWay};
use crate::context::Context;

/// Explain the configuration
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Check the configuration, and show how it is understood and what it lacks
    ///
    /// The file is looked for in this order, and only the first one found is read: --config,
    /// $FILMWIRE_STATION_CONFIG, filmwire/station.toml in the XDG configuration folder,
    /// /etc/filmwire/station.toml. Without one the station starts with the defaults.
    #[command(after_help = EXAMPLE)]
    Check,
}

/// Also the text of `docs/guide/station.md`; a test reads it.
pub(crate) const EXAMPLE: &str = "\
Example of a file; every line may be left out:
  library = \"/srv/photos\"            # default: photos in /var/lib/filmwire, or ~/Pictures/filmwire
  name_template = \"{date:%Y}/{date:%Y-%m-%d}/{name}\"
  client_name = \"filmwire\"           # what cameras show
  every_s = 3                        # between two looks for a camera that is away
  keep_free_mib = 1024               # a photo that leaves less free on the library's disk waits

  [wifi]                             # by which radio cameras' networks are joined
  radio = \"wlan1\"                    # default: any that has nothing else to do
  share = false                      # it may leave the network it is in, and gets it back

  [cameras.studio]
  address = \"192.168.0.1%wlan1\"      # HOST[:PORT][%INTERFACE]
  key = \"studio\"                     # what tells its photos from others' (default: the name)

  [cameras.holiday]
  network = \"FUJIFILM-X-T5-003B\"     # the camera's own; joined when it is in sight
  passphrase = { file = \"/etc/filmwire/holiday.passphrase\" }   # if it wants one

  [targets.nas]
  kind = \"folder\"                    # a local folder, or a mounted share
  path = \"/mnt/nas/photos\"
  make = true                        # may be made a target if it is missing or empty
  proof = \"read-back\"                # or \"size\", which is faster and proves less

  [targets.album]
  kind = \"folder\"                    # or any other kind that keeps files
  path = \"/srv/album\"
  photos = \"reduced\"                 # smaller copies of JPEG files; else \"originals\"
  size = 2048                        # pixels of a copy's longer side

  [targets.cloud]
  kind = \"webdav\"                    # a folder on a WebDAV server, such as Nextcloud
  url = \"https://cloud.example/remote.php/dav/files/anna/Photos\"
  user = \"anna\"
  password = { file = \"/etc/filmwire/cloud.password\" }   # or { credential = \"cloud\" }, from systemd
  ca = \"/etc/filmwire/own-ca.pem\"    # certificates to trust beside the system's
  chunk_mib = 100                    # Nextcloud only: longer files go in chunks
  make = true

  [targets.office]
  kind = \"sftp\"                      # a folder on an SSH server; its key must be known
  host = \"nas.example\"
  port = 22
  user = \"photos\"
  path = \"/volume1/photos\"
  key = \"/etc/filmwire/id_ed25519\"   # or password = { file = ... }; passphrase = { file = ... }
  host_key = \"ssh-ed25519 AAAA...\"   # or known_hosts = FILE (default: ~/.ssh/known_hosts)

  [targets.home]
  kind = \"smb\"                       # a share of a NAS, Samba or Windows, without mounting it
  host = \"nas.local\"
  share = \"photos\"
  path = \"camera\"                   # a folder in it
  user = \"anna\"
  password = { file = \"/etc/filmwire/nas.password\" }
  domain = \"\"                       # of the user; port = 445

  [targets.host]
  kind = \"ftp\"                       # a folder on an FTP server; tls = false sends all in the clear
  host = \"ftp.example\"
  port = 21
  path = \"photos\"
  user = \"anna\"
  password = { file = \"/etc/filmwire/ftp.password\" }
  ca = \"/etc/filmwire/own-ca.pem\"

  [targets.store]
  kind = \"s3\"                        # a bucket; without endpoint, Amazon's
  endpoint = \"https://s3.example\"
  region = \"us-east-1\"
  bucket = \"photos\"
  path = \"x-t4\"                      # what all keys begin with
  access_key = \"anna\"
  secret_key = { file = \"/etc/filmwire/s3.key\" }
  ca = \"/etc/filmwire/own-ca.pem\"

  [targets.drive]
  kind = \"rclone\"                    # whatever the program rclone reaches
  remote = \"drive:Photos\"            # a remote of its configuration, and a folder
  config = \"/etc/filmwire/rclone.conf\"
  program = \"rclone\"

  [targets.site]
  kind = \"webhook\"                   # an address of yours that gets each file by POST
  url = \"https://anna.example/photos\"
  secret = { file = \"/etc/filmwire/site.secret\" }
  file = true                        # false: only what is told of it
  limit_kib_s = 2048                 # at most so fast, to any target but a program
  name_template = \"{model}/{date:%Y}/{name}\"   # default: as in the library; for any target
  quiet = \"08:00-18:30\"              # hours in which nothing is begun, for any target
  ca = \"/etc/filmwire/own-ca.pem\"

  [targets.gallery]
  kind = \"site\"                      # a website of smaller copies, without places; needs no scripts
  title = \"Anna's photos\"
  url = \"https://anna.example/\"      # where it is seen; without it there is no feed
  size = 2048                        # pixels of a photo's longer side
  to = { kind = \"folder\", path = \"/srv/www/photos\", make = true }   # any kind that keeps files
  choose = { min_rating = 4 }        # of JPEG files; others are not shown

  [targets.web]
  kind = \"exec\"                      # a program that gets each file as JSON on standard input
  command = [\"/usr/local/bin/publish\", \"--quiet\"]
  limit_s = 600
  choose = { kinds = [\"jpeg\"], cameras = [\"studio\"], min_rating = 3, since = \"2026-05-01\" }

  [prune]                            # when `filmwire-station prune --yes` frees photos here
  targets = [\"nas\", \"office\"]       # these read a photo back once more right before
  copies = 2                         # so many of them (default: all)
  min_age_days = 30                  # since it was fetched

  [state]                            # shown without a screen, at each change
  command = [\"/usr/local/bin/lamp\"]  # gets the state as its last argument
  led = \"/sys/class/leds/ACT\"";

/// Runs the verb.
pub(crate) fn run(args: &ConfigArgs, context: &Context) -> Result<Exit> {
    let ConfigVerb::Check = args.verb;
    let config = context.load()?;
    match context.out.is_json() {
        true => print_json(&config, context)?,
        false => print_text(&config, context)?,
    }
    Ok(Exit::Done)
}

fn rows(config: &Config) -> Vec<(&'static str, String)> {
    let path = |path: &Option<std::path::PathBuf>, none: &str| {
        path.as_ref().map_or_else(|| none.to_owned(), |path| path.display().to_string())
    };
    let or = |text: &Option<String>, none: &str| text.clone().unwrap_or_else(|| none.to_owned());
    vec![
        ("file", path(&config.file, "none found")),
        ("library", path(&config.library, "nowhere")),
        ("library_id", or(&config.library_id, "that of the first run")),
        ("name_template", or(&config.name_template, "the default")),
        ("client_name", config.client_name.clone()),
        ("every_s", config.every.as_secs().to_string()),
        ("keep_free_mib", (config.keep_free >> 20).to_string()),
        ("state.command", or_nothing(config.lamp.command.join(" "))),
        ("wifi.radio", config.wifi.interface.clone().unwrap_or_else(|| "any that is free".into())),
        ("wifi.share", config.wifi.may_leave.to_string()),
        ("prune", config.prune.as_ref().map_or_else(|| "never".into(), PruneConfig::words)),
        ("state.led", path(&config.lamp.led, "none")),
    ]
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

fn print_text(config: &Config, context: &Context) -> Result<(), Trouble> {
    let out = &context.out;
    for (name, value) in rows(config) {
        out.data(&format!("{name:<14} {value}"))?;
    }
    for (name, camera) in &config.cameras {
        let key = camera.entry.key.as_ref().unwrap_or(name);
        out.data(&format!("camera {name:<7} {} with key {key:?}", camera.words()))?;
    }
    for (name, target) in &config.targets {
        out.data(&format!("target {name:<7} {}", words(target)))?;
    }
    lacks(config).iter().for_each(|lack| out.warn(lack));
    Ok(())
}

/// What is missing, and which targets cannot be set up. That is no failure: others than
/// the station may look at its settings, but not at its secrets.
fn lacks(config: &Config) -> Vec<String> {
    let mut lacks: Vec<String> = config.lacks().into_iter().map(str::to_owned).collect();
    let networks = config.cameras.values().filter_map(|camera| camera.network.as_ref());
    let unread = networks.filter_map(|network| network.passphrase().err());
    lacks.extend(unread.map(|trouble| trouble.to_string()));
    lacks.extend(config.troubles().map(|trouble| trouble.to_string()));
    lacks
}

fn words(target: &TargetConfig) -> String {
    let limit = target.limit.map(|limit| format!(", at most {} KiB/s", limit.get() >> 10));
    let quiet = target.quiet.as_ref().map(|quiet| format!(", quiet {quiet}"));
    way_words(&target.way) + &limit.unwrap_or_default() + &quiet.unwrap_or_default()
}

fn way_words(way: &TargetWay) -> String {
    let used = |usage: &Usage| {
        let proof = if usage.read_back { "reading back" } else { "size" };
        let made = if usage.make { ", made if missing or empty" } else { "" };
        format!("proven by {proof}{made}")
    };
    match way {
        TargetWay::Files(way, usage) => format!("{}, {}", way.words(), used(usage)),
        TargetWay::Reduced(way) => format!("{}, {}", way.words(), used(&way.usage())),
        TargetWay::Site(way) => format!("{}, {}", way.words(), used(&way.usage())),
        TargetWay::Exec(ExecOptions { argv, limit }) => {
            format!("program {}, at most {} s a file", argv.join(" "), limit.as_secs())
        }
        TargetWay::Webhook(way) => way.words(),
    }
}

fn print_json(config: &Config, context: &Context) -> Result<(), Trouble> {
    let settings: Vec<_> = rows(config)
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let cameras: Vec<_> = config
        .cameras
        .iter()
        .map(|(name, camera)| {
            let key = camera.entry.key.as_ref().unwrap_or(name);
            let address = camera.entry.address.to_string();
            let network = camera.network.as_ref().map(|network| &network.ssid);
            json!({ "name": name, "address": address, "network": network, "key": key })
        })
        .collect();
    let targets: Vec<_> = config
        .targets
        .iter()
        .map(|(name, target)| json!({ "name": name, "text": words(target) }))
        .collect();
    let line = json!({
        "settings": settings, "cameras": cameras, "targets": targets, "lacks": lacks(config),
    });
    context.out.json("config", line)
}
