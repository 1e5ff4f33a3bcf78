//! What there is to see of the way into a camera's network. Nothing is changed, and no network is
//! joined; radios may look around, as they do by themselves.
//!
//! What cannot be read is not told, and is no error: who judges says what that means.

mod kernel;
mod service;

use std::path::{Path, PathBuf};

pub use self::kernel::{Domain, Filters, Hardware, Kernel, Route, Switch, Teller, are_neighbours};
pub use self::service::{Permission, Reason, Seen, Service, Stage, Told};
use crate::error::Error;
use crate::manager::Manager;
use crate::network::Ssid;
use crate::radio::Choice;

/// Where the system tells of itself.
#[derive(Debug, Clone)]
pub struct Roots {
    /// The folder that is mounted as `/sys`.
    pub sys: PathBuf,
    /// The folder that is mounted as `/proc`.
    pub proc: PathBuf,
    /// The program that asks the kernel about radios.
    pub iw: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { sys: "/sys".into(), proc: "/proc".into(), iw: "iw".into() }
    }
}

impl Roots {
    /// All of it in a folder: `sys`, `proc` and the program `iw`.
    #[must_use]
    pub fn under(folder: &Path) -> Self {
        Self { sys: folder.join("sys"), proc: folder.join("proc"), iw: folder.join("iw") }
    }
}

/// What there was to see.
#[derive(Debug)]
pub struct Survey {
    /// By the kernel.
    pub kernel: Kernel,
    /// By NetworkManager.
    pub service: Service,
}

impl Survey {
    /// Looks. Radios of the choice look around, for ten seconds at most, unless one of them is in a
    /// network that is wanted: a camera's, or that of the name. Cancel-safe.
    pub async fn look(
        manager: Result<Manager, Error>,
        choice: &Choice,
        wanted: Option<&Ssid>,
        roots: &Roots,
    ) -> Self {
        let service = Service::ask(manager, choice, wanted, roots).await;
        Self { kernel: Kernel::read(roots).await, service }
    }
}
