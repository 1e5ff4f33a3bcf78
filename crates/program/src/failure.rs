//! Saying what went wrong.

use std::ffi::OsString;

use serde_json::{Value, json};

use crate::exit::{self, Exit, Trouble};
use crate::output::{Output, Voice, text};

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

/// The same for work that is cut short by it. That nobody reads any more is nobody's failure, but what
/// was asked for is not done then either.
pub fn report_cut(error: &anyhow::Error, out: &Output) -> Exit {
    match report(error, out) {
        Exit::Done => Exit::SomeFailed,
        exit => exit,
    }
}

/// The fields of an error's JSON line.
pub fn line(exit: Exit, text: &str, help: &str) -> Value {
    json!({ "exit": exit.code(), "code": exit.word(), "error": text, "help": help })
}

/// Tells what is wrong with the command line, or shows the help that was asked for;
/// returns the code for it.
#[must_use]
pub fn refuse(error: &clap::Error, words: &[OsString]) -> Exit {
    // Where standard output is closed there is nobody to tell.
    let _ = error.print();
    if error.exit_code() == 0 {
        return Exit::Done;
    }
    if words.iter().any(|word| word == "--json") {
        let text = error.render().to_string();
        let text = text.lines().next().unwrap_or_default();
        let text = text.strip_prefix("error: ").unwrap_or(text);
        let voice = Voice { json: true, quiet: true, no_color: true };
        let _ = Output::new(voice).json("error", line(Exit::Usage, text, "see --help"));
    }
    Exit::Usage
}
