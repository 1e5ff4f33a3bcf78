//! The session with a file server: made when it is needed, kept, and made anew once it broke.

use std::sync::Arc;
use std::time::Duration;

use smb2::client::Connection as Wire;
use smb2::{ClientConfig, Error, ErrorKind, SmbClient, Tree};

use super::SmbOptions;
use crate::fault::Fault;

/// How long connecting may take, and how long a server may be silent: disks have to spin up.
const CONNECT: Duration = Duration::from_secs(30);

/// What Samba 4.17 refuses in the same words: its library does not announce that it can encrypt.
const SEALED: &str = "; one that wants all encrypted must be mounted";

pub(super) struct Connection {
    options: SmbOptions,
    link: tokio::sync::Mutex<Option<Link>>,
}

/// A share that is connected.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) wire: Wire,
    pub(super) tree: Arc<Tree>,
}

impl Connection {
    pub(super) fn new(options: SmbOptions) -> Self {
        Self { options, link: tokio::sync::Mutex::default() }
    }

    /// The share there is, or a new connection to it.
    pub(super) async fn get(&self) -> Result<Link, Fault> {
        let mut link = self.link.lock().await;
        if let Some(link) = link.as_ref().filter(|link| !link.wire.is_disconnected()) {
            return Ok(link.clone());
        }
        Ok(link.insert(self.connect().await?).clone())
    }

    /// The next call makes a new one.
    pub(super) async fn forget(&self) {
        self.link.lock().await.take();
    }

    async fn connect(&self) -> Result<Link, Fault> {
        let SmbOptions { host, port, share, user, password, domain, .. } = &self.options;
        let config = ClientConfig {
            addr: format!("{host}:{port}"),
            timeout: CONNECT,
            username: user.clone(),
            password: password.expose().to_owned(),
            domain: domain.clone(),
            // What was cut is done anew by whoever knows what it was.
            auto_reconnect: false,
            // Photos do not get smaller.
            compression: false,
            dfs_enabled: false,
            response_timeout: Some(CONNECT),
            ..ClientConfig::default()
        };
        let mut client = SmbClient::connect(config).await.map_err(|cause| self.failed(&cause))?;
        let tree = client.connect_share(share).await.map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => Fault::transient(format!("{host} has no share {share:?}")),
            ErrorKind::AccessDenied => Fault::transient(format!(
                "{host} does not let {user} use the share {share:?}{SEALED}"
            )),
            _ => self.failed(&cause),
        })?;
        Ok(Link { wire: client.connection().clone(), tree: Arc::new(tree) })
    }

    fn failed(&self, cause: &Error) -> Fault {
        let SmbOptions { host, port, user, .. } = &self.options;
        Fault::transient(match cause.kind() {
            ErrorKind::AuthRequired | ErrorKind::GuestSessionRefused => {
                format!("{host} does not let {user} in; are user and password right?")
            }
            // Seen with Samba whose `server smb encrypt` is `required`.
            ErrorKind::AccessDenied => format!("{host} lets nobody in like this{SEALED}"),
            _ => format!("cannot connect to {host}:{port}: {cause}"),
        })
    }
}
