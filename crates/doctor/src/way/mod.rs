//! The way into the camera's network: from what its survey saw to verdicts.
//!
//! Each step is judged by itself; who tells of them stops at the first that failed.

mod inside;
mod radio;
mod route;
#[cfg(test)]
mod scene;
mod service;
#[cfg(test)]
mod tests;
mod view;

use std::net::IpAddr;

use filmwire_camera::Address;
use filmwire_link::survey::{Roots, Survey};
use filmwire_link::{Choice, Manager, Ssid};

use self::view::View;
use crate::step::{Outcome, Step};

/// Where all cameras are in their own networks. Source: `Address::default`.
const OF_CAMERAS: &str = "192.168.0.1";

/// How the way into the camera's network is looked at, and which one that is.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// The radio that is meant; any if none is named. An address bound to a radio names it too.
    pub radio: Option<String>,
    /// The network that is meant; any that is called like a camera's if none is named.
    pub network: Option<Ssid>,
    /// Where the system tells of itself.
    pub roots: Roots,
    /// Whom to ask; the system's NetworkManager if nobody is named.
    pub manager: Option<Manager>,
}

/// What came of a step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) saw: String,
}

impl Verdict {
    fn passed(saw: impl Into<String>) -> Self {
        Self { outcome: Outcome::Passed, saw: saw.into() }
    }

    fn skipped(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped { why: why.into() }, saw: String::new() }
    }

    fn failed(saw: impl Into<String>, cause: impl Into<String>, cure: impl Into<String>) -> Self {
        let outcome = Outcome::Failed { cause: cause.into(), cure: cure.into() };
        Self { outcome, saw: saw.into() }
    }

    fn doubtful(saw: impl Into<String>, cause: impl Into<String>, cure: impl Into<String>) -> Self {
        let outcome = Outcome::Doubtful { cause: cause.into(), cure: cure.into() };
        Self { outcome, saw: saw.into() }
    }

    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }

    /// The same in doubt: what it says is in the way is none.
    pub(crate) fn refuted(self, address: &str) -> Self {
        match self.outcome {
            Outcome::Failed { cause, .. } => {
                let cure = format!("none is needed as long as {address} answers, as it does now");
                Self { outcome: Outcome::Doubtful { cause, cure }, saw: self.saw }
            }
            outcome => Self { outcome, saw: self.saw },
        }
    }
}

/// The steps of the way, none of them gone.
pub(crate) fn skipped(why: &str) -> Vec<(Step, Verdict)> {
    Step::WAY.into_iter().map(|step| (step, Verdict::skipped(why))).collect()
}

/// Looks at the way to an address, and judges it.
pub(crate) async fn examine(
    address: &Address,
    ip: Option<IpAddr>,
    ground: &Ground,
) -> Vec<(Step, Verdict)> {
    if address.interface.is_none() && ip.is_some_and(|ip| ip.is_loopback()) {
        return skipped("the camera's address is one of this computer's own");
    }
    if !ground.roots.sys.join("class/net").is_dir() {
        return skipped("this is looked at on Linux only");
    }
    let choice = Choice { interface: wanted(address, ground), may_leave: false };
    let manager = match &ground.manager {
        Some(manager) => Ok(manager.clone()),
        None => Manager::system().await,
    };
    let survey = Survey::look(manager, &choice, ground.network.as_ref(), &ground.roots).await;
    judge(address, ip, ground, &survey)
}

/// The radio that is meant.
fn wanted(address: &Address, ground: &Ground) -> Option<String> {
    ground.radio.clone().or_else(|| address.interface.clone())
}

/// Judges each step by what was seen.
pub(crate) fn judge(
    address: &Address,
    ip: Option<IpAddr>,
    ground: &Ground,
    survey: &Survey,
) -> Vec<(Step, Verdict)> {
    let wanted = wanted(address, ground);
    let view = View {
        survey,
        wanted: wanted.as_deref(),
        bound: address.interface.as_deref(),
        network: ground.network.as_ref(),
        ip: match ip {
            Some(IpAddr::V4(ip)) => Some(ip),
            _ => None,
        },
    };
    if let Some(why) = no_radio_is_meant(&view, address, ground) {
        let mut steps = skipped(&why);
        if let Some((_, route)) = steps.last_mut() {
            *route = route::judge(&view, true);
        }
        return steps;
    }
    vec![
        (Step::Radio, radio::radio(&view)),
        (Step::Rfkill, radio::rfkill(&view)),
        (Step::Regdom, radio::regdom(&view)),
        (Step::Manager, service::manager(&view)),
        (Step::Scan, service::scan(&view)),
        (Step::Association, inside::association(&view)),
        (Step::Dhcp, inside::dhcp(&view)),
        (Step::Route, route::judge(&view, false)),
    ]
}

/// Why the way leads by no radio of this computer, if it does not.
fn no_radio_is_meant(view: &View<'_>, address: &Address, ground: &Ground) -> Option<String> {
    if ground.radio.is_some() || ground.network.is_some() {
        return None;
    }
    match &address.interface {
        Some(bound) => {
            let is_radio = view.survey.kernel.radios.iter().any(|radio| radio.interface == *bound);
            (!is_radio).then(|| format!("the camera is reached by {bound}, which is no radio"))
        }
        None if address.host == OF_CAMERAS => None,
        None => Some(format!("{} is not where a camera is in its own network", address.host)),
    }
}
