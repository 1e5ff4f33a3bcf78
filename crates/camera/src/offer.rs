//! What a body offers, by what it reports of itself, and how sure we are.

use filmwire_codec::DevicePropCode;
use filmwire_codec::code::Grade;

use crate::quirk::Versions;

/// A function a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// In words.
    pub function: &'static str,
    /// The property that tells its version.
    pub property: DevicePropCode,
    /// The version; `None` if the camera answered that it does not have the function.
    pub version: Option<u32>,
    /// Whether filmwire can use it.
    pub used: bool,
    /// How sure we are that the property means this.
    pub grade: Grade,
    /// Where that was seen or read.
    pub evidence: &'static str,
}

/// Function, property, used by filmwire. Source: the fact sheet's section 4.2.
const FUNCTIONS: [(&str, DevicePropCode, bool); 6] = [
    ("view and fetch photos", DevicePropCode::VIEW_VERSION, true),
    ("view and fetch photos in a remote session", DevicePropCode::REMOTE_VIEW_VERSION, true),
    ("receive photos picked on the camera", DevicePropCode::RECEIVE_VERSION, true),
    ("remote shooting", DevicePropCode::REMOTE_VERSION, true),
    ("view and fetch photos, newer way", DevicePropCode::EXTENDED_VIEW_VERSION, true),
    ("location from a phone", DevicePropCode::GPS_VERSION, true),
];

/// The versions that are asked for while the gallery opens, in this order. Source: libfuji reads
/// DF22, DF25, DF21, DF24; log:XT4 and log:XT5 read the rest too.
pub(crate) fn asked() -> impl Iterator<Item = DevicePropCode> {
    FUNCTIONS.iter().map(|(_, property, _)| *property)
}

/// What the versions say is there, and what they say is not.
pub fn offers(versions: &Versions) -> Vec<Offer> {
    let offer = |&(function, property, used): &(&'static str, DevicePropCode, bool)| {
        let (grade, evidence) = match property.entry() {
            Some(entry) => (entry.grade, entry.source),
            None => (Grade::C, "unknown"),
        };
        let version = versions.get(&property).copied();
        Offer { function, property, version, used, grade, evidence }
    };
    FUNCTIONS.iter().map(offer).collect()
}
