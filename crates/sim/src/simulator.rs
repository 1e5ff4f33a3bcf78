//! One simulated camera, whoever is connected to it and however.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filmwire_codec::dataset::EventDataset;
use filmwire_codec::journal::{JournalRow, Verdict};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use crate::camera::{Camera, Stats};
use crate::card::{Card, GenerateSpec};
use crate::fault::{Fault, Mark};
use crate::guard::Allow;
use crate::net::link::Link;
use crate::net::server::SidePorts;
use crate::net::side::{Role, Side};
use crate::net::{Connection, Marks, live_view};
use crate::persona::{AfterPicked, OkPolicy, Persona, PersonaError, SecondClient, SideSockets};
use crate::replay::{Player, Recording};

/// Bytes that an in-memory stream holds in each direction.
const STREAM_BYTES: usize = 256 * 1024;

/// What connections and handles share.
pub(crate) struct Shared {
    camera: Mutex<Camera>,
    link: Mutex<Link>,
    side: Mutex<Side>,
    ports: Mutex<Option<Arc<SidePorts>>>,
    ok: Notify,
    slot: Arc<Semaphore>,
    active: watch::Sender<usize>,
    accepted: watch::Sender<u32>,
    /// Counts the times the camera left the air; every connection ends then.
    resets: watch::Sender<u64>,
}

/// Locks without caring whether another thread panicked: the state is plain data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn camera(&self) -> MutexGuard<'_, Camera> {
        lock(&self.camera)
    }

    pub(crate) fn link(&self) -> Link {
        lock(&self.link).clone()
    }

    pub(crate) fn vanished(&self) -> bool {
        !self.camera().reachable(Instant::now())
    }

    /// Completes when OK is pressed; counts from the moment it is called.
    pub(crate) fn ok_pressed(&self) -> impl Future<Output = ()> {
        self.ok.notified()
    }

    /// Starts the remote function: listeners first, then the answer (fact sheet 13, point 7).
    pub(crate) async fn open_side(&self) {
        let spent = {
            let mut side = lock(&self.side);
            side.start();
            side.is_spent()
        };
        let ports = lock(&self.ports).clone();
        if let Some(ports) = ports.filter(|_| !spent) {
            ports.open().await;
        }
    }

    /// Stops live view; the sockets stay.
    pub(crate) fn stop_streaming(&self) {
        lock(&self.side).stop();
    }

    /// The neutral state was written after the remote function: what becomes of the side sockets
    /// is the body's.
    pub(crate) fn leave_function(&self) {
        let policy = self.side_sockets();
        if lock(&self.side).leave(policy) {
            self.close_ports();
        }
    }

    fn side_sockets(&self) -> SideSockets {
        self.camera().persona.shooting.side_sockets
    }

    /// Ends with the session: side sockets close, their ports listen no more.
    pub(crate) fn close_side(&self) {
        self.camera().end_shooting(Instant::now());
        *lock(&self.side) = Side::default();
        self.close_ports();
    }

    fn close_ports(&self) {
        if let Some(ports) = &*lock(&self.ports) {
            ports.close();
        }
    }

    /// Tells events to everyone on the event port.
    pub(crate) fn tell(&self, events: &[EventDataset]) {
        lock(&self.side).tell(events);
    }

    /// Brings what time changes up to date, and tells the events of it.
    pub(crate) fn settle(&self) {
        self.camera().settle(Instant::now());
        self.tell_untold();
    }

    /// Tells the events that happened and were not told yet.
    pub(crate) fn tell_untold(&self) {
        let events = self.camera().take_untold();
        if !events.is_empty() {
            self.tell(&events);
        }
    }

    pub(crate) fn serve_events(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) {
        let policy = self.side_sockets();
        let Some(mut events) = lock(&self.side).listen(policy) else { return };
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut stream = stream;
            while let Some(bytes) = events.recv().await {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
                // The events of a camera that is gone are counted by nobody.
                if let Some(shared) = shared.upgrade() {
                    shared.camera().stats.events += 1;
                }
            }
        });
    }

    pub(crate) fn serve_live_view(
        self: &Arc<Self>,
        stream: impl AsyncWrite + Unpin + Send + 'static,
    ) {
        let policy = self.side_sockets();
        if let Some(streaming) = lock(&self.side).view(policy) {
            let (is_replay, view) = match &self.camera().replay {
                Some(player) => (true, player.view()),
                None => (false, None),
            };
            match view {
                Some(view) => tokio::spawn(live_view::replay(stream, streaming, view)),
                None if is_replay => tokio::spawn(live_view::silence(stream, streaming)),
                None => tokio::spawn(live_view::stream(stream, streaming, Arc::downgrade(self))),
            };
        }
    }

    /// Whether a side port takes a client now.
    pub(crate) fn takes_side(&self, role: Role) -> bool {
        lock(&self.side).takes(role)
    }

    /// Leaves the air once the last picked picture was sent, where the body does that.
    pub(crate) fn switch_off_after_picked(&self, was_asked: bool) {
        let off = {
            let mut camera = self.camera();
            let persona = &camera.persona;
            let after = if was_asked { persona.after_received } else { persona.after_picked };
            let off = after == AfterPicked::Off;
            camera.on_air &= !off;
            off
        };
        if off {
            self.resets.send_modify(|count| *count += 1);
        }
    }

    /// Sets the ports that 0x101C opens; returns those it opened before.
    pub(crate) fn set_ports(&self, ports: Option<Arc<SidePorts>>) -> Option<Arc<SidePorts>> {
        std::mem::replace(&mut *lock(&self.ports), ports)
    }
}

impl Marks for Shared {
    fn armed(&self) -> bool {
        self.camera().faults.has_marks()
    }

    fn next_after(&self, sent: u64) -> Option<u64> {
        self.camera().faults.next_mark(sent)
    }

    fn at_byte(&self, sent: u64) -> Option<Mark> {
        self.camera().faults.at_byte(sent)
    }

    fn at_container(&self, containers: u64) -> Option<Mark> {
        self.camera().faults.at_container(containers)
    }
}

/// A simulated camera: card, persona, journal, faults. Clones are handles to the same camera.
///
/// Clients reach it over in-memory streams ([`Simulator::connect`], [`Simulator::accept`]) or over
/// TCP ([`SimServer`](crate::SimServer)). Methods that start connections need a tokio runtime.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

impl Simulator {
    /// A camera of that persona with a card in it, on air, guarded and without faults.
    pub fn new(persona: Persona, card: Card) -> Self {
        let shared = Shared {
            camera: Mutex::new(Camera::new(persona, card, Instant::now())),
            link: Mutex::new(Link::default()),
            side: Mutex::new(Side::default()),
            ports: Mutex::new(None),
            ok: Notify::new(),
            slot: Arc::new(Semaphore::new(1)),
            active: watch::Sender::new(0),
            accepted: watch::Sender::new(0),
            resets: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A camera that answers as one did in a recording: whoever comes is let in at once, and nothing
    /// is changed by anybody. Links and faults work as with any camera, card and persona are empty.
    ///
    /// Fails only if the persona `permissive`, whose manners on the connection it has, is broken.
    pub fn replay(recording: Recording) -> Result<Self, PersonaError> {
        let mut persona = Persona::builtin("permissive")?;
        recording.model().unwrap_or("camera").clone_into(&mut persona.model);
        persona.ok = OkPolicy::None;
        persona.init_again = true;
        persona.shooting.side_sockets = SideSockets::Many;
        let card = Card::generated(&GenerateSpec { photos: 0, ..GenerateSpec::default() });
        let camera = Self::new(persona, card);
        camera.shared.camera().replay = Some(Player::new(recording));
        Ok(camera)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Serves a command connection in a task of its own. A stream that comes while the camera is
    /// off the air is dropped.
    pub fn accept<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let policy = {
            let mut camera = shared.camera();
            if !camera.reachable(Instant::now()) {
                return;
            }
            camera.persona.second_client
        };
        let mut number = 0;
        shared.accepted.send_modify(|count| {
            *count += 1;
            number = *count;
        });
        // Counted from now on, so that waiting for idle does not miss a task not yet run.
        let active = Active::new(Arc::clone(&shared));
        let mut resets = shared.resets.subscribe();
        tokio::spawn(async move {
            let work = serve(&shared, stream, number, policy);
            tokio::select! {
                biased;
                // Off the air, not one more answer leaves. The sender lives as long as `shared`.
                _ = resets.changed() => {}
                () = work => {}
            }
            drop(active);
        });
    }

    /// Connects a client to the command port in memory.
    ///
    /// Fails with `ConnectionRefused` while the camera is off the air.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        if self.shared.vanished() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (client, camera) = duplex(STREAM_BYTES);
        self.accept(camera);
        Ok(client)
    }

    /// Connects a client to the event port in memory.
    ///
    /// Fails with `ConnectionRefused` unless a remote function was started (0x101C), and where the
    /// body takes no more of them in this session ([`SideSockets`]).
    pub fn connect_events(&self) -> io::Result<DuplexStream> {
        self.connect_side(Role::Events, |stream| self.shared.serve_events(stream))
    }

    /// Connects a client to the live view port in memory; it is dropped frames if it reads slowly.
    ///
    /// Fails with `ConnectionRefused` unless a remote function was started (0x101C), and where the
    /// body takes no more of them in this session ([`SideSockets`]).
    pub fn connect_live_view(&self) -> io::Result<DuplexStream> {
        self.connect_side(Role::LiveView, |stream| self.shared.serve_live_view(stream))
    }

    fn connect_side(
        &self,
        role: Role,
        serve: impl FnOnce(DuplexStream),
    ) -> io::Result<DuplexStream> {
        if self.shared.vanished() || !self.shared.takes_side(role) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (client, camera) = duplex(STREAM_BYTES);
        serve(camera);
        Ok(client)
    }

    /// All rows of the journal so far.
    pub fn journal(&self) -> Vec<JournalRow> {
        self.shared.camera().journal.rows().to_vec()
    }

    /// Forgets the rows so far; numbers and times go on.
    pub fn clear_journal(&self) {
        self.shared.camera().journal.clear();
    }

    /// Writes every later row to `sink` too, as one line of JSON. A sink that fails is dropped.
    pub fn journal_to(&self, sink: impl Write + Send + 'static) {
        self.shared.camera().journal.set_sink(Box::new(sink));
    }

    /// The rows the guard objected to.
    pub fn violations(&self) -> Vec<JournalRow> {
        let mut rows = self.journal();
        rows.retain(|row| row.verdict == Verdict::Violation);
        rows
    }

    /// Looks at or changes the card, between two operations.
    pub fn with_card<T>(&self, work: impl FnOnce(&mut Card) -> T) -> T {
        self.shared.settle();
        let mut camera = self.shared.camera();
        let done = work(&mut camera.card);
        // A clock that was set runs from now on.
        camera.clock(Instant::now());
        done
    }

    /// Looks at or changes the persona; a connection sees the change with its next operation.
    pub fn with_persona<T>(&self, work: impl FnOnce(&mut Persona) -> T) -> T {
        work(&mut self.shared.camera().persona)
    }

    /// Presses OK at the camera: lets in the client that waits, or the next one that asks.
    pub fn press_ok(&self) {
        self.shared.camera().ok_pressed = true;
        self.shared.ok.notify_waiters();
    }

    /// Forgets all clients, as a new camera: the next one has to be let in again.
    pub fn forget_clients(&self) {
        let mut camera = self.shared.camera();
        camera.known_clients.clear();
        camera.ok_pressed = false;
    }

    /// Switches the camera's network on or off; off ends every connection without a word.
    pub fn set_on_air(&self, on: bool) {
        {
            let mut camera = self.shared.camera();
            camera.on_air = on;
            camera.back_at = None;
        }
        if !on {
            self.shared.resets.send_modify(|count| *count += 1);
        }
    }

    /// Picks pictures on the camera, in the order in which it will send them: by their handles in
    /// the classic listing. Unknown handles are left out; without a call of this all are picked.
    /// They are sent where `camera_state` is 1.
    pub fn pick(&self, handles: &[u32]) {
        self.shared.camera().pick(handles);
    }

    /// Picks pictures by their names; of several with one name the oldest.
    pub fn pick_names(&self, names: &[&str]) {
        let mut camera = self.shared.camera();
        let card = &camera.card;
        let found = names.iter().filter_map(|name| card.object(card.find(name)?)).map(Arc::new);
        let objects = found.collect();
        camera.picks.which = Some(objects);
    }

    /// Picks the so many newest pictures, newest first.
    pub fn pick_newest(&self, count: u32) {
        let mut camera = self.shared.camera();
        let mut newest = camera.listing().to_vec();
        newest.sort_unstable_by(|one, other| other.cmp(one));
        newest.truncate(count as usize);
        let objects = newest.into_iter().filter_map(|position| camera.card.object(position));
        let objects = objects.map(Arc::new).collect();
        camera.picks.which = Some(objects);
    }

    /// Picks all that the card lists, whatever it will be then.
    pub fn pick_all(&self) {
        self.shared.camera().picks.which = None;
    }

    /// Chooses pictures in receive mode, by handles as in [`Simulator::pick`]: the client that asked
    /// is told with its next read of D212, or the next one to ask if none did.
    pub fn choose(&self, handles: &[u32]) {
        let mut camera = self.shared.camera();
        camera.pick(handles);
        camera.picks.chosen = true;
    }

    /// Chooses, in receive mode, what was picked before, or all.
    pub fn choose_picked(&self) {
        self.shared.camera().picks.chosen = true;
    }

    /// Sets the battery: D242 and D246, or 5001 on a body that has that instead. `level` is what
    /// the body would say (fact sheet 6.3): 1 is critical on all but an X-T1, 6 on new packs.
    pub fn set_battery(&self, level: u16) {
        self.shared.camera().set_battery(u32::from(level), Instant::now());
    }

    /// Sets what the person at the body sets: the exposure mode 500E, dials and menus. Any setting of
    /// D212, in its encoding there; no rule of the body is in the way. What the camera knows by itself
    /// (what is locked, the command dial, pictures and film that are left, batteries) stays as it is.
    pub fn turn(&self, property: u16, value: u32) {
        self.shared.camera().settings.insert(property, value);
    }

    /// Opens or leaves a menu at the body: until then what changes something is refused with 0x2019.
    pub fn set_menu(&self, open: bool) {
        let mut camera = self.shared.camera();
        match open {
            true => camera.shooting.open_menu(None),
            false => camera.shooting.close_menu(),
        }
    }

    /// Sets how many pictures the card still takes, as D229 tells it.
    pub fn set_pictures_remaining(&self, count: u32) {
        self.shared.camera().shooting.room = Some(count);
    }

    /// Puts a card into the slot that is not shown; phone modes show one slot only.
    pub fn insert_second(&self, card: Card) {
        self.shared.camera().insert_second(card);
    }

    /// Shows slot 1 or 2. Nothing happens if there is no card in it; [`Simulator::with_card`] works
    /// on the card that is shown.
    pub fn select_slot(&self, slot: u8) {
        self.shared.camera().select_slot(slot);
    }

    /// Sets what the client may do besides reading.
    pub fn set_allow(&self, allow: Allow) {
        self.shared.camera().allow = allow;
    }

    /// Sets speed and delays of the link, from the next answer on.
    pub fn set_link(&self, link: Link) {
        *lock(&self.shared.link) = link;
    }

    /// Arms a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.camera().faults.add(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.shared.camera().faults.clear();
    }

    /// What was served so far.
    pub fn stats(&self) -> Stats {
        self.shared.camera().stats.clone()
    }

    /// Command connections taken since the start.
    pub fn connections(&self) -> u32 {
        *self.shared.accepted.borrow()
    }

    /// Waits until no command connection is open.
    pub async fn wait_idle(&self) {
        // The sender lives as long as `self`.
        let _ = self.shared.active.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Waits until the camera is off the air: switched off, by hand or after the last picked
    /// picture.
    pub async fn wait_off_air(&self) {
        // The sender lives as long as `self`, and counts every time the camera is switched off.
        let mut resets = self.shared.resets.subscribe();
        while self.shared.camera().on_air && resets.changed().await.is_ok() {}
    }

    /// Waits until at least so many command connections were taken.
    pub async fn wait_connections(&self, count: u32) {
        let _ = self.shared.accepted.subscribe().wait_for(|taken| *taken >= count).await;
    }
}

/// Counts a connection while it lives.
struct Active(Arc<Shared>);

impl Active {
    fn new(shared: Arc<Shared>) -> Self {
        shared.active.send_modify(|count| *count += 1);
        Self(shared)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.send_modify(|count| *count -= 1);
    }
}

/// Ends the remote function with the connection, however that ends.
struct SideGuard<'a>(&'a Shared);

impl Drop for SideGuard<'_> {
    fn drop(&mut self) {
        self.0.close_side();
    }
}

async fn serve<S>(shared: &Shared, mut stream: S, number: u32, policy: SecondClient)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let permit = match policy {
        SecondClient::Wait => shared.slot.acquire().await.ok(),
        SecondClient::Ignore | SecondClient::Refuse => shared.slot.try_acquire().ok(),
    };
    if permit.is_none() {
        if policy == SecondClient::Ignore {
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
        }
        return;
    }
    let _side = SideGuard(shared);
    Connection::new(shared, stream, number).run().await;
}
