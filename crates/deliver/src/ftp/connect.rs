//! Connections to an FTP server: made when one is needed, kept while nothing is amiss.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use suppaftp::tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream as Stream};
use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpResult, Mode, Status};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::link::Link;
use super::{FtpOptions, FtpSafety};
use crate::fault::Fault;

/// How long connecting and logging in may take.
const CONNECT: Duration = Duration::from_secs(30);
/// After how long a connection is asked whether it is alive before it is used: servers close those
/// that are idle.
const FRESH: Duration = Duration::from_secs(10);

pub(super) struct Connection {
    options: FtpOptions,
    /// None if all goes in the clear.
    tls: Option<TlsConnector>,
    idle: Mutex<Option<(Link, Instant)>>,
}

impl Connection {
    /// Sets up; nothing is sent yet.
    ///
    /// # Errors
    /// If certificates cannot be read.
    pub(super) fn new(options: FtpOptions) -> Result<Self, Fault> {
        let tls = match &options.safety {
            FtpSafety::Tls { ca } => Some(connector(ca.as_deref())?),
            FtpSafety::None => None,
        };
        Ok(Self { options, tls, idle: Mutex::default() })
    }

    /// A connection that nobody else uses. It is gone unless it is given back.
    pub(super) async fn take(&self) -> Result<Link, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((mut link, since)) = idle
            && (since.elapsed() < FRESH || is_alive(&mut link).await)
        {
            return Ok(link);
        }
        let made = timeout(CONNECT, self.connect()).await;
        made.unwrap_or_else(|_| Err(self.failed("it takes too long")))
    }

    /// Keeps a connection for the next call, unless what was done with it ended in more than a
    /// refusal: then nobody knows what comes from it next.
    pub(super) fn give<T>(&self, link: Link, done: &FtpResult<T>) {
        let is_usable = match done {
            Ok(_) => true,
            Err(FtpError::UnexpectedResponse(said)) => said.status != Status::NotAvailable,
            Err(_) => false,
        };
        let kept = is_usable.then(|| (link, Instant::now()));
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn failed(&self, why: impl std::fmt::Display) -> Fault {
        let FtpOptions { host, port, .. } = &self.options;
        Fault::transient(format!("cannot connect to {host}:{port}: {why}"))
    }

    async fn connect(&self) -> Result<Link, Fault> {
        let FtpOptions { host, port, user, .. } = &self.options;
        let wire = TcpStream::connect((host.as_str(), *port)).await;
        let wire = wire.map_err(|cause| self.failed(cause))?;
        // A data connection follows each command that asks for it.
        let _ = wire.set_nodelay(true);
        let is_v6 = wire.peer_addr().is_ok_and(|peer| peer.is_ipv6());
        let ftp = Stream::connect_with_stream(wire).await.map_err(|cause| self.failed(cause))?;
        let mut ftp = self.secure(ftp).await?;
        ftp.set_mode(if is_v6 { Mode::ExtendedPassive } else { Mode::Passive });
        // Data goes where commands go, whatever address the server believes to have.
        ftp.set_passive_nat_workaround(true);
        let (name, password) = match user {
            Some((name, password)) => (name.as_str(), password.expose()),
            None => ("anonymous", "filmwire@"),
        };
        ftp.login(name, password).await.map_err(|cause| match cause {
            FtpError::UnexpectedResponse(said) if said.status != Status::NotAvailable => {
                let why = "are user and password right?";
                Fault::transient(format!("{host} does not let {name} in; {why}"))
            }
            cause => self.failed(cause),
        })?;
        Link::begin(ftp).await.map_err(|cause| self.failed(cause))
    }

    async fn secure(&self, ftp: Stream) -> Result<Stream, Fault> {
        let Some(tls) = &self.tls else { return Ok(ftp) };
        let connector = AsyncRustlsConnector::from(tls.clone());
        ftp.into_secure(connector, &self.options.host).await.map_err(|cause| match cause {
            FtpError::UnexpectedResponse(said) => self.failed(format!(
                "it does not do TLS ({}); `tls = false` sends the password in the clear",
                super::words(&said)
            )),
            FtpError::SecureError(why) => self.failed(why),
            cause => self.failed(cause),
        })
    }
}

async fn is_alive(link: &mut Link) -> bool {
    timeout(FRESH, link.ftp.noop()).await.is_ok_and(|said| said.is_ok())
}

impl Link {
    /// What is asked of a server once it let us in.
    async fn begin(mut ftp: Stream) -> FtpResult<Self> {
        ftp.transfer_type(FileType::Binary).await?;
        let features = refused(ftp.feat().await)?.unwrap_or_default();
        let has = |name: &str| features.keys().any(|key| key.eq_ignore_ascii_case(name));
        let (has_utf8, has_facts) = (has("UTF8"), has("MLST"));
        if has_utf8 {
            // Needed by some from before RFC 2640, and unknown to others.
            refused(ftp.opts("UTF8", Some("ON")).await)?;
        }
        let home = ftp.pwd().await?;
        Ok(Self { ftp, home, has_facts })
    }
}

/// `None` if the server refuses.
pub(super) fn refused<T>(done: FtpResult<T>) -> FtpResult<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(FtpError::UnexpectedResponse(said)) if said.status != Status::NotAvailable => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Trusts what the system trusts, and the certificates in the PEM file `ca`.
fn connector(ca: Option<&Path>) -> Result<TlsConnector, Fault> {
    let certificates = match ca {
        Some(path) => read_certificates(path)?,
        None => Vec::new(),
    };
    let provider = Arc::new(ring::default_provider());
    let wrong = |cause: rustls::Error| Fault::permanent(cause.to_string());
    let verifier = Verifier::new_with_extra_roots(certificates, Arc::clone(&provider));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(wrong)?))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = std::fs::read(path).map_err(|cause| Fault::io("read", path, &cause))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Fault::permanent(format!("{} holds no certificate in PEM", path.display()))),
    }
}
