//! A run: waits for each frame, takes it or tells why not, and keeps the link meanwhile.

mod light;
mod pause;
mod watch;

use std::future::Future;
use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use filmwire_camera::{Error as CameraError, Picture, Remote};
use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;
use super::errand::{APPEAR, Errands, Fetched, Originals, later};
use super::event::Event;
use super::gap::{Gaps, Missed, Why};
use super::hook::{GapNews, Hook};
use super::journal::{Journal, JournalError, Past, Record, Taken, Terms};
use super::keep::{Keep, Kept as Settings};
use super::link::{ConnectRemote, Link};
use super::log::Log;
use super::ramp::{Exposure, Limits, NoRamp};
use super::schedule::{Cursor, Due, Schedule};

/// From one look at the camera to the next. Reported: libfuji keeps a session by reading 0xD212 once
/// a second.
const CHECK: SignedDuration = SignedDuration::from_secs(1);
/// From a camera that is there to the first frame: the journal is on the disk by then.
const HEAD_START: SignedDuration = SignedDuration::from_millis(500);
/// How long before a frame the camera is left alone, so that nothing stands in the release's way.
const LEAD: Duration = Duration::from_millis(300);
/// How long to wait for a time at once: the clock may be set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A frame that is later than this, or than a part of the interval, is not taken.
const LATEST: Duration = Duration::from_millis(500);
const LATEST_PART: u32 = 4;

/// What a run needs.
pub struct Setup<'a, C, K> {
    /// Opens the camera.
    pub connect: &'a C,
    /// Tells the time.
    pub clock: &'a K,
    /// Where frames are accounted for.
    pub journal: &'a Path,
    /// What was asked for; a journal on other terms is refused.
    pub terms: &'a Terms,
    /// When frames are due. Its start is that of the journal; in a new one it is the first slot that
    /// there is time for.
    pub schedule: Schedule,
    /// In a new journal frames begin as soon as the camera is there, and not at the schedule's own
    /// slots.
    pub starts_now: bool,
    /// A shell command that is run when a gap begins.
    pub on_gap: Option<String>,
    /// What may change for the exposure to follow the light.
    pub ramp: Option<Limits>,
    /// A profile that frames have to have.
    pub keep: Option<Keep>,
    /// Who fetches originals at the end, or in pauses as well.
    pub originals: Option<Originals<'a>>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The schedule is at its end.
    Finished,
    /// It was asked to stop.
    Stopped,
    /// A setting moved, and the run was to end then.
    Drifted,
}

/// What a timelapse came to, over all runs of its journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// Frames that were taken.
    pub taken: u64,
    /// Those that were not.
    pub gaps: Gaps,
    /// Most that a frame of this run was sent late.
    pub latest: SignedDuration,
    /// A setting differed from the profile in this run.
    pub drifted: bool,
    /// What was fetched in this run, and how the last visit ended; `None` if nobody went.
    pub fetched: Option<Fetched>,
}

/// What ends a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The camera could not be opened for the first time.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The exposure cannot follow the light.
    #[error(transparent)]
    Ramp(#[from] NoRamp),
    /// The camera does not have the profile.
    #[error("the camera does not have all of the profile, and no frame was taken")]
    NotSet,
    /// A new journal would have no frame.
    #[error("no frame would ever be due")]
    NoFrames,
    /// Frames can no longer be accounted for.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Runs a timelapse to its end, or until it is asked to stop.
///
/// 1. Frames that were due while nothing ran are told as missed.
/// 2. Until a frame is due the camera is looked at once a second; a link that is lost is rebuilt.
/// 3. A frame is taken when it is due, or told as missed with its cause. None is taken later.
///
/// A new journal needs a camera that can be opened; one that goes on waits for it. If its schedule
/// is at its end already, what it came to is told and the camera left alone, unless originals are to
/// be fetched and some may be left on its card.
///
/// Fails with [`Error::NoFrames`] or [`Error::Camera`] before the first frame, or with [`Error::Journal`]. Cancel-safe in
/// that the same journal goes on; `stop` ends it with a word.
pub async fn run<C: ConnectRemote, K: Clock>(
    mut setup: Setup<'_, C, K>,
    stop: impl Future<Output = ()>,
    tell: &mut dyn FnMut(Event),
) -> Result<Outcome, Error> {
    let mut stop = pin!(stop);
    let (mut journal, past) = Journal::open(setup.journal, setup.terms)?;
    let now = setup.clock.now();
    let (link, past, journal, resumed) = match past {
        Some(past) if past.is_ended && (setup.originals.is_none() || past.is_fetched) => {
            return Ok(outcome(past, End::Finished));
        }
        Some(past) if past.is_ended => {
            let Some(link) = unless(&mut stop, pause::link_to_the_rest(&setup, tell)).await else {
                return Ok(outcome(past, End::Stopped));
            };
            (link, past, journal, true)
        }
        Some(past) => {
            let link = Link::down("the camera is not connected yet".into(), now);
            (link, past, journal, true)
        }
        // One that goes on may have had its last frame, and still has to tell what it came to.
        None if setup.schedule.cursor().peek().is_none() => {
            journal.abandon();
            return Err(Error::NoFrames);
        }
        None => {
            let Some(opened) = unless(&mut stop, setup.connect.connect()).await else {
                journal.abandon();
                return Ok(outcome(Past::new(now), End::Stopped));
            };
            let remote = match opened {
                Ok(remote) => remote,
                Err(error) => {
                    journal.abandon();
                    return Err(error.into());
                }
            };
            if let Err(error) = watch::make_ready(&remote, &setup, tell).await {
                journal.abandon();
                remote.leave().await;
                return Err(error);
            }
            let start = first_slot(&setup);
            if let Err(error) = journal.begin(start, setup.terms) {
                remote.leave().await;
                return Err(error.into());
            }
            tell(Event::LinkUp { at: setup.clock.now(), model: remote.info().model.clone() });
            (Link::up(remote, setup.clock.now()), Past::new(start), journal, false)
        }
    };
    setup.schedule.start = past.start;
    let hook = Hook::new(setup.on_gap.take());
    let schedule = setup.schedule.clone();
    let run = Run {
        latest_ok: (schedule.interval / LATEST_PART).min(LATEST),
        lead: (schedule.interval / LATEST_PART).min(LEAD),
        setup,
        tell,
        link,
        past,
        log: Log::new(journal),
        hook,
        is_announced: false,
        is_awaited: resumed,
        delay: None,
        remaining: None,
        exposure: None,
        latest: SignedDuration::ZERO,
        kept: Settings { is_set: !resumed, ..Settings::default() },
        errands: Errands { is_wanted: resumed, ..Errands::default() },
    };
    run.whole(&schedule, resumed, stop).await
}

/// Slot 0 of a new journal.
fn first_slot<C, K: Clock>(setup: &Setup<'_, C, K>) -> Timestamp {
    let now = setup.clock.now();
    if setup.starts_now {
        return now.checked_add(HEAD_START).unwrap_or(now);
    }
    let slot = match setup.schedule.start < now {
        true => setup.schedule.slot_at(now.checked_add(HEAD_START).unwrap_or(now)),
        // The first frame is at the time that was asked for, however soon it is.
        false => setup.schedule.slot_at(now),
    };
    setup.schedule.at(slot).unwrap_or(now)
}

fn outcome(past: Past, end: End) -> Outcome {
    let latest = SignedDuration::ZERO;
    Outcome { end, taken: past.taken, gaps: past.gaps, latest, drifted: false, fetched: None }
}

/// What work comes to; `None` if it was to stop first. The work is dropped then.
async fn unless<T>(
    stop: &mut Pin<&mut impl Future<Output = ()>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        () = stop => None,
        done = work => Some(done),
    }
}

/// A run that goes on.
struct Run<'a, 't, C, K> {
    setup: Setup<'a, C, K>,
    tell: &'t mut dyn FnMut(Event),
    link: Link<'a>,
    past: Past,
    log: Log,
    hook: Hook,
    /// The gap that a lost link makes was told of, before a frame was missing.
    is_announced: bool,
    /// A run that goes on has not found its camera yet, and nobody was told.
    is_awaited: bool,
    /// What may have kept us from the next frame.
    delay: Option<(Why, String)>,
    /// Pictures that the card still holds, as last told.
    remaining: Option<u32>,
    /// The ramp; read anew on the next link.
    exposure: Option<Exposure>,
    /// How late a frame may be.
    latest_ok: Duration,
    /// How long before a frame the camera is left alone.
    lead: Duration,
    /// How late one was.
    latest: SignedDuration,
    kept: Settings,
    errands: Errands,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    Due,
    Stop,
}

/// What came of looking after the link.
enum Kept {
    Done,
    /// The camera refused; the frame itself will tell if it still does.
    Refused,
}

impl<C: ConnectRemote, K: Clock> Run<'_, '_, C, K> {
    /// Whatever happens, the camera is left and all that was told is on the disk.
    async fn whole(
        mut self,
        schedule: &Schedule,
        resumed: bool,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Outcome, Error> {
        let ended = self.frames(schedule, resumed, &mut stop).await;
        let at = self.now();
        let last = match ended {
            Ok(End::Finished) => self.log.write(Record::Ended { at }).await,
            Ok(End::Stopped | End::Drifted) => self.log.write(Record::Stopped { at }).await,
            Err(_) => Ok(()),
        };
        let flushed = self.log.flush().await;
        let failures = [ended.as_ref().err(), last.as_ref().err(), flushed.as_ref().err()];
        if let Some(error) = failures.into_iter().flatten().next() {
            let frame = self.past.taken + self.past.gaps.frames() + 1;
            let cause = error.to_string();
            self.call(GapNews { frame, at, why: Why::Journal, cause }).await;
        }
        let mut fetching = Ok(());
        if matches!(ended, Ok(End::Finished))
            && self.setup.originals.is_some()
            && self.errands.is_wanted
        {
            let settled = self.setup.clock.until(self.errands.after.min(later(at, APPEAR)));
            if unless(&mut stop, settled).await.is_some() {
                fetching = self.fetch(None, &mut stop).await.map(drop);
            }
            fetching = fetching.and(self.log.flush().await);
        }
        if let Link::Up { remote, armed, .. } = self.link {
            drop(armed);
            remote.leave().await;
        }
        let ended_hook = self.hook.ended_at_last(|| (self.tell)(Event::HookAwaited)).await;
        if let Err(text) = ended_hook {
            (self.tell)(Event::Hook(text));
        }
        let end = ended?;
        last.and(flushed).and(fetching)?;
        let (latest, drifted, fetched) = (self.latest, self.kept.ever, self.errands.sum);
        Ok(Outcome { latest, drifted, fetched, ..outcome(self.past, end) })
    }

    async fn frames(
        &mut self,
        schedule: &Schedule,
        resumed: bool,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<End, JournalError> {
        let mut cursor = schedule.cursor_at(self.past.slot, self.past.number);
        if resumed {
            self.log.write(Record::Resumed { at: self.now() }).await?;
            self.take_stock(&mut cursor).await?;
        }
        let (start, next) = (schedule.start, cursor.peek());
        (self.tell)(Event::Begun { start, next, resumed });
        loop {
            self.skip(&mut cursor).await?;
            let Some(due) = cursor.peek() else { return Ok(End::Finished) };
            if self.wait(due, stop).await? == Next::Stop {
                return Ok(if self.kept.ends { End::Drifted } else { End::Stopped });
            }
            if self.is_too_late(due) {
                continue;
            }
            cursor.advance();
            self.frame(due).await?;
        }
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    fn is_too_late(&self, due: Due) -> bool {
        due.at < self.too_late()
    }

    /// Frames that were due before this instant are not taken any more.
    fn too_late(&self) -> Timestamp {
        self.now().checked_sub(self.latest_ok).unwrap_or(Timestamp::MIN)
    }

    /// Tells of the frames that were due while filmwire did not run.
    async fn take_stock(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JournalError> {
        let first = cursor.peek();
        if let Some(due) = first.filter(|due| !self.past.is_stopped && self.is_too_late(*due)) {
            cursor.advance();
            let cause = "filmwire ended without a word around this frame; it may be on the card";
            let cause = cause.to_owned();
            let why = Why::Unknown;
            self.miss(Missed { first: due, last: due, why, cause, may_exist: true }).await?;
        }
        self.delay = Some((Why::NotRunning, "filmwire did not run".into()));
        self.skip(cursor).await
    }

    /// Tells of the frames whose time has gone by.
    async fn skip(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JournalError> {
        let skipped = cursor.skip_before(self.too_late());
        let delay = self.delay.take();
        let Some((first, last)) = skipped else { return Ok(()) };
        let (why, cause) = delay.unwrap_or_else(|| {
            let cause = "this computer was asleep or busy, or its clock was set";
            (Why::Late, cause.to_owned())
        });
        self.miss(Missed { first, last, why, cause, may_exist: false }).await
    }

    /// Waits until a frame is due, keeps the link or rebuilds it meanwhile, and makes the camera
    /// ready for the frame.
    async fn wait(
        &mut self,
        due: Due,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Next, JournalError> {
        let mut lead = due.at.checked_sub(self.lead).unwrap_or(Timestamp::MIN);
        loop {
            self.link.mind_clock(self.setup.clock.now(), CHECK, lead);
            let visit = self.visit_at(due);
            if visit.is_some_and(|at| at <= self.now()) {
                if self.fetch(Some(due), stop).await? == Next::Stop {
                    return Ok(Next::Stop);
                }
                if self.now() >= due.at {
                    return Ok(Next::Due);
                }
            }
            let wake = match &self.link {
                Link::Up { armed: None, next_check, .. } => lead.min(*next_check),
                Link::Down { retry, .. } => due.at.min(*retry),
                Link::Up { .. } | Link::Opening { .. } => due.at,
            };
            tokio::select! {
                biased;
                () = &mut *stop => return Ok(Next::Stop),
                opened = self.link.opened() => self.take_link(opened, due).await,
                () = self.setup.clock.until(wake) => {}
                // Where the clock is set back, that is a long time.
                () = tokio::time::sleep(LONGEST_WAIT) => continue,
            }
            let now = self.now();
            if now >= due.at {
                return Ok(Next::Due);
            }
            match unless(stop, self.keep(now, lead, due)).await {
                None => return Ok(Next::Stop),
                Some(Kept::Refused) if now >= lead => lead = due.at,
                Some(_) => {}
            }
            self.tell_of_drift().await?;
            if self.kept.ends {
                return Ok(Next::Stop);
            }
            if self.now() < due.at {
                self.delay = None;
            }
        }
    }

    /// Does what the link needs now. A camera that refuses is there all the same, and not left: it may
    /// not open its network again.
    async fn keep(&mut self, now: Timestamp, lead: Timestamp, due: Due) -> Kept {
        match &mut self.link {
            Link::Up { remote, next_check, armed } if armed.is_none() => {
                let kept = if now >= lead {
                    remote.arm().await.map(|ready| *armed = Some(ready))
                } else if now >= *next_check {
                    *next_check = now.checked_add(CHECK).unwrap_or(Timestamp::MAX);
                    remote.settings().await.map(|found| self.take_readings(&found))
                } else {
                    Ok(())
                };
                let cause = "the camera took too long to answer".to_owned();
                self.delay = Some((Why::Busy, cause));
                match kept {
                    Ok(()) => {}
                    Err(error) if error.is_link_trouble() => self.lose(&error, due).await,
                    Err(error) => {
                        tracing::debug!(%error, "the camera refused a look");
                        return Kept::Refused;
                    }
                }
            }
            Link::Down { retry, .. } if now >= *retry => {
                self.link.open(Box::pin(self.setup.connect.connect()));
            }
            Link::Up { .. } | Link::Down { .. } | Link::Opening { .. } => {}
        }
        Kept::Done
    }

    /// What a try to rebuild the link came to.
    async fn take_link(&mut self, opened: Result<Remote, CameraError>, due: Due) {
        let now = self.now();
        let pause = match &self.link {
            Link::Opening { pause, .. } => *pause,
            _ => Duration::ZERO,
        };
        let is_awaited = std::mem::take(&mut self.is_awaited);
        match opened {
            Ok(remote) => {
                (self.tell)(Event::LinkUp { at: now, model: remote.info().model.clone() });
                self.set_profile(&remote).await;
                self.link = Link::up(remote, now);
            }
            Err(error) => {
                tracing::debug!(%error, "the link was not rebuilt");
                let cause = error.to_string();
                self.link = Link::still_down(cause.clone(), now, pause);
                if is_awaited {
                    self.tell_of_loss(cause, due).await;
                }
            }
        }
    }

    /// The link is gone; `due` is the next frame, or the one that it was lost in.
    async fn lose(&mut self, error: &CameraError, due: Due) {
        let cause = error.to_string();
        self.link = Link::down(cause.clone(), self.now());
        self.exposure.iter_mut().for_each(Exposure::doubt);
        self.tell_of_loss(cause, due).await;
    }

    /// Nobody should learn of it from the frame that will be missing.
    async fn tell_of_loss(&mut self, cause: String, due: Due) {
        let at = self.now();
        (self.tell)(Event::LinkLost { at, cause: cause.clone() });
        self.is_announced = true;
        self.call(GapNews { frame: due.number, at, why: Why::Link, cause }).await;
    }

    async fn call(&mut self, news: GapNews) {
        if let Err(text) = self.hook.start(&news).await {
            (self.tell)(Event::Hook(text));
        }
    }

    /// Takes a frame that is due, or tells why not.
    async fn frame(&mut self, due: Due) -> Result<(), JournalError> {
        let missed =
            |why, cause, may_exist| Missed { first: due, last: due, why, cause, may_exist };
        let Link::Up { remote, armed, .. } = &mut self.link else {
            let cause = self.link.cause().unwrap_or_default().to_owned();
            return self.miss(missed(Why::Link, cause, false)).await;
        };
        let result = match armed.take() {
            Some(ready) => ready.fire().await,
            None => remote.capture().await,
        };
        self.delay = Some((Why::Busy, format!("frame {} was not done", due.number)));
        let error = match result {
            Ok(shot) => {
                let seen = self.look_at(shot.preview).await;
                self.took(due, shot.sent, seen).await?;
                return self.follow(due, seen).await;
            }
            Err(error) => error,
        };
        let (sent, picture) = match &error {
            CameraError::NotTaken(what) => (what.sent, what.picture),
            _ => (None, Picture::None),
        };
        let why = if error.is_link_trouble() { Why::Link } else { Why::Refused };
        if why == Why::Link {
            self.lose(&error, due).await;
        }
        match (sent, picture) {
            (Some(sent), Picture::Taken) => self.took(due, sent, None).await,
            _ => {
                let may_exist = picture != Picture::None;
                self.miss(missed(why, error.to_string(), may_exist)).await
            }
        }
    }

    async fn took(
        &mut self,
        due: Due,
        sent: std::time::Instant,
        luminance: Option<f64>,
    ) -> Result<(), JournalError> {
        let fired = self.setup.clock.at(sent);
        let (number, slot, drift) = (due.number, due.slot, self.kept.text());
        let taken = Taken { number, slot, due: due.at, fired, luminance, drift };
        self.latest = self.latest.max(fired.duration_since(due.at));
        self.past.taken += 1;
        self.errands.want(self.now());
        self.look_soon();
        self.is_announced = self.link.cause().is_some();
        self.log.write(Record::Taken(taken.clone())).await?;
        (self.tell)(Event::Taken(taken));
        Ok(())
    }

    async fn miss(&mut self, missed: Missed) -> Result<(), JournalError> {
        self.log.write(Record::Missed(missed.clone())).await?;
        let (frame, why, cause) = (missed.first.number, missed.why, missed.cause.clone());
        (self.tell)(Event::Missed(missed.clone()));
        let begins = self.past.gaps.push(missed);
        let is_told = std::mem::take(&mut self.is_announced) && why == Why::Link;
        if begins && !is_told {
            self.call(GapNews { frame, at: self.now(), why, cause }).await;
        }
        Ok(())
    }
}
