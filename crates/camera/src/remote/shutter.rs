//! Taking one picture: release, events, the mandatory preview. Source: the fact sheet's section 8.2.

use std::time::Duration;

use bytes::Bytes;
use filmwire_codec::dataset::CurrentState;
use filmwire_codec::operation::{GetCapturePreview, InitiateCapture};
use filmwire_codec::{EventCode, OperationCode, ResponseCode, TransactionId};
use filmwire_session::Request;
use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Remote;
use super::event::Told;
use super::pending::{Pending, refusal};
use super::shot::{Mishap, NotTaken, Picture, Shot};
use crate::camera::Camera;
use crate::error::Error;
use crate::opening::remote::{Started, from_gallery, to_gallery};

/// Longest preview that makes sense; 61,737 bytes were announced by an X-T1.
pub(crate) const MOST_PREVIEW_BYTES: usize = 16 << 20;

/// Between two reads of 0xD212 while a picture is awaited. Chosen.
const POLL_PAUSE: Duration = Duration::from_millis(250);
/// How long the camera may take to tell that a capture is complete once its preview was fetched; the
/// second where no event of it came before. Chosen.
const COMPLETE_WAIT: Duration = Duration::from_secs(5);
const COMPLETE_WAIT_UNTOLD: Duration = Duration::from_secs(1);

/// What outlives a capture.
#[derive(Debug)]
pub(super) struct Shutter {
    /// `None` once the port is closed, or if it never opened.
    events: Option<mpsc::Receiver<Told>>,
    /// The release that was not seen to its end.
    pending: Option<Pending>,
    /// The last release whose preview was fetched.
    fetched: Option<TransactionId>,
    /// What ends the remote function; `None` while the camera is in its gallery.
    function: Option<TransactionId>,
    /// Properties read by the end of the last capture.
    reads: u64,
}

/// A camera that is ready to take a picture: nothing is owed to it, and nobody else shoots.
///
/// Several of them can be fired together.
pub struct Armed {
    camera: Camera,
    shutter: OwnedMutexGuard<Shutter>,
}

impl Remote {
    /// Takes a picture and fetches its preview, without which the camera would take no other.
    ///
    /// Waits for the self-timer and the exposure besides [`crate::Waits::picture`]. In single
    /// autofocus the camera focuses by itself. Fails with [`Error::NotTaken`], which says whether
    /// there may be a picture; with [`Error::Forbidden`] unless [`crate::Allow::shoot`] lets it pass;
    /// with link trouble. Afterwards the next one may be taken. Cancel-safe: a release that was sent
    /// takes its picture; its preview is fetched before the next one, or on leaving.
    pub async fn capture(&self) -> Result<Shot, Error> {
        self.arm().await?.fire().await
    }

    /// Makes ready: waits for captures that run, fetches the preview that one of them left, and comes
    /// back from the gallery if a [`super::Visit`] did not.
    ///
    /// Fails with link trouble. Cancel-safe.
    pub async fn arm(&self) -> Result<Armed, Error> {
        let shutter = std::sync::Arc::clone(&self.shutter).lock_owned().await;
        let mut armed = Armed { camera: self.camera.clone(), shutter };
        if armed.shutter.function.is_none() {
            armed.enter_function().await?;
        }
        armed.settle().await?;
        Ok(armed)
    }
}

impl Shutter {
    pub(super) fn new(started: Started) -> Self {
        let (events, function) = (started.events, Some(started.function));
        Self { events, pending: None, fetched: None, function, reads: 0 }
    }

    /// True if the camera closed the port of events, or never opened it.
    fn is_deaf(&self) -> bool {
        self.events.as_ref().is_none_or(mpsc::Receiver::is_closed)
    }

    /// The next event; never if none can come any more. Cancel-safe.
    async fn next_event(&mut self) -> Told {
        if let Some(events) = &mut self.events {
            match events.recv().await {
                Some(told) => return told,
                None => self.events = None,
            }
        }
        std::future::pending().await
    }

    /// Throws away what was told of earlier captures; true if it tells of a picture whose preview
    /// was not fetched. Events that come after it was, as where the count told of the picture first,
    /// owe nothing: who asks for a preview that is not there may wait for the answer in vain.
    fn forget_events(&mut self) -> bool {
        let mut owes = false;
        while let Some(Ok(told)) = self.events.as_mut().map(mpsc::Receiver::try_recv) {
            if self.fetched == Some(told.event.transaction) {
                continue;
            }
            owes = match told.event.code {
                EventCode::PREVIEW_AVAILABLE | EventCode::FUJI_OBJECT_ADDED => true,
                EventCode::CAPTURE_COMPLETE => false,
                _ => owes,
            };
        }
        owes
    }
}

impl Armed {
    /// Takes the picture; see [`Remote::capture`].
    pub async fn fire(mut self) -> Result<Shot, Error> {
        let pending = self.release().await?;
        self.finish(pending).await
    }

    /// Goes to the gallery; what ends the function is used up then.
    pub(super) async fn leave_function(&mut self, camera: &mut Camera) -> Result<(), Error> {
        match self.shutter.function.take() {
            Some(function) => to_gallery(camera, function).await,
            None => Ok(()),
        }
    }

    /// Goes back to the remote function, if the camera is in its gallery. False if the port of
    /// events, closed meanwhile, does not open again.
    pub(super) async fn enter_function(&mut self) -> Result<bool, Error> {
        if self.shutter.function.is_none() {
            self.shutter.function = Some(from_gallery(&self.camera).await?);
        }
        if self.shutter.is_deaf() {
            let opened = self.camera.open_events().await;
            if let Err(cause) = &opened {
                tracing::debug!(%cause, "the port of events did not open again");
            }
            self.shutter.events = opened.ok();
        }
        Ok(!self.shutter.is_deaf())
    }

    /// Brings what an earlier capture left to its end.
    async fn settle(&mut self) -> Result<(), Error> {
        self.settle_captures().await?;
        // What is compared with later must not be older than the last picture.
        if self.camera.shared.counted(OperationCode::GET_DEVICE_PROP_VALUE) <= self.shutter.reads {
            self.camera.refresh().await?;
        }
        Ok(())
    }

    async fn settle_captures(&mut self) -> Result<(), Error> {
        if let Some(pending) = self.shutter.pending.clone() {
            // Whoever asks waits behind the release, if that still waits to be sent.
            self.camera.refresh().await?;
            let ended = match self.was_sent(&pending) {
                true => self.finish(pending).await.map(drop),
                false => Ok(()),
            };
            match ended {
                Err(error) if error.is_link_trouble() => return Err(error),
                ended => tracing::debug!(?ended, "an earlier capture ended"),
            }
            self.owe(None);
        }
        if self.shutter.forget_events() {
            let fetched = self.camera.run(&GetCapturePreview, MOST_PREVIEW_BYTES).await;
            match fetched.map(|jpeg| jpeg.map(|jpeg| jpeg.len())) {
                Err(error) if error.is_link_trouble() => return Err(error),
                fetched => tracing::debug!(?fetched, "the preview of an earlier capture"),
            }
            self.await_complete(COMPLETE_WAIT_UNTOLD).await;
        }
        Ok(())
    }

    /// What is owed to the camera; kept so that a dropped future loses nothing.
    fn owe(&mut self, pending: Option<Pending>) {
        if pending.is_none() {
            self.camera.shared.set_owes_preview(false);
        }
        self.shutter.pending = pending;
    }

    fn was_sent(&self, pending: &Pending) -> bool {
        self.camera.shared.counted(OperationCode::INITIATE_CAPTURE) > pending.releases
    }

    async fn release(&mut self) -> Result<Pending, Error> {
        let releases = self.camera.shared.counted(OperationCode::INITIATE_CAPTURE);
        let state = self.camera.state();
        let mut pending = Pending::new(&state, releases, self.camera.waits.picture);
        self.owe(Some(pending.clone()));
        let request = Request::new(&InitiateCapture, 0, self.camera.waits.other);
        match self.camera.transact(request).await {
            Ok(reply) if reply.response.code == ResponseCode::OK => {
                pending.transaction = Some(reply.response.transaction);
                pending.sent = Some(reply.sent);
                self.owe(Some(pending.clone()));
                Ok(pending)
            }
            Ok(reply) => {
                self.owe(None);
                let mishap = refusal(reply.response.code, &state);
                Err(failed(NotTaken::new(mishap, Picture::None, Some(reply.sent))))
            }
            Err(error) if !self.was_sent(&pending) => {
                self.owe(None);
                Err(error)
            }
            Err(error) => Err(self.lost(&pending, error)),
        }
    }

    /// Waits for the picture, fetches its preview, and waits for the end of the capture.
    async fn finish(&mut self, mut pending: Pending) -> Result<Shot, Error> {
        self.await_picture(&mut pending).await?;
        let jpeg = self.fetch(&pending).await?;
        let fetched = Instant::now().into_std();
        self.owe(None);
        self.shutter.fetched = pending.transaction;
        let wait = if pending.told.is_some() { COMPLETE_WAIT } else { COMPLETE_WAIT_UNTOLD };
        let is_complete = self.await_complete(wait).await;
        self.shutter.reads = self.camera.shared.counted(OperationCode::GET_DEVICE_PROP_VALUE);
        let Pending { transaction, sent, told, .. } = pending;
        let (transaction, sent) = (transaction.unwrap_or_default(), sent.unwrap_or(fetched));
        Ok(Shot { preview: jpeg, transaction, sent, told, fetched, is_complete })
    }

    /// Waits until the preview can be fetched, or asking for it is all that is left to do.
    async fn await_picture(&mut self, pending: &mut Pending) -> Result<(), Error> {
        let camera = self.camera.clone();
        let mut poll_at = Instant::now() + POLL_PAUSE;
        loop {
            let seen = tokio::select! {
                biased;
                told = self.shutter.next_event() => {
                    if pending.hear(&told, Instant::now()) {
                        return Ok(());
                    }
                    continue;
                }
                () = sleep_until(pending.until()) => break,
                seen = poll(&camera, poll_at) => seen,
            };
            poll_at = Instant::now() + POLL_PAUSE;
            match seen {
                Ok(list) => pending.see(&list, Instant::now(), self.shutter.events.is_some()),
                // A camera may be silent while it exposes; the release has a wait of its own.
                Err(Error::Silent { .. }) => {}
                Err(error) => return Err(self.lost(pending, error)),
            }
        }
        if pending.has_failed() {
            return Err(self.none(pending));
        }
        Ok(())
    }

    async fn fetch(&mut self, pending: &Pending) -> Result<Bytes, Error> {
        let fetched = self.camera.run(&GetCapturePreview, MOST_PREVIEW_BYTES).await;
        let taken = NotTaken::new(Mishap::NoPreview, Picture::Taken, pending.sent);
        match fetched {
            Ok(Some(jpeg)) => Ok(jpeg.into()),
            Ok(None) if pending.has_picture() => {
                self.owe(None);
                Err(failed(taken))
            }
            Err(error @ Error::Unreadable { .. }) => {
                self.owe(None);
                Err(failed(taken.by(error)))
            }
            Err(error @ (Error::Refused { .. } | Error::Silent { .. }))
                if pending.has_picture() =>
            {
                Err(failed(taken.by(error)))
            }
            // There is nothing to be had, as there was nothing to expect.
            Ok(None) | Err(Error::Refused { .. } | Error::Silent { .. }) => Err(self.none(pending)),
            Err(error) => Err(self.lost(pending, error)),
        }
    }

    /// Waits for the end of the capture, after which the next may be taken; true if it was told.
    async fn await_complete(&mut self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        while self.shutter.events.is_some() {
            match timeout_at(deadline, self.shutter.next_event()).await {
                Ok(told) if told.event.code == EventCode::CAPTURE_COMPLETE => return true,
                Ok(_) => {}
                Err(_) => {
                    tracing::debug!(?wait, "the camera did not tell that a capture is complete");
                    return false;
                }
            }
        }
        false
    }

    fn none(&mut self, pending: &Pending) -> Error {
        self.owe(None);
        let mishap = pending.mishap(&self.camera.state(), Instant::now());
        let picture = match mishap {
            Mishap::NothingCame(_) => Picture::Maybe,
            _ if pending.count_fell() => Picture::Maybe,
            _ => Picture::None,
        };
        failed(NotTaken::new(mishap, picture, pending.sent))
    }

    /// The connection failed after the release was sent. What is owed stays so.
    fn lost(&self, pending: &Pending, cause: Error) -> Error {
        let is_critical =
            self.camera.state().battery().is_some_and(|battery| battery.is_critical());
        let mishap = match &cause {
            Error::Silent { .. } => Mishap::Silent,
            _ if is_critical => Mishap::BatteryOut,
            _ => Mishap::LinkLost,
        };
        let picture = if pending.has_picture() { Picture::Taken } else { Picture::Maybe };
        failed(NotTaken::new(mishap, picture, pending.sent).by(cause))
    }
}

fn failed(what: NotTaken) -> Error {
    Box::new(what).into()
}

/// Reads 0xD212 at a moment. Cancel-safe.
async fn poll(camera: &Camera, at: Instant) -> Result<CurrentState, Error> {
    sleep_until(at).await;
    camera.refresh().await
}

#[cfg(test)]
mod tests {
    use filmwire_codec::SessionId;
    use filmwire_codec::dataset::EventDataset;

    use super::*;

    fn told(transaction: u32) -> Told {
        let transaction = TransactionId(transaction);
        let (code, session) = (EventCode::PREVIEW_AVAILABLE, SessionId(1));
        let params = vec![transaction.0, 0, 0];
        let event = EventDataset { code, session, transaction, params };
        Told { event, at: std::time::Instant::now() }
    }

    #[test]
    fn events_that_come_after_their_preview_was_fetched_owe_nothing() {
        let (tell, events) = mpsc::channel(4);
        let started = Started { function: TransactionId(1), events: Some(events) };
        let mut shutter = Shutter::new(started);
        shutter.fetched = Some(TransactionId(8));
        tell.try_send(told(8)).unwrap();
        assert!(!shutter.forget_events());
        for transaction in [9, 8] {
            tell.try_send(told(transaction)).unwrap();
        }
        assert!(shutter.forget_events());
    }
}
