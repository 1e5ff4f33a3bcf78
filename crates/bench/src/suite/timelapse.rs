//! How late the frames of a timelapse are.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use filmwire_sim::{Allow, Link};

use super::Bench;
use crate::camera::{SimulatedCamera, photo_card};
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const FRAMES: u64 = 1000;
const INTERVAL: Duration = Duration::from_millis(200);

/// Goals, and how many times them a busy machine may take.
const MEDIAN_S: f64 = 0.001;
const P99_S: f64 = 0.005;
const PATIENCE: f64 = 5.0;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let interval = INTERVAL.as_millis();
    table.group(format!("Timelapse, {FRAMES} frames at {interval} ms"));
    let camera = SimulatedCamera::start("X-T5", photo_card(1), Link::default())?;
    let simulator = camera.simulator();
    simulator.set_allow(Allow { shoot: true, ..Allow::default() });
    simulator.set_pictures_remaining(100_000);
    // What a body needs for a picture is not what is measured.
    simulator.with_persona(|persona| persona.shooting.preview_ms = 0);
    // At the same time, so that both meet the same load.
    let sleeping = std::thread::spawn(sleep);
    let (late, missing) = shoot(bench, &camera)?;
    let bare = sleeping.join().map_err(|_| anyhow::anyhow!("the sleeping thread panicked"))?;
    let bare_p99 = bare.quantile(0.99);
    let note = format!("p99 {}", Unit::Millis.show(bare_p99));
    table.push(Row::new("a thread that only sleeps is late by", Unit::Millis, &bare).note(note));
    let (median, p99) = (late.median(), late.quantile(0.99));
    let note = format!("p99 {}, {missing} not taken", Unit::Millis.show(p99));
    table.push(Row::new("a frame is sent late by", Unit::Millis, &late).note(note).below(
        median,
        MEDIAN_S,
        Unit::Millis,
    ));
    // Where the system wakes nobody in time, it does not wake us.
    let far =
        median > PATIENCE * MEDIAN_S.max(bare.median()) || p99 > PATIENCE * P99_S.max(bare_p99);
    ensure!(!far, "frames are late: median {median:.4} s, p99 {p99:.4} s");
    // Those that are far too late are not taken at all, and must not look like none.
    ensure!(missing * 100 <= FRAMES, "{missing} of {FRAMES} frames were not taken");
    Ok(())
}

/// How late a thread is that sleeps from one instant to the next, for as long as a run.
fn sleep() -> Sample {
    let start = Instant::now();
    let late = (1..=FRAMES as u32).map(|number| {
        let due = start + INTERVAL * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due.elapsed().as_secs_f64()
    });
    late.collect()
}

/// Lateness in seconds by the program's own words, and how many frames it did not take.
fn shoot(bench: &Bench<'_>, camera: &SimulatedCamera) -> anyhow::Result<(Sample, u64)> {
    let scratch = bench.scratch()?;
    let (address, count) = (camera.address(), FRAMES.to_string());
    let interval = format!("{}ms", INTERVAL.as_millis());
    let words = ["--camera", &address, "timelapse", "--json", "--interval", &interval];
    let journal = scratch.path().join("timelapse.jsonl");
    let mut command = bench.program.command(&words);
    let output = command.args(["--count", &count, "--journal"]).arg(&journal).output()?;
    // 1 says that frames are missing.
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(matches!(output.status.code(), Some(0 | 1)), "{}: {errors}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let late: Vec<f64> = text.lines().filter_map(late_ms).map(|ms| ms / 1000.0).collect();
    let missing = FRAMES.checked_sub(late.len() as u64).context("more frames than were due")?;
    Ok((late.into_iter().collect(), missing))
}

/// The field of a frame's line.
fn late_ms(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("\"late_ms\":")?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_read_out_of_frames_alone() {
        let frame = r#"{"v":1,"kind":"frame","fired":"x","late_ms":0.25,"number":7}"#;
        assert_eq!(late_ms(frame), Some(0.25));
        assert_eq!(late_ms(&frame.replace(",\"number\":7", "")), Some(0.25));
        assert_eq!(late_ms(r#"{"v":1,"kind":"summary","latest_ms":3.0}"#), None);
    }
}
