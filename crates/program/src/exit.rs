//! Exit codes, and the one place that says which error means which.

use std::io;
use std::path::PathBuf;

use filmwire_camera::Error as CameraError;
use filmwire_catalogue::{Error as CatalogueError, ErrorKind};
use filmwire_ingest::Error as IngestError;
use filmwire_sim::BindError;

/// How the program ends. The numbers are an interface: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, also when there was nothing to do.
    Done = 0,
    /// Some items failed, others are done.
    SomeFailed = 1,
    /// Command line or configuration.
    Usage = 2,
    /// No camera was reached, or it was lost.
    NoCamera = 3,
    /// The camera refused, or what it sent made no sense.
    Refused = 4,
    /// Another process holds the library.
    Locked = 5,
    /// Local storage failed.
    Storage = 6,
    /// A target files are delivered to failed.
    Target = 7,
    /// A check found a mismatch.
    Mismatch = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The number for the system.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub fn of_code(code: i32) -> Option<Self> {
        const ALL: [Exit; 10] = [
            Exit::Done,
            Exit::SomeFailed,
            Exit::Usage,
            Exit::NoCamera,
            Exit::Refused,
            Exit::Locked,
            Exit::Storage,
            Exit::Target,
            Exit::Mismatch,
            Exit::Interrupted,
        ];
        ALL.into_iter().find(|exit| i32::from(exit.code()) == code)
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::SomeFailed => "some-failed",
            Self::Usage => "usage",
            Self::NoCamera => "no-camera",
            Self::Refused => "refused",
            Self::Locked => "locked",
            Self::Storage => "storage",
            Self::Target => "target-failed",
            Self::Mismatch => "mismatch",
            Self::Interrupted => "interrupted",
        }
    }

    /// The code an error means.
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(trouble) = cause.downcast_ref::<Trouble>() {
                return trouble.exit();
            }
            if let Some(error) = cause.downcast_ref::<IngestError>() {
                return of_ingest(error);
            }
            if let Some(error) = cause.downcast_ref::<CameraError>() {
                return of_camera(error);
            }
            if let Some(error) = cause.downcast_ref::<CatalogueError>() {
                return of_catalogue(error);
            }
            if cause.is::<BindError>() {
                return Self::Usage;
            }
        }
        Self::Storage
    }
}

/// The code an error of the camera means.
pub fn of_camera(error: &CameraError) -> Exit {
    match error {
        CameraError::Forbidden(_) => Exit::Usage,
        // It is there and answers, as with an answer whose data cannot be read.
        CameraError::Broken(_) => Exit::Refused,
        error if error.is_unreachable() || error.is_link_trouble() => Exit::NoCamera,
        _ => Exit::Refused,
    }
}

fn of_catalogue(error: &CatalogueError) -> Exit {
    match error.kind() {
        ErrorKind::Locked => Exit::Locked,
        ErrorKind::Usage => Exit::Usage,
        _ => Exit::Storage,
    }
}

fn of_ingest(error: &IngestError) -> Exit {
    match error {
        IngestError::Camera(error) => of_camera(error),
        IngestError::Catalogue(error) => of_catalogue(error),
        IngestError::Restless(_) => Exit::SomeFailed,
        IngestError::NoCard => Exit::Refused,
        _ => Exit::Storage,
    }
}

/// An error in words: what went wrong, and what the person can do about it.
pub fn words(error: &anyhow::Error) -> (String, String) {
    let (mut text, mut cure) = (String::new(), cure(error));
    for cause in error.chain() {
        let mut said = cause.to_string();
        if let Some(of_catalogue) = catalogue_error(cause) {
            (said, cure) = catalogue_words(of_catalogue);
        }
        // Many errors tell their cause in their own text.
        if !text.contains(&said) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&said);
        }
    }
    (text, cure)
}

fn catalogue_error<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a CatalogueError> {
    match cause.downcast_ref() {
        Some(IngestError::Catalogue(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}

/// Cause and cure, which the catalogue tells in one text.
fn catalogue_words(error: &CatalogueError) -> (String, String) {
    let text = error.to_string();
    let split = || {
        let (cause, cure) = text.rsplit_once("; ")?;
        Some((cause.to_owned(), cure.to_owned()))
    };
    match error {
        CatalogueError::Locked { holder } => {
            let cure = format!("wait until {holder} is done with it, or stop it");
            (format!("the library is in use by {holder}"), cure)
        }
        CatalogueError::WrongLibrary { path, expected, found } => {
            let path = path.display();
            let cure = "mount the disk or share with that library, or correct library_id in the \
                        configuration";
            (format!("{path} does not hold library {expected} but {found}"), cure.to_owned())
        }
        CatalogueError::Io { source, .. } => (text, storage_cure(source.kind()).to_owned()),
        _ if error.kind() == ErrorKind::Defect => {
            let cure = "run `filmwire catalogue check`; if it finds nothing, report this defect";
            (text, cure.to_owned())
        }
        _ => split().unwrap_or((text, String::new())),
    }
}

/// What helps where the system refused to read or write.
fn storage_cure(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::AlreadyExists => "choose another name; nothing is ever replaced",
        io::ErrorKind::NotFound => "check that the folder is there and mounted",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room and run again",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "make it writable for this user, or choose another folder"
        }
        _ => "check that the folder is there, writable, and has room",
    }
}

fn cure(error: &anyhow::Error) -> String {
    for cause in error.chain() {
        if let Some(trouble) = cause.downcast_ref::<Trouble>() {
            return trouble.cure();
        }
        if let Some(error) = cause.downcast_ref::<IngestError>() {
            return error.cure();
        }
        if let Some(error) = cause.downcast_ref::<CameraError>() {
            return error.cure().to_owned();
        }
        if cause.is::<BindError>() {
            return "choose another address or port with --listen".to_owned();
        }
    }
    "run again with -vv; if that does not tell why, report this defect".to_owned()
}

/// Errors of the program itself.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Command line or configuration.
    #[error("{text}")]
    Usage {
        /// What is wrong.
        text: String,
        /// What to write instead.
        cure: String,
    },
    /// Nothing of what was asked for could be done.
    #[error("{text}")]
    Failed {
        /// What failed.
        text: String,
        /// What to do.
        cure: String,
    },
    /// A check found that something is not as it should be, so that nothing was begun.
    #[error("{text}")]
    Mismatch {
        /// What is not.
        text: String,
        /// What to do.
        cure: String,
    },
    /// There is no way to a camera.
    #[error("{text}")]
    NoCamera {
        /// Why not.
        text: String,
        /// What to do.
        cure: String,
    },
    /// Another process holds what is needed.
    #[error("{text}")]
    Held {
        /// What is held.
        text: String,
        /// What to do.
        cure: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {cause}", path.display())]
    Storage {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The person asked to stop.
    #[error("interrupted")]
    Interrupted {
        /// How to go on.
        cure: String,
    },
    /// Whoever read our standard output is gone.
    #[error("standard output is closed")]
    PipeClosed,
}

impl Trouble {
    /// A wrong command line or configuration, and its cure.
    pub fn usage(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Usage { text: text.into(), cure: cure.into() }
    }

    /// A failure of all that was asked, and its cure.
    pub fn failed(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Failed { text: text.into(), cure: cure.into() }
    }

    /// What is not as it should be, and its cure.
    pub fn mismatch(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Mismatch { text: text.into(), cure: cure.into() }
    }

    /// A camera that cannot be reached, and the cure.
    pub fn no_camera(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::NoCamera { text: text.into(), cure: cure.into() }
    }

    /// What another process holds, and the cure.
    pub fn held(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Held { text: text.into(), cure: cure.into() }
    }

    /// A file or folder that cannot be used.
    pub fn storage(action: &'static str, path: impl Into<PathBuf>, cause: io::Error) -> Self {
        Self::Storage { action, path: path.into(), cause }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Failed { .. } => Exit::SomeFailed,
            Self::Mismatch { .. } => Exit::Mismatch,
            Self::NoCamera { .. } => Exit::NoCamera,
            Self::Held { .. } => Exit::Locked,
            Self::Storage { .. } => Exit::Storage,
            Self::Interrupted { .. } => Exit::Interrupted,
            Self::PipeClosed => Exit::Done,
        }
    }

    fn cure(&self) -> String {
        match self {
            Self::Usage { cure, .. }
            | Self::Failed { cure, .. }
            | Self::Mismatch { cure, .. }
            | Self::NoCamera { cure, .. }
            | Self::Held { cure, .. }
            | Self::Interrupted { cure } => cure.clone(),
            Self::Storage { cause, .. } => storage_cure(cause.kind()).to_owned(),
            Self::PipeClosed => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use filmwire_camera::{Error, FocusObstacle, Mishap, NotTaken, Picture};
    use filmwire_codec::value::FocusPoint;
    use filmwire_codec::{DecodeError, OperationCode, Problem, ResponseCode};

    use super::*;

    fn of(error: impl Into<anyhow::Error>) -> u8 {
        Exit::of(&error.into()).code()
    }

    #[test]
    fn errors_of_the_camera_are_told_apart() {
        let operation = OperationCode::OPEN_SESSION;
        let waited = Duration::ZERO;
        let unreachable = Error::Unreachable { address: String::new(), cause: String::new() };
        assert_eq!(of(unreachable), 3);
        assert_eq!(of(Error::NotACamera { address: String::new(), waited }), 3);
        assert_eq!(of(Error::Lost(String::new())), 3);
        assert_eq!(of(Error::Silent { operation, wait: "", waited }), 3);
        assert_eq!(of(Error::Busy { reason: 0x2019, attempts: 1, waited }), 4);
        assert_eq!(of(Error::NotAccepted { waited }), 4);
        assert_eq!(of(Error::NotOffered(String::new())), 4);
        assert_eq!(of(Error::Refused { operation, response: ResponseCode(0x2005) }), 4);
        assert_eq!(of(Error::Forbidden(String::new())), 2);
    }

    #[test]
    fn a_picture_that_was_not_taken_is_a_refusal_unless_the_link_is_lost() {
        let not_taken = |mishap, cause| {
            let what = NotTaken { mishap, picture: Picture::Maybe, sent: None, cause };
            of(Error::from(Box::new(what)))
        };
        assert_eq!(not_taken(Mishap::CardFull, None), 4);
        assert_eq!(not_taken(Mishap::Busy, None), 4);
        assert_eq!(not_taken(Mishap::LinkLost, Some(Error::Lost(String::new()))), 3);
        let response = ResponseCode::DEVICE_BUSY;
        let (point, obstacle) = (FocusPoint::new(7, 5), FocusObstacle::Refused(response));
        assert_eq!(of(Error::NotFocused { point, obstacle }), 4);
    }

    #[test]
    fn answers_that_make_no_sense_have_one_code() {
        let error = || DecodeError {
            field: "handle",
            offset: 2,
            problem: Problem::TooShort { needed: 4, left: 2 },
        };
        let operation = OperationCode::GET_OBJECT_INFO;
        assert_eq!(of(Error::Unreadable { operation, error: error() }), 4);
        assert_eq!(of(Error::Broken(error().into())), 4);
    }

    #[test]
    fn every_kind_of_error_has_its_help_and_says_its_cause_once() {
        let io = |kind| io::Error::from(kind);
        let exists = || io(io::ErrorKind::AlreadyExists);
        let path = || PathBuf::from("/photos; old");
        let errors: Vec<anyhow::Error> = vec![
            CatalogueError::Locked { holder: "desk, process 7".into() }.into(),
            CatalogueError::NotALibrary { path: path(), why: "it is a file; name a folder".into() }
                .into(),
            CatalogueError::WrongLibrary {
                path: path(),
                expected: "a".into(),
                found: "nothing".into(),
            }
            .into(),
            CatalogueError::Full { what: "cannot write".into() }.into(),
            CatalogueError::Io { what: "cannot make".into(), source: exists() }.into(),
            CatalogueError::Busy.into(),
            CatalogueError::Invalid("odd".into()).into(),
            IngestError::Catalogue(CatalogueError::ReadOnly { what: "a".into() }).into(),
            Trouble::storage("write", path(), exists()).into(),
            BindError::TooHigh(65535).into(),
            anyhow::anyhow!("odd"),
        ];
        for error in errors {
            let (text, help) = words(&error);
            assert!(!help.is_empty() && !text.contains(&help), "{text} / {help}");
            let said = exists().to_string();
            assert!(text.matches(&said).count() <= 1, "{text}");
        }
    }

    #[test]
    fn who_holds_the_library_is_named_as_the_one_to_wait_for() {
        let locked = CatalogueError::Locked { holder: "desk, process 7".into() };
        let expected = (
            "the library is in use by desk, process 7".to_owned(),
            "wait until desk, process 7 is done with it, or stop it".to_owned(),
        );
        assert_eq!(words(&locked.into()), expected);
        let context = anyhow::Error::new(CatalogueError::Busy).context("while listing");
        assert_eq!(words(&context).1, "try again");
    }

    #[test]
    fn the_kind_is_found_below_other_words_and_inside_a_run() {
        let lost = || Error::Lost("cut".into());
        assert_eq!(of(anyhow::Error::new(lost()).context("while listing")), 3);
        assert_eq!(of(IngestError::Camera(lost())), 3);
        let locked = || CatalogueError::Locked { holder: "desk, process 1".into() };
        assert_eq!(of(locked()), 5);
        assert_eq!(of(IngestError::Catalogue(locked())), 5);
        let full = IngestError::Full {
            name: "A".into(),
            needed: 2,
            keep: 0,
            free: 1,
            folder: PathBuf::from("/photos"),
        };
        assert_eq!(of(full), 6);
        assert_eq!(of(BindError::TooHigh(65535)), 2);
        assert_eq!(of(Trouble::Interrupted { cure: String::new() }), 130);
    }
}
