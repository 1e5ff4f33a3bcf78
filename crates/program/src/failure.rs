//! Saying what went wrong.

use serde_json::{Value, json};

use crate::exit::{self, Exit, Trouble};
use crate::output::{Output, text};

/// Says what went wrong and what helps, and returns the code for it.
pub fn report(error: &anyhow::Error, out: &Output) -> Exit {
    let exit = Exit::of(error);
    if matches!(error.downcast_ref(), Some(Trouble::PipeClosed)) {
        return exit;
    }
    let (text, cure) = exit::words(error);
    let (text, cure) = (text::tame(&text), text::tame(&cure));
    out.error(&text, &cure);
    // A closed standard output leaves nobody to tell.
    let _ = out.json("error", line(exit, &text, &cure));
    exit
}

/// The fields of an error's JSON line.
pub fn line(exit: Exit, text: &str, help: &str) -> Value {
    json!({ "exit": exit.code(), "code": exit.word(), "error": text, "help": help })
}
