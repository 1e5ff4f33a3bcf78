//! The state for people who see no screen: a lamp, or a program that is run on each change.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use filmwire_program::output::Output;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::state::State;

/// How long the program may take; then it is killed, and the next state is shown.
const LIMIT: Duration = Duration::from_secs(10);

/// What shows the state.
#[derive(Debug, Clone, Default)]
pub(crate) struct LampConfig {
    /// Program and arguments; the state's word is put behind them.
    pub(crate) command: Vec<String>,
    /// A folder of `/sys/class/leds`.
    pub(crate) led: Option<PathBuf>,
}

/// Shows states as they come. Slow programs are not run for states that have passed.
pub(crate) struct Lamp {
    state: watch::Sender<State>,
    task: Option<JoinHandle<()>>,
}

impl Lamp {
    /// Begins to show; says once if something cannot be shown.
    pub(crate) fn start(config: LampConfig, out: Output) -> Self {
        let (state, mut states) = watch::channel(State::Waiting);
        if config.command.is_empty() && config.led.is_none() {
            return Self { state, task: None };
        }
        let task = tokio::spawn(async move {
            let mut told = false;
            loop {
                let state = *states.borrow_and_update();
                if let Err(cause) = show(&config, state).await
                    && !std::mem::replace(&mut told, true)
                {
                    out.warn(&format!("the state cannot be shown: {cause}"));
                }
                if states.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { state, task: Some(task) }
    }

    /// Shows a state, soon.
    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Waits until the last state is shown, for as long as the program may take.
    pub(crate) async fn end(self) {
        drop(self.state);
        if let Some(task) = self.task {
            let _ = tokio::time::timeout(Duration::from_secs(1), task).await;
        }
    }
}

async fn show(config: &LampConfig, state: State) -> io::Result<()> {
    if let Some(led) = &config.led {
        blink(led, state)?;
    }
    let Some((program, arguments)) = config.command.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).arg(state.word());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let failed = |cause: io::Error| io::Error::new(cause.kind(), format!("{program}: {cause}"));
    let run = command.status();
    match tokio::time::timeout(LIMIT, run).await {
        Ok(ended) if ended.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
        Ok(ended) => Err(failed(io::Error::other(ended?.to_string()))),
        Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
    }
}

/// Sets the lamp, which blinks by itself. Source: the kernel's `Documentation/leds/leds-class.rst`.
fn blink(led: &Path, state: State) -> io::Result<()> {
    let write = |name: &str, text: &str| {
        let path = led.join(name);
        // Not made if it is missing: a folder that is no lamp must not look like one.
        let mut file = std::fs::OpenOptions::new().write(true).truncate(true).open(&path);
        let written =
            file.as_mut().map_err(|cause| io::Error::from(cause.kind())).and_then(|file| {
                use io::Write as _;
                file.write_all(text.as_bytes())
            });
        written
            .map_err(|cause| io::Error::new(cause.kind(), format!("{}: {cause}", path.display())))
    };
    let (on_ms, off_ms) = match state {
        State::Waiting | State::SafeToSwitchOff => {
            write("trigger", "none")?;
            return write("brightness", if state == State::Waiting { "0" } else { "1" });
        }
        State::Fetching => (100, 100),
        State::Delivering => (500, 500),
        State::Failed => (100, 1400),
    };
    write("trigger", "timer")?;
    write("delay_on", &format!("{on_ms}"))?;
    write("delay_off", &format!("{off_ms}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_state_looks_different() {
        let led = tempfile::tempdir().unwrap();
        let names = ["trigger", "brightness", "delay_on", "delay_off"];
        let look = |state| {
            names.iter().for_each(|name| fs::write(led.path().join(name), "").unwrap());
            blink(led.path(), state).unwrap();
            names.map(|name| fs::read_to_string(led.path().join(name)).unwrap())
        };
        assert_eq!(look(State::Waiting), ["none", "0", "", ""]);
        assert_eq!(look(State::SafeToSwitchOff), ["none", "1", "", ""]);
        assert_eq!(look(State::Fetching), ["timer", "", "100", "100"]);
        assert_eq!(look(State::Delivering), ["timer", "", "500", "500"]);
        assert_eq!(look(State::Failed), ["timer", "", "100", "1400"]);
    }

    #[test]
    fn what_is_no_lamp_is_told() {
        let led = tempfile::tempdir().unwrap();
        let cause = blink(led.path(), State::Waiting).unwrap_err().to_string();
        assert!(cause.contains("trigger"), "{cause}");
        assert_eq!(fs::read_dir(led.path()).unwrap().count(), 0);
    }
}
