//! Before the first picture: every camera connected, set, compared, focused.

use anyhow::Result;
use filmwire_camera::{Allow, Remote};
use filmwire_shoot::profile::{Guard, Policy, Profile};
use filmwire_shoot::series::{Plan, Series, Shelf};
use filmwire_shoot::stand::{Post, Stand};
use serde_json::json;

use super::super::{Fetch, ShootArgs, connect_anew, worded};
use crate::config::{Config, SettingFlags};
use crate::context::Context;
use crate::verb::profile::{Place, apply, refuse_empty, warn_of_choices};
use filmwire_program::exit::Trouble;
use filmwire_program::output::text;

/// Makes every camera ready; nothing is taken yet.
pub(super) async fn begin(args: &ShootArgs, plan: Plan, context: &Context<'_>) -> Result<Stand> {
    let document = &args.document;
    let place = document.profile.as_deref().map(|name| Place::of(name, &context.places));
    let place = place.transpose()?;
    let profile = place.as_ref().map(Place::read).transpose()?;
    if let (Some(profile), Some(place)) = (&profile, &place) {
        refuse_empty(profile, place)?;
    }
    if let Some(profile) = profile.as_ref().filter(|_| document.guard.is_some()) {
        warn_of_choices(profile, &context.out);
    }
    let configs = context.configs(&SettingFlags::default())?;
    let is_one = configs.len() == 1;
    let mut posts = Vec::new();
    for config in &configs {
        let name = name(config);
        let allow = Allow { shoot: true, settings: profile.is_some(), ..Allow::default() };
        let remote = context.connect_remote(config, allow).await?;
        if !is_one {
            tell_camera(&name, &remote, context)?;
        }
        if let Some(profile) = &profile {
            set(profile, &remote, document.guard, context).await?;
        }
        let guard = guard(profile.as_ref(), document.guard, &remote, context).await?;
        let shelf = shelf(args, plan.fetch, (!is_one).then_some(name.as_str()))?;
        let mut series = Series::new(remote, plan.clone(), shelf)
            .with_connect(connect_anew(config, allow, context));
        if let Some(point) = args.focus {
            series.lock_focus(point).await.map_err(worded)?;
        }
        series.prepare().await.map_err(worded)?;
        posts.push(Post { name, series, guard });
    }
    // Where whoever was to read of the cameras is gone, no picture is taken; one who stands still keeps none.
    context.out.heard().await?;
    Ok(Stand::new(posts))
}

/// What a camera is called in logs: its name in the configuration, or its address.
fn name(config: &Config) -> String {
    let camera = &config.camera.value;
    camera.name.clone().unwrap_or_else(|| camera.address.to_string())
}

fn tell_camera(name: &str, remote: &Remote, context: &Context<'_>) -> Result<(), Trouble> {
    let model = &remote.info().model;
    context.out.say(&format!("camera {}: {}", text::tame(name), text::tame(model)))?;
    context.out.json("camera", json!({ "camera": name, "model": model }))
}

/// Applies the profile. A series that begins with other settings is worth nothing, unless its
/// pictures are marked.
async fn set(
    profile: &Profile,
    remote: &Remote,
    policy: Option<Policy>,
    context: &Context<'_>,
) -> Result<()> {
    let totals = apply(profile, remote, &context.out).await?;
    if totals.failed == 0 || policy == Some(Policy::Mark) {
        return Ok(());
    }
    let text = "the camera does not have all of the profile, and no picture was taken";
    let cure = "set on the body what is told above, or mark the pictures with --guard mark";
    Err(Trouble::mismatch(text, cure).into())
}

/// Watches over the profile, or over what is set now.
async fn guard(
    profile: Option<&Profile>,
    policy: Option<Policy>,
    remote: &Remote,
    context: &Context<'_>,
) -> Result<Option<Guard>> {
    let Some(policy) = policy else { return Ok(None) };
    let profile = match profile {
        Some(profile) => profile.clone(),
        None => {
            let now = Profile::of(&remote.info().model, &remote.settings().await?);
            warn_of_choices(&now, &context.out);
            now
        }
    };
    Ok(Some(Guard { profile, policy }))
}

/// Cameras that shoot together have a folder each.
fn shelf(args: &ShootArgs, fetch: Fetch, camera: Option<&str>) -> Result<Shelf> {
    if fetch == Fetch::None {
        return Shelf::new(Default::default()).map_err(worded);
    }
    let mut folder = args.to.clone().unwrap_or_default();
    if let Some(camera) = camera {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let plain: String = camera.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        folder.push(plain.trim_start_matches('.'));
    }
    Shelf::new(folder).map_err(worded)
}
