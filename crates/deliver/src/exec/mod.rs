//! A program that is run for each file.
//!
//! It gets an [order](Order) as JSON on its standard input. Exit code 0 means that it stored the
//! file, 75 (EX_TEMPFAIL of `sysexits.h`) that it may work later; any other is a failure that a
//! person must look at, with the last line of its standard error as the reason. It is run again
//! for a file whose earlier run was cut, so it must bear that; `attempt` in the order tells.

mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::process::{Ended, Run};
use crate::fault::Fault;
use crate::order::Order;
use crate::target::{Future, Placed, Proof, Target, Upload, Verdict};

/// The exit code for "later". Source: BSD `sysexits.h`, EX_TEMPFAIL.
const TEMPFAIL: i32 = 75;

/// Which program is run, and how long it may take.
#[derive(Debug, Clone)]
pub struct ExecOptions {
    /// Program and arguments; no shell sees them. The program is looked for in `PATH` if it has no
    /// `/` in it.
    pub argv: Vec<String>,
    /// How long it may take for one file; then it is killed with its process group.
    pub limit: Duration,
}

/// A program as a target.
#[derive(Debug)]
pub struct Exec(ExecOptions);

impl Exec {
    /// A target that runs a program.
    #[must_use]
    pub fn new(options: ExecOptions) -> Self {
        Self(options)
    }

    async fn run(&self, upload: &Upload) -> Result<Placed, Fault> {
        let order = Order::of(upload).with_path(upload)?.to_json()?;
        let run = Run { argv: &self.0.argv, limit: self.0.limit, stop: &upload.stop };
        let program = self.0.argv.first().map_or("", String::as_str);
        let ended = run.with(order).await;
        match ended.map_err(|cause| Fault::io("run", Path::new(program), &cause))? {
            Ended::Stopped => Err(Fault::stopped()),
            Ended::TooLong => {
                let limit = self.0.limit.as_secs_f64();
                Err(Fault::transient(format!("{program} took longer than {limit} s")))
            }
            Ended::Code { code: Some(0), .. } => {
                Ok(Placed { path: upload.path.clone(), made: None })
            }
            Ended::Code { code, last_line } => Err(failure(program, code, &last_line)),
        }
    }

    fn find(&self) -> Result<(), Fault> {
        let Some(program) = self.0.argv.first().filter(|program| !program.is_empty()) else {
            return Err(Fault::permanent("no program is given"));
        };
        let candidates: Vec<PathBuf> = if program.contains('/') {
            vec![PathBuf::from(program)]
        } else {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).map(|folder| folder.join(program)).collect()
        };
        match candidates.iter().any(|path| is_executable(path)) {
            true => Ok(()),
            false => Err(Fault::transient(format!("there is no program {program} to run"))),
        }
    }
}

fn failure(program: &str, code: Option<i32>, last_line: &str) -> Fault {
    let how = match code {
        Some(code) => format!("{program} ended with exit code {code}"),
        None => format!("{program} was killed"),
    };
    let reason = if last_line.is_empty() { how } else { format!("{how}: {last_line}") };
    match code {
        // A program that was killed, as by a lack of memory, did not decide anything.
        Some(TEMPFAIL) | None => Fault::transient(reason),
        Some(_) => Fault::permanent(reason),
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

impl Target for Exec {
    /// Looks whether the program is there; it is not run.
    fn test<'a>(&'a self, _: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        Box::pin(async { self.find().map(|()| None) })
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async move { self.run(&upload).await })
    }

    /// The program said that it stored the file, and cannot be asked.
    fn prove(&self, _: Arc<Upload>, _: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async { Ok(Verdict::Proven(Proof::Word)) })
    }

    fn withdraw(&self, _: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}
