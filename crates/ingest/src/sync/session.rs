//! One connection of a run: what its passes share.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::time::Duration;

use filmwire_camera::quirk::RealSize;
use filmwire_camera::{Battery, Camera, Error as CameraError, ObjectHandle};
use filmwire_catalogue::{CameraId, Direction, PhotoKey, Rendition};
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::{ObjectFormatCode, ResponseCode};

use super::Job;
use crate::desk::Desk;
use crate::error::Error;
use crate::event::{Event, SkipReason};
use crate::librarian::{Outcome, ResumePoint};
use crate::listing::Places;
use crate::options::SyncOptions;
use crate::stop::Stop;
use crate::tally::Tally;

/// Why a pass ended before it was through.
pub(super) enum End {
    /// The person wants to stop.
    Stopped,
    /// The connection is gone.
    Lost(CameraError),
    /// The number of objects changed: all handles may have moved.
    CardChanged,
    /// The card belongs to another body than we thought.
    OtherBody,
    /// The camera's battery is critical.
    Battery,
    /// The run cannot go on.
    Fatal(Error),
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        match error.into() {
            Error::Camera(error) if error.is_link_trouble() => Self::Lost(error),
            // A new connection opens a new one.
            Error::Camera(CameraError::Refused {
                response: ResponseCode::SESSION_NOT_OPEN,
                ..
            }) => Self::Lost(CameraError::Lost("it says that no session is open".into())),
            Error::Camera(CameraError::Refused {
                response: ResponseCode::STORE_NOT_AVAILABLE,
                ..
            }) => Self::Fatal(Error::NoCard),
            error => Self::Fatal(error),
        }
    }
}

/// An object as the camera tells it.
pub(super) enum Shown {
    /// A file with its key.
    File { key: PhotoKey, format: ObjectFormatCode },
    /// No file to fetch, and why.
    Passed(PhotoKey, SkipReason),
    /// The camera would not tell.
    Unreadable,
}

/// How often a camera that is busy is asked again, and how long it is left in peace before.
const BUSY_TRIES: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(500);
/// What ObjectInfo says for a size that does not fit. Source: ISO 15740 (ObjectCompressedSize); what
/// these cameras say is unknown (the fact sheet's section 9.3).
const TOO_LARGE: u32 = u32::MAX;
/// Objects looked at for a photo that tells the body.
pub(super) const NEWEST: usize = 4;
/// Questions for the newest photo where nobody waits for an answer of few operations.
pub(super) const ROOM: u32 = NEWEST as u32 + 1;

/// One connection of a run.
pub(super) struct Session<'a> {
    pub(super) camera: &'a Camera,
    pub(super) desk: &'a mut Desk,
    pub(super) tally: &'a mut Tally,
    pub(super) options: &'a SyncOptions,
    pub(super) stop: &'a Stop,
    pub(super) tell: &'a mut (dyn FnMut(Event) + Send),
    pub(super) job: Job,
    pub(super) places: Places,
    /// The body this pass is about.
    pub(super) body: CameraId,
    /// Objects on the card in this pass.
    pub(super) count: u64,
    /// Stand-ins of objects that need not be fetched.
    pub(super) finished: HashSet<u64>,
    /// Stand-ins of objects that failed too often.
    pub(super) given_up: HashSet<u64>,
    /// Stand-ins of objects this pass listed and left, by its options.
    pub(super) passed_over: HashSet<u64>,
    /// Positions of the files this pass fetched, for those that came broken.
    pub(super) fetched_at: HashMap<u64, u64>,
    pub(super) resumable: HashMap<u64, ResumePoint>,
    /// The newest objects, as far as this pass looked at them: the size if it is a photo.
    pub(super) newest: [Option<Option<u64>>; NEWEST],
    /// The newest photo told its body in this session: it was fetched, or its serial was compared.
    pub(super) body_checked: bool,
    /// Objects that the listing has yet to come to.
    pub(super) left: u64,
    /// As last told.
    battery: Option<Battery>,
    real_sizes: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        camera: &'a Camera,
        desk: &'a mut Desk,
        tally: &'a mut Tally,
        options: &'a SyncOptions,
        stop: &'a Stop,
        tell: &'a mut (dyn FnMut(Event) + Send),
        job: Job,
    ) -> Self {
        let direction = if camera.info().quirks.oldest_first {
            Direction::OldestFirst
        } else {
            Direction::NewestFirst
        };
        Self {
            camera,
            desk,
            tally,
            options,
            stop,
            tell,
            job,
            places: Places { direction },
            body: CameraId(0),
            count: 0,
            finished: HashSet::new(),
            given_up: HashSet::new(),
            passed_over: HashSet::new(),
            fetched_at: HashMap::new(),
            resumable: HashMap::new(),
            newest: [None; NEWEST],
            body_checked: false,
            left: 0,
            battery: None,
            real_sizes: false,
        }
    }

    /// Ends the pass if it should end: a stop was asked, or the librarian said so.
    pub(super) fn checkpoint(&mut self) -> Result<(), End> {
        while let Some(outcome) = self.desk.outcome() {
            self.take(outcome)?;
        }
        if std::mem::take(&mut self.tally.other_body) {
            return Err(End::OtherBody);
        }
        if self.stop.is_asked() { Err(End::Stopped) } else { Ok(()) }
    }

    /// Tells how full the battery is if that is news; fails if it is so low that the next file
    /// might not come whole, and nobody said to go on.
    pub(super) fn has_power(&mut self) -> Result<(), End> {
        let battery = self.camera.state().battery();
        if battery != self.battery
            && let Some(battery) = battery
        {
            (self.tell)(Event::Battery(battery));
        }
        self.battery = battery;
        let critical = battery.is_some_and(Battery::is_critical);
        let ends = critical && self.job == Job::Fetch && !self.options.ignore_battery;
        if ends { Err(End::Battery) } else { Ok(()) }
    }

    pub(super) fn take(&mut self, outcome: Outcome) -> Result<(), End> {
        self.tally.take(outcome, self.tell).map_err(End::Fatal)
    }

    /// Waits until the librarian has worked through all that was sent, and takes what it says.
    pub(super) async fn settle(&mut self) -> Result<(), End> {
        self.desk.ask(|_| ()).await?;
        self.checkpoint()
    }

    /// Makes the camera tell true sizes, once or again after a file, as its quirk says.
    pub(super) async fn want_real_sizes(&mut self) -> Result<(), End> {
        if !self.real_sizes {
            self.camera.set_real_sizes(true).await?;
            self.real_sizes = true;
        }
        Ok(())
    }

    /// Called after each file, and at the end of the pass.
    pub(super) async fn rest_sizes(&mut self, last: bool) -> Result<(), End> {
        let per_file = self.camera.info().quirks.real_size == RealSize::PerFile;
        if self.real_sizes && (per_file || last) {
            self.camera.set_real_sizes(false).await?;
            self.real_sizes = false;
        }
        Ok(())
    }

    /// One read of 0xD212; fails if the number of objects is no longer that of this pass.
    pub(super) async fn still_the_same(&mut self) -> Result<(), End> {
        self.camera.refresh().await?;
        let count = u64::from(self.camera.object_count());
        if count == self.count { Ok(()) } else { Err(End::CardChanged) }
    }

    /// Asks what the object at a position is.
    pub(super) async fn show(&mut self, index: u64) -> Result<Shown, End> {
        if self.tally.is_avoided(index) {
            return Ok(Shown::Unreadable);
        }
        self.want_real_sizes().await?;
        let object = ObjectHandle(index as u32 + 1);
        let mut told = or_stop(self.stop, self.camera.object_info(object)).await?;
        for _ in 0..BUSY_TRIES {
            let Err(CameraError::Refused { response: ResponseCode::DEVICE_BUSY, .. }) = told else {
                break;
            };
            tokio::time::sleep(BUSY_PAUSE).await;
            told = or_stop(self.stop, self.camera.object_info(object)).await?;
        }
        match told {
            Ok(info) => {
                let shown = shown(&info);
                if let Some(newest) = self.newest.get_mut(self.places.age(index, self.count)) {
                    *newest = Some(match &shown {
                        Shown::File { key, format: ObjectFormatCode::EXIF_JPEG } => Some(key.size),
                        _ => None,
                    });
                }
                Ok(shown)
            }
            Err(CameraError::Refused { response: ResponseCode::INVALID_OBJECT_HANDLE, .. }) => {
                // Perhaps it was just deleted; then all handles behind it have moved.
                self.still_the_same().await?;
                Ok(Shown::Unreadable)
            }
            Err(error) => match End::from(error) {
                End::Fatal(Error::Camera(
                    CameraError::Unreadable { .. } | CameraError::Refused { .. },
                )) => Ok(Shown::Unreadable),
                end => {
                    if matches!(end, End::Lost(_)) {
                        self.tally.lost_at(index);
                    }
                    Err(end)
                }
            },
        }
    }

    /// True if the object at a position is the newest photo, as far as this pass can tell. Its
    /// serial says which body is connected: older ones may have come with a card from another.
    pub(super) fn is_newest_photo(&self, index: u64) -> bool {
        let age = self.places.age(index, self.count);
        let newer =
            self.newest.get(..age).is_some_and(|newer| newer.iter().all(|o| *o == Some(None)));
        newer && matches!(self.newest.get(age), Some(Some(Some(_))))
    }

    /// True if the options of this run want an object of this key.
    pub(super) fn wants(&self, key: &PhotoKey, format: ObjectFormatCode) -> bool {
        let options = self.options;
        let kind = options.only.is_empty()
            || options.only.iter().any(|kind| kind.matches(format, &key.name));
        // An object without a date cannot be said to be older.
        let date = key.capture_date.as_deref().and_then(filmwire_codec::DateTime::parse);
        kind && options.since.is_none_or(|since| date.is_none_or(|date| date >= since))
    }
}

/// The photo key of an object. The handle is no part of it.
fn shown(info: &ObjectInfo) -> Shown {
    let date = info.capture_date.to_text();
    let key = PhotoKey {
        name: info.name.to_text(),
        capture_date: (!date.is_empty()).then_some(date),
        size: u64::from(info.size_bytes),
        format: info.format.0,
        rendition: Rendition::Original,
        twin: 0,
    };
    if info.format == ObjectFormatCode::ASSOCIATION {
        Shown::Passed(key, SkipReason::NoFile)
    } else if info.size_bytes == TOO_LARGE {
        Shown::Passed(key, SkipReason::TooLarge)
    } else {
        Shown::File { key, format: info.format }
    }
}

/// Waits for the camera, but not longer than until the person wants to stop: the transaction then
/// ends, or is given up, while the camera is left.
pub(super) async fn or_stop<T>(stop: &Stop, asking: impl Future<Output = T>) -> Result<T, End> {
    tokio::select! {
        biased;
        told = asking => Ok(told),
        () = stop.asked() => Err(End::Stopped),
    }
}
