//! The handle a library user holds.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use filmwire_codec::init::InitAck;
use filmwire_codec::operation::Operation;
use filmwire_codec::{OperationCode, Response, ResponseCode};
use filmwire_session::Request;

use crate::driver::{Job, Reply, drive};
use crate::error::Error;
use crate::geotag::Geotagger;
use crate::guard::Allow;
use crate::network::{Network, Port};
use crate::opening;
use crate::options::{Options, Waits};
use crate::quirk::{Quirks, Versions};
use crate::receive::Receiver;
use crate::remote::Remote;
use crate::remote::event::Told;
use crate::remote::live_view::Seen;
use crate::state::{Shared, StateView, Stats};

/// Jobs a driver takes on before callers wait.
const JOBS: usize = 8;

/// A camera in its gallery: objects can be listed and fetched.
///
/// 1. [`Camera::connect`] registers, waits for OK, opens the gallery.
/// 2. Methods of this type run one transaction each; clones share the connection.
/// 3. [`Camera::leave`] says goodbye. When all clones are dropped the same happens by itself, in a
///    task; [`Departures`] lets a program wait for that before it ends.
///
/// **Cancel-safe** is said of each method. It means: a dropped future leaves the connection in
/// order. If the transaction was already sent it runs to its end and its data is thrown away.
#[derive(Clone)]
pub struct Camera {
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) waits: Arc<Waits>,
    allow: Allow,
    info: Arc<CameraInfo>,
}

/// What the camera said of itself while its gallery was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraInfo {
    /// Model as in the init ack, such as `X-T4`.
    pub model: String,
    /// GUID of the ack; the same constant for every camera seen.
    pub guid: [u8; 16],
    /// Versions it reported; functions it does not have are absent.
    pub versions: Versions,
    /// How we behave towards it.
    pub quirks: Quirks,
    /// Names of the rules that chose the quirks.
    pub rules: Vec<&'static str>,
}

/// Lets a program wait until every camera was left politely.
#[derive(Debug)]
pub struct Departures {
    token: mpsc::Sender<()>,
    gone: mpsc::Receiver<()>,
}

impl Default for Departures {
    fn default() -> Self {
        let (token, gone) = mpsc::channel(1);
        Self { token, gone }
    }
}

impl Departures {
    /// Another one, for what makes connections of its own: this one waits for those as well, and for
    /// the other to be dropped. Nothing is to be waited for with the other.
    #[must_use]
    pub fn companion(&self) -> Self {
        let (_, gone) = mpsc::channel(1);
        Self { token: self.token.clone(), gone }
    }

    /// Waits until no connection made with this value is left. Cancel-safe: yes, but then nothing
    /// can be waited for any more.
    pub async fn wait(mut self) {
        drop(self.token);
        let _ = self.gone.recv().await;
    }
}

impl Camera {
    /// Connects, registers, waits for OK and opens the gallery.
    ///
    /// Fails with [`Error::Unreachable`] or [`Error::NotACamera`] if there is none,
    /// [`Error::Busy`] or [`Error::NotAccepted`] if it does not want us, [`Error::NotOffered`] if
    /// it is in another function. Cancel-safe: what was opened is left politely.
    pub async fn connect<N: Network>(network: N, options: Options) -> Result<Self, Error> {
        Self::connect_watched(network, options, &Departures::default()).await
    }

    /// Connects to a camera whose person sends pictures: picked already, or picked once the camera
    /// was asked for its receive mode. See [`Receiver`].
    ///
    /// Fails as [`Camera::connect`]; with [`Error::NotOffered`] if the camera has neither.
    /// Cancel-safe: what was opened is left politely.
    pub async fn connect_receive<N: Network>(
        network: N,
        options: Options,
        departures: &Departures,
    ) -> Result<Receiver, Error> {
        let raw = Self::register(network, options.clone(), departures).await?;
        raw.receive(&options).await
    }

    /// Connects to a camera whose settings are to be seen or changed: its remote function runs then.
    /// See [`Remote`].
    ///
    /// Fails as [`Camera::connect`]; with [`Error::NotOffered`] if the body has no remote function.
    /// Cancel-safe: what was opened is left politely.
    pub async fn connect_remote<N: Network>(
        network: N,
        options: Options,
        departures: &Departures,
    ) -> Result<Remote, Error> {
        let raw = Self::register(network, options.clone(), departures).await?;
        raw.remote(&options).await
    }

    /// Connects to a camera that is to be told where it is. See [`Geotagger`].
    ///
    /// Fails as [`Camera::connect`]; with [`Error::NotOffered`] if the body does not take places over
    /// Wi-Fi. Cancel-safe: what was opened is left politely.
    pub async fn connect_geotag<N: Network>(
        network: N,
        options: Options,
        departures: &Departures,
    ) -> Result<Geotagger, Error> {
        let raw = Self::register(network, options.clone(), departures).await?;
        Geotagger::open(raw.0, &options).await
    }

    /// As [`Camera::connect`]; `departures` then tells when the connection is gone.
    pub async fn connect_watched<N: Network>(
        network: N,
        options: Options,
        departures: &Departures,
    ) -> Result<Self, Error> {
        let raw = Self::register(network, options.clone(), departures).await?;
        opening::open_gallery(raw, &options).await
    }

    /// Connects and registers only: no session is open yet. For programs that take the steps one
    /// by one, as a doctor does; [`Registered::open`] goes on.
    ///
    /// Fails and cancels as [`Camera::connect`].
    pub async fn register<N: Network>(
        network: N,
        options: Options,
        departures: &Departures,
    ) -> Result<Registered, Error> {
        let (jobs, inbox) = mpsc::channel(JOBS);
        let quirks = options.quirks.clone().unwrap_or_default();
        let shared = Arc::new(Shared::new(quirks.drain_reads));
        let (told, registered) = oneshot::channel();
        let (waits, allow) = (Arc::new(options.waits.clone()), options.allow);
        let driving = drive(network, options, Arc::clone(&shared), told, inbox);
        let token = departures.token.clone();
        tokio::spawn(async move {
            driving.await;
            drop(token);
        });
        let ack = registered.await.map_err(|_| Error::Left)??;
        let InitAck { guid, name, .. } = ack;
        let versions = Versions::new();
        let info = CameraInfo { model: name, guid, versions, quirks, rules: Vec::new() };
        Ok(Registered(Self { jobs, shared, waits, allow, info: Arc::new(info) }))
    }

    /// What the camera said of itself.
    pub fn info(&self) -> &CameraInfo {
        &self.info
    }

    pub(crate) fn set_info(
        &mut self,
        versions: Versions,
        quirks: Quirks,
        rules: Vec<&'static str>,
    ) {
        self.shared.set_drain_reads(quirks.drain_reads);
        let info = Arc::make_mut(&mut self.info);
        (info.versions, info.quirks, info.rules) = (versions, quirks, rules);
    }

    pub(crate) fn set_oldest_first(&mut self, oldest_first: bool) {
        Arc::make_mut(&mut self.info).quirks.oldest_first = oldest_first;
    }

    /// The newest values of 0xD212, without asking the camera.
    pub fn state(&self) -> StateView {
        self.shared.state()
    }

    /// What was asked so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Runs an operation that ended with OK; anything else is an error.
    ///
    /// Fails with [`Error::Forbidden`] outside the guard, [`Error::Refused`] if the camera said no,
    /// [`Error::Unreadable`] if its answer makes no sense (the session goes on), or link trouble.
    /// Cancel-safe.
    pub async fn run<O: Operation>(
        &self,
        operation: &O,
        most_bytes: usize,
    ) -> Result<O::Output, Error> {
        let (_, wait) = self.waits.of(O::CODE);
        let reply = self.transact(Request::new(operation, most_bytes, wait)).await?;
        if reply.response.code != ResponseCode::OK {
            return Err(Error::Refused { operation: O::CODE, response: reply.response.code });
        }
        operation
            .decode(reply.data, &reply.response)
            .map_err(|error| Error::Unreadable { operation: O::CODE, error })
    }

    /// Runs any operation and returns data and response as they came.
    ///
    /// Fails with [`Error::Forbidden`] unless the guard lets it pass, or with link trouble.
    /// Cancel-safe.
    pub async fn raw(
        &self,
        code: OperationCode,
        params: &[u32],
        payload: Option<Vec<u8>>,
        most_bytes: usize,
    ) -> Result<(Vec<u8>, Response), Error> {
        let (_, silence) = self.waits.of(code);
        let request = Request { code, params: params.to_vec(), payload, most_bytes, silence };
        let reply = self.transact(request).await?;
        Ok((reply.data, reply.response))
    }

    pub(crate) async fn transact(&self, request: Request) -> Result<Reply, Error> {
        if !self.allow.passes(request.code, &request.params) {
            let property = request.params.first().filter(|_| request.payload.is_some());
            let property = property.map(|code| format!(" of {code:#06X}")).unwrap_or_default();
            return Err(Error::Forbidden(format!("{}{property}", request.code)));
        }
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Run { request, reply }).await.map_err(|_| Error::Left)?;
        answer.await.map_err(|_| Error::Left)?
    }

    pub(crate) async fn open_sides(&self, ports: &'static [Port]) -> std::io::Result<()> {
        let gone = || std::io::Error::other("the camera was left");
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::OpenSides { ports, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    pub(crate) async fn open_live_view(&self) -> Result<watch::Receiver<Seen>, Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::OpenLiveView { reply }).await.map_err(|_| Error::Left)?;
        answer.await.map_err(|_| Error::Left)?
    }

    pub(crate) async fn open_events(&self) -> std::io::Result<mpsc::Receiver<Told>> {
        let gone = || std::io::Error::other("the camera was left");
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::OpenEvents { reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Hands over what ends something, for a value that is dropped: it cannot wait until few enough jobs
    /// do. Where no runtime is left, leaving ends it.
    pub(crate) fn hand_over(&self, job: Job) {
        if let Err(TrySendError::Full(job)) = self.jobs.try_send(job)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let jobs = self.jobs.clone();
            runtime.spawn(async move {
                let _ = jobs.send(job).await;
            });
        }
    }

    /// Closes the event and live view ports, closes the session, says goodbye and hangs up, in
    /// bounded time and without an error: there is nothing a caller could do about one.
    ///
    /// Other clones then fail with [`Error::Left`]. Cancel-safe: the leaving goes on by itself.
    pub async fn leave(self) {
        let (reply, left) = oneshot::channel();
        if self.jobs.send(Job::Leave { reply }).await.is_ok() {
            let _ = left.await;
        }
    }
}

/// A camera that said welcome and has no session yet.
pub struct Registered(pub(crate) Camera);

impl Registered {
    /// Model as in the init ack.
    pub fn model(&self) -> &str {
        &self.0.info.model
    }

    /// Opens the session and the gallery.
    ///
    /// Fails and cancels as [`Camera::connect`].
    pub async fn open(self, options: &Options) -> Result<Camera, Error> {
        opening::open_gallery(self, options).await
    }

    /// Opens the session to receive what the person sends.
    ///
    /// Fails and cancels as [`Camera::connect_receive`].
    pub async fn receive(self, options: &Options) -> Result<Receiver, Error> {
        Receiver::open(self.0, options).await
    }

    /// Opens the session and starts the remote function.
    ///
    /// Fails and cancels as [`Camera::connect_remote`].
    pub async fn remote(self, options: &Options) -> Result<Remote, Error> {
        opening::open_remote(self, options).await
    }

    /// The bare connection, for programs that run operations one by one.
    pub fn into_camera(self) -> Camera {
        self.0
    }
}
