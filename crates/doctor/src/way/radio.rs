//! The radio, its switches, and whose rules it keeps.

use filmwire_link::survey::{Hardware, Stage, Teller};

use super::Verdict;
use super::service::sights;
use super::view::View;

/// The world's rules.
const WORLD: &str = "00";

/// Whether there is a radio that may be used.
pub(super) fn radio(view: &View<'_>) -> Verdict {
    let radios = view.radios();
    let Some(first) = radios.first() else { return none(view) };
    let saw = names(&radios);
    let Some(told) = view.told() else { return Verdict::passed(saw) };
    let seen = |radio: &Hardware| told.radios.iter().find(|seen| seen.interface == radio.interface);
    let name = &first.interface;
    if radios.iter().all(|radio| seen(radio).is_some_and(|seen| seen.lacks_firmware)) {
        let cause = format!("{name} lacks its firmware");
        return Verdict::failed(saw, cause, "install it; `dmesg` tells the name of the file");
    }
    let is_left_alone = |radio: &Hardware| {
        !radio.is_up && seen(radio).is_none_or(|seen| seen.stage == Stage::Unmanaged)
    };
    // While it does not handle networks, it leaves all radios alone; that is told later.
    if told.is_networking_on && radios.iter().all(|radio| is_left_alone(radio)) {
        let cause = format!("NetworkManager leaves {name} alone");
        let cure = format!(
            "let it have the radio: `nmcli device set {name} managed yes`; or join the camera's \
             network by hand"
        );
        return Verdict::failed(saw, cause, cure);
    }
    Verdict::passed(saw)
}

fn none(view: &View<'_>) -> Verdict {
    let all = &view.survey.kernel.radios;
    let cause = match view.wanted {
        Some(wanted) => format!("there is no radio {wanted}"),
        None => "this computer has no radio".to_owned(),
    };
    let cure = match all.is_empty() {
        true => {
            "plug one in; if one is there, its driver or firmware is not: see `dmesg`".to_owned()
        }
        false => format!("this computer has {}", names(&all.iter().collect::<Vec<_>>())),
    };
    Verdict::failed("", cause, cure)
}

fn names(radios: &[&Hardware]) -> String {
    let names: Vec<_> = radios.iter().map(|radio| radio.interface.as_str()).collect();
    names.join(", ")
}

/// Whether a switch has all radios off.
pub(super) fn rfkill(view: &View<'_>) -> Verdict {
    let radios = view.radios();
    let of = |radio: &Hardware| {
        let mut switches = view.survey.kernel.switches.iter();
        switches.find(|switch| switch.device == radio.device)
    };
    let switches: Vec<_> = radios.iter().map(|radio| of(radio)).collect();
    let all = |is_off: &dyn Fn(&filmwire_link::survey::Switch) -> bool| {
        !switches.is_empty() && switches.iter().all(|switch| switch.is_some_and(is_off))
    };
    let saw: Vec<_> = switches
        .iter()
        .flatten()
        .map(|switch| {
            let word = match (switch.is_hard, switch.is_soft) {
                (true, _) => "off by hardware",
                (false, true) => "off by software",
                (false, false) => "on",
            };
            format!("{} is {word}", switch.device)
        })
        .collect();
    let saw = if saw.is_empty() { "no switch".to_owned() } else { saw.join(", ") };
    let told = view.told();
    if told.is_some_and(|told| !told.is_on_by_hardware) || all(&|switch| switch.is_hard) {
        let cure = "switch it on: a slider, a key with an aerial on it, or the firmware's settings";
        return Verdict::failed(saw, "a switch on this computer has Wi-Fi off", cure);
    }
    if told.is_some_and(|told| !told.is_on) {
        let cause = "NetworkManager has Wi-Fi switched off";
        return Verdict::failed(saw, cause, "switch it on: `nmcli radio wifi on`");
    }
    if all(&|switch| switch.is_soft || switch.is_hard) {
        let cause = "software has Wi-Fi switched off";
        return Verdict::failed(saw, cause, "switch it on: `rfkill unblock wifi`");
    }
    Verdict::passed(saw)
}

/// Whether a country's rules hold. Without one nothing is broken, but some channels are.
pub(super) fn regdom(view: &View<'_>) -> Verdict {
    let Some(domain) = &view.survey.kernel.domain else {
        return Verdict::passed("unknown: neither iw nor the kernel tells");
    };
    let code = if domain.code.is_empty() { "none" } else { &domain.code };
    let (teller, doubt) = match domain.teller {
        Teller::Iw => ("by iw", "no country is set"),
        Teller::Module => (
            "as the kernel's module was loaded",
            "no country is set, as far as can be told without iw",
        ),
    };
    let saw = format!("{code}, {teller}");
    let is_world = domain.code.is_empty() || domain.code == WORLD;
    if !is_world || view.inside().is_some() || !sights(view).is_empty() {
        return Verdict::passed(saw);
    }
    let cause = format!("{doubt}: networks on channels 12 and 13 may not be seen");
    let cure = "set yours, such as `iw reg set DE`; on a Raspberry Pi by `raspi-config`";
    Verdict::doubtful(saw, cause, cure)
}
