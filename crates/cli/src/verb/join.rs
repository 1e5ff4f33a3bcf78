//! `join`: into a camera's network, and out of it again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::Address;
use filmwire_link::{Choice, Joined, Manager, Passphrase, RadioState, Sight, Ssid};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;
use serde_json::json;
use tokio::process::Command;
use tokio::time::sleep;

use crate::context::Context;
use crate::link::trouble;

/// Between two looks at whether the network is still there.
const LOOK: Duration = Duration::from_secs(2);

/// Join a camera's network
///
/// Joins it with a radio through NetworkManager, by a profile that is in memory only and goes with
/// this program, however that ends. All else stays as it is: routes, names, and networks of other
/// radios, also one that has the camera's addresses.
///
/// With a COMMAND runs that, with the camera's address in FILMWIRE_CAMERA, leaves when it has
/// ended, and ends with its exit code if that is one of ours, else with 1. Without one it stays
/// until it is interrupted.
///
/// Fetch what is new from a camera in sight: filmwire join -- filmwire sync
#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// Name of the network [default: that of the camera in sight]
    ssid: Option<String>,
    /// Join with this radio, such as wlan1 [default: a free one that sees the network]
    #[arg(long, value_name = "INTERFACE")]
    radio: Option<String>,
    /// The radio may leave the network it is in, and gets it back at the end; what is reached by
    /// that network is not reached meanwhile
    #[arg(long)]
    share: bool,
    /// Read the network's passphrase from the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// What to run in the network
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the verb.
pub(crate) async fn run(args: &JoinArgs, context: &Context<'_>) -> Result<Exit> {
    let choice = Choice { interface: args.radio.clone(), may_leave: args.share };
    let passphrase = args.passphrase_file.as_deref().map(read).transpose()?;
    let stop = &context.interrupt.stop;
    let joining = async {
        let manager = Manager::system().await.map_err(|error| trouble(&error))?;
        let sights = manager.look(&choice).await.map_err(|error| trouble(&error))?;
        let sight = choose(sights, args)?;
        warn(&sight, &choice, context);
        let joined = manager.join(&sight, passphrase.as_ref(), &choice).await;
        joined.map_err(|error| anyhow::Error::from(trouble(&error)))
    };
    let joined = tokio::select! {
        biased;
        joined = joining => joined?,
        // NetworkManager takes back what was begun when our connection to it ends.
        () = stop.asked() => return Err(Trouble::Interrupted { cure: String::new() }.into()),
    };
    let address = address_by(joined.interface());
    let (ssid, interface) = (joined.ssid().to_string(), joined.interface().to_owned());
    context.out.json("joined", json!({ "ssid": ssid, "radio": interface, "camera": address }))?;
    context.out.note(&format!("{interface} is in {ssid}; the camera is at {address}"));
    let ended = stay(&joined, args, &address, context).await;
    let left = joined.leave().await.map_err(|error| trouble(&error));
    let exit = ended?;
    left?;
    context.out.json("left", json!({ "outcome": exit.word() }))?;
    context.out.note("Left it");
    Ok(exit)
}

/// Stays in the network as long as there is a reason to.
async fn stay(
    joined: &Joined,
    args: &JoinArgs,
    address: &str,
    context: &Context<'_>,
) -> Result<Exit> {
    let Some((program, arguments)) = args.command.split_first() else {
        context.out.note("It is left when you press Ctrl-C");
        return until_lost(joined, context).await;
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("FILMWIRE_CAMERA", address)
        .kill_on_drop(true)
        .spawn()
        .map_err(|cause| Trouble::storage("run", program, cause))?;
    // Interrupted, it hears of it as we do, and ends in its own time.
    let status = child.wait().await.map_err(|cause| Trouble::storage("run", program, cause))?;
    Ok(status.code().and_then(Exit::of_code).unwrap_or(Exit::SomeFailed))
}

async fn until_lost(joined: &Joined, context: &Context<'_>) -> Result<Exit> {
    loop {
        tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => return Ok(Exit::Done),
            () = sleep(LOOK) => {}
        }
        if !joined.is_up().await.map_err(|error| trouble(&error))? {
            let cure = "start it on the camera again";
            return Err(Trouble::no_camera("the network is gone", cure).into());
        }
    }
}

/// The network that is asked for, or the only one that is a camera's.
fn choose(sights: Vec<Sight>, args: &JoinArgs) -> Result<Sight, Trouble> {
    let is_wanted = |sight: &Sight| match &args.ssid {
        Some(ssid) => sight.network.ssid == Ssid::new(ssid),
        None => sight.network.ssid.is_camera(),
    };
    let mut wanted: Vec<_> = sights.into_iter().filter(is_wanted).collect();
    let mut names: Vec<_> = wanted.iter().map(|sight| sight.network.ssid.to_string()).collect();
    names.dedup();
    names.sort();
    names.dedup();
    if names.len() > 1 {
        let text = format!("there are several cameras: {}", names.join(", "));
        return Err(Trouble::usage(text, "write the name of one"));
    }
    if wanted.is_empty() {
        return Err(match &args.ssid {
            Some(ssid) => trouble(&filmwire_link::Error::NotInSight(Ssid::new(ssid))),
            None => Trouble::no_camera(
                "no camera's network is in sight",
                "start it on the camera; it ends by itself after half a minute or so",
            ),
        });
    }
    // Free radios come first.
    Ok(wanted.swap_remove(0))
}

/// Says beforehand what will be out of reach.
fn warn(sight: &Sight, choice: &Choice, context: &Context<'_>) {
    let RadioState::Busy(user) = &sight.radio.state else { return };
    if choice.may_leave {
        let interface = &sight.radio.interface;
        let name = text::tame(&user.name);
        let all = if user.is_default { ", the Internet among it" } else { "" };
        context.out.warn(&format!(
            "{interface} leaves {name} for now: what is reached by it is not reached meanwhile{all}"
        ));
    }
}

/// Where cameras are in their networks.
fn address_by(interface: &str) -> String {
    Address { interface: Some(interface.to_owned()), ..Address::default() }.to_string()
}

fn read(path: &Path) -> Result<Passphrase> {
    let content =
        std::fs::read_to_string(path).map_err(|cause| Trouble::storage("read", path, cause))?;
    let line = content.lines().next().unwrap_or_default();
    Ok(Passphrase::new(line).map_err(|error| trouble(&error))?)
}
