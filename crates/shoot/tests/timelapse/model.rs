//! A long timelapse in bad weather: links that flap, refusals, restarts, kills. Every frame must be
//! on the card or accounted for, at its instant, under its number.
//!
//! `FILMWIRE_FRAMES` (default 2,000) frames from `FILMWIRE_SEED` (default fixed).

use std::collections::BTreeSet;
use std::time::Duration;

use filmwire_codec::OperationCode;
use filmwire_shoot::timelapse::gap::Missed;
use filmwire_shoot::timelapse::journal::Taken;
use filmwire_shoot::timelapse::{End, Event};
use jiff::SignedDuration;
use tokio::time::{sleep, timeout};

use crate::world::World;

/// Frames of one world: the simulator's card and journal are kept in memory.
const AT_ONCE: u64 = 2_000;

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

/// Something goes wrong every now and then, for as long as it is polled.
async fn weather(world: &World, random: &mut Random) {
    let minute = world.schedule.interval.as_secs_f64() * 20.0;
    loop {
        let calm = minute * (1 + random.below(100)) as f64 / 50.0;
        sleep(Duration::from_secs_f64(calm)).await;
        let some = 1 + random.below(40);
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
async fn whole(world: &World, random: &mut Random) -> Told {
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
        let mut seed = Random(random.next());
        let stop = async {
            let _ = timeout(lasts, weather(world, &mut seed)).await;
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

/// Everything that can be known from outside agrees.
fn judge(world: &World, told: &Told) {
    let count = world.schedule.count.unwrap();
    let past = world.past();
    assert!(past.is_ended);
    // The reader of the journal checks that its numbers have no hole and no repeat.
    assert_eq!((past.number - 1, past.taken + past.gaps.frames()), (count, count));
    let due_of = |slot: u64| {
        past.start + SignedDuration::try_from(world.schedule.interval * slot as u32).unwrap()
    };
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
}

#[tokio::test(start_paused = true)]
async fn every_frame_is_on_the_card_or_accounted_for() {
    let frames = number_from_env("FILMWIRE_FRAMES", 2_000);
    let seed = number_from_env("FILMWIRE_SEED", 0x0F11_3A1E);
    let (mut done, mut taken, mut missed) = (0, 0, 0);
    while done < frames {
        let count = AT_ONCE.min(frames - done);
        let own = seed.wrapping_add(done);
        println!("frames {done} to {}, FILMWIRE_SEED={own}", done + count);
        let mut random = Random(own);
        let interval = Duration::from_millis([1000, 2000, 5000, 10_000][random.below(4) as usize]);
        let world = World::new(interval, count);
        let told = whole(&world, &mut random).await;
        judge(&world, &told);
        done += count;
        taken += world.past().taken;
        missed += world.past().gaps.frames();
    }
    println!("{done} frames: {taken} taken, {missed} missed with their causes");
    assert_eq!(taken + missed, frames);
    assert!(taken > frames / 2, "{taken}");
}
