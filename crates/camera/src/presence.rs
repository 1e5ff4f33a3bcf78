//! Is the camera there? Seen from outside, without touching the port it serves clients on.
//!
//! While a client is connected most bodies lock their controls, and each connection shows on their
//! screens. So whoever waits for a camera to leave must not connect to find out.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::network::{Port, TcpNetwork};

/// How long an answer may take; the network of a camera that sleeps is slow.
const WAIT: Duration = Duration::from_secs(3);

/// What a look at the camera's place showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Something answers at the address.
    There,
    /// Nothing answers, or no way leads there. One look may err, since radios lose packets.
    Gone,
    /// This cannot be told from here.
    Unknown,
}

/// Looks whether a camera is there without becoming its client. Tests put a simulator behind it.
pub trait Presence: Send + Sync {
    /// Looks once, for three seconds at most. Cancel-safe.
    fn look(&self) -> impl Future<Output = Sight> + Send;
}

impl Presence for TcpNetwork {
    /// Knocks at the event port, which listens only in a remote function (the fact sheet's section
    /// 1.2): a camera that is there refuses, and its own software hears nothing of it.
    ///
    /// That something answers is not to say that it is the camera: a machine with another hardware
    /// address than the camera that was met means that it is gone, such as the router of a home
    /// network with the cameras' address. What cannot be seen is a camera that ends its function
    /// and leaves its network up: its refusals look the same.
    ///
    /// At addresses of this computer, where simulated cameras are, a refusal says nothing; there
    /// the system's list of listening ports is read instead.
    async fn look(&self) -> Sight {
        let Ok(target) = self.resolve(self.address().port).await else { return Sight::Gone };
        if is_own(target.ip()) {
            return listens_here(target);
        }
        let knock = tokio::time::timeout(WAIT, self.open(self.port(Port::Event)));
        let sight = match knock.await {
            Ok(Ok(_)) => Sight::There,
            Ok(Err(error)) => judge(&error),
            Err(_) => Sight::Gone,
        };
        // The answer has brought the list of neighbours up to date.
        if sight == Sight::There && self.is_another(target.ip()) { Sight::Gone } else { sight }
    }
}

fn judge(error: &io::Error) -> Sight {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Sight::There,
        ErrorKind::TimedOut
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::NotFound => Sight::Gone,
        // The interface that sockets are bound to is not there: ENODEV, ENXIO.
        _ if matches!(error.raw_os_error(), Some(6 | 19)) => Sight::Gone,
        _ => Sight::Unknown,
    }
}

/// True if the address belongs to this computer: only then a socket can be bound to it.
fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

fn listens_here(target: SocketAddr) -> Sight {
    let tables: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    if tables.is_empty() {
        return Sight::Unknown;
    }
    let listens = tables.iter().any(|table| listens_in(table, target));
    if listens { Sight::There } else { Sight::Gone }
}

/// State of a listening socket in Linux's tables.
const LISTEN: &str = "0A";

fn listens_in(table: &str, target: SocketAddr) -> bool {
    // sl, local address, remote address, state, ..
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(local), Some(_), Some(state)) = (fields.next(), fields.next(), fields.next())
        else {
            return false;
        };
        state == LISTEN
            && socket_address(local).is_some_and(|(ip, port)| {
                let same = ip == target.ip() || ip.is_unspecified();
                port == target.port() && same
            })
    })
}

/// `0100007F:D9BC`: words of the address in this computer's order, then the port.
fn socket_address(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = (0..address.len() / 8)
        .map(|word| u32::from_str_radix(address.get(word * 8..word * 8 + 8)?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [word] => Some((IpAddr::from(*word), port)),
        words => {
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some((IpAddr::from(bytes).to_canonical(), port))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Address;

    fn network(address: &str) -> TcpNetwork {
        TcpNetwork::new(address.parse().unwrap())
    }

    #[tokio::test]
    async fn at_an_address_of_this_computer_the_listening_port_is_looked_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let there = network(&format!("127.0.0.1:{port}"));
        assert_eq!(there.look().await, Sight::There);
        // Nobody was connected to find out.
        let accepting = tokio::time::timeout(Duration::from_millis(50), listener.accept());
        assert!(accepting.await.is_err());
        drop(listener);
        assert_eq!(there.look().await, Sight::Gone);
    }

    #[tokio::test]
    async fn an_interface_that_is_not_there_means_gone() {
        let address = Address { interface: Some("no-such-if".into()), ..Address::default() };
        assert_eq!(TcpNetwork::new(address).look().await, Sight::Gone);
    }

    #[test]
    fn a_refusal_is_an_answer_and_no_route_is_none() {
        let sight = |kind: ErrorKind| judge(&kind.into());
        assert_eq!(sight(ErrorKind::ConnectionRefused), Sight::There);
        assert_eq!(sight(ErrorKind::HostUnreachable), Sight::Gone);
        assert_eq!(sight(ErrorKind::NetworkUnreachable), Sight::Gone);
        assert_eq!(sight(ErrorKind::TimedOut), Sight::Gone);
        assert_eq!(sight(ErrorKind::PermissionDenied), Sight::Unknown);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_systems_tables_are_read() {
        const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:D9BC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0200007F:D9BC 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0
   2: 00000000:D9BD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   3: 00000000000000000000000000000000:D9BE 00000000000000000000000000000000:0000 0A 0:0
   4: 0000000000000000FFFF00000300007F:D9BC 00000000000000000000000000000000:0000 0A 0:0
garbage
";
        let listens = |target: &str| listens_in(TABLE, target.parse().unwrap());
        assert!(listens("127.0.0.1:55740"));
        assert!(!listens("127.0.0.2:55740"), "connected, not listening");
        assert!(listens("127.0.0.3:55740"), "an IPv4 address in the other table");
        assert!(!listens("127.0.0.1:55743"));
        assert!(listens("10.1.2.3:55741"), "all addresses");
        assert!(listens("127.0.0.1:55742"), "all addresses of both kinds");
    }
}
