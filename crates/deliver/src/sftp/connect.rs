//! The connection to an SSH server: made when it is needed, kept, and made anew once it broke.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::cipher::{AES_128_GCM, AES_256_GCM, Name as Cipher};
use russh::client::{self, AuthResult, Handle, Handler};
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{
    Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, load_secret_key,
    parse_public_key_base64,
};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::{Config as SftpConfig, RawSftpSession, SftpSession};
use russh_sftp::protocol::{Packet, StatusCode};
use tokio::sync::OnceCell;

use super::{HostKey, SftpOptions, SshLogin};
use crate::fault::Fault;
use crate::stop::{AskOnDrop, Stop};

/// How long connecting and logging in may take.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a server may be silent before it is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(15);
/// How long an answer may take, in seconds: longer than anything is waited for.
const ANSWER_S: u64 = 600;

/// Name of the extension that renames over a file.
pub(super) const POSIX_RENAME: &str = "posix-rename@openssh.com";

pub(super) struct Connection {
    options: SftpOptions,
    link: tokio::sync::Mutex<Option<Arc<Link>>>,
}

/// A session that is logged in.
pub(super) struct Link {
    pub(super) sftp: SftpSession,
    /// The session ends with this.
    ssh: Handle<Guard>,
    /// A channel for what the library's own session has no call for; none if the server has not
    /// either.
    raw: OnceCell<Option<RawSftpSession>>,
    gone: Stop,
}

impl Link {
    /// Waits for a call as long as there is a connection: one that breaks while much is on its way
    /// leaves calls waiting for their time limit.
    pub(super) async fn run<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        E: From<io::Error>,
    {
        tokio::select! {
            biased;
            done = call => done,
            () = self.gone.asked() => Err(io::Error::other("the connection broke").into()),
        }
    }
}

impl Link {
    /// Renames over what is there; false if the server cannot.
    ///
    /// Source: OpenSSH, PROTOCOL, 4.3: two strings, as in the rename of version 3.
    pub(super) async fn replace(&self, from: &str, to: &str) -> Result<bool, SftpError> {
        let Some(raw) = self.raw.get_or_try_init(|| self.open_raw()).await? else {
            return Ok(false);
        };
        let mut data = Vec::new();
        for path in [from, to] {
            let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(path.as_bytes());
        }
        match raw.extended(POSIX_RENAME, data).await? {
            Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(true),
            Packet::Status(status) => Err(SftpError::Status(status)),
            _ => Err(SftpError::UnexpectedPacket),
        }
    }

    async fn open_raw(&self) -> Result<Option<RawSftpSession>, SftpError> {
        let broken = |cause: russh::Error| SftpError::UnexpectedBehavior(cause.to_string());
        let channel = self.ssh.channel_open_session().await.map_err(broken)?;
        channel.request_subsystem(true, "sftp").await.map_err(broken)?;
        let raw = RawSftpSession::new_with_config(channel.into_stream(), settings());
        let version = raw.init().await?;
        Ok(version.extensions.contains_key(POSIX_RENAME).then_some(raw))
    }
}

fn settings() -> SftpConfig {
    SftpConfig { request_timeout_secs: ANSWER_S, ..SftpConfig::default() }
}

impl Connection {
    pub(super) fn new(options: SftpOptions) -> Self {
        Self { options, link: tokio::sync::Mutex::default() }
    }

    pub(super) fn host(&self) -> &str {
        &self.options.host
    }

    /// The connection there is, or a new one.
    pub(super) async fn get(&self) -> Result<Arc<Link>, Fault> {
        let mut link = self.link.lock().await;
        if let Some(link) = link.as_ref().filter(|link| !link.gone.is_asked()) {
            return Ok(Arc::clone(link));
        }
        let made = tokio::time::timeout(CONNECT, self.connect()).await;
        let made = made.unwrap_or_else(|_| Err(self.failed("it takes too long")))?;
        Ok(Arc::clone(link.insert(Arc::new(made))))
    }

    /// The next call makes a new one.
    pub(super) async fn forget(&self) {
        self.link.lock().await.take();
    }

    fn failed(&self, why: impl std::fmt::Display) -> Fault {
        let SftpOptions { host, port, .. } = &self.options;
        Fault::transient(format!("cannot connect to {host}:{port}: {why}"))
    }

    async fn connect(&self) -> Result<Link, Fault> {
        let known = self.known_keys()?;
        let mut config = client::Config {
            keepalive_interval: Some(ALIVE),
            nodelay: true,
            ..client::Config::default()
        };
        if has_aes() {
            config.preferred.cipher = aes_first(&config.preferred.cipher).into();
        }
        // A server has keys of several kinds; we want one that we know.
        let mut order = config.preferred.key.to_vec();
        order.sort_by_key(|offer| !known.iter().any(|key| is_of_kind(&key.algorithm(), offer)));
        config.preferred.key = order.into();
        let seen = Arc::default();
        let gone = Stop::default();
        let guard = Guard { known, seen: Arc::clone(&seen), _gone: AskOnDrop(gone.clone()) };
        let at = (self.options.host.as_str(), self.options.port);
        let mut ssh = match client::connect(Arc::new(config), at, guard).await {
            Ok(ssh) => ssh,
            Err(cause) => {
                let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
                return Err(seen.map_or_else(|| self.failed(cause), |key| self.is_unknown(&key)));
            }
        };
        self.log_in(&mut ssh).await?;
        let channel = ssh.channel_open_session().await.map_err(|cause| self.failed(cause))?;
        channel.request_subsystem(true, "sftp").await.map_err(|cause| self.failed(cause))?;
        let sftp = SftpSession::new_with_config(channel.into_stream(), settings()).await;
        Ok(Link {
            sftp: sftp.map_err(|cause| self.failed(cause))?,
            ssh,
            raw: OnceCell::new(),
            gone,
        })
    }

    async fn log_in(&self, ssh: &mut Handle<Guard>) -> Result<(), Fault> {
        let user = &self.options.user;
        let result = match &self.options.login {
            SshLogin::Password(password) => {
                ssh.authenticate_password(user, password.expose()).await
            }
            SshLogin::Key(path, passphrase) => {
                let passphrase = passphrase.as_ref().map(|phrase| phrase.expose());
                let key = load_secret_key(path, passphrase).map_err(|cause| {
                    Fault::permanent(format!("cannot use the key {}: {cause}", path.display()))
                })?;
                let hash = ssh.best_supported_rsa_hash().await.map_err(|e| self.failed(e))?;
                let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash.flatten());
                ssh.authenticate_publickey(user, key).await
            }
        };
        match result.map_err(|cause| self.failed(cause))? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure { .. } if ssh.is_closed() => Err(self.failed("it hung up")),
            AuthResult::Failure { .. } => {
                let host = &self.options.host;
                Err(Fault::transient(format!("{host} does not let {user} in with what we have")))
            }
        }
    }

    /// The keys the server may have.
    fn known_keys(&self) -> Result<Vec<PublicKey>, Fault> {
        let SftpOptions { host, port, host_key, .. } = &self.options;
        match host_key {
            HostKey::Is(text) => {
                // As `ssh-keyscan` prints it, with or without the host in front.
                let parts = text.split_whitespace();
                let mut keys = parts.filter_map(|part| parse_public_key_base64(part).ok());
                let key = keys.next().ok_or_else(|| {
                    Fault::permanent(format!("{text:?} is no public key such as ssh-ed25519 AAAA"))
                })?;
                Ok(vec![key])
            }
            HostKey::In(path) => {
                let keys = known_host_keys_path(host, *port, path).map_err(|cause| {
                    Fault::permanent(format!("cannot use {}: {cause}", path.display()))
                })?;
                Ok(keys.into_iter().map(|(_, key)| key).collect())
            }
        }
    }

    /// For somebody who can look at the server's own file, and compare.
    fn is_unknown(&self, key: &PublicKey) -> Fault {
        let SftpOptions { host, port, host_key, .. } = &self.options;
        let print = key.fingerprint(HashAlg::Sha256);
        let shown = key.to_openssh().unwrap_or_default();
        let place = match host_key {
            HostKey::Is(_) => "the one configured".to_owned(),
            HostKey::In(path) => format!("in {}", path.display()),
        };
        Fault::transient(format!(
            "the key of {host}:{port} is not {place}; if {print} is its fingerprint, write \
             host_key = {:?}",
            shown.trim()
        ))
    }
}

/// The ciphers, those before all others that instructions for AES make fast.
fn aes_first(order: &[Cipher]) -> Vec<Cipher> {
    let fast = [AES_256_GCM, AES_128_GCM];
    let others = order.iter().filter(|other| !fast.contains(other));
    fast.iter().chain(others).copied().collect()
}

/// Whether the processor has instructions for AES, with which that is faster than ChaCha20, and
/// without which it is slower.
fn has_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[allow(unreachable_code)]
    false
}

/// RSA keys are of one kind, whatever they sign with.
fn is_of_kind(key: &Algorithm, offer: &Algorithm) -> bool {
    match (key, offer) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
        (key, offer) => key == offer,
    }
}

/// Lets only a server in whose key is known.
struct Guard {
    known: Vec<PublicKey>,
    /// The key that was not.
    seen: Arc<Mutex<Option<PublicKey>>>,
    /// The connection owns the guard, and drops it when it ends.
    _gone: AskOnDrop,
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let is_known = self.known.iter().any(|known| known.key_data() == key.key_data());
        if !is_known {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        }
        Ok(is_known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aes_comes_first_and_no_cipher_is_lost_or_named_twice() {
        let order = client::Config::default().preferred.cipher;
        let found = aes_first(&order);
        assert_eq!(found[..2], [AES_256_GCM, AES_128_GCM]);
        assert!(order.iter().all(|cipher| found.contains(cipher)));
        let times = |name| found.iter().filter(|cipher| **cipher == name).count();
        assert!(found.iter().all(|cipher| times(*cipher) == 1), "{found:?}");
    }
}
