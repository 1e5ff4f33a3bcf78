//! Taking what the person at the camera sends.
//!
//! The camera hands over one picture after the other and hangs up after the last, which looks as
//! if the connection were lost. So a run can say how many came, and never that it was all.

use std::future::Future;
use std::sync::Arc;

use filmwire_camera::{Error as CameraError, GetPartialObject, ObjectInfo, Receiver, is_resized};
use filmwire_catalogue::{CameraId, Library, PhotoKey, Rendition};

use crate::error::Error;
use crate::event::{Event, FileStart, Summary};
use crate::files::{Disk, FileLayer};
use crate::ledger::Ledger;
use crate::librarian::{Begin, Discard, Librarian, Message, Outcome, fingerprint};
use crate::options::SyncOptions;
use crate::stop::Stop;

/// What receiving cannot tell. Source: the fact sheet's section 4.5, grade B.
pub const NOT_SENT: &str = "only what was picked on the camera comes, and the camera does not tell \
    how many pictures that is: compare with its screen";

/// Opens the connection to a camera that sends.
pub trait ConnectReceive: Send + Sync {
    /// Connects, and waits until the camera sends or has agreed to let the person pick.
    fn connect(&self) -> impl Future<Output = Result<Receiver, CameraError>> + Send;
}

impl<F, A> ConnectReceive for F
where
    F: Fn() -> A + Send + Sync,
    A: Future<Output = Result<Receiver, CameraError>> + Send,
{
    fn connect(&self) -> impl Future<Output = Result<Receiver, CameraError>> + Send {
        self()
    }
}

/// How receiving ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveEnd {
    /// The camera hung up between two pictures: after the last one, or out of reach.
    HungUp,
    /// The camera hung up, or went wrong, inside a picture, which failed.
    Cut {
        /// Why, in words.
        cause: String,
    },
    /// As many pictures as were asked for came.
    Enough,
    /// A stop was asked for.
    Stopped,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Totals; `seen` counts the pictures the camera began to send.
    pub summary: Summary,
    /// How it ended.
    pub end: ReceiveEnd,
}

/// Takes what the camera sends into the library until it hangs up, or `most` pictures came. The
/// caller holds the library's lock.
///
/// A picture that the library has is read to its end too, since the camera goes on only then, and
/// is not stored twice. A copy that the camera resized is catalogued as one and named
/// `NAME_resized`, so that a later [`sync()`](crate::sync()) still fetches the original. Of the
/// options only names, key, address, offset and clock count. The camera is left politely on every
/// way out. Not cancel-safe: use `stop`.
///
/// Fails with [`Error::Camera`] if the camera is not reached, refuses, has no way to send, or is
/// lost before the first picture; with the library's errors.
pub async fn receive<C: ConnectReceive>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    most: Option<u32>,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Received, Error> {
    receive_with(connect, library, options, most, (stop, tell), Arc::new(Disk)).await
}

/// As [`receive`], on another file layer; for tests that record or break it.
pub async fn receive_with<C: ConnectReceive>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    most: Option<u32>,
    (stop, tell): (&Stop, &mut (dyn FnMut(Event) + Send)),
    files: Arc<dyn FileLayer>,
) -> Result<Received, Error> {
    let options = &SyncOptions { dry_run: false, ..options.clone() };
    let mut ledger = Ledger::open(library, options, files).await?;
    let mut counter = Counter { ledger: &mut ledger, options, stop, tell };
    let worked = counter.work(connect, most).await;
    let outcome = match &worked {
        Ok(ReceiveEnd::Stopped) => "interrupted",
        Ok(_) => "done",
        Err(_) => "failed",
    };
    ledger.tally.interrupted = matches!(worked, Ok(ReceiveEnd::Stopped));
    let ended = ledger.end(outcome, tell).await;
    let end = worked?;
    let summary = Summary { out_of_reach: NOT_SENT, ..ended? };
    Ok(Received { summary, end })
}

/// Where pictures are handed in.
struct Counter<'a> {
    ledger: &'a mut Ledger,
    options: &'a SyncOptions,
    stop: &'a Stop,
    tell: &'a mut (dyn FnMut(Event) + Send),
}

impl Counter<'_> {
    /// Mends, connects, and takes pictures.
    async fn work<C: ConnectReceive>(
        &mut self,
        connect: &C,
        most: Option<u32>,
    ) -> Result<ReceiveEnd, Error> {
        self.ledger.desk.ask(Librarian::mend).await??;
        let connected = tokio::select! {
            biased;
            () = self.stop.asked() => return Ok(ReceiveEnd::Stopped),
            connected = connect.connect() => connected,
        };
        let mut receiver = connected?;
        let end = self.pictures(&mut receiver, most).await;
        self.ledger.tally.operations += receiver.stats().total();
        receiver.leave().await;
        let settled = self.settle().await;
        let end = end?;
        settled?;
        // A camera that hung up has switched itself off, or does what it likes.
        if matches!(end, ReceiveEnd::Enough | ReceiveEnd::Stopped) {
            (self.tell)(Event::CameraFree);
        }
        Ok(end)
    }

    async fn pictures(
        &mut self,
        receiver: &mut Receiver,
        most: Option<u32>,
    ) -> Result<ReceiveEnd, Error> {
        let model = receiver.info().model.clone();
        (self.tell)(Event::Receiving { model: model.clone(), mode: receiver.mode() });
        self.ledger.tally.model.clone_from(&model);
        let key = self.options.key_for(&model);
        self.ledger.desk.ask(move |librarian| librarian.meet(&key, &model)).await??;
        let mut taken = 0;
        loop {
            if most.is_some_and(|most| taken >= most) {
                return Ok(ReceiveEnd::Enough);
            }
            let next = tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(ReceiveEnd::Stopped),
                next = receiver.next() => next?,
            };
            let Some(info) = next else { return Ok(ReceiveEnd::HungUp) };
            if let Some(end) = self.picture(receiver, &info).await? {
                return Ok(end);
            }
            taken += 1;
            self.take_outcomes()?;
        }
    }

    /// Takes one picture. The end of all, if the camera will not go on to the next.
    async fn picture(
        &mut self,
        receiver: &mut Receiver,
        info: &ObjectInfo,
    ) -> Result<Option<ReceiveEnd>, Error> {
        let key = key_of(info);
        (self.tell)(Event::Started(FileStart {
            name: key.name.clone(),
            path: None,
            size: key.size,
            format: info.format,
            resumed: 0,
        }));
        let begin = Begin {
            // The picture itself tells whose it is.
            camera: CameraId(0),
            key: key.clone(),
            place: None,
            twin: false,
            decides: true,
            sent: true,
            resume: None,
        };
        self.ledger.desk.send(Message::Begin(begin)).await?;
        let end = match self.bytes(receiver, info.size_bytes).await {
            Ok(Bytes::All) => {
                self.ledger.desk.send(Message::End).await?;
                return Ok(None);
            }
            Ok(Bytes::Stopped) => ReceiveEnd::Stopped,
            Err(Error::Camera(error)) => ReceiveEnd::Cut { cause: error.to_string() },
            Err(error) => return Err(error),
        };
        self.ledger.desk.send(Message::Discard(Discard::Keep)).await?;
        if let ReceiveEnd::Cut { cause } = &end {
            let (reason, stand_in) = (cause.clone(), fingerprint(&key));
            let failed = Outcome::Failed { name: key.name, reason, stand_in };
            self.ledger.tally.take(failed, self.tell)?;
        }
        Ok(Some(end))
    }

    async fn bytes(&mut self, receiver: &mut Receiver, size: u32) -> Result<Bytes, Error> {
        let mut offset = 0;
        while offset < size {
            let piece = tokio::select! {
                biased;
                piece = receiver.read_part(offset, GetPartialObject::PIECE_BYTES) => piece?,
                () = self.stop.asked() => return Ok(Bytes::Stopped),
            };
            if piece.is_empty() {
                let (sent, announced) = (offset.into(), size.into());
                return Err(CameraError::Short { object: 1, sent, announced }.into());
            }
            let count = piece.len() as u64;
            self.ledger.desk.send(Message::Piece(piece)).await?;
            offset = offset.saturating_add(count as u32);
            self.ledger.tally.piece(count, false);
            (self.tell)(Event::Progress { bytes: offset.into(), size: size.into() });
        }
        Ok(Bytes::All)
    }

    /// Waits until the disk has everything.
    async fn settle(&mut self) -> Result<(), Error> {
        self.ledger.desk.ask(|_| ()).await?;
        self.take_outcomes()
    }

    fn take_outcomes(&mut self) -> Result<(), Error> {
        while let Some(outcome) = self.ledger.desk.outcome() {
            let outcome = match outcome {
                // The camera does not hand it over once more by itself.
                Outcome::Again(key) => Outcome::Failed {
                    stand_in: fingerprint(&key),
                    name: key.name,
                    reason: "it came broken; pick it once more, or fetch it with sync".into(),
                },
                // Pictures tell their body one by one; nothing is listed that would be in doubt.
                Outcome::OtherBody => continue,
                outcome => outcome,
            };
            self.ledger.tally.take(outcome, self.tell)?;
        }
        Ok(())
    }
}

/// Whether a picture came to its end.
enum Bytes {
    All,
    Stopped,
}

/// The photo key of a picture. Its size is the true one at once.
fn key_of(info: &ObjectInfo) -> PhotoKey {
    let date = info.capture_date.to_text();
    let rendition = if is_resized(info) { Rendition::Resized } else { Rendition::Original };
    PhotoKey {
        name: info.name.to_text(),
        capture_date: (!date.is_empty()).then_some(date),
        size: u64::from(info.size_bytes),
        format: info.format.0,
        rendition,
        twin: 0,
    }
}
