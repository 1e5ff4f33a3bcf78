//! What objects tell of themselves.

use std::collections::HashMap;

use zbus::{ObjectPath, Variant};

use super::world::{Radio, UP, World, number, path, uuid};

fn text(text: &str) -> Variant<'static> {
    Variant::from(text.to_owned())
}

fn nothing() -> Variant<'static> {
    ObjectPath::from_str_unchecked("/").into()
}

impl World {
    /// A property; `None` if there is no such object, or it has none of that name.
    pub(super) fn property(&self, path_of: &str, name: &str) -> Option<Variant<'static>> {
        if path_of == "/org/freedesktop/NetworkManager" {
            return match name {
                "Version" => Some(text("1.42.4")),
                "NetworkingEnabled" => Some(self.is_networking_on.into()),
                "WirelessEnabled" => Some(self.is_on.into()),
                "WirelessHardwareEnabled" => Some(self.is_on_by_hardware.into()),
                _ => None,
            };
        }
        let at = |kind: &str| number(path_of, kind);
        if let Some(at) = at("Devices") {
            let radio = self.radios.get(at).filter(|radio| radio.is_in)?;
            return self.of_radio(at, radio, name);
        }
        if let Some(at) = at("AccessPoint") {
            return self.of_cell(at, name);
        }
        if let Some(at) = at("IP4Config") {
            let address = self.radios.get(at)?.address?;
            let told = HashMap::from([
                ("address", text(&address.to_string())),
                ("prefix", Variant::from(24_u32)),
            ]);
            return (name == "AddressData").then(|| vec![told].into());
        }
        self.of_active(at("ActiveConnection").filter(|at| self.is_there(*at))?, name)
    }

    fn of_radio(&self, at: usize, radio: &Radio, name: &str) -> Option<Variant<'static>> {
        let state = match (radio.is_managed, self.is_on && self.is_on_by_hardware) {
            (false, _) => 10,
            (true, false) => 20,
            (true, true) if radio.lacks_firmware => 20,
            (true, true) => radio.state,
        };
        match name {
            "Interface" => Some(text(&radio.interface)),
            "DeviceType" => Some(2_u32.into()),
            "Mode" => Some(if radio.is_hotspot { 3_u32 } else { 2 }.into()),
            "State" => Some(state.into()),
            "StateReason" => Some((state, radio.reason).into()),
            "Managed" => Some(radio.is_managed.into()),
            "FirmwareMissing" => Some(radio.lacks_firmware.into()),
            "LastScan" => Some(radio.last_scan.into()),
            "Ip4Config" if radio.address.is_some() => Some(path("IP4Config", at).into()),
            "ActiveAccessPoint" => {
                let cell = radio.active.and_then(|active| self.cell_of(active));
                Some(cell.map_or_else(nothing, |cell| path("AccessPoint", cell).into()))
            }
            "ActiveConnection" => {
                let active = radio.active.map(|active| path("ActiveConnection", active).into());
                Some(active.unwrap_or_else(nothing))
            }
            "Ip4Config" => Some(nothing()),
            _ => None,
        }
    }

    fn of_cell(&self, at: usize, name: &str) -> Option<Variant<'static>> {
        let (cell, true) = self.cells.get(at)? else { return None };
        let is_open = cell.passphrase.is_none();
        match name {
            "Ssid" => Some(cell.ssid.clone().into_bytes().into()),
            "Flags" => Some(u32::from(!is_open).into()),
            "WpaFlags" => Some(0_u32.into()),
            // Pairwise and group CCMP, PSK.
            "RsnFlags" => Some(if is_open { 0_u32 } else { 0x188 }.into()),
            "LastSeen" => {
                let seen = self.faded.get(&cell.ssid).copied();
                Some(seen.unwrap_or_else(|| self.now()).into())
            }
            "Strength" => Some(cell.strength.into()),
            _ => None,
        }
    }

    fn of_active(&self, at: usize, name: &str) -> Option<Variant<'static>> {
        let active = &self.actives[at];
        match name {
            "Connection" => Some(path("Settings", active.profile).into()),
            "Uuid" => Some(text(&uuid(active.profile))),
            "Id" => Some(text(&self.profiles[active.profile].name)),
            "State" => Some(active.state.into()),
            "Default" => Some((active.is_default && active.state == UP).into()),
            "SpecificObject" => {
                let cell = self.cell_of(at);
                Some(cell.map_or_else(nothing, |cell| path("AccessPoint", cell).into()))
            }
            _ => None,
        }
    }

    /// The network of an active connection, if that is in sight: people name profiles after it.
    fn cell_of(&self, active: usize) -> Option<usize> {
        let name = &self.profiles[self.actives[active].profile].name;
        let ssid = name.strip_prefix("filmwire ").unwrap_or(name);
        self.cells.iter().position(|(cell, is_there)| *is_there && cell.ssid == ssid)
    }
}
