//! Faults at work.

use std::time::Duration;

use filmwire_codec::PtpString;
use filmwire_codec::dataset::ObjectInfo;

use super::Fault;
use crate::media::random::Random;
use crate::reply::Command;
use crate::shooting::Telling;

/// DF01, whose answer a slow OK holds back.
const FUNCTION_MODE: u32 = 0xDF01;

/// A fault and what it has counted since it was armed.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Occurrences of the operation it waits for, or all operations if it waits for none.
    seen: u32,
    done: bool,
}

/// All faults of a camera.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
}

/// What faults do to an operation before it is carried out.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    pub(crate) silent: bool,
    pub(crate) refuse: Option<u16>,
    pub(crate) delay: Duration,
    pub(crate) vanish: Option<Duration>,
    /// The person is in a menu for so long.
    pub(crate) menu: Option<Duration>,
    /// The battery is empty.
    pub(crate) off: bool,
    /// How the events of the capture are told.
    pub(crate) telling: Telling,
    pub(crate) card: Vec<CardChange>,
    pub(crate) mangle: Mangle,
    /// Names of the faults at work, for the journal.
    pub(crate) names: Vec<&'static str>,
}

/// What faults do to the bytes of an answer.
#[derive(Debug, Default)]
pub(crate) struct Mangle {
    pub(crate) garbage: Vec<u8>,
    /// Most bytes of the data phase.
    pub(crate) truncate: Option<u64>,
    /// Bits flipped in the transaction id.
    pub(crate) transaction: u32,
    /// Announced length of the data container.
    pub(crate) length: Option<u32>,
    pub(crate) stall: Option<Duration>,
}

/// What a fault does to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardChange {
    Replace(u32),
    Delete(u32),
    Add(u32),
}

/// What happens at a byte or container of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Cut,
    Stall(Duration),
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.armed.push(Armed { fault, seen: 0, done: false });
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    fn active(&self) -> impl Iterator<Item = &Fault> {
        self.armed.iter().filter(|armed| !armed.done).map(|armed| &armed.fault)
    }

    /// Whether this init request fails with "busy".
    pub(crate) fn busy_init(&mut self) -> bool {
        self.take(|fault| match fault {
            Fault::BusyInit(left) => Some(left),
            _ => None,
        })
    }

    /// Whether focus is not found this time.
    pub(crate) fn focus_fails(&mut self) -> bool {
        self.take(|fault| match fault {
            Fault::FocusFail(left) => Some(left),
            _ => None,
        })
    }

    /// Counts a frame of live view; tells how long the stream stands still instead of sending it.
    pub(crate) fn live_stall(&mut self) -> Option<Duration> {
        let mut stall = None;
        for armed in self.armed.iter_mut().filter(|armed| !armed.done) {
            if let Fault::LiveStall(nth, time) = armed.fault {
                armed.seen += 1;
                armed.done = armed.seen >= nth;
                if armed.done && stall.is_none() {
                    stall = Some(time);
                }
            }
        }
        stall
    }

    /// Pictures that still fit, if a fault says so.
    pub(crate) fn card_room(&self) -> Option<u32> {
        self.active().find_map(|fault| match fault {
            Fault::CardFull(left) => Some(*left),
            _ => None,
        })
    }

    /// A picture came on the card.
    pub(crate) fn take_room(&mut self) {
        self.take(|fault| match fault {
            Fault::CardFull(left) => Some(left),
            _ => None,
        });
    }

    /// Takes one off the first number that is not yet 0; `false` if there is none.
    fn take(&mut self, left: impl Fn(&mut Fault) -> Option<&mut u32>) -> bool {
        let mut numbers = self.armed.iter_mut().filter_map(|armed| left(&mut armed.fault));
        let found = numbers.find(|left| **left > 0);
        found.map(|left| *left -= 1).is_some()
    }

    /// Counts an operation and tells what happens to it.
    pub(crate) fn before(&mut self, command: &Command) -> Effect {
        let mut effect = Effect::default();
        for armed in self.armed.iter_mut().filter(|armed| !armed.done) {
            let due = match armed.fault.on() {
                Some(on) if on.operation != command.operation => continue,
                Some(on) => {
                    armed.seen += 1;
                    on.nth.is_none_or(|nth| nth == armed.seen)
                }
                // It counts frames, not operations.
                None if matches!(armed.fault, Fault::LiveStall(..)) => continue,
                None => {
                    armed.seen = armed.seen.saturating_add(1);
                    armed.fault.due(armed.seen, command)
                }
            };
            if due {
                armed.fault.work(&mut effect);
                effect.names.push(armed.fault.name());
                armed.done |= matches!(armed.fault, Fault::Vanish(..));
            }
        }
        effect
    }

    /// The number of objects that is claimed where there are `count`.
    pub(crate) fn claimed_count(&self, count: u32) -> u32 {
        let claimed = self.active().find_map(|fault| match fault {
            Fault::ClaimCount(claimed) => Some(*claimed),
            _ => None,
        });
        claimed.unwrap_or(count)
    }

    /// The handle that is meant where a client asks for `handle` of `count`.
    pub(crate) fn resolve(&self, handle: u32, count: u32) -> u32 {
        self.armed.iter().fold(handle, |handle, armed| match armed.fault {
            Fault::Duplicate(shown, asked) if asked == handle => shown,
            Fault::Reorder(nth) if armed.seen >= nth && (1..=count).contains(&handle) => {
                count + 1 - handle
            }
            _ => handle,
        })
    }

    /// Changes what is told of an object.
    pub(crate) fn object_info(&self, info: &mut ObjectInfo) {
        for fault in self.active() {
            match fault {
                Fault::SizeSmall(less) => info.size_bytes = info.size_bytes.saturating_sub(*less),
                Fault::SizeBig(more) => info.size_bytes = info.size_bytes.saturating_add(*more),
                Fault::ClaimSize(claimed) => info.size_bytes = *claimed,
                Fault::Name(name) => info.name = PtpString::from(name.as_str()),
                _ => {}
            }
        }
    }

    /// Length of a piece that would have `length` bytes.
    pub(crate) fn piece(&self, length: u64) -> u64 {
        self.active().fold(length, |length, fault| match fault {
            Fault::ShortReads(most) => length.min(u64::from(*most)),
            _ => length,
        })
    }

    /// Changes the payload of D212.
    pub(crate) fn state_list(&self, mut payload: Vec<u8>) -> Vec<u8> {
        for fault in self.active() {
            if let (Fault::ClaimEntries(count), Some(word)) = (fault, payload.get_mut(..2)) {
                word.copy_from_slice(&count.to_le_bytes());
            }
        }
        payload
    }

    /// Whether anything waits for a byte or container of a connection.
    pub(crate) fn has_marks(&self) -> bool {
        self.active().any(|fault| {
            matches!(fault, Fault::CutAt(_) | Fault::CutAtContainer(_) | Fault::StallAt(..))
        })
    }

    /// The next byte of a connection after `sent` at which something happens.
    pub(crate) fn next_mark(&self, sent: u64) -> Option<u64> {
        let marks = self.active().filter_map(|fault| match fault {
            Fault::CutAt(at) | Fault::StallAt(at, _) => Some(*at),
            _ => None,
        });
        marks.filter(|&at| at > sent).min()
    }

    /// What happens now that a connection has sent so many bytes.
    pub(crate) fn at_byte(&mut self, sent: u64) -> Option<Mark> {
        self.take_mark(|fault| match fault {
            Fault::CutAt(at) if *at == sent => Some(Mark::Cut),
            Fault::StallAt(at, time) if *at == sent => Some(Mark::Stall(*time)),
            _ => None,
        })
    }

    /// What happens now that a connection has sent so many containers.
    pub(crate) fn at_container(&mut self, containers: u64) -> Option<Mark> {
        self.take_mark(|fault| match fault {
            Fault::CutAtContainer(at) if *at == containers => Some(Mark::Cut),
            _ => None,
        })
    }

    fn take_mark(&mut self, mark: impl Fn(&Fault) -> Option<Mark>) -> Option<Mark> {
        let armed = self.armed.iter_mut().filter(|armed| !armed.done);
        let (armed, mark) =
            armed.filter_map(|armed| mark(&armed.fault).map(|mark| (armed, mark))).next()?;
        armed.done = true;
        Some(mark)
    }
}

impl Fault {
    /// Whether a fault that waits for no operation is due at the n-th of all operations.
    fn due(&self, seen: u32, command: &Command) -> bool {
        match self {
            Self::Replace(_, nth) | Self::Delete(_, nth) | Self::Add(_, nth) => seen == *nth,
            Self::Reorder(nth) | Self::MenuOpen(nth, _) => seen == *nth,
            Self::SlowOk(_) => command.operation == 0x1016 && command.param(0) == FUNCTION_MODE,
            _ => false,
        }
    }

    fn work(&self, effect: &mut Effect) {
        let mangle = &mut effect.mangle;
        match self {
            Self::Silence(_) => effect.silent = true,
            Self::Refuse(_, code) => effect.refuse = Some(*code),
            Self::SlowOk(time) => effect.delay += *time,
            Self::Vanish(_, time) => effect.vanish = Some(*time),
            Self::Replace(handle, _) => effect.card.push(CardChange::Replace(*handle)),
            Self::Delete(handle, _) => effect.card.push(CardChange::Delete(*handle)),
            Self::Add(count, _) => effect.card.push(CardChange::Add(*count)),
            Self::MenuOpen(_, time) => effect.menu = Some(*time),
            Self::BatteryOut(_) => effect.off = true,
            Self::SwapEvents(_) => effect.telling = Telling::PreviewFirst,
            Self::DropEvents(_) => effect.telling = Telling::Never,
            Self::Stall(_, time) => mangle.stall = Some(*time),
            Self::Empty(_) => mangle.truncate = Some(0),
            Self::Truncate(_, bytes) => mangle.truncate = Some(u64::from(*bytes)),
            Self::ContainerLength(_, length) => mangle.length = Some(*length),
            Self::WrongTransaction(_) => mangle.transaction = 0x0100_0000,
            Self::Garbage(_, count) => {
                Random::new(u64::from(*count), 0).fill(&mut mangle.garbage, *count as usize);
            }
            _ => {}
        }
    }
}
