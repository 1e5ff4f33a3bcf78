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
mod name;
mod pace;
mod shelf;

use std::str::FromStr;
use std::time::Instant;

use filmwire_camera::{Armed, Reading, Remote, Shot};
use jiff::Zoned;

pub use error::Error;
pub use name::{BadTemplate, Fields, NameTemplate};
pub use pace::{Pace, interval};
pub use shelf::{Draft, Kept, Shelf};

/// What is fetched of each picture. It stays on the card in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fetch {
    /// Nothing.
    #[default]
    None,
    /// The preview, about 640 x 480, which comes anyway.
    Preview,
}

impl Fetch {
    /// The words in command lines.
    pub const WORDS: [&str; 2] = ["none", "preview"];
}

impl FromStr for Fetch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "preview" => Ok(Self::Preview),
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
}

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
        Self { remote, plan, shelf, number: 0, now: Zoned::now }
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

    /// The camera, at the end.
    pub fn into_remote(self) -> Remote {
        self.remote
    }

    /// Takes one frame and keeps what is wanted of it.
    ///
    /// Fails with [`Error::Camera`] as [`Remote::capture`], and the next frame may be taken unless
    /// [`Error::ends_series`]; with [`Error::Storage`] once the picture was taken. Cancel-safe: yes,
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
        let settings = self.remote.settings().await?;
        let armed = self.remote.arm().await?;
        Ok(Ready { number: self.number, settings, armed, now: self.now })
    }

    /// Keeps what is wanted of a frame, under a name that nothing else has.
    ///
    /// Fails with [`Error::Storage`]. Cancel-safe: a file that was begun is gone, or whole.
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
        };
        let label = label.map(str::to_owned);
        Ok(Frame { number, label, at, sent: shot.sent, settings, shot, files })
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
