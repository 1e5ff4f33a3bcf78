//! `discover`: which cameras are in the air.

use anyhow::Result;
use clap::Args;
use filmwire_link::{Choice, Manager, RadioState, Security, Sight};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use serde_json::json;

use crate::context::Context;
use crate::link::trouble;

/// Look for cameras' networks
///
/// Looks around with all radios, which takes up to ten seconds, and lists the networks that cameras
/// make: name, strength, protection, and the radio that sees it. Nothing is joined. Asks
/// NetworkManager. Ends with 3 if there is none.
#[derive(Debug, Args)]
pub(crate) struct DiscoverArgs {
    /// Look with this radio only, such as wlan1
    #[arg(long, value_name = "INTERFACE")]
    radio: Option<String>,
    /// List networks that do not look like a camera's as well
    #[arg(long)]
    all: bool,
}

/// Runs the verb.
pub(crate) async fn run(args: &DiscoverArgs, context: &Context<'_>) -> Result<Exit> {
    let choice = Choice { interface: args.radio.clone(), may_leave: false };
    let manager = Manager::system().await.map_err(|error| trouble(&error))?;
    let sights = manager.look(&choice).await.map_err(|error| trouble(&error))?;
    let cameras = sights.iter().filter(|sight| sight.network.ssid.is_camera()).count();
    for sight in &sights {
        if args.all || sight.network.ssid.is_camera() {
            tell(sight, &context.out)?;
        }
    }
    let exit = if cameras == 0 { Exit::NoCamera } else { Exit::Done };
    context.out.json("discovery", json!({ "outcome": exit.word(), "cameras": cameras }))?;
    if cameras == 0 {
        context.out.error(
            "no camera's network is in sight",
            "start it on the camera; it ends by itself after half a minute or so",
        );
    }
    Ok(exit)
}

fn tell(sight: &Sight, out: &Output) -> Result<(), Trouble> {
    let Sight { radio, network } = sight;
    let ssid = network.ssid.to_string();
    let (word, protection) = match network.security {
        Security::Open => ("open", "open"),
        Security::Passphrase => ("passphrase", "passphrase"),
        Security::Other => ("other", "other protection"),
    };
    let user = match &radio.state {
        RadioState::Busy(user) => Some(&user.name),
        _ => None,
    };
    let used = user.map(|name| format!(", in use by {}", text::tame(name))).unwrap_or_default();
    let strength = network.strength;
    let interface = &radio.interface;
    out.say(&format!("{ssid:<32} {strength:>3} %  {protection:<16} {interface}{used}"))?;
    out.json(
        "network",
        json!({
            "ssid": ssid, "camera": network.ssid.is_camera(), "security": word,
            "strength": strength, "radio": interface, "used_by": user,
        }),
    )
}
