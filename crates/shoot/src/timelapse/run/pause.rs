//! A visit to the gallery while no frame is due.

use std::future::Future;
use std::pin::Pin;

use filmwire_camera::{Error as CameraError, Remote, Visit};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use super::super::clock::Clock;
use super::super::errand::{Fetched, GRACE, MARGIN, RETRY, SHORTEST, WAY, before, later};
use super::super::event::Event;
use super::super::gap::Why;
use super::super::journal::{JournalError, Record};
use super::super::link::{ConnectRemote, Link};
use super::super::ramp::Exposure;
use super::super::schedule::Due;
use super::{Next, Run, Setup};

/// How work in the gallery ended.
enum Ended {
    /// By itself, or because its time was up.
    Done(Fetched),
    /// The run is to stop.
    Stop(Fetched),
}

/// A link to the camera of a timelapse at its end, for the originals that its runs left. Nothing is
/// due, so that it is tried once.
pub(super) async fn link_to_the_rest<'a, C: ConnectRemote, K: Clock>(
    setup: &Setup<'a, C, K>,
    tell: &mut dyn FnMut(Event),
) -> Link<'a> {
    let opened = setup.connect.connect().await;
    let at = setup.clock.now();
    match opened {
        Ok(remote) => {
            tell(Event::LinkUp { at, model: remote.info().model.clone() });
            Link::up(remote, at)
        }
        Err(error) => {
            if let Some(originals) = &setup.originals {
                originals.errand.not_let_in(&error);
            }
            Link::down(error.to_string(), at)
        }
    }
}

impl<C: ConnectRemote, K: Clock> Run<'_, '_, C, K> {
    /// When to look whether originals can be fetched before a frame; `None` if they need not or
    /// cannot be.
    pub(super) fn visit_at(&mut self, due: Due) -> Option<Timestamp> {
        let wanted = self.setup.originals.as_ref().is_some_and(|originals| originals.in_pauses);
        let is_free = matches!(self.link, Link::Up { armed: None, .. });
        if !wanted || !is_free || !self.errands.is_wanted || self.is_late() {
            return None;
        }
        let at = self.errands.after.max(self.now());
        (due.at.duration_since(at) >= SHORTEST).then_some(at)
    }

    /// True while an errand that did not end in time still has the library.
    fn is_late(&mut self) -> bool {
        let late = self.errands.late.as_mut().map(oneshot::Receiver::try_recv);
        let is_late = matches!(late, Some(Err(oneshot::error::TryRecvError::Empty)));
        if !is_late {
            self.errands.late = None;
        }
        is_late
    }

    /// Goes to the gallery, lets originals be fetched, and is back before the frame that is due;
    /// stays until all is fetched if none is.
    pub(super) async fn fetch(
        &mut self,
        due: Option<Due>,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Next, JournalError> {
        let down = Link::down("the camera is in its gallery".into(), self.now());
        let remote = match std::mem::replace(&mut self.link, down) {
            Link::Up { remote, armed, .. } => {
                drop(armed);
                remote
            }
            other => {
                let cause = other.cause().unwrap_or_default().to_owned();
                self.link = other;
                self.fetched(Fetched::failure(cause)).await?;
                return Ok(Next::Due);
            }
        };
        self.exposure.iter_mut().for_each(Exposure::doubt);
        self.delay = Some((Why::Busy, "originals were being fetched".into()));
        let until = due.map(|due| before(due.at, MARGIN));
        let way = SignedDuration::try_from(WAY).unwrap_or(MARGIN);
        let there = until.unwrap_or_else(|| later(self.now(), way));
        let entered = tokio::select! {
            biased;
            () = &mut *stop => return Ok(Next::Stop),
            entered = remote.visit_gallery() => entered,
            () = self.setup.clock.until(there) => {
                let text = "it did not open its gallery in time";
                Err(CameraError::Lost(text.into()))
            }
        };
        let visit = match entered {
            Ok(visit) => visit,
            Err(error) => {
                if let Some(originals) = &self.setup.originals {
                    originals.errand.not_let_in(&error);
                }
                self.fetched(Fetched::failure(error.to_string())).await?;
                self.renew(remote).await;
                return Ok(Next::Due);
            }
        };
        match self.work(&visit, until, stop).await {
            Ended::Done(fetched) => self.fetched(fetched).await?,
            Ended::Stop(fetched) => {
                self.fetched(fetched).await?;
                self.link = Link::up(remote, self.now());
                return Ok(Next::Stop);
            }
        }
        match due {
            Some(due) => self.back(remote, visit, due, stop).await,
            None => {
                self.link = Link::up(remote, self.now());
                Ok(Next::Due)
            }
        }
    }

    /// Lets originals be fetched, until `until` at most.
    async fn work(
        &mut self,
        visit: &Visit,
        until: Option<Timestamp>,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Ended {
        let Some(originals) = &self.setup.originals else {
            return Ended::Done(Fetched::default());
        };
        let (ask, asked) = oneshot::channel();
        let mut done = originals.errand.begin(visit.camera().clone(), asked);
        let clock = self.setup.clock;
        let is_stopped = tokio::select! {
            biased;
            done = &mut done => return Ended::Done(done.unwrap_or_else(gone)),
            () = &mut *stop => true,
            () = clock.until(until.unwrap_or(Timestamp::MAX)), if until.is_some() => false,
        };
        drop(ask);
        let fetched = tokio::select! {
            biased;
            done = &mut done => done.unwrap_or_else(gone),
            () = clock.until(later(self.now(), GRACE)) => {
                self.errands.late = Some(done);
                Fetched::failure("the library takes long to write what was fetched")
            }
        };
        if is_stopped { Ended::Stop(fetched) } else { Ended::Done(fetched) }
    }

    /// Back to the remote function; in a fresh session where the camera does not go back.
    async fn back(
        &mut self,
        remote: Remote,
        visit: Visit,
        due: Due,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Next, JournalError> {
        let back = tokio::select! {
            biased;
            () = &mut *stop => return Ok(Next::Stop),
            back = visit.back() => back,
            () = self.setup.clock.until(due.at) => Ok(false),
        };
        match back {
            Ok(true) => self.link = Link::up(remote, self.now()),
            other => {
                tracing::info!(?other, "a fresh session after a visit to the gallery");
                self.renew(remote).await;
            }
        }
        Ok(Next::Due)
    }

    /// Leaves, to be connected anew at once; nobody is called unless that fails.
    async fn renew(&mut self, remote: Remote) {
        remote.leave().await;
        self.link = Link::down("the camera did not come back from its gallery".into(), self.now());
        self.is_awaited = true;
    }

    async fn fetched(&mut self, fetched: Fetched) -> Result<(), JournalError> {
        let at = self.now();
        self.errands.is_wanted = !fetched.is_whole;
        if !fetched.is_whole {
            self.errands.after = later(at, RETRY);
        }
        (self.tell)(Event::Fetched(fetched.clone()));
        let Fetched { new, failed, is_whole, error } = fetched.clone();
        self.log.write(Record::Fetched { at, new, failed, is_whole, error }).await?;
        self.errands.sum = Some(fetched.after(self.errands.sum.take()));
        Ok(())
    }
}

/// The task ended without a word.
fn gone(_: oneshot::error::RecvError) -> Fetched {
    Fetched::failure("the work in the library ended without a word")
}
