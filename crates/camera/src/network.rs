//! How the camera is reached: addresses and sockets.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use crate::neighbour;

/// TCP port of commands; events and live view are the two next. Source: the fact sheet's 1.2.
pub const COMMAND_PORT: u16 = 55740;
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Which of the camera's three ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Port {
    /// 55740: registration and transactions.
    Command,
    /// 55741: events; listens only while a remote function was started.
    Event,
    /// 55742: live view; as events.
    LiveView,
}

/// Opens streams to one camera. Tests put in-memory streams behind it.
pub trait Network: Send + Sync + 'static {
    /// A stream to the camera.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a stream. Cancel-safe: a dropped future leaves nothing open.
    fn connect(&self, port: Port) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The address in words, for messages.
    fn name(&self) -> String;
}

/// `HOST[:PORT][%INTERFACE]`: where a camera is, and by which interface it is reached.
///
/// Two cameras usually have the same address on two interfaces; so every socket can be bound to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or address.
    pub host: String,
    /// Port of commands; events and live view follow.
    pub port: u16,
    /// Interface every socket is bound to.
    pub interface: Option<String>,
}

impl Default for Address {
    /// Where every camera's own network has it: 192.168.0.1.
    fn default() -> Self {
        Self { host: "192.168.0.1".into(), port: COMMAND_PORT, interface: None }
    }
}

/// Text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no camera address; expected HOST[:PORT][%INTERFACE]")]
pub struct BadAddress(String);

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.into());
        let (rest, interface) = match text.split_once('%') {
            Some((rest, interface)) if is_interface(interface) => {
                (rest, Some(interface.to_owned()))
            }
            Some(_) => return Err(bad()),
            None => (text, None),
        };
        let (host, port) = match rest.rsplit_once(':') {
            // A bare IPv6 address has colons of its own.
            Some((host, _)) if host.contains(':') && !host.ends_with(']') => {
                rest.parse::<Ipv6Addr>().map_err(|_| bad())?;
                (rest, COMMAND_PORT)
            }
            Some((host, port)) => (host, port.parse().map_err(|_| bad())?),
            None => (rest, COMMAND_PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // Events and live view need the two ports behind it.
        if host.is_empty() || host.contains(char::is_whitespace) || port == 0 || port > u16::MAX - 2
        {
            return Err(bad());
        }
        Ok(Self { host: host.into(), port, interface })
    }
}

/// What Linux allows as the name of an interface.
fn is_interface(name: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/%:".contains(c);
    (1..16).contains(&name.len()) && name.chars().all(plain)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, interface } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")?
        } else {
            write!(f, "{host}:{port}")?
        }
        interface.iter().try_for_each(|interface| write!(f, "%{interface}"))
    }
}

/// A camera behind TCP. Clones remember together whom they met there.
#[derive(Debug, Clone)]
pub struct TcpNetwork {
    address: Address,
    /// Hardware address of the last camera that accepted a connection, where the system tells.
    met: Arc<Mutex<Option<String>>>,
}

impl TcpNetwork {
    /// A camera at this address.
    pub fn new(address: Address) -> Self {
        Self { address, met: Arc::default() }
    }

    /// True if the machine at `ip` is known to be another one than the camera that was met.
    pub(crate) fn is_another(&self, ip: IpAddr) -> bool {
        let now = neighbour::hardware_address_of(ip, self.address.interface.as_deref());
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        differs(met.as_deref(), now.as_deref())
    }

    fn remember(&self, ip: IpAddr) {
        let now = neighbour::hardware_address_of(ip, self.address.interface.as_deref());
        *self.met.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Where the camera is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn port(&self, port: Port) -> u16 {
        match port {
            Port::Command => self.address.port,
            Port::Event => self.address.port + 1,
            Port::LiveView => self.address.port + 2,
        }
    }

    pub(crate) async fn resolve(&self, port: u16) -> io::Result<SocketAddr> {
        if let Ok(ip) = self.address.host.parse::<IpAddr>() {
            return Ok(SocketAddr::new(ip, port));
        }
        let mut found = lookup_host((self.address.host.as_str(), port)).await?;
        found
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
    }

    pub(crate) async fn open(&self, port: u16) -> io::Result<TcpStream> {
        let target = self.resolve(port).await?;
        let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(interface) = &self.address.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        if self.address.interface.is_some() {
            let text = "sockets can be bound to an interface on Linux only";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        let stream = socket.connect(target).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Network for TcpNetwork {
    type Stream = TcpStream;

    async fn connect(&self, port: Port) -> io::Result<TcpStream> {
        let opening = tokio::time::timeout(CONNECT_WAIT, self.open(self.port(port)));
        let stream = opening.await.unwrap_or_else(|_| {
            let text = format!("no connection within {CONNECT_WAIT:?}");
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        })?;
        if port == Port::Command
            && let Ok(peer) = stream.peer_addr()
        {
            self.remember(peer.ip());
        }
        Ok(stream)
    }

    fn name(&self) -> String {
        self.address.to_string()
    }
}

/// What nobody tells is no difference.
fn differs(met: Option<&str>, now: Option<&str>) -> bool {
    met.zip(now).is_some_and(|(met, now)| met != now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_one_whose_hardware_address_is_known_to_differ() {
        assert!(differs(Some("a0:b1:c2:d3:e4:f5"), Some("00:11:22:33:44:55")));
        assert!(!differs(Some("a0:b1:c2:d3:e4:f5"), Some("a0:b1:c2:d3:e4:f5")));
        assert!(!differs(None, Some("00:11:22:33:44:55")));
        assert!(!differs(Some("a0:b1:c2:d3:e4:f5"), None));
    }

    #[test]
    fn addresses_are_read_and_shown() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(read("192.168.0.1"), Ok("192.168.0.1:55740".into()));
        assert_eq!(read("10.0.0.7:1234%wlan1"), Ok("10.0.0.7:1234%wlan1".into()));
        assert_eq!(read("camera%wlan0"), Ok("camera:55740%wlan0".into()));
        assert_eq!(read("[fe80::1]:55740"), Ok("[fe80::1]:55740".into()));
        assert_eq!(read("fe80::1"), Ok("[fe80::1]:55740".into()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":1",
            "host:",
            "host:0",
            "host:65534",
            "host:99999",
            "host%",
            "a b",
            "1:2:3:4",
            "host%%",
            "host%a b",
        ] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress(text.into())), "{text}");
        }
    }
}
