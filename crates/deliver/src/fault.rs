//! What a target could not do, and whether trying again helps.

use std::io;
use std::path::Path;

/// Why a target did not do what it was asked, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// Whether trying again helps.
    pub kind: FaultKind,
    /// Cause and, where there is one, cure.
    pub reason: String,
}

/// Whether trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Later it may work.
    Transient,
    /// It will not work until a person changes something.
    Permanent,
    /// The target has no room: later, and nothing else before.
    Full,
    /// It was asked to stop.
    Stopped,
}

impl Fault {
    /// Something that may work later.
    #[must_use]
    pub fn transient(reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Transient, reason: reason.into() }
    }

    /// Something that only a person can change.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Permanent, reason: reason.into() }
    }

    /// Being asked to stop.
    #[must_use]
    pub fn stopped() -> Self {
        Self { kind: FaultKind::Stopped, reason: "stopped".to_owned() }
    }

    /// Sorts the system's reasons; `what` was tried with the target's `path`.
    #[must_use]
    pub fn io(what: &str, path: &Path, cause: &io::Error) -> Self {
        use io::ErrorKind::{
            FileTooLarge, InvalidFilename, InvalidInput, QuotaExceeded, StorageFull, Unsupported,
        };
        let kind = match cause.kind() {
            StorageFull | QuotaExceeded => FaultKind::Full,
            FileTooLarge | InvalidFilename | InvalidInput | Unsupported => FaultKind::Permanent,
            _ => FaultKind::Transient,
        };
        Self { kind, reason: format!("cannot {what} {}: {cause}", path.display()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_reasons_are_sorted() {
        // Linux numbers: ENOSPC, EDQUOT, EFBIG, ENAMETOOLONG, EIO, ENOENT, EACCES, ESTALE, EHOSTDOWN.
        for (code, kind) in [
            (28, FaultKind::Full),
            (122, FaultKind::Full),
            (27, FaultKind::Permanent),
            (36, FaultKind::Permanent),
            (5, FaultKind::Transient),
            (2, FaultKind::Transient),
            (13, FaultKind::Transient),
            (116, FaultKind::Transient),
            (112, FaultKind::Transient),
        ] {
            let fault = Fault::io("write", Path::new("a"), &io::Error::from_raw_os_error(code));
            assert_eq!(fault.kind, kind, "{fault}");
            assert!(fault.reason.starts_with("cannot write a: "), "{fault}");
        }
    }
}
