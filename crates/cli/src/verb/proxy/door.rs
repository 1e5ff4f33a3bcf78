//! Where clients come in: three ports, as a camera has them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use filmwire_camera::{Address, Port};
use filmwire_program::exit::Trouble;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

/// Ports of a camera, in a row.
const PORTS: u16 = 3;
/// Rows of three ports that are tried where any will do.
const TRIES: u32 = 50;
/// How soon a peer that vanished without a word is noticed: 10 s of silence, then three questions.
const SILENCE: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASK_TIMES: u32 = 3;

/// Listens on the three ports.
#[derive(Debug)]
pub(super) struct Door {
    command: TcpListener,
    events: TcpListener,
    live_view: TcpListener,
    /// Of commands; the others are the two next.
    pub(super) address: SocketAddr,
}

impl Door {
    /// Opens all three ports; of port 0, three free ones in a row.
    ///
    /// Fails with [`Trouble::Usage`] if they cannot be had.
    pub(super) async fn open(wanted: SocketAddr) -> Result<Self, Trouble> {
        let mut tries = if wanted.port() == 0 { TRIES } else { 1 };
        loop {
            tries -= 1;
            match Self::bind(wanted).await {
                Ok(door) => return Ok(door),
                Err(error) if tries == 0 => return Err(taken(wanted, &error)),
                Err(_) => {}
            }
        }
    }

    async fn bind(wanted: SocketAddr) -> io::Result<Self> {
        let command = TcpListener::bind(wanted).await?;
        let address = command.local_addr()?;
        let next = |step| {
            let port = address.port().checked_add(step);
            port.map(|port| SocketAddr::new(address.ip(), port))
                .ok_or_else(|| io::Error::other("there are no two ports behind it"))
        };
        let events = TcpListener::bind(next(1)?).await?;
        let live_view = TcpListener::bind(next(2)?).await?;
        Ok(Self { command, events, live_view, address })
    }

    /// The next client. Cancel-safe.
    pub(super) async fn next(&self) -> (Port, io::Result<(TcpStream, SocketAddr)>) {
        tokio::select! {
            client = self.command.accept() => (Port::Command, client),
            client = self.events.accept() => (Port::Event, client),
            client = self.live_view.accept() => (Port::LiveView, client),
        }
    }

    /// Fails with [`Trouble::Usage`] if the camera's address is where this door listens: bytes would
    /// go round in a circle. A name without an address shows when a client comes.
    pub(super) async fn lead_on(&self, camera: &Address) -> Result<(), Trouble> {
        // A socket that is bound to an interface leads elsewhere.
        if camera.interface.is_some() {
            return Ok(());
        }
        let found = tokio::net::lookup_host((camera.host.as_str(), camera.port)).await;
        let (ip, port) = (self.address.ip(), self.address.port());
        let is_own = |at: SocketAddr| {
            let is_here = at.ip() == ip || ip.is_unspecified() && at.ip().is_loopback();
            is_here && at.port().abs_diff(port) < PORTS
        };
        if found.is_ok_and(|mut found| found.any(is_own)) {
            let text = format!("the camera at {camera} would be this proxy itself");
            let cure = "name the camera with --to, or listen elsewhere with --bind";
            return Err(Trouble::usage(text, cure));
        }
        Ok(())
    }

    /// Who can come in, if that is more than this computer's own programs.
    pub(super) fn who(&self) -> Option<String> {
        let ip = self.address.ip();
        if ip.is_loopback() {
            return None;
        }
        let whose = match ip {
            ip if ip.is_unspecified() => "every network this computer is in".to_owned(),
            ip => format!("the network of {ip}"),
        };
        Some(format!(
            "whoever is in {whose} can use the camera through this, with all it lets clients do"
        ))
    }
}

fn taken(wanted: SocketAddr, error: &io::Error) -> Trouble {
    let text = format!("cannot listen on {wanted} and the two ports behind it: {error}");
    Trouble::usage(text, "choose another address or port with --bind; port 0 takes free ones")
}

/// Small packets go at once, and a side that vanishes without a word is noticed: without a proxy the
/// camera would notice by itself.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(SILENCE).with_interval(ASK_EVERY).with_retries(ASK_TIMES);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Where the camera is as a capture has it: on the port cameras have for what is spoken, since that
/// is how every reader of captures knows it.
pub(super) fn shown(camera: Option<IpAddr>, port: Port) -> SocketAddr {
    let step = match port {
        Port::Command => 0,
        Port::Event => 1,
        Port::LiveView => 2,
    };
    let ip = camera.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    SocketAddr::new(ip, filmwire_camera::COMMAND_PORT + step)
}
