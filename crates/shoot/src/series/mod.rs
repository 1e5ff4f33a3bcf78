//! Pictures one after the other, each with its record: what was set, when it was taken, its files.
//!
//! A [`Series`] takes one frame at a time; who calls it says when, and what the frame is called. The
//! three parts of a frame can be had apart, to fire several cameras at one moment: [`Series::ready`],
//! [`Ready::fire`], [`Series::keep`].
//!
//! ```no_run
//! # async fn example(remote: filmwire_camera::Remote) -> Result<(), Box<dyn std::error::Error>> {
//! use filmwire_shoot::series::{Fetch, Pace, Plan, Series, Shelf};
//!
//! let plan = Plan { fetch: Fetch::Preview, ..Plan::default() };
//! let mut series = Series::new(remote, plan, Shelf::new("frames".into())?);
//! let mut pace = Pace::every(std::time::Duration::from_secs(2));
//! for _ in 0..10 {
//!     pace.wait().await;
//!     let frame = series.frame(None).await?;
//!     println!("{}: {:?}", frame.number, frame.files);
//! }
//! series.into_remote().leave().await;
//! # Ok(())
//! # }
//! ```

mod error;
mod fetch;
mod name;
mod pace;
mod shelf;

use std::pin::Pin;
use std::str::FromStr;
use std::time::{Duration, Instant};

use filmwire_camera::{Armed, Error as CameraError, FocusLock, Reading, Remote, Shot};
use filmwire_codec::value::FocusPoint;
use jiff::Zoned;

use fetch::{Gallery, Harvest, Newest};

pub use error::Error;
pub use name::{BadTemplate, Fields, NameTemplate};
pub use pace::{Pace, interval};
pub(crate) use shelf::put;
pub use shelf::{Draft, Kept, Shelf};

/// Attempts at a fresh session while the camera is not there, and the pause between them. Chosen.
const CONNECT_ATTEMPTS: u32 = 5;
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// What is fetched of each picture. It stays on the card in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fetch {
    /// Nothing.
    #[default]
    None,
    /// The preview, about 640 x 480, which comes anyway.
    Preview,
    /// The original, by a visit to the gallery after each picture. Phone modes list JPEG and MOV
    /// only, as far as is known: what they do not list stays on the card.
    Full,
}

impl Fetch {
    /// The words in command lines.
    pub const WORDS: [&str; 3] = ["none", "preview", "full"];
}

impl FromStr for Fetch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "preview" => Ok(Self::Preview),
            "full" => Ok(Self::Full),
            _ => Err(format!("there are {}", Self::WORDS.join(", "))),
        }
    }
}

/// How a series is taken.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What is fetched.
    pub fetch: Fetch,
    /// How its files are named.
    pub name: NameTemplate,
}

/// A series of pictures of one camera.
pub struct Series {
    remote: Remote,
    plan: Plan,
    shelf: Shelf,
    number: u64,
    now: fn() -> Zoned,
    connect: Option<Connect>,
    /// Where focus is to be locked, and its lock while it is.
    focus: Option<FocusPoint>,
    lock: Option<FocusLock>,
    /// The newest object before the next frame, once it was looked up.
    newest: Option<Newest>,
    /// The connection is of little use; the next frame wants a new one.
    is_stale: bool,
}

/// A connection in the making.
pub type Connecting = Pin<Box<dyn Future<Output = Result<Remote, CameraError>> + Send>>;

/// Makes a new connection to the same camera.
pub type Connect = Box<dyn FnMut() -> Connecting + Send>;

/// A camera that is ready for a frame, and what is set on it.
pub struct Ready {
    /// Number of the frame in its series, from 1.
    pub number: u64,
    /// What the camera reports before it.
    pub settings: Vec<Reading>,
    armed: Armed,
    now: fn() -> Zoned,
}

/// A frame that was taken and not kept yet.
pub struct Exposed {
    number: u64,
    settings: Vec<Reading>,
    shot: Shot,
    at: Zoned,
}

/// The record of a frame.
#[derive(Debug)]
pub struct Frame {
    /// Its number in the series, from 1. Frames that failed have numbers too.
    pub number: u64,
    /// What it is called, if it is called anything.
    pub label: Option<String>,
    /// When the release was sent, by our clock; the camera's tells nothing here.
    pub at: Zoned,
    /// The same, to compare with others.
    pub sent: Instant,
    /// What the camera reported before.
    pub settings: Vec<Reading>,
    /// The picture, its preview and its times.
    pub shot: Shot,
    /// What was fetched.
    pub files: Vec<Kept>,
}

impl Series {
    /// Begins with frame 1.
    pub fn new(remote: Remote, plan: Plan, shelf: Shelf) -> Self {
        Self {
            remote,
            plan,
            shelf,
            number: 0,
            now: Zoned::now,
            connect: None,
            focus: None,
            lock: None,
            newest: None,
            is_stale: false,
        }
    }

    /// Connects anew where a camera does not go to its gallery and back.
    #[must_use]
    pub fn with_connect(self, connect: Connect) -> Self {
        Self { connect: Some(connect), ..self }
    }

    /// Tells the time by another clock.
    #[must_use]
    pub fn with_clock(self, now: fn() -> Zoned) -> Self {
        Self { now, ..self }
    }

    /// The camera.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// True if the connection is of little use, and the next frame will make a new one.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The camera, at the end. Focus is released.
    pub fn into_remote(self) -> Remote {
        self.remote
    }

    /// Locks focus at a point, for all frames to come. A visit to the gallery ends the lock, so that
    /// with [`Fetch::Full`] it is locked anew for each frame.
    ///
    /// Fails as [`Remote::lock_focus`]; it is tried again for each frame then. Cancel-safe.
    pub async fn lock_focus(&mut self, point: FocusPoint) -> Result<(), Error> {
        self.focus = Some(point);
        self.lock = None;
        self.lock = Some(self.remote.lock_focus(point).await?);
        Ok(())
    }

    /// Releases the focus. Fails as [`FocusLock::release`]. Cancel-safe.
    pub async fn unlock_focus(&mut self) -> Result<(), Error> {
        self.focus = None;
        match self.lock.take() {
            Some(lock) => Ok(lock.release().await?),
            None => Ok(()),
        }
    }

    /// Takes one frame and keeps what is wanted of it.
    ///
    /// Fails with [`Error::Camera`] as [`Remote::capture`], and the next frame may be taken unless
    /// [`Error::ends_series`]; with [`Error::Storage`] or [`Error::NotFetched`] once the picture was taken. Cancel-safe: yes,
    /// but the picture may be taken all the same, and nothing of it is kept then.
    pub async fn frame(&mut self, label: Option<&str>) -> Result<Frame, Error> {
        let exposed = self.ready().await?.fire().await?;
        self.keep(exposed, label).await
    }

    /// Reads what is set, and makes the camera ready for the next number.
    ///
    /// Fails with link trouble. Cancel-safe: yes; the number is used up.
    pub async fn ready(&mut self) -> Result<Ready, Error> {
        self.number += 1;
        self.prepare().await?;
        let settings = self.remote.settings().await?;
        let armed = self.remote.arm().await?;
        Ok(Ready { number: self.number, settings, armed, now: self.now })
    }

    /// Keeps what is wanted of a frame, under a name that nothing else has.
    ///
    /// Fails with [`Error::Storage`], or with [`Error::NotFetched`] if the original cannot be had; the
    /// next frame may be taken unless [`Error::ends_series`]. Cancel-safe: a file that was begun is
    /// gone, or whole.
    pub async fn keep(&mut self, exposed: Exposed, label: Option<&str>) -> Result<Frame, Error> {
        let Exposed { number, settings, shot, at } = exposed;
        let name = self.plan.name.render(&Fields { number, label, at: &at });
        let files = match self.plan.fetch {
            Fetch::None => Vec::new(),
            Fetch::Preview => {
                let mut draft = self.shelf.open(&name, "jpg")?;
                draft.write(&shot.preview)?;
                vec![draft.finish().await?]
            }
            Fetch::Full => {
                let fetched = self.fetch_original(&name).await;
                fetched.map_err(|error| Error::NotFetched(Box::new(error)))?
            }
        };
        let label = label.map(str::to_owned);
        Ok(Frame { number, label, at, sent: shot.sent, settings, shot, files })
    }
}

impl Series {
    /// Does what must be done before a frame and takes its time: a connection that hears, the newest
    /// object looked up if originals are wanted, focus locked. A frame does it by itself, but the
    /// first is late then.
    ///
    /// Fails as [`Remote::visit_gallery`] and [`Remote::lock_focus`]. Cancel-safe.
    pub async fn prepare(&mut self) -> Result<(), Error> {
        if self.is_stale {
            self.renew().await?;
        }
        if self.plan.fetch == Fetch::Full && self.newest.is_none() {
            self.look_up_newest().await?;
        }
        if let Some(point) = self.focus
            && self.lock.is_none()
        {
            self.lock = Some(self.remote.lock_focus(point).await?);
        }
        Ok(())
    }

    /// A fresh session, if there is a way to one; else back from the gallery, where no focus can be
    /// locked. The one before is left, since a camera takes one.
    async fn renew(&mut self) -> Result<(), Error> {
        let Some(connect) = &mut self.connect else {
            drop(self.remote.arm().await?);
            self.is_stale = false;
            return Ok(());
        };
        // Until there is one, the next frame has to try again.
        self.is_stale = true;
        tracing::info!("connecting anew");
        self.lock = None;
        self.remote.clone().leave().await;
        let mut attempt = 1;
        self.remote = loop {
            match connect().await {
                Err(error) if error.is_unreachable() && attempt < CONNECT_ATTEMPTS => {
                    tokio::time::sleep(CONNECT_PAUSE).await;
                    attempt += 1;
                }
                connected => break connected?,
            }
        };
        self.is_stale = false;
        Ok(())
    }

    /// What was new before the first frame; in a fresh session where the first does not get there.
    async fn look_up_newest(&mut self) -> Result<(), Error> {
        self.lock = None;
        match self.look().await {
            Err(error) if self.connect.is_some() => {
                tracing::info!(%error, "the gallery was not reached");
                self.renew().await?;
                self.look().await?;
            }
            looked => looked?,
        }
        if self.is_stale { self.renew().await } else { Ok(()) }
    }

    async fn look(&mut self) -> Result<(), CameraError> {
        let gallery = Gallery::enter(&self.remote).await?;
        self.newest = Some(gallery.newest().await?);
        self.go_back(gallery).await;
        Ok(())
    }

    /// The originals of the last frame; in a fresh session where the first does not get there.
    async fn fetch_original(&mut self, name: &[String]) -> Result<Vec<Kept>, Error> {
        let mut harvest = Harvest::default();
        self.lock = None;
        let fetched = self.harvest(name, &mut harvest).await;
        // What this frame was given up with is not new to the next: it would be taken for too much that
        // is new in the end, and no frame be fetched any more.
        if fetched.is_err() && harvest.seen.is_some() {
            self.newest = harvest.seen;
        }
        fetched.map(|()| harvest.files)
    }

    async fn harvest(&mut self, name: &[String], harvest: &mut Harvest) -> Result<(), Error> {
        match self.visit(name, harvest).await {
            Err(Error::Camera(error)) if self.connect.is_some() => {
                tracing::info!(%error, "the gallery was not reached");
                self.renew().await?;
                self.visit(name, harvest).await
            }
            visited => visited,
        }
    }

    async fn visit(&mut self, name: &[String], harvest: &mut Harvest) -> Result<(), Error> {
        let entered = Gallery::enter(&self.remote).await;
        // Nobody knows then what the camera is in.
        self.is_stale = entered.is_err();
        let gallery = entered?;
        let known = self.newest.clone().unwrap_or(Newest::Empty);
        let fetched = gallery.fetch_new(&known, &self.shelf, name, harvest).await;
        // Who stayed there could lock no focus for the next frame. A link that fails brings nobody
        // back.
        match &fetched {
            Err(Error::Camera(error)) if error.is_link_trouble() => self.is_stale = true,
            _ => self.go_back(gallery).await,
        }
        self.newest = Some(fetched?);
        Ok(())
    }

    /// What is fetched is fetched: a camera that does not go back is the next frame's affair.
    async fn go_back(&mut self, gallery: Gallery) {
        let back = gallery.back().await;
        self.is_stale = !matches!(back, Ok(true));
        tracing::debug!(?back, "back from the gallery");
    }
}

impl Exposed {
    /// When the release was sent.
    pub fn sent(&self) -> Instant {
        self.shot.sent
    }

    /// The same by the clock.
    pub fn at(&self) -> &Zoned {
        &self.at
    }

    /// What the camera reported before.
    pub fn settings(&self) -> &[Reading] {
        &self.settings
    }
}

impl Ready {
    /// Takes the picture. Fails and cancels as [`Armed::fire`].
    pub async fn fire(self) -> Result<Exposed, Error> {
        let Self { number, settings, armed, now } = self;
        let shot = armed.fire().await?;
        let (now, since) = (now(), tokio::time::Instant::now().into_std() - shot.sent);
        let at = now.checked_sub(since).unwrap_or(now);
        Ok(Exposed { number, settings, shot, at })
    }
}
