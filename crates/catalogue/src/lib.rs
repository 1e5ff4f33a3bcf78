//! The catalogue of a filmwire library: what is known of each photo and where it is.
//!
//! A [`Library`] is a folder with photos and `.filmwire/` in it; its [`Catalogue`] is an SQLite
//! file. The catalogue knows *objects* (what cameras showed) and *files* (what the library holds),
//! keeps a journal of every change, gives out names, and remembers what each card looked like, so
//! that a later run need not list it again. It knows neither PTP nor networks, reads no clock
//! (times are epoch milliseconds and passed in), and renames no photo: the order of steps that
//! publish one is in `docs/design/catalogue.md`, and its caller carries it out.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use filmwire_catalogue::{
//!     Create, Library, OpenOptions, PairHint, PhotoKey, Publish, Rendition, Seen,
//! };
//!
//! # let folder = tempfile::tempdir()?;
//! # let (root, now) = (folder.path().join("photos"), 1_700_000_000_000);
//! let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
//! let library = Library::open(&root, options)?;
//! let _lock = library.lock()?;
//! let catalogue = library.catalogue()?;
//!
//! let camera = catalogue.add_camera("FUJIFILM-X-T20-1234", None, "X-T20", now)?.id;
//! let key = PhotoKey {
//!     name: "DSCF0001.JPG".to_owned(),
//!     capture_date: Some("20160102T150136".to_owned()),
//!     size: 3,
//!     format: 0x3801,
//!     rendition: Rendition::Original,
//!     twin: 0,
//! };
//! let object = catalogue.see(camera, &key, &Seen::default(), now)?.id;
//! let exists = |path: &str| library.exists(path);
//! let pair = Some(PairHint::default());
//! let path = catalogue.assign_path(object, "2016", &key.name, pair, &exists)?;
//! assert_eq!(path, "2016/DSCF0001.JPG");
//!
//! let file = Publish { path: &path, sha256: &[7; 32], size: 3, proof: "size" };
//! catalogue.begin_publish(object, file, None, now)?;
//! // .. rename the file to its path, sync the folder ..
//! catalogue.finish_publish(object, now)?;
//! assert_eq!(catalogue.files_with_sha(&[7; 32])?[0].path, path);
//! # Ok(())
//! # }
//! ```

mod back_up;
mod camera;
mod catalogue;
mod check;
mod delivery;
mod error;
mod facts;
mod forget;
mod kept;
mod library;
mod lock;
mod model;
mod name;
mod object;
mod pair;
mod prune;
mod publish;
mod sidecar;
mod snapshot;
mod target;
mod upgrade;

pub use camera::RunRow;
pub use catalogue::{Catalogue, Planning};
pub use check::{Finding, FindingKind, check};
pub use delivery::{Choice, Delivery, DeliveryCount, Due};
pub use error::{Error, ErrorKind};
pub use facts::{FactFilter, FileFacts};
pub use kept::Kept;
pub use library::{Create, Library, META_FOLDER, OpenOptions, network_file_system};
pub use lock::LockGuard;
pub use model::{
    Camera, CameraId, DeliveryState, Direction, FileId, FileRow, FileState, JournalRow, ObjectId,
    ObjectRow, Origin, PhotoKey, Rendition, RunId, Seen, Sha256, State, TargetId, UnknownWord,
    UtcOffset,
};
pub use name::{PairHint, numbered};
pub use object::ObjectFilter;
pub use pair::{Partner, is_beside, path_beside};
pub use prune::{Prunable, Pruning};
pub use publish::{Adopted, Intent, Publish};
pub use sidecar::{has_foreign_sidecar, is_sidecar};
pub use snapshot::{SnapshotHead, Unfinished};
pub use target::TargetRow;
