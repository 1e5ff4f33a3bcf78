//! The list of what was replaced: kinds, counts and places, never what was there.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Places that are named of a kind; of further ones only the count is told.
const MOST_PLACES: usize = 200;

/// What was replaced, or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Secret {
    /// An IPv4 or IPv6 address.
    Address,
    /// The name a client gives itself.
    ClientName,
    /// A name of the camera that is no plain model.
    CameraName,
    /// The identity in a registration; its last word may be the client's address.
    Guid,
    /// A serial number.
    Serial,
    /// A position, in the text of property 0xD500.
    Position,
    /// A name of an object that is not as cameras give them.
    ObjectName,
    /// When a photo was taken.
    Date,
    /// Any other text.
    Text,
    /// Content of a picture or a film, with all that stands in its file besides.
    Picture,
    /// A text of the discovery.
    Discovery,
    /// A value or bytes of which nobody knows that they are harmless.
    Unknown,
    /// Bytes that belong to no packet of the protocol.
    Stray,
}

impl Secret {
    /// The kind in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Address => "addresses of IP",
            Self::ClientName => "names of clients",
            Self::CameraName => "names of cameras",
            Self::Guid => "identities in registrations",
            Self::Serial => "serial numbers",
            Self::Position => "positions",
            Self::ObjectName => "names of objects",
            Self::Date => "dates of photos",
            Self::Text => "other texts",
            Self::Picture => "content of pictures and films",
            Self::Discovery => "texts of the discovery",
            Self::Unknown => "values and bytes not known to be harmless",
            Self::Stray => "bytes that belong to no packet",
        }
    }
}

/// Where something was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The connection, as the transcript numbers it; `None` for datagrams.
    pub connection: Option<u32>,
    /// The transaction on it.
    pub transaction: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.connection, self.transaction) {
            (Some(connection), Some(id)) => write!(f, "{connection}#{id}"),
            (Some(connection), None) => write!(f, "{connection}"),
            (None, _) => f.write_str("a datagram"),
        }
    }
}

/// What was replaced of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How often.
    pub count: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Where; the first 200 places.
    pub places: Vec<Place>,
}

/// Everything that was replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replaced {
    /// By kind.
    pub counts: BTreeMap<Secret, Count>,
}

impl Replaced {
    pub(crate) fn add(&mut self, secret: Secret, bytes: usize, place: Place) {
        if bytes == 0 {
            return;
        }
        let count = self.counts.entry(secret).or_default();
        count.count += 1;
        count.bytes += bytes as u64;
        if count.places.len() < MOST_PLACES && !count.places.contains(&place) {
            count.places.push(place);
        }
    }
}
