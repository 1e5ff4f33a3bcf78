//! The simulated camera on TCP: three ports, of which two listen only while a remote function runs.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::link::Link;
use super::side::Role;
use crate::card::Card;
use crate::fault::Fault;
use crate::guard::Allow;
use crate::persona::Persona;
use crate::simulator::{Shared, Simulator};

/// How often three free ports in a row are looked for before any three are taken.
const NEIGHBOUR_TRIES: usize = 64;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// What [`SimServer::bind`] starts.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Address of the command port; port 0 takes three free ports, in a row where possible.
    pub listen: SocketAddr,
    /// The body.
    pub persona: Persona,
    /// The card in it.
    pub card: Card,
    /// Speed and delays.
    pub link: Link,
    /// What clients may do besides reading.
    pub allow: Allow,
    /// Faults armed from the start.
    pub faults: Vec<Fault>,
}

impl SimOptions {
    /// Free ports of 127.0.0.1, no limits, no faults, reading only.
    pub fn new(persona: Persona, card: Card) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let (link, allow) = (Link::default(), Allow::default());
        Self { listen, persona, card, link, allow, faults: Vec::new() }
    }
}

/// Where a simulated camera listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Commands and data, 55740 on a real camera.
    pub command: SocketAddr,
    /// Events; listens only after 0x101C, on most bodies until one client came.
    pub events: SocketAddr,
    /// Live view; listens only after 0x101C, on most bodies until one client came.
    pub live_view: SocketAddr,
}

/// The ports could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program has one of the three ports.
    #[error(
        "port {port} of {ip} is taken; choose another with --listen HOST:PORT \
         (it needs that port and the two next), or port 0 for free ones", ip = .address.ip(), port = .address.port()
    )]
    Taken {
        /// The address that is taken.
        address: SocketAddr,
    },
    /// The two ports behind the first would be past 65535.
    #[error("port {0} leaves no room for the two ports behind it; choose one up to 65533")]
    TooHigh(u16),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A simulated camera that listens on TCP. Dropping it stops listening; connections go on until
/// their clients leave. [`SimServer::shutdown`] ends them too.
pub struct SimServer {
    simulator: Simulator,
    addresses: Addresses,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl SimServer {
    /// Starts a camera: all three ports are bound when this returns, the first one listens.
    ///
    /// Fails with [`BindError`], which says what to do.
    pub async fn bind(options: SimOptions) -> Result<Self, BindError> {
        let simulator = Simulator::new(options.persona, options.card);
        simulator.set_link(options.link);
        simulator.set_allow(options.allow);
        options.faults.into_iter().for_each(|fault| simulator.add_fault(fault));
        Self::listen(simulator, options.listen).await
    }

    /// Lets clients reach an existing camera over TCP.
    ///
    /// Fails with [`BindError`], which says what to do.
    pub async fn listen(simulator: Simulator, listen: SocketAddr) -> Result<Self, BindError> {
        let [command, events, live_view] = three_ports(listen)?;
        let failed = |source| BindError::Io { address: listen, source };
        let address = |socket: &Socket| -> Result<SocketAddr, BindError> {
            let address = socket.local_addr().map_err(failed)?;
            address.as_socket().ok_or_else(|| failed(io::ErrorKind::AddrNotAvailable.into()))
        };
        let addresses = Addresses {
            command: address(&command)?,
            events: address(&events)?,
            live_view: address(&live_view)?,
        };
        let listener = into_listener(command).map_err(failed)?;
        let ports = SidePorts {
            events: SidePort::new(events, addresses.events, Role::Events, &simulator),
            live_view: SidePort::new(live_view, addresses.live_view, Role::LiveView, &simulator),
        };
        simulator.shared().set_ports(Some(Arc::new(ports)));
        let stop = watch::Sender::new(false);
        let task = tokio::spawn(accept_loop(listener, simulator.clone(), stop.subscribe()));
        Ok(Self { simulator, addresses, stop, task: Some(task) })
    }

    /// The camera behind the ports.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Stops listening and ends every connection; the ports are free when this returns.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // A task that panicked listens no more either.
            let _ = task.await;
        }
        self.simulator.set_on_air(false);
        self.simulator.wait_idle().await;
        if let Some(ports) = self.simulator.shared().set_ports(None) {
            ports.free().await;
        }
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.simulator.shared().set_ports(None);
    }
}

async fn accept_loop(listener: TcpListener, simulator: Simulator, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        // A client that went away before it was accepted is no reason to stop.
        let Ok((stream, _)) = accepted else { continue };
        if prepare(&stream).is_ok() {
            simulator.accept(stream);
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

/// Binds without listening, and tells whether connections of former days linger on the port.
///
/// Two sockets that reuse an address and do not listen may share a port. So the address is reused
/// only where it has to be, and only for the moment of binding: while the socket waits to listen,
/// nobody else gets its port.
fn bind(address: SocketAddr) -> io::Result<(Socket, bool)> {
    let open = |reuse: bool| -> io::Result<(Socket, bool)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(reuse && cfg!(unix))?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.set_reuse_address(false)?;
        Ok((socket, reuse))
    };
    open(false).or_else(|error| if address.port() == 0 { Err(error) } else { open(true) })
}

fn into_listener(socket: Socket) -> io::Result<TcpListener> {
    // Connections inherit it; without it they would keep the port from being bound again.
    socket.set_reuse_address(cfg!(unix))?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Binds the three ports without listening, so that a client meets a refusal until one listens.
fn three_ports(listen: SocketAddr) -> Result<[Socket; 3], BindError> {
    if listen.port() != 0 {
        return neighbours(listen, claim(listen)?.0);
    }
    for _ in 0..NEIGHBOUR_TRIES {
        let (first, address) = claim(listen)?;
        match neighbours(address, first) {
            Err(BindError::Taken { .. } | BindError::TooHigh(_)) => {}
            other => return other,
        }
    }
    Ok([claim(listen)?.0, claim(listen)?.0, claim(listen)?.0])
}

fn neighbours(listen: SocketAddr, first: Socket) -> Result<[Socket; 3], BindError> {
    let next = |offset: u16| -> Result<SocketAddr, BindError> {
        let port =
            listen.port().checked_add(offset).ok_or_else(|| BindError::TooHigh(listen.port()))?;
        Ok(SocketAddr::new(listen.ip(), port))
    };
    let (second, third) = (next(1)?, next(2)?);
    Ok([first, claim(second)?.0, claim(third)?.0])
}

/// Binds a port that nobody has; returns the address it got.
fn claim(address: SocketAddr) -> Result<(Socket, SocketAddr), BindError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { address },
        _ => BindError::Io { address, source },
    };
    let (socket, lingering) = bind(address).map_err(failed)?;
    let local = socket.local_addr().map_err(failed)?;
    if lingering {
        // Another program may be bound there without listening: only listening tells.
        socket.set_reuse_address(cfg!(unix)).map_err(failed)?;
        let (probe, _) = bind(address).map_err(failed)?;
        // Listening checks the address once more, against the connections that linger, too.
        probe.set_reuse_address(cfg!(unix)).map_err(failed)?;
        probe.listen(1).map_err(failed)?;
        drop(probe);
        socket.set_reuse_address(false).map_err(failed)?;
    }
    Ok((socket, local.as_socket().unwrap_or(address)))
}

/// The event and the live view port.
pub(crate) struct SidePorts {
    events: SidePort,
    live_view: SidePort,
}

impl SidePorts {
    /// Listens on both; returns when they do.
    pub(crate) async fn open(&self) {
        self.events.open().await;
        self.live_view.open().await;
    }

    /// Stops listening and gives the ports back.
    async fn free(&self) {
        self.close();
        for port in [&self.events, &self.live_view] {
            let state = std::mem::replace(&mut *port.state.lock().await, PortState::Lost);
            if let PortState::Listening(task) = state {
                // Whatever came of it, nothing is bound any more.
                let _ = task.await;
            }
        }
    }

    /// Stops listening; the ports stay ours.
    pub(crate) fn close(&self) {
        self.events.stop.send_replace(true);
        self.live_view.stop.send_replace(true);
    }
}

struct SidePort {
    address: SocketAddr,
    role: Role,
    shared: Weak<Shared>,
    stop: watch::Sender<bool>,
    state: Mutex<PortState>,
}

enum PortState {
    Bound(Socket),
    /// Gives the port back, bound again, when told to stop.
    Listening(JoinHandle<io::Result<Socket>>),
    /// Another program took the port between two sessions.
    Lost,
}

impl SidePort {
    fn new(socket: Socket, address: SocketAddr, role: Role, simulator: &Simulator) -> Self {
        let shared = Arc::downgrade(simulator.shared());
        let state = Mutex::new(PortState::Bound(socket));
        Self { address, role, shared, stop: watch::Sender::new(false), state }
    }

    async fn open(&self) {
        let mut state = self.state.lock().await;
        let socket = match std::mem::replace(&mut *state, PortState::Lost) {
            PortState::Listening(task) if !*self.stop.borrow() => {
                *state = PortState::Listening(task);
                return;
            }
            PortState::Listening(task) => task.await.ok().and_then(Result::ok),
            PortState::Bound(socket) => Some(socket),
            PortState::Lost => bind(self.address).map(|(socket, _)| socket).ok(),
        };
        self.stop.send_replace(false);
        let Some(listener) = socket.and_then(|socket| into_listener(socket).ok()) else { return };
        let (shared, role) = (self.shared.clone(), self.role);
        let (address, stop) = (self.address, self.stop.subscribe());
        let task = tokio::spawn(side_loop(listener, address, role, shared, stop));
        *state = PortState::Listening(task);
    }
}

async fn side_loop(
    listener: TcpListener,
    address: SocketAddr,
    role: Role,
    shared: Weak<Shared>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<Socket> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (Ok((stream, _)), Some(shared)) = (accepted, shared.upgrade()) else { continue };
        if prepare(&stream).is_err() {
            continue;
        }
        match role {
            Role::Events => shared.serve_events(stream),
            Role::LiveView => shared.serve_live_view(stream),
        }
        if !shared.takes_side(role) {
            break;
        }
    }
    drop(listener);
    bind(address).map(|(socket, _)| socket)
}
