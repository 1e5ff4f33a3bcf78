//! The task that owns the connection.
//!
//! It finishes every transaction it began, whatever its callers drop, so that no reply is ever
//! taken for another's. It keeps the connection alive while idle, makes the camera forget
//! unfinished reads before another object is asked for, and leaves politely when the last handle
//! is gone.

mod link;
mod unfinished;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use filmwire_codec::dataset::CurrentState;
use filmwire_codec::init::InitAck;
use filmwire_codec::operation::{
    CloseSession, GetCapturePreview, GetCurrentState, Operation, TerminateMovieCapture,
    TerminateOpenCapture, UnlockS1Lock,
};
use filmwire_codec::{DevicePropCode, OperationCode, Response, ResponseCode, TransactionId};
use filmwire_session::Request;

use crate::error::Error;
use crate::network::{Network, Port};
use crate::options::Options;
use crate::remote::MOST_PREVIEW_BYTES;
use crate::remote::event::{self, EVENTS, Told};
use crate::remote::live_view::{self, Seen};
use crate::state::Shared;

use link::Link;
use unfinished::Unfinished;

/// Most bytes of 0xD212 that make sense: 65,535 entries.
pub(crate) const MOST_STATE_BYTES: usize = 2 + 6 * 0xFFFF;
/// Attempts at a side socket, as gp2 makes them; the pause between them.
const SIDE_ATTEMPTS: u32 = 3;
const SIDE_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for CloseSession; the goodbye goes out in any case.
const CLOSE_WAIT: Duration = Duration::from_millis(1500);

/// The answer to a transaction.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) data: Vec<u8>,
    pub(crate) response: Response,
    /// When the command went out.
    pub(crate) sent: std::time::Instant,
}

/// What a handle asks of the driver.
pub(crate) enum Job {
    Run {
        request: Request,
        reply: oneshot::Sender<Result<Reply, Error>>,
    },
    /// Opens these ports in order.
    OpenSides {
        ports: &'static [Port],
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// Opens the port of live view, once a session, and reads what comes.
    OpenLiveView {
        reply: oneshot::Sender<Result<watch::Receiver<Seen>, Error>>,
    },
    /// Opens the port of events, and reads what comes.
    OpenEvents {
        reply: oneshot::Sender<io::Result<mpsc::Receiver<Told>>>,
    },
    /// Releases the focus if it is locked; by this lock, if one is named.
    ReleaseFocus(Option<u64>),
    /// Ends a movie that may be running.
    StopMovie,
    Leave {
        reply: oneshot::Sender<()>,
    },
}

/// Connects, registers, and serves jobs until the last handle is gone or the camera was left.
pub(crate) async fn drive<N: Network>(
    network: N,
    options: Options,
    shared: Arc<Shared>,
    mut registered: oneshot::Sender<Result<InitAck, Error>>,
    jobs: mpsc::Receiver<Job>,
) {
    let connecting = async {
        let stream = network.connect(Port::Command).await.map_err(|cause| Error::Unreachable {
            address: network.name(),
            cause: cause.to_string(),
        })?;
        Ok(Link::new(stream, options.waits.timing.clone()))
    };
    let mut link = tokio::select! {
        biased;
        () = registered.closed() => return,
        connected = connecting => match connected {
            Ok(link) => link,
            Err(error) => return drop(registered.send(Err(error))),
        },
    };
    let address = network.name();
    let answer = tokio::select! {
        biased;
        () = registered.closed() => Err(Error::Left),
        answer = link.register(&options, &address) => answer,
    };
    let failed = answer.is_err();
    // A caller that is gone is noticed by the closed job channel.
    let _ = registered.send(answer);
    if failed {
        return link.goodbye(options.waits.leave).await;
    }
    let driver = Driver {
        network,
        link,
        jobs,
        waiting: VecDeque::new(),
        options,
        shared,
        sides: Vec::new(),
        live_view_opened: false,
        unfinished: Unfinished::default(),
        session_open: false,
        remote: None,
        holds_focus: false,
        movie: None,
        lost: None,
    };
    driver.serve().await;
}

struct Driver<N: Network> {
    network: N,
    link: Link<N::Stream>,
    jobs: mpsc::Receiver<Job>,
    /// Jobs that came while a transaction was running.
    waiting: VecDeque<Job>,
    options: Options,
    shared: Arc<Shared>,
    /// Live view last opened, first closed.
    sides: Vec<JoinHandle<()>>,
    live_view_opened: bool,
    unfinished: Unfinished,
    session_open: bool,
    /// The remote function that runs, by the transaction that started it.
    remote: Option<TransactionId>,
    /// Focus may be locked.
    holds_focus: bool,
    /// A movie that may be running, by the transaction that started it.
    movie: Option<TransactionId>,
    lost: Option<Error>,
}

impl<N: Network> Driver<N> {
    async fn serve(mut self) {
        let told = loop {
            match self.next_job().await {
                Some(Job::Run { request, reply }) => self.answer(request, reply).await,
                Some(Job::OpenSides { ports, reply }) => {
                    drop(reply.send(self.open_sides(ports).await));
                }
                Some(Job::OpenLiveView { reply }) => {
                    drop(reply.send(self.open_live_view().await));
                }
                Some(Job::OpenEvents { reply }) => drop(reply.send(self.open_events().await)),
                // Meanwhile another may have taken its place.
                Some(Job::ReleaseFocus(Some(lock))) if !self.shared.is_newest_lock(lock) => {}
                Some(Job::ReleaseFocus(_)) => self.release_focus(self.options.waits.other).await,
                Some(Job::StopMovie) => self.stop_movie(self.options.waits.other).await,
                Some(Job::Leave { reply }) => break Some(reply),
                None => break None,
            }
        };
        self.leave().await;
        if let Some(told) = told {
            let _ = told.send(());
        }
    }

    /// Waits for a job, reads 0xD212 while there is none, and notices a camera that hangs up.
    async fn next_job(&mut self) -> Option<Job> {
        loop {
            // Jobs come while a transaction runs, and the last one may have been ours.
            if let Some(job) = self.next_waiting() {
                return Some(job);
            }
            let keep_alive = Instant::now() + self.options.waits.keep_alive;
            let alive = self.lost.is_none();
            tokio::select! {
                biased;
                job = self.jobs.recv() => return job,
                error = self.link.idle(), if alive => self.lost = Some(error),
                () = tokio::time::sleep_until(keep_alive), if alive && self.session_open => {
                    let _ = self.transact(self.state_request()).await;
                }
            }
        }
    }

    /// A job that came while a transaction ran. Who wants to leave does not wait for those who came
    /// before.
    fn next_waiting(&mut self) -> Option<Job> {
        let leaving = |job: &Job| matches!(job, Job::Leave { .. });
        let first = self.waiting.iter().position(leaving).unwrap_or(0);
        self.waiting.remove(first)
    }

    async fn answer(&mut self, request: Request, reply: oneshot::Sender<Result<Reply, Error>>) {
        // Nobody waits any more, and nothing was sent yet.
        if reply.is_closed() {
            return;
        }
        let result = match self.drain_before(&request).await {
            Ok(()) => self.ask(request).await,
            Err(error) => Err(error),
        };
        let _ = reply.send(result);
    }

    /// A camera that is silent on an object may count another one as unfinished although we do
    /// not, as when it announced too small a size. If it still answers 0xD212 it is asked again.
    async fn ask(&mut self, request: Request) -> Result<Reply, Error> {
        let again = unfinished::is_about_object(request.code).then(|| request.clone());
        let result = self.transact(request).await;
        let (Some(again), Err(silent @ Error::Silent { .. })) = (again, &result) else {
            return result;
        };
        for _ in 0..self.shared.drain_reads() {
            if self.transact(self.state_request()).await.is_err() {
                return Err(silent.clone());
            }
        }
        self.unfinished.forget();
        self.transact(again).await
    }

    /// Asking for another object before the first was read to its end makes the camera ignore
    /// object operations, until a few 0xD212 reads came (the fact sheet's section 9.4).
    async fn drain_before(&mut self, request: &Request) -> Result<(), Error> {
        if self.unfinished.blocks(request) {
            for _ in 0..self.shared.drain_reads() {
                self.transact(self.state_request()).await?;
            }
            self.unfinished.forget();
        }
        Ok(())
    }

    fn state_request(&self) -> Request {
        Request::new(&GetCurrentState, MOST_STATE_BYTES, self.options.waits.property)
    }

    async fn transact(&mut self, request: Request) -> Result<Reply, Error> {
        if let Some(error) = &self.lost {
            return Err(error.clone());
        }
        let (code, params) = (request.code, request.params.clone());
        self.shared.count(code);
        let (wait, _) = self.options.waits.of(code);
        self.holds_focus |= code == OperationCode::LOCK_S1_LOCK;
        if code == OperationCode::INITIATE_CAPTURE {
            self.shared.set_owes_preview(true);
        }
        let result = self.run_or_leave(request, wait).await;
        match &result {
            Ok(reply) => self.note(code, &params, reply),
            // A transaction that was not answered is over, but the connection may still serve; and what
            // it asked for may have begun all the same.
            Err(Error::Silent { .. } | Error::Left) => match code {
                OperationCode::INITIATE_OPEN_CAPTURE => self.remote = self.link.last(),
                OperationCode::INITIATE_MOVIE_CAPTURE => self.movie = self.link.last(),
                _ => {}
            },
            Err(error) => self.lost = Some(error.clone()),
        }
        result
    }

    /// Runs a transaction to its end. Once somebody wants to leave, or nobody is left to want
    /// anything, it has only so long as leaving may take.
    async fn run_or_leave(&mut self, request: Request, wait: &'static str) -> Result<Reply, Error> {
        let most = self.options.waits.leave;
        let Self { link, jobs, waiting, .. } = self;
        let mut give_up = waiting
            .iter()
            .any(|job| matches!(job, Job::Leave { .. }))
            .then(|| Instant::now() + most);
        let result = {
            let running = link.transact(request, wait);
            tokio::pin!(running);
            loop {
                let at = give_up.unwrap_or_else(Instant::now);
                tokio::select! {
                    biased;
                    result = &mut running => break Some(result),
                    job = jobs.recv(), if give_up.is_none() => {
                        if job.as_ref().is_none_or(|job| matches!(job, Job::Leave { .. })) {
                            give_up = Some(Instant::now() + most);
                        }
                        waiting.extend(job);
                    }
                    () = tokio::time::sleep_until(at), if give_up.is_some() => break None,
                }
            }
        };
        result.unwrap_or_else(|| {
            link.give_up();
            Err(Error::Left)
        })
    }

    fn note(&mut self, code: OperationCode, params: &[u32], reply: &Reply) {
        tracing::trace!(%code, ?params, bytes = reply.data.len(), response = %reply.response.code);
        self.shared.received(reply.data.len());
        let ok = reply.response.code == ResponseCode::OK;
        let is_over = reply.response.code == ResponseCode::CAPTURE_ALREADY_TERMINATED;
        match code {
            OperationCode::OPEN_SESSION => {
                self.session_open = ok || reply.response.code == ResponseCode::SESSION_ALREADY_OPEN;
            }
            OperationCode::CLOSE_SESSION if ok => self.session_open = false,
            OperationCode::INITIATE_OPEN_CAPTURE if ok => {
                self.remote = Some(reply.response.transaction);
            }
            OperationCode::TERMINATE_OPEN_CAPTURE if ok => self.remote = None,
            OperationCode::INITIATE_MOVIE_CAPTURE if ok => {
                self.movie = Some(reply.response.transaction);
            }
            OperationCode::TERMINATE_MOVIE_CAPTURE if ok || is_over => self.movie = None,
            OperationCode::UNLOCK_S1_LOCK if ok => self.holds_focus = false,
            OperationCode::GET_DEVICE_PROP_VALUE
                if params == [u32::from(DevicePropCode::CURRENT_STATE.0)] =>
            {
                if let Ok(list) = CurrentState::decode(&reply.data) {
                    self.shared.merge(&list);
                }
            }
            _ => {}
        }
        self.unfinished.note(code, params, reply);
    }

    /// Opens ports, and throws away what comes: nobody listens yet, but the camera expects clients
    /// there (the fact sheet's section 4.7, step 8, and 4.12, step 7).
    async fn open_sides(&mut self, ports: &[Port]) -> io::Result<()> {
        for &port in ports {
            let mut stream = open_side(&self.network, port).await?;
            self.sides.push(tokio::spawn(async move {
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }));
        }
        Ok(())
    }

    /// Opens the stream of live view. Bodies before the newer way must open the side ports only once
    /// a session (the fact sheet's section 8.6, libfuji), so nobody gets it twice.
    async fn open_live_view(&mut self) -> Result<watch::Receiver<Seen>, Error> {
        if let Some(error) = &self.lost {
            return Err(error.clone());
        }
        if self.live_view_opened {
            let text = "it was opened before, and bodies may open it once a connection only";
            return Err(Error::NoLiveView(text.into()));
        }
        let opening = open_side(&self.network, Port::LiveView).await;
        let stream = opening.map_err(|cause| Error::NoLiveView(cause.to_string()))?;
        self.live_view_opened = true;
        let (feed, seen) = watch::channel(Seen::default());
        self.sides.push(tokio::spawn(live_view::feed(stream, feed)));
        Ok(seen)
    }

    async fn open_events(&mut self) -> io::Result<mpsc::Receiver<Told>> {
        let stream = open_side(&self.network, Port::Event).await?;
        let (tell, told) = mpsc::channel(EVENTS);
        self.sides.push(tokio::spawn(event::feed(stream, tell)));
        Ok(told)
    }

    async fn release_focus(&mut self, wait: Duration) {
        if self.holds_focus && self.lost.is_none() {
            self.end(&UnlockS1Lock, wait).await;
        }
    }

    async fn stop_movie(&mut self, wait: Duration) {
        if let Some(movie) = self.movie
            && self.lost.is_none()
        {
            self.end(&TerminateMovieCapture(movie), wait).await;
        }
    }

    /// Live view, events, a movie, focus, a preview that was not fetched, a remote function that runs,
    /// CloseSession, goodbye, in that order and in bounded time.
    ///
    /// What a body does with a lock or a preview that is left behind is unknown.
    async fn leave(mut self) {
        for side in std::mem::take(&mut self.sides).into_iter().rev() {
            side.abort();
            let _ = side.await;
        }
        let wait = CLOSE_WAIT.min(self.options.waits.leave);
        self.stop_movie(wait / 2).await;
        self.release_focus(wait / 2).await;
        if self.shared.owes_preview() && self.lost.is_none() {
            let operation = GetCapturePreview;
            self.end_with(Request::new(&operation, MOST_PREVIEW_BYTES, wait / 2), wait / 2).await;
        }
        if let Some(capture) = self.remote
            && self.lost.is_none()
        {
            self.end(&TerminateOpenCapture(capture), wait / 2).await;
        }
        if self.session_open && self.lost.is_none() {
            self.end(&CloseSession, wait).await;
        }
        self.link.goodbye(self.options.waits.leave).await;
    }

    /// Runs an operation that ends something. Nobody could do anything about its failure.
    async fn end(&mut self, operation: &impl Operation, wait: Duration) {
        self.end_with(Request::new(operation, 0, wait), wait).await;
    }

    async fn end_with(&mut self, request: Request, wait: Duration) {
        if tokio::time::timeout(wait, self.transact(request)).await.is_err() {
            // It was dropped on its way; what is to be ended after it must not find the link taken.
            self.link.give_up();
        }
    }
}

async fn open_side<N: Network>(network: &N, port: Port) -> io::Result<N::Stream> {
    let mut attempt = 1;
    loop {
        match network.connect(port).await {
            Err(_) if attempt < SIDE_ATTEMPTS => tokio::time::sleep(SIDE_PAUSE).await,
            result => return result,
        }
        attempt += 1;
    }
}
