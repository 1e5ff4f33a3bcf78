//! What can stand between us and a camera's network.

use crate::network::Ssid;
use crate::radio::Use;

/// Why a network was not found, joined or left, in words for a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no NetworkManager to ask.
    #[error("NetworkManager cannot be reached: {0}")]
    NoManager(String),
    /// It did not let us.
    #[error("NetworkManager does not let us {what}: {said}")]
    Forbidden {
        /// What we asked for.
        what: &'static str,
        /// Its words.
        said: String,
    },
    /// It did not do what it was asked.
    #[error("NetworkManager did not {what}: {said}")]
    Refused {
        /// What we asked for.
        what: &'static str,
        /// Its words.
        said: String,
    },
    /// All radios are switched off, by a switch or by software.
    #[error("Wi-Fi is switched off")]
    SwitchedOff,
    /// There is no radio of this name, or none at all.
    #[error("there is no radio{}", .0.as_ref().map(|name| format!(" {name}")).unwrap_or_default())]
    NoRadio(Option<String>),
    /// A radio that NetworkManager leaves alone, or that has no driver or firmware.
    #[error("the radio {0} is not NetworkManager's to use")]
    Unusable(String),
    /// The radio has another network, and may not leave it.
    #[error("the radio {interface} is in use by {user:?}")]
    InUse {
        /// Its interface.
        interface: String,
        /// Name of the profile that has it.
        user: String,
    },
    /// The radio has a network that a filmwire joined which is not this one, or one that ended:
    /// a NetworkManager that was started anew does not know that it goes with it.
    #[error("the radio {interface} is in {user:?}, which another filmwire joined")]
    LeftOver {
        /// Its interface.
        interface: String,
        /// Name of the profile that has it.
        user: String,
    },
    /// No radio sees the network.
    #[error("{0} is not in sight")]
    NotInSight(Ssid),
    /// The network wants a passphrase and none was given.
    #[error("{0} wants a passphrase")]
    PassphraseNeeded(Ssid),
    /// The passphrase is not that of the network.
    #[error("{0} does not take the passphrase")]
    WrongPassphrase(Ssid),
    /// The passphrase cannot be one.
    #[error("a passphrase has 8 to 63 characters")]
    BadPassphrase,
    /// The network is of a kind no camera has.
    #[error("{0} is neither open nor does it take a passphrase")]
    UnknownSecurity(Ssid),
    /// The network gave no address.
    #[error("{0} gives no address")]
    NoAddress(Ssid),
    /// The radio did not get into the network.
    #[error("{ssid} was not joined: {said}")]
    NotJoined {
        /// The network.
        ssid: Ssid,
        /// The stage that failed.
        said: String,
    },
    /// What the radio had before is not back.
    #[error("{interface} has not got {profile:?} back: {said}")]
    NotRestored {
        /// The radio's interface.
        interface: String,
        /// The profile it had.
        profile: String,
        /// What happened.
        said: String,
    },
}

impl Error {
    /// What a person can do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::NoManager(_) => "start NetworkManager; without it join the network by hand",
            Self::Forbidden { .. } => "run it as root, or allow it by a rule of polkit",
            Self::Refused { .. } => "see what NetworkManager says: journalctl -u NetworkManager",
            Self::SwitchedOff => "switch it on: nmcli radio wifi on; rfkill tells of switches",
            Self::NoRadio(_) => "plug in a radio; nmcli device lists those there are",
            Self::Unusable(_) => "see nmcli device, and what the kernel says of its firmware",
            Self::InUse { .. } => "use another radio, or let this one leave that network meanwhile",
            Self::LeftOver { user, .. } => {
                return format!("if no other one runs, leave it: nmcli connection down {user:?}");
            }
            Self::NotInSight(_) => "start the network on the camera; it ends after half a minute",
            Self::PassphraseNeeded(_) => "the camera's menu shows it; give it in a file",
            Self::WrongPassphrase(_) => "look at it again in the camera's menu",
            Self::BadPassphrase => "look at it again in the camera's menu",
            Self::UnknownSecurity(_) => "choose WPA2 or none on the camera",
            Self::NoAddress(_) => "start the network on the camera anew",
            Self::NotJoined { .. } => "try again, nearer to the camera",
            Self::NotRestored { profile, .. } => {
                return format!("bring it back by hand: nmcli connection up {profile:?}");
            }
        }
        .to_owned()
    }

    /// Of a radio that may not leave what it is used for.
    pub(crate) fn in_use(interface: String, user: &Use) -> Self {
        let name = user.name.clone();
        match user.is_of_filmwire() {
            true => Self::LeftOver { interface, user: name },
            false => Self::InUse { interface, user: name },
        }
    }

    /// Sorts what a call of NetworkManager ended with.
    pub(crate) fn call(what: &'static str, cause: &zbus::Error) -> Self {
        let (name, said) = match cause {
            zbus::Error::MethodError(name, said, _) => (name.as_str(), said.clone()),
            zbus::Error::FDO(cause) => return Self::standard(what, cause),
            _ => ("", None),
        };
        let said = said.unwrap_or_else(|| cause.to_string());
        match name {
            "" => Self::NoManager(said),
            name if name.ends_with(".ServiceUnknown") || name.ends_with(".NoReply") => {
                Self::NoManager(said)
            }
            name if name.ends_with(".PermissionDenied") || name.ends_with(".AccessDenied") => {
                Self::Forbidden { what, said }
            }
            _ => Self::Refused { what, said },
        }
    }

    fn standard(what: &'static str, cause: &zbus::fdo::Error) -> Self {
        use zbus::fdo::Error as Standard;
        match cause {
            Standard::AccessDenied(said) => Self::Forbidden { what, said: said.clone() },
            Standard::ServiceUnknown(said)
            | Standard::NameHasNoOwner(said)
            | Standard::NoReply(said)
            | Standard::Disconnected(said) => Self::NoManager(said.clone()),
            Standard::ZBus(cause) => Self::call(what, cause),
            other => Self::Refused { what, said: other.to_string() },
        }
    }
}
