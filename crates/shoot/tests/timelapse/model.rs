//! A long timelapse in bad weather: links that flap, refusals, restarts, kills. Every frame must be
//! on the card or accounted for, at its instant, under its number.
//!
//! `FILMWIRE_FRAMES` (default 2,000) frames from `FILMWIRE_SEED` (default fixed).

use std::collections::BTreeSet;
use std::time::Duration;

use filmwire_codec::OperationCode;
use filmwire_shoot::timelapse::clock::Clock;
use filmwire_shoot::timelapse::gap::{Missed, Why};
use filmwire_shoot::timelapse::journal::Taken;
use filmwire_shoot::timelapse::{End, Event};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};

use crate::world::World;

/// Frames of one world: the simulator's card and journal are kept in memory.
const AT_ONCE: u64 = 2_000;

/// Longest that one thing goes wrong.
const MOST: Duration = Duration::from_secs(40);

/// A small generator whose numbers follow from its seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

fn number_from_env(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse().or_else(|_| u64::from_str_radix(&text, 16)),
    };
    parsed.unwrap_or_else(|_| panic!("{name}={text:?} is no number"))
}

/// What happened to a world in all of its runs.
#[derive(Default)]
struct Told {
    taken: Vec<Taken>,
    missed: Vec<Missed>,
}

impl Told {
    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Taken(taken) => self.taken.push(taken),
                Event::Missed(missed) => self.missed.push(missed),
                _ => {}
            }
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap()
}

/// When frames may be missed: from something that goes wrong until all must be well again.
#[derive(Default)]
struct Storms(Vec<(Timestamp, Timestamp)>);

impl Storms {
    /// Longest that a run may need after a fault is over: an answer waited for in vain (10 s), the
    /// longest pause between two attempts to connect (30 s), and what a frame needs.
    const AFTERMATH: Duration = Duration::from_secs(45);

    /// Something goes wrong for `lasting` with one of the next three frames: now, or after what went
    /// wrong before.
    fn begin(&mut self, world: &World, lasting: Duration) {
        let now = world.clock.now();
        let interval = world.schedule.interval;
        let before = MOST + Self::AFTERMATH;
        let until = now + signed(before + lasting + Self::AFTERMATH + interval * 3);
        self.0.push((now - signed(interval), until));
    }

    fn rage_at(&self, at: Timestamp) -> bool {
        self.0.iter().any(|&(from, until)| from <= at && at <= until)
    }
}

/// Something goes wrong every now and then, for as long as it is polled.
async fn weather(world: &World, random: &mut Random, storms: &mut Storms) {
    let minute = world.schedule.interval.as_secs_f64() * 20.0;
    loop {
        let mut calm = minute * (1 + random.below(100)) as f64 / 50.0;
        // One storm follows another, but not always.
        if random.below(8) == 0 {
            calm += 300.0;
        }
        sleep(Duration::from_secs_f64(calm)).await;
        let some = 1 + random.below(MOST.as_secs());
        storms.begin(world, Duration::from_secs(some));
        let fault = match random.below(12) {
            0 | 1 => {
                world.sim.set_on_air(false);
                sleep(Duration::from_secs(some)).await;
                world.sim.set_on_air(true);
                continue;
            }
            2 => format!("vanish=InitiateCapture#1:{some}s"),
            3 => format!("vanish=GetCapturePreview#1:{some}s"),
            4 => format!("vanish=GetDevicePropValue#1:{some}s"),
            5 => format!("focus-fail={}", 1 + random.below(3)),
            6 => format!("menu-open=1:{some}s"),
            7 => "drop-events=1".to_owned(),
            8 => "swap-events=1".to_owned(),
            9 => "refuse=InitiateCapture#1:0x2019".to_owned(),
            10 => format!("stall=GetCapturePreview#1:{}s", 1 + random.below(9)),
            _ => "silence=GetDevicePropValue#1".to_owned(),
        };
        world.sim.clear_faults();
        world.sim.add_fault(fault.parse().unwrap());
    }
}

/// Runs until the end of the schedule, however often it is stopped or killed.
async fn whole(world: &World, random: &mut Random, storms: &mut Storms) -> Told {
    let mut told = Told::default();
    let mut first = true;
    loop {
        let lasts = world.schedule.interval * (50 + random.below(400) as u32);
        let is_killed = random.below(3) == 0;
        // A new journal needs a camera that is there.
        world.sim.set_on_air(true);
        if first {
            world.sim.clear_faults();
        }
        first = false;
        // It must connect, and what was about to go wrong in the last run may do so in this one.
        storms.begin(world, MOST);
        let mut seed = Random(random.next());
        let stop = async {
            let _ = timeout(lasts, weather(world, &mut seed, storms)).await;
            if is_killed {
                std::future::pending::<()>().await;
            }
        };
        let mut events = Vec::new();
        let patience = lasts + Duration::from_secs(1 + random.below(120));
        let ran = if is_killed {
            timeout(lasts, world.run_into(stop, &mut events)).await.ok()
        } else {
            Some(world.run_into(stop, &mut events).await)
        };
        told.take(events);
        if let Some(result) = ran
            && result.expect("the journal can be written").end == End::Finished
        {
            return told;
        }
        sleep(patience.saturating_sub(lasts)).await;
    }
}

/// Everything that can be known from outside agrees. How many frames were due in calm weather.
fn judge(world: &World, told: &Told, storms: &Storms) -> u64 {
    let count = world.schedule.count.unwrap();
    let past = world.past();
    assert!(past.is_ended);
    // The reader of the journal checks that its numbers have no hole and no repeat.
    assert_eq!((past.number - 1, past.taken + past.gaps.frames()), (count, count));
    let due_of = |slot: u64| past.start + signed(world.schedule.interval * slot as u32);
    let mut numbers = BTreeSet::new();
    for taken in &told.taken {
        assert!(numbers.insert(taken.number), "frame {} twice", taken.number);
        assert_eq!((taken.slot, taken.due), (taken.number - 1, due_of(taken.number - 1)));
        let late = taken.fired.duration_since(taken.due);
        assert!(!late.is_negative() && late <= SignedDuration::from_millis(500), "{taken:?}");
    }
    let mut doubtful = 0;
    for missed in &told.missed {
        assert!(!missed.cause.is_empty());
        doubtful += u64::from(missed.may_exist);
        for number in missed.first.number..=missed.last.number {
            assert!(numbers.insert(number), "frame {number} twice");
            let is_killed = matches!(missed.why, Why::NotRunning | Why::Unknown);
            let is_excused = is_killed || storms.rage_at(due_of(number - 1));
            assert!(is_excused, "frame {number} in calm weather: {missed:?}");
        }
    }
    // What was told in the moment of a kill may be lost, though not from the journal.
    let untold = count - numbers.len() as u64;
    let card = world.on_card();
    let least = past.taken;
    assert!(card >= least, "{card} on the card, {least} taken");
    assert!(card <= least + doubtful + untold, "{card} on the card, {least} taken, {doubtful}");
    assert_eq!(world.sim.violations(), []);
    let releases = world.sim.journal();
    let releases =
        releases.iter().filter(|row| row.operation == OperationCode::INITIATE_CAPTURE.0).count();
    assert!(releases as u64 <= count, "no frame is tried twice");
    told.taken.iter().filter(|taken| !storms.rage_at(taken.due)).count() as u64
}

#[tokio::test(start_paused = true)]
async fn every_frame_is_on_the_card_or_accounted_for() {
    let frames = number_from_env("FILMWIRE_FRAMES", 2_000);
    let seed = number_from_env("FILMWIRE_SEED", 0x0F11_3A1E);
    let (mut done, mut taken, mut missed, mut calm) = (0, 0, 0, 0);
    while done < frames {
        let count = AT_ONCE.min(frames - done);
        let own = seed.wrapping_add(done);
        println!("frames {done} to {}, FILMWIRE_SEED={own}", done + count);
        let mut random = Random(own);
        let interval = Duration::from_millis([1000, 2000, 5000, 10_000][random.below(4) as usize]);
        let world = World::new(interval, count);
        let mut storms = Storms::default();
        let told = whole(&world, &mut random, &mut storms).await;
        calm += judge(&world, &told, &storms);
        done += count;
        taken += world.past().taken;
        missed += world.past().gaps.frames();
    }
    println!("{done} frames: {taken} taken, {missed} missed with their causes");
    println!("{calm} were due in calm weather, and all of these taken");
    assert_eq!(taken + missed, frames);
    assert!(calm > 0);
}
