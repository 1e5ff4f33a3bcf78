//! What a caller may choose about a run.

use std::sync::Arc;
use std::time::Duration;

use filmwire_camera::hardware_address;
use filmwire_catalogue::PairHint;
use filmwire_codec::{DateTime, ObjectFormatCode};

use crate::template::Template;

/// How a run goes.
#[derive(Clone)]
pub struct SyncOptions {
    /// Names of files in the library.
    pub template: Template,
    /// Only these of the newest objects are looked at.
    pub newest: Option<u32>,
    /// Only objects captured on or after this, in the camera's digits.
    pub since: Option<DateTime>,
    /// Only these kinds; empty means all.
    pub only: Vec<Kind>,
    /// Look and plan, fetch and write nothing.
    pub dry_run: bool,
    /// List all objects even if probes say that nothing changed.
    pub full: bool,
    /// A full listing is made anyway after this time.
    pub full_after: Duration,
    /// How the camera is told from others; `None` takes its hardware address where the system
    /// tells it, else `model@address`.
    pub camera_key: Option<String>,
    /// The address in the form of [`filmwire_camera::Address`], for the key.
    pub address: String,
    /// What the camera's clock is taken for where its files do not say: minutes east of UTC and
    /// where that comes from.
    pub utc_offset: Option<(i16, String)>,
    /// How often a lost connection is opened again, and how often an object may fail in all.
    pub tries: u32,
    /// Go on although the camera's battery is critical.
    pub ignore_battery: bool,
    /// Bytes that stay free where the library is, for the catalogue and others: a file that leaves
    /// less is not begun.
    pub keep_free: u64,
    /// Which files belong together.
    pub pairs: PairHint,
    /// The time now, in milliseconds of the Unix epoch.
    pub now: Now,
}

/// A clock: milliseconds of the Unix epoch.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A kind of object one can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG photos.
    Jpg,
    /// Films.
    Mov,
    /// Raw files.
    Raf,
}

impl Kind {
    /// True if an object of this format and name is of this kind.
    pub fn matches(self, format: ObjectFormatCode, name: &str) -> bool {
        let ends = |ending: &str| {
            name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
        };
        match self {
            Self::Jpg => format == ObjectFormatCode::EXIF_JPEG || ends("jpg"),
            Self::Mov => format == ObjectFormatCode::MOV || ends("mov"),
            Self::Raf => format == ObjectFormatCode::RAF || ends("raf"),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Ok(Self::Jpg),
            "mov" => Ok(Self::Mov),
            "raf" | "raw" => Ok(Self::Raf),
            _ => Err(format!("{text:?} is no kind; choose from jpg, mov, raf")),
        }
    }
}

impl SyncOptions {
    /// Fetches all that is new from the camera at `address`, with the given clock.
    pub fn new(address: impl Into<String>, now: Now) -> Self {
        Self {
            template: Template::default(),
            newest: None,
            since: None,
            only: Vec::new(),
            dry_run: false,
            full: false,
            full_after: Duration::from_secs(30 * 24 * 3600),
            camera_key: None,
            address: address.into(),
            utc_offset: None,
            tries: 5,
            ignore_battery: false,
            keep_free: 16 << 20,
            pairs: PairHint::default(),
            now,
        }
    }

    /// What tells this camera from others: its configured name, else its hardware address, else
    /// where it is. Nothing on the wire names a body.
    pub(crate) fn key_for(&self, model: &str) -> String {
        let address = &self.address;
        let neighbour = || {
            let address = address.parse().ok()?;
            hardware_address(&address).map(|hardware| format!("{model}-{hardware}"))
        };
        let configured = self.camera_key.clone();
        configured.or_else(neighbour).unwrap_or_else(|| format!("{model}@{address}"))
    }
}
