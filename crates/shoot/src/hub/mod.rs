//! The hub of live view: one stream of the camera, any number of viewers.
//!
//! The newest frame wins. One frame is kept, whoever looks: a viewer that is slow finds a newer one
//! when it comes back, and keeps neither the camera nor another viewer waiting. Viewers share the
//! bytes of a frame; none is copied.

#[cfg(test)]
mod tests;

use std::future::Future;

use filmwire_camera::{Error, Frame, LiveView, Remote, Tally};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A stream of live view that many can look at.
///
/// 1. [`Hub::open`] opens the camera's stream; it may be opened once a connection only, so that
///    the hub goes on while nobody looks.
/// 2. [`Hub::viewer`] adds a viewer; one that is dropped is gone.
/// 3. Dropping the hub closes the stream, which ends live view on the camera, and viewers then hear
///    [`Error::Left`]. A stream that ends by itself reaches each viewer with its cause; to connect
///    anew is not the hub's affair.
///
/// ```no_run
/// # async fn example(remote: filmwire_camera::Remote) -> Result<(), filmwire_camera::Error> {
/// let hub = filmwire_shoot::Hub::open(&remote).await?;
/// for number in 0..50 {
///     let mut viewer = hub.viewer();
///     tokio::spawn(async move {
///         while let Ok(frame) = viewer.next().await {
///             println!("viewer {number}: {} bytes", frame.jpeg.len());
///         }
///     });
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Hub {
    feed: watch::Sender<Latest>,
    relaying: JoinHandle<()>,
}

/// One who looks.
#[derive(Debug)]
pub struct Viewer {
    latest: watch::Receiver<Latest>,
    /// Number of the frame that was given last.
    given: u64,
    /// Silences that were told of.
    silences: u64,
    skipped: u64,
}

/// The newest of the stream.
#[derive(Debug, Default)]
struct Latest {
    frame: Option<Frame>,
    tally: Tally,
    /// How often no frame came for too long, and how that was told last.
    silences: u64,
    silence: Option<Error>,
    end: Option<Error>,
}

/// Where frames come from: the camera, or a test.
trait Source: Send + 'static {
    /// The newest frame that was not given yet; [`Error::NoFrame`] is no end.
    fn next(&mut self) -> impl Future<Output = Result<Frame, Error>> + Send;
    fn tally(&self) -> Tally;
}

impl Source for LiveView {
    fn next(&mut self) -> impl Future<Output = Result<Frame, Error>> + Send {
        Self::next(self)
    }

    fn tally(&self) -> Tally {
        Self::tally(self)
    }
}

impl Hub {
    /// Opens the camera's stream.
    ///
    /// Fails as [`Remote::live_view`]. Cancel-safe, but the one opening may be used up then.
    pub async fn open(remote: &Remote) -> Result<Self, Error> {
        Ok(Self::new(remote.live_view().await?))
    }

    /// Takes over a stream that is open. Must be called inside a tokio runtime.
    pub fn new(live: LiveView) -> Self {
        Self::relay(live)
    }

    fn relay(source: impl Source) -> Self {
        let feed = watch::Sender::new(Latest::default());
        Self { relaying: tokio::spawn(relay(source, feed.clone())), feed }
    }

    /// A new viewer; what it sees first is the newest frame there is.
    pub fn viewer(&self) -> Viewer {
        let latest = self.feed.subscribe();
        let silences = latest.borrow().silences;
        Viewer { latest, given: 0, silences, skipped: 0 }
    }

    /// Viewers there are now.
    pub fn viewers(&self) -> usize {
        self.feed.receiver_count()
    }

    /// What came so far, whether anybody looked or not.
    pub fn tally(&self) -> Tally {
        self.feed.borrow().tally
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The stream goes with the task, and the feed, so that viewers hear of it.
        self.relaying.abort();
    }
}

impl Viewer {
    /// The newest frame that this viewer was not given yet; waits for one.
    ///
    /// Fails with [`Error::NoFrame`] when the camera was silent for too long, once a silence; it may
    /// be called again then. Fails with the cause once the stream has ended, behind the last frame,
    /// and with [`Error::Left`] if the hub was dropped. Cancel-safe: nothing is lost.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let (given, told) = (self.given, self.silences);
        let is_news = |latest: &Latest| {
            latest.number() > given || latest.silences > told || latest.end.is_some()
        };
        let latest = self.latest.wait_for(|latest| is_news(latest)).await;
        let latest = latest.map_err(|_| Error::Left)?;
        match &latest.frame {
            Some(frame) if frame.number > given => {
                // What came before this viewer was never its own to see.
                self.skipped += if given > 0 { frame.number - given - 1 } else { 0 };
                self.given = frame.number;
                // A silence that is over is no news.
                self.silences = latest.silences;
                Ok(frame.clone())
            }
            _ => {
                let silence = latest.silence.as_ref().filter(|_| latest.silences > told);
                self.silences = latest.silences;
                Err(silence.or(latest.end.as_ref()).cloned().unwrap_or(Error::Left))
            }
        }
    }

    /// Frames that came since the first one it was given, and that it was too slow for.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Latest {
    fn number(&self) -> u64 {
        self.frame.as_ref().map_or(0, |frame| frame.number)
    }
}

/// Gives on what comes until the stream ends; then the stream is closed before anybody hears of it.
async fn relay(mut source: impl Source, feed: watch::Sender<Latest>) {
    let end = loop {
        let next = source.next().await;
        let tally = source.tally();
        match next {
            Ok(frame) => feed.send_modify(|latest| {
                latest.frame = Some(frame);
                latest.tally = tally;
            }),
            Err(silence @ Error::NoFrame { .. }) => feed.send_modify(|latest| {
                latest.silences += 1;
                latest.silence = Some(silence);
                latest.tally = tally;
            }),
            Err(end) => break end,
        }
    };
    tracing::debug!(%end, "the stream that the hub gives on has ended");
    drop(source);
    feed.send_modify(|latest| latest.end = Some(end));
}
