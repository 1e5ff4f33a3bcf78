//! `settings set`: values in a photographer's words, until the camera reports them.

use anyhow::Result;
use clap::Args;
use filmwire_camera::{
    Allow, Change, Error, Means, NotReached, Reached, Remote, SETTINGS, Setting,
};
use serde_json::json;

use super::{hex, warn_without_list};
use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, heedless, text};

/// Set what is named, one after the other, and say what the camera then reports
///
/// Names and values are those `filmwire settings` shows: iso (400, auto-6400, L100), aperture (5.6),
/// shutter (1/125, 0.5s, 30s), bias (+0.3, -1), wb (daylight), film (classic-chrome), flash
/// (enabled), timer (off, 2s, 10s). ISO, wb, film, flash and timer are written; aperture, shutter and
/// bias are stepped until they are reached, which needs an exposure program in which the camera does
/// not choose them itself. A value counts once the camera reports it. What is not reached is told
/// with the cause, and the others go on: exit code 1 then, or 4 if none was reached.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire settings set iso=400 aperture=5.6 shutter=1/125
  filmwire settings set wb=daylight film=classic-chrome bias=-0.7")]
pub(crate) struct SetArgs {
    /// Settings and their values
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = wish)]
    wishes: Vec<Wish>,
}

/// A setting and the value it is to have.
#[derive(Debug, Clone)]
struct Wish {
    setting: &'static Setting,
    bits: u32,
}

impl Wish {
    fn text(&self) -> String {
        self.setting.text(self.bits)
    }
}

/// Runs the verb. What is to be set is set, whether somebody reads of it or not.
pub(super) async fn run(args: &SetArgs, context: &Context<'_>) -> Result<Exit> {
    context.unhurried(async |context| set(args, context).await).await
}

async fn set(args: &SetArgs, context: &Context<'_>) -> Result<Exit> {
    refuse_doubles(&args.wishes)?;
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { settings: true, ..Allow::default() };
    let remote = context.connect_remote(&config, allow).await?;
    warn_without_list(&remote, &context.out);
    let (mut set, mut failed, mut told) = (0, 0, Ok(()));
    for wish in &args.wishes {
        let said = match fulfil(&remote, wish).await? {
            Ok(reached) => {
                set += 1;
                tell(wish, &reached, &context.out)
            }
            Err(what) => {
                failed += 1;
                tell_failed(wish, &what, &context.out)
            }
        };
        // What cannot be told keeps nothing from being set.
        told = told.and(said);
    }
    remote.leave().await;
    let summary = json!({ "set": set, "failed": failed });
    heedless(told.and_then(|()| context.out.json("summary", summary)))?;
    Ok(match (set, failed) {
        (_, 0) => Exit::Done,
        (0, _) => Exit::Refused,
        _ => Exit::SomeFailed,
    })
}

/// The inner error concerns this setting alone; the session goes on.
async fn fulfil(remote: &Remote, wish: &Wish) -> Result<Result<Reached, NotReached>, Error> {
    match remote.set(wish.setting, wish.bits).await {
        Ok(reached) => Ok(Ok(reached)),
        Err(Error::NotReached(what)) => Ok(Err(*what)),
        Err(error) => Err(error),
    }
}

fn tell(wish: &Wish, reached: &Reached, out: &Output) -> Result<(), Trouble> {
    let setting = wish.setting;
    let (told, actual) =
        (reached.before.map(|bits| setting.text(bits)), setting.text(reached.actual));
    let before = told.as_deref().unwrap_or("not told");
    let asked =
        if actual == wish.text() { String::new() } else { format!("; asked for {}", wish.text()) };
    let (means, steps, how) = match reached.means {
        Means::Already => ("already", 0, format!("{actual} already")),
        Means::Written => ("written", 0, format!("{before} -> {actual}")),
        Means::Stepped(steps) => {
            let count = text::count(steps.into(), "step", "steps");
            ("stepped", steps, format!("{before} -> {actual} ({count})"))
        }
    };
    out.say(&format!("{:<10}{how}{asked}", setting.key))?;
    out.json(
        "set",
        json!({
            "setting": setting.key,
            "property": hex(setting.property),
            "requested": wish.text(),
            "before": told,
            "actual": actual,
            "means": means,
            "steps": steps,
        }),
    )
}

fn tell_failed(wish: &Wish, what: &NotReached, out: &Output) -> Result<(), Trouble> {
    out.error(&what.to_string(), what.cure());
    out.json(
        "failed",
        json!({
            "setting": wish.setting.key,
            "property": hex(wish.setting.property),
            "requested": wish.text(),
            "actual": what.actual.map(|bits| wish.setting.text(bits)),
            "steps": what.steps,
            "reason": what.cause(),
            "help": what.cure(),
        }),
    )
}

/// Which of two values is meant nobody can tell.
fn refuse_doubles(wishes: &[Wish]) -> Result<(), Trouble> {
    for (number, wish) in wishes.iter().enumerate() {
        if wishes.iter().take(number).any(|other| other.setting == wish.setting) {
            let text = format!("{} is to have two values", wish.setting.key);
            return Err(Trouble::usage(text, "name each setting once"));
        }
    }
    Ok(())
}

/// Reads `NAME=VALUE`.
fn wish(text: &str) -> Result<Wish, String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| "write NAME=VALUE, such as iso=400".to_owned())?;
    let changes = |setting: &&Setting| matches!(setting.change, Change::Written | Change::Stepped);
    let Some(setting) = Setting::named(name) else {
        let names: Vec<_> = SETTINGS.iter().filter(changes).map(|setting| setting.key).collect();
        return Err(format!("there is no setting {name:?}; there are {}", names.join(", ")));
    };
    if !changes(&setting) {
        return Err(match setting.change {
            Change::State => format!("the {} is what the camera tells of itself", setting.name),
            Change::FocusLock => {
                format!("the {} is set by locking focus: filmwire shoot --focus", setting.name)
            }
            _ => format!("the {} can be set on the body only", setting.name),
        });
    }
    let bits = setting.parse(value).map_err(|error| error.to_string())?;
    if !setting.can_be_asked_for(bits) {
        return Err(format!("{value:?} is no {} to ask for", setting.name));
    }
    Ok(Wish { setting, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_in_a_photographers_words() {
        for (text, key, bits) in [
            ("iso=400", "iso", 400),
            ("ISO=auto-6400", "iso", 0x8000_1900),
            ("aperture=5.6", "aperture", 560),
            ("f=f/8", "aperture", 800),
            ("shutter=1/125", "shutter", 0x8001_E848),
            ("wb=Daylight", "wb", 4),
            ("film=classic chrome", "film", 11),
            ("bias=-0.7", "bias", 0xFD65),
            ("timer=10s", "timer", 4),
        ] {
            let wish = wish(text).unwrap();
            assert_eq!((wish.setting.key, wish.bits), (key, bits), "{text}");
        }
    }

    #[test]
    fn what_is_no_wish_is_refused_with_words() {
        for (text, words) in [
            ("iso", "NAME=VALUE"),
            ("sharpness=1", "there are iso, wb, film"),
            ("quality=raw", "on the body only"),
            ("battery=full", "tells of itself"),
            ("focus-point=1,1", "locking focus"),
            ("shutter=125", "1/125"),
            ("shutter=----", "to ask for"),
            ("aperture=auto", "to ask for"),
            ("wb=sunset", "daylight"),
            ("wb=0x10004", "to ask for"),
        ] {
            let error = wish(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_setting_has_one_value() {
        let wishes = |texts: &[&str]| texts.iter().map(|text| wish(text).unwrap()).collect();
        let doubles: Vec<_> = wishes(&["wb=auto", "iso=400", "white-balance=shade"]);
        assert!(refuse_doubles(&doubles).unwrap_err().to_string().contains("wb"));
        let fine: Vec<_> = wishes(&["wb=auto", "iso=400"]);
        assert!(refuse_doubles(&fine).is_ok());
    }
}
