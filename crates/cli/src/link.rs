//! Errors of networks in the words that exit codes are chosen by.

use filmwire_link::Error;
use filmwire_program::exit::Trouble;

/// What a network's error means here.
pub(crate) fn trouble(error: &Error) -> Trouble {
    let (text, cure) = (error.to_string(), error.cure());
    match error {
        Error::InUse { .. } => {
            Trouble::no_camera(text, "use another radio, or allow it by --share to leave meanwhile")
        }
        Error::PassphraseNeeded(_) => Trouble::usage(
            text,
            "the camera's menu shows it; write it to a file for --passphrase-file",
        ),
        Error::BadPassphrase => Trouble::usage(text, cure),
        Error::NotRestored { .. } => Trouble::failed(text, cure),
        _ => Trouble::no_camera(text, cure),
    }
}
