//! `profile`: what a series of pictures has to keep, kept in a file.

mod apply;
mod place;

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_camera::{Allow, Change};
use filmwire_shoot::profile::{Compared, Drift, Kept, Profile};
use serde_json::{Value, json};

use crate::config::SettingFlags;
use crate::context::Context;
pub(crate) use apply::{apply, tell_applied};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, heedless, text};
pub(crate) use place::Place;

/// Keep the camera's exposure in a file, set it again, and tell what moved
///
/// A profile holds what makes two pictures of one thing differ: ISO, flash, white balance, film
/// simulation, self-timer, aperture, shutter speed, exposure bias, and what is set on the body only:
/// exposure program, focus mode, quality, size. It is a TOML file to be read and changed, with the
/// words of `filmwire settings`. NAME stands for NAME.toml in the folder filmwire/profiles of your
/// configuration; what has a slash, such as ./studio.toml, is a file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire settings set iso=200 aperture=8 shutter=1/60 wb=daylight
  filmwire profile save studio
  filmwire profile apply studio
  filmwire profile check studio && filmwire profile show studio
  filmwire profile check ./archive/studio.toml --json | jq -r 'select(.same == false) | .setting'")]
pub(crate) struct ProfileArgs {
    #[command(subcommand)]
    verb: ProfileVerb,
}

#[derive(Debug, Subcommand)]
enum ProfileVerb {
    /// Keep what is set on the camera as a profile
    ///
    /// What the camera does not tell in its present exposure program is left out. What it chooses
    /// itself, such as an automatic ISO, is kept and told: pictures will differ by it.
    Save(SaveArgs),
    /// Set what a profile has, and say what was asked for and what the camera then reports
    ///
    /// What is written goes before what is stepped; a setting that moves when others are set is set
    /// once more. What can be set on the body only is compared, and told. Exit code 0 if the camera
    /// has all of the profile, 1 if some settings are missing, 4 if all are.
    Apply(NameArg),
    /// Compare the camera with a profile; exit code 8 if something differs
    ///
    /// Nothing is set. Two roundings of one value, such as 1/125 and 1/128, are the same. Properties
    /// nobody knows are told when they differ, and do not count.
    Check(NameArg),
    /// Show a profile
    Show(NameArg),
    /// List the profiles of your configuration
    List,
}

#[derive(Debug, Args)]
struct NameArg {
    /// The profile: a name, or a path with a slash
    #[arg(value_name = "NAME|PATH")]
    name: String,
}

#[derive(Debug, Args)]
struct SaveArgs {
    #[command(flatten)]
    name: NameArg,
    /// Replace a profile that is there already
    #[arg(long)]
    replace: bool,
}

/// Runs the verb.
pub(crate) async fn run(args: &ProfileArgs, context: &Context<'_>) -> Result<Exit> {
    let place = |arg: &NameArg| Place::of(&arg.name, &context.places);
    match &args.verb {
        ProfileVerb::Save(args) => save(&place(&args.name)?, args.replace, context).await,
        ProfileVerb::Apply(name) => apply::run(&place(name)?, context).await,
        ProfileVerb::Check(name) => check(&place(name)?, context).await,
        ProfileVerb::Show(name) => show(&place(name)?, &context.out),
        ProfileVerb::List => list(context),
    }
}

async fn save(place: &Place, replace: bool, context: &Context<'_>) -> Result<Exit> {
    if !replace {
        // Before the camera is asked for anything.
        place.refuse_taken()?;
    }
    let config = context.config(&SettingFlags::default())?;
    let remote = context.connect_remote(&config, Allow::default()).await?;
    let readings = remote.settings().await?;
    let profile = Profile::of(&remote.info().model, &readings);
    remote.leave().await;
    let out = &context.out;
    if profile.kept().is_empty() {
        let text = "the camera tells nothing that a profile could keep";
        return Err(Trouble::failed(text, "see what it tells: filmwire settings").into());
    }
    place.write(&profile, replace)?;
    profile.kept().iter().try_for_each(|kept| print_kept(kept, out))?;
    warn_of_choices(&profile, out);
    let (settings, path) = (profile.kept().len(), place.path().display().to_string());
    let count = text::count(settings as u64, "setting", "settings");
    out.note(&format!("{count} of {} kept in {path}", text::tame(&profile.model)));
    let summary = json!({ "saved": path, "model": profile.model, "settings": settings });
    out.json("summary", summary)?;
    Ok(Exit::Done)
}

/// Says what will differ from picture to picture.
pub(crate) fn warn_of_choices(profile: &Profile, out: &Output) {
    let words = |kept: &Kept| format!("{} {}", kept.setting.key, kept.text());
    let left: Vec<_> = profile.left_to_camera().map(words).collect();
    if !left.is_empty() {
        let left = left.join(", ");
        out.warn(&format!("the camera chooses anew for each picture: {left}"));
    }
}

async fn check(place: &Place, context: &Context<'_>) -> Result<Exit> {
    let (profile, out) = (place.read()?, &context.out);
    let config = context.config(&SettingFlags::default())?;
    let remote = context.connect_remote(&config, Allow::default()).await?;
    let readings = remote.settings().await?;
    let model = remote.info().model.clone();
    remote.leave().await;
    warn_of_model(&profile, &model, out);
    let compared = profile.compare(&readings);
    let unknown = profile.unknown_drifts(&readings);
    // The code tells of what differs, also where nobody reads what that is.
    heedless(compared.iter().try_for_each(|compared| print_compared(compared, out)))?;
    heedless(unknown.iter().try_for_each(|drift| print_unknown(drift, out)))?;
    let drifted = compared.iter().filter(|compared| !compared.is_same()).count();
    let same = compared.len() - drifted;
    let summary = json!({ "same": same, "drifted": drifted, "unknown": unknown.len() });
    heedless(out.json("summary", summary))?;
    if drifted == 0 {
        return Ok(Exit::Done);
    }
    let count = text::count(drifted as u64, "setting differs", "settings differ");
    let cure = format!(
        "`filmwire profile apply {}` sets what can be set from here, and tells what cannot",
        place.name()
    );
    out.error(&format!("{count} from the profile {}", place.name()), &cure);
    Ok(Exit::Mismatch)
}

/// One without settings would apply nothing, and watch over nothing.
pub(crate) fn refuse_empty(profile: &Profile, place: &Place) -> Result<(), Trouble> {
    if !profile.kept().is_empty() {
        return Ok(());
    }
    let text = format!("the profile {} holds no setting", place.name());
    Err(Trouble::usage(text, "save one: filmwire profile save NAME"))
}

/// A profile may serve several bodies; that they differ is worth knowing.
pub(crate) fn warn_of_model(profile: &Profile, model: &str, out: &Output) {
    if !profile.model.is_empty() && profile.model != model {
        let (saved, this) = (text::tame(&profile.model), text::tame(model));
        out.warn(&format!("the profile was saved from another model: {saved}, and this is {this}"));
    }
}

fn show(place: &Place, out: &Output) -> Result<Exit> {
    let profile = place.read()?;
    let path = place.path().display().to_string();
    if !profile.model.is_empty() {
        out.say(&format!("Model: {}", text::tame(&profile.model)))?;
    }
    profile.kept().iter().try_for_each(|kept| print_kept(kept, out))?;
    for &(property, bits) in profile.unknown() {
        let property = format!("{:#06X}", property.0);
        out.say(&format!("{property:<WIDTH$}{bits:#X}"))?;
        let unknown = json!({
            "setting": null,
            "property": property,
            "value": format!("{bits:#X}"),
            "bits": bits,
            "change": Change::Unknown.as_str(),
        });
        out.json("kept", unknown)?;
    }
    warn_of_choices(&profile, out);
    let settings = profile.kept().len();
    let summary = json!({ "shown": path, "model": profile.model, "settings": settings });
    out.json("summary", summary)?;
    Ok(Exit::Done)
}

fn list(context: &Context<'_>) -> Result<Exit> {
    let (out, folder) = (&context.out, place::folder(&context.places)?);
    let names = place::names(&folder)?;
    for name in &names {
        let found = Place::of(name, &context.places).and_then(|place| place.read());
        let (word, line) = match &found {
            Ok(profile) => {
                let count = profile.kept().len() as u64;
                let count = text::count(count, "setting", "settings");
                (format!("{count}, {}", text::tame(&profile.model)), listed(name, profile))
            }
            Err(trouble) => {
                let line = json!({ "profile": name, "error": trouble.to_string() });
                (format!("cannot be read: {trouble}"), line)
            }
        };
        out.say(&format!("{name:<20}  {}", word.trim_end_matches([',', ' '])))?;
        out.json("profile", line)?;
    }
    if names.is_empty() {
        out.note(&format!("no profiles in {}", folder.display()));
    }
    let folder = folder.display().to_string();
    out.json("summary", json!({ "folder": folder, "profiles": names.len() }))?;
    Ok(Exit::Done)
}

fn listed(name: &str, profile: &Profile) -> Value {
    json!({ "profile": name, "model": profile.model, "settings": profile.kept().len() })
}

/// Column of the values.
const WIDTH: usize = 12;

fn print_kept(kept: &Kept, out: &Output) -> Result<(), Trouble> {
    out.say(&format!("{:<WIDTH$}{}", kept.setting.key, kept.text()))?;
    out.json(
        "kept",
        json!({
            "setting": kept.setting.key,
            "property": hex(kept),
            "value": kept.text(),
            "bits": kept.bits,
            "change": kept.setting.change.as_str(),
        }),
    )
}

fn hex(kept: &Kept) -> String {
    format!("{:#06X}", kept.setting.property.0)
}

fn print_compared(compared: &Compared, out: &Output) -> Result<(), Trouble> {
    let Compared { kept, change, .. } = compared;
    let (wanted, actual) = (kept.text(), compared.actual_text());
    let mut words = actual.clone().unwrap_or_else(|| "not told now".to_owned());
    if Some(&wanted) != actual.as_ref() {
        words.push_str(&format!(", {} {wanted}", if compared.is_same() { "as" } else { "not" }));
    }
    let is_settable = matches!(change, Change::Written | Change::Stepped);
    if !compared.is_same() && !is_settable {
        words.push_str(" (only on the body)");
    }
    let verdict = if compared.is_same() { "ok" } else { "DRIFT" };
    out.say(&format!("{verdict:<7}{:<WIDTH$}{words}", kept.setting.key))?;
    out.json(
        "compared",
        json!({
            "setting": kept.setting.key,
            "property": hex(kept),
            "requested": wanted,
            "actual": actual,
            "same": compared.is_same(),
            "change": change.as_str(),
        }),
    )
}

fn print_unknown(drift: &Drift, out: &Output) -> Result<(), Trouble> {
    out.say(&format!("{:<7}{drift}; nobody knows what it is", "?"))?;
    out.json(
        "unknown",
        json!({
            "property": drift.key(),
            "requested": format!("{:#X}", drift.wanted),
            "actual": drift.actual.map(|bits| format!("{bits:#X}")),
        }),
    )
}
