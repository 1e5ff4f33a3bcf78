//! The rows of the catalogue as types.

use std::fmt;
use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A SHA-256 hash.
pub type Sha256 = [u8; 32];

/// Makes a newtype over SQLite's row id.
macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    };
}

row_id! {
    /// Names a camera body.
    CameraId
}
row_id! {
    /// Names an object a camera showed.
    ObjectId
}
row_id! {
    /// Names content in the library.
    FileId
}
row_id! {
    /// Names a pass over a camera.
    RunId
}
row_id! {
    /// Names a target files are delivered to.
    TargetId
}

/// Makes an enum whose values are words in the catalogue.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// All values, in the order of their definition.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the word that stands in the catalogue and in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| UnknownWord(text.to_owned()))
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.as_str().to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|e| FromSqlError::Other(Box::new(e)))
            }
        }
    };
}

/// A word that names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of the known words")]
pub struct UnknownWord(pub String);

words! {
    /// What has become of an object.
    State {
        /// Listed, nothing done yet, or forgotten again.
        Seen = "seen",
        /// Its bytes are coming in, or came in when the run was cut.
        Fetching = "fetching",
        /// It has an intent: its file is being renamed to its place.
        Publishing = "publishing",
        /// Its content is in the library.
        Published = "published",
        /// Taken for known without being fetched.
        Known = "known",
        /// Not wanted; the reason says why.
        Skipped = "skipped",
        /// Could not be fetched; the reason says why, `tries` how often.
        Failed = "failed",
        /// Published, but its content is broken on the card itself.
        Damaged = "damaged",
    }
}

words! {
    /// Whether an object is the camera's original or a copy it made smaller.
    Rendition {
        /// The file as it is on the card.
        Original = "original",
        /// A copy encoded for transfer; never stands for the original.
        Resized = "resized",
    }
}

words! {
    /// What is known of a file in the library.
    FileState {
        /// Announced: about to be renamed to its path, or just renamed.
        Intent = "intent",
        /// There, and synced to disk.
        Published = "published",
        /// Was published, and is not there: a check did not find it, or it was pruned.
        Missing = "missing",
    }
}

words! {
    /// How a file came into the library.
    Origin {
        /// filmwire fetched and wrote it.
        Fetched = "fetched",
        /// It was there, or came from a card reader, and filmwire learned it by its hash.
        Adopted = "adopted",
    }
}

words! {
    /// What has become of a file at a target.
    DeliveryState {
        /// To be sent.
        Waiting = "waiting",
        /// Its bytes are on their way; after a crash nobody knows what is there.
        Sending = "sending",
        /// The target took it and was not asked for proof yet.
        Stored = "stored",
        /// It is there; the proof says how that is known.
        Proven = "proven",
        /// It is not there; the reason says why.
        Failed = "failed",
    }
}

words! {
    /// Which object has handle 1.
    Direction {
        /// Handle 1 is the newest object: the classic modes.
        NewestFirst = "newest-first",
        /// Handle 1 is the oldest object: the newer path.
        OldestFirst = "oldest-first",
    }
}

impl State {
    /// Whether a run has something left to do for an object in this state.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Seen | Self::Fetching | Self::Publishing | Self::Failed)
    }
}

/// A camera body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its row.
    pub id: CameraId,
    /// Configured name, else SSID, else hardware address, else model@address.
    pub key: String,
    /// Body serial number, once a photo told it.
    pub serial: Option<String>,
    /// Model as the camera names itself; may be empty.
    pub model: String,
    /// First contact, epoch milliseconds.
    pub first_seen: i64,
    /// Last contact, epoch milliseconds.
    pub last_seen: i64,
}

/// What makes a photo that photo, within one camera. The handle is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PhotoKey {
    /// File name as the camera said it.
    pub name: String,
    /// Capture date as the camera said it, such as `20160102T150136`.
    pub capture_date: Option<String>,
    /// True size in bytes, never a placeholder.
    pub size: u64,
    /// PTP object format code.
    pub format: u16,
    /// Original or resized copy.
    pub rendition: Rendition,
    /// 0, or 1, 2 .. for further objects on one card that are equal in all else.
    pub twin: u32,
}

/// What else is known when an object is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the camera's clock was taken for.
    pub utc_offset: Option<UtcOffset>,
    /// The run that saw it.
    pub run: Option<RunId>,
}

/// What a camera's clock was taken for. Cameras send no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UtcOffset {
    /// Minutes east of UTC.
    pub minutes: i16,
    /// Why, in words: `exif`, `configured`, `this computer's zone`.
    pub source: String,
}

/// An object a camera showed, with all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its row.
    pub id: ObjectId,
    /// The camera that showed it.
    pub camera: CameraId,
    /// What makes it that photo.
    pub key: PhotoKey,
    /// What the camera's clock was taken for.
    pub utc_offset: Option<UtcOffset>,
    /// Body serial number found inside the file.
    pub exif_serial: Option<String>,
    /// What has become of it.
    pub state: State,
    /// Why, for states that need one.
    pub reason: Option<String>,
    /// Failed attempts since it was first seen or forgotten.
    pub tries: u32,
    /// Path given out for it, relative to the library, also before there is a file.
    pub path: Option<String>,
    /// Its content in the library.
    pub file: Option<FileId>,
    /// Its content when last fetched, also after it was forgotten.
    pub sha256: Option<Sha256>,
    /// The run that changed it last.
    pub run: Option<RunId>,
    /// First sight, epoch milliseconds.
    pub first_seen: i64,
}

/// Content in the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Its row.
    pub id: FileId,
    /// Path relative to the library, with `/`.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// What is known of it.
    pub state: FileState,
    /// How it came here.
    pub origin: Origin,
    /// What was checked before publishing, in the words of the one who checked.
    pub proof: String,
    /// When it was published or adopted, epoch milliseconds; none while it is an intent.
    pub published_at: Option<i64>,
}

/// One change of an object's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// The object.
    pub object: ObjectId,
    /// The run that changed it.
    pub run: Option<RunId>,
    /// When, epoch milliseconds.
    pub at: i64,
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// Why, in words.
    pub detail: Option<String>,
}

impl ObjectRow {
    /// The columns [`Self::from_row`] reads, in its order, for `object` under the alias `o`.
    pub(crate) const COLUMNS: &str = "o.id, o.camera_id, o.name, o.capture_date, o.size_bytes, \
        o.format, o.rendition, o.twin, o.utc_offset_min, o.utc_offset_source, o.exif_serial, \
        o.state, o.reason, o.tries, o.path, o.file_id, o.sha256, o.run_id, o.first_seen_ms";

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let minutes: Option<i16> = row.get(8)?;
        let source: Option<String> = row.get(9)?;
        Ok(Self {
            id: row.get(0)?,
            camera: row.get(1)?,
            key: PhotoKey {
                name: row.get(2)?,
                capture_date: row.get(3)?,
                size: row.get::<_, i64>(4)?.unsigned_abs(),
                format: row.get(5)?,
                rendition: row.get(6)?,
                twin: row.get(7)?,
            },
            utc_offset: minutes.zip(source).map(|(minutes, source)| UtcOffset { minutes, source }),
            exif_serial: row.get(10)?,
            state: row.get(11)?,
            reason: row.get(12)?,
            tries: row.get(13)?,
            path: row.get(14)?,
            file: row.get(15)?,
            sha256: row.get(16)?,
            run: row.get(17)?,
            first_seen: row.get(18)?,
        })
    }
}

impl FileRow {
    /// The columns [`Self::from_row`] reads, in its order.
    pub(crate) const COLUMNS: &str =
        "id, path, sha256, size_bytes, state, origin, proof, published_ms";

    /// The columns under the alias `f`.
    pub(crate) fn columns_of_f() -> String {
        format!("f.{}", Self::COLUMNS.replace(", ", ", f."))
    }

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            path: row.get(1)?,
            sha256: row.get(2)?,
            size: row.get::<_, i64>(3)?.unsigned_abs(),
            state: row.get(4)?,
            origin: row.get(5)?,
            proof: row.get(6)?,
            published_at: row.get(7)?,
        })
    }
}

/// Turns a size into what SQLite can store; sizes past 2^63 are none a camera can mean.
pub(crate) fn stored_size(size: u64) -> Result<i64, crate::Error> {
    i64::try_from(size).map_err(|_| crate::Error::Invalid(format!("{size} bytes is no file size")))
}
