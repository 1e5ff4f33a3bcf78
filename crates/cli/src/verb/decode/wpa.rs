//! Keys of protected Wi-Fi: from a file, the environment or the terminal, never an argument, which
//! other users of the machine could read.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use filmwire_program::exit::Trouble;
use filmwire_program::output::text;
use filmwire_trace::wifi::Keys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::context::Context;

const SSID: &str = "FILMWIRE_WPA_SSID";
const PASSPHRASE: &str = "FILMWIRE_WPA_PASSPHRASE";
const TERMINAL: &str = "/dev/tty";
/// How long Ctrl-C may lie unread.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// Longest file of keys: 64 lines, and a lot of comments.
const MOST_FILE_BYTES: usize = 256 * 1024;
const LINES: &str = "a line is a network's name, a tab, and its passphrase";
/// No passphrase and no key is longer.
const MOST_TYPED: usize = 256;

/// Where keys come from.
#[derive(Debug, Args)]
pub(in crate::verb) struct WpaArgs {
    /// Open protected Wi-Fi with the keys in this file: a line for each network with its name, a
    /// tab (or a space, if the name has none) and its passphrase, or its key in 64 hexadecimal
    /// digits, which may also stand alone. FILMWIRE_WPA_SSID and FILMWIRE_WPA_PASSPHRASE in the
    /// environment do for one network
    #[arg(long, value_name = "FILE")]
    wpa_file: Option<PathBuf>,
    /// Ask for the passphrase of the network of this name
    #[arg(long, value_name = "SSID")]
    wpa_ask: Option<String>,
}

/// All keys that were given.
pub(in crate::verb) fn keys(args: &WpaArgs, context: &Context<'_>) -> Result<Keys, Trouble> {
    let mut keys = match &args.wpa_file {
        Some(path) => read(path)?,
        None => Keys::default(),
    };
    let variable = |name| context.places.variable(name);
    match (variable(SSID)?, variable(PASSPHRASE)?.map(Zeroizing::new)) {
        (Some(_), None) => {
            let text = format!("{SSID} is set, {PASSPHRASE} is not");
            return Err(Trouble::usage(text, "set both, or neither"));
        }
        (ssid, Some(secret)) => {
            let ssid = ssid.as_ref().map(String::as_bytes);
            keys.add(ssid, secret.as_bytes()).map_err(|bad| {
                Trouble::usage(
                    format!("{PASSPHRASE}: {bad}"),
                    format!("the name of its network belongs in {SSID}"),
                )
            })?;
        }
        (None, None) => {}
    }
    if let Some(ssid) = &args.wpa_ask {
        let secret = ask(ssid, context)?;
        let cure = "the camera's menu shows it, or its access point's";
        keys.add(Some(ssid.as_bytes()), &secret)
            .map_err(|bad| Trouble::usage(bad.to_string(), cure))?;
    }
    Ok(keys)
}

fn read(path: &Path) -> Result<Keys, Trouble> {
    let failed = |cause| Trouble::storage("read", path, cause);
    let mut content = Zeroizing::new(Vec::with_capacity(MOST_FILE_BYTES));
    let file = File::open(path).map_err(failed)?;
    // A buffer that grows would leave copies of secrets behind.
    let most = MOST_FILE_BYTES as u64;
    file.take(most).read_to_end(&mut content).map_err(failed)?;
    if content.len() >= MOST_FILE_BYTES {
        let text = format!("{}: a file of 64 keys is not as long as that", path.display());
        return Err(Trouble::usage(text, LINES));
    }
    Keys::read(&content).map_err(|bad| Trouble::usage(format!("{}: {bad}", path.display()), LINES))
}

/// Asks on the terminal, which does not show what is typed.
fn ask(ssid: &str, context: &Context<'_>) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let failed = |cause: io::Error| {
        let text = format!("a passphrase can only be asked for on a terminal: {cause}");
        Trouble::usage(text, "write it to a file for --wpa-file")
    };
    let terminal = File::options().read(true).write(true).open(TERMINAL).map_err(failed)?;
    let silence = Silence::of(&terminal).map_err(failed)?;
    write!(&terminal, "Passphrase of {}: ", text::tame(ssid)).map_err(failed)?;
    let typed = line(&terminal, context);
    drop(silence);
    writeln!(&terminal).map_err(failed)?;
    typed.map_err(failed)?.ok_or(Trouble::Interrupted { cure: String::new() })
}

/// A line without its end; `None` if we are asked to stop before.
fn line(mut terminal: &File, context: &Context<'_>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(MOST_TYPED));
    loop {
        let mut ready = [PollFd::new(terminal, PollFlags::IN)];
        let is_ready = poll(&mut ready, Some(&LOOK)).is_ok_and(|count| count > 0);
        if context.interrupt.stop.is_asked() {
            return Ok(None);
        }
        if !is_ready {
            continue;
        }
        let mut byte = [0];
        match terminal.read(&mut byte) {
            Ok(0) => return Ok(Some(typed)),
            Ok(_) if byte == *b"\n" || typed.len() >= MOST_TYPED => return Ok(Some(typed)),
            Ok(_) => typed.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn of(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // What was typed and not read goes: a shell would show it, and run it. A terminal that went
        // away shows nothing either.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
