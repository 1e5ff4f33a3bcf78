//! The light on the scene: constant, by a script, or of a simulated sun.
//!
//! Its unit is the exposure value at ISO 100 that a correct exposure takes: 15 in full sun, 12
//! under clouds, 7 in a lit room, -3 under a full moon.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::media::stamp::Stamp;

/// How bright the scene is, and when.
///
/// As text, in a persona or after `--set shooting.light=`: `7` (constant), `0s:7,2h:-3,2h10m:12`
/// (a script: times since the camera was made, straight lines between them, the last value from
/// then on), `sun:52.5` (the sun at that latitude; the camera's clock shows the sun's time).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LightText", into = "String")]
pub enum Light {
    /// Always the same.
    Constant(f32),
    /// Moments, in order, and the light at each of them.
    Script(Vec<(Duration, f32)>),
    /// The sun by date and time of the camera's clock.
    Sun {
        /// Degrees north of the equator.
        latitude: f32,
    },
}

impl Default for Light {
    /// A lit room: what the settings in the log of an X-T4 (1/60 s, f/2, ISO auto) can expose.
    fn default() -> Self {
        Self::Constant(7.0)
    }
}

/// Height of the sun in degrees, and the light at that height. Guess: rounded from tables of
/// daylight and twilight for photographers.
const SUN: [(f32, f32); 8] = [
    (-18.0, -5.0),
    (-12.0, -2.5),
    (-6.0, 2.5),
    (0.0, 8.5),
    (5.0, 11.5),
    (15.0, 13.5),
    (30.0, 14.5),
    (60.0, 15.0),
];

impl Light {
    /// The light `since` the camera was made, when its clock shows `clock`.
    pub fn ev(&self, since: Duration, clock: Stamp) -> f32 {
        match self {
            Self::Constant(ev) => *ev,
            Self::Script(moments) => scripted(moments, since),
            Self::Sun { latitude } => between(&SUN, height(*latitude, clock)),
        }
    }
}

/// The light of a script: only the neighbours of the moment matter, however long the script.
fn scripted(moments: &[(Duration, f32)], since: Duration) -> f32 {
    let after = moments.partition_point(|moment| moment.0 <= since);
    let near = &moments[after.saturating_sub(1)..moments.len().min(after + 1)];
    let start = near.first().map_or(Duration::ZERO, |moment| moment.0);
    let seconds = |at: Duration| at.saturating_sub(start).as_secs_f32();
    let points: Vec<_> = near.iter().map(|(at, ev)| (seconds(*at), *ev)).collect();
    between(&points, seconds(since))
}

/// The straight line between the neighbours of `x`; the outermost values beyond them.
fn between(points: &[(f32, f32)], x: f32) -> f32 {
    let after = points.iter().position(|point| point.0 > x);
    match after {
        None => points.last().map_or(0.0, |last| last.1),
        Some(0) => points[0].1,
        Some(at) => {
            let (low, high) = (points[at - 1], points[at]);
            low.1 + (high.1 - low.1) * (x - low.0) / (high.0 - low.0)
        }
    }
}

/// Height of the sun over the horizon in degrees, within a degree: noon is when it stands highest.
fn height(latitude: f32, clock: Stamp) -> f32 {
    let new_year = Stamp::new(clock.year, 1, 1, 0, 0, 0);
    let seconds = (clock.seconds() - new_year.seconds()) as f32;
    let (day, hour) = (seconds / 86_400.0, seconds % 86_400.0 / 3600.0);
    let declination = 23.44f32.to_radians() * (std::f32::consts::TAU * (day + 285.0) / 365.0).sin();
    let angle = ((hour - 12.0) * 15.0).to_radians();
    let latitude = latitude.to_radians();
    let up = latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * angle.cos();
    up.asin().to_degrees()
}

/// A line that is none of a script.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, {text:?}, is no time after the one before and an exposure value")]
pub struct ScriptError {
    /// Which line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl Light {
    /// Reads a script line by line: a time since the camera was made and the light from then on,
    /// with blanks or a comma between them. Empty lines and what follows a `#` are left out.
    ///
    /// ```
    /// use filmwire_sim::light::Light;
    ///
    /// let dusk = Light::from_lines("# dusk\n0s 12\n1h30m, 3.5\n").unwrap();
    /// assert_eq!(dusk.to_string(), "0ms:12,5400000ms:3.5");
    /// ```
    ///
    /// Fails with [`ScriptError`] for the first line that is none, and for a text without any.
    pub fn from_lines(text: &str) -> Result<Self, ScriptError> {
        let mut moments: Vec<(Duration, f32)> = Vec::new();
        for (number, whole) in text.lines().enumerate() {
            let line = whole.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let last = moments.last().map(|moment| moment.0);
            let read = moment_of(line).filter(|moment| last.is_none_or(|last| last < moment.0));
            let failed = || ScriptError { line: number + 1, text: whole.to_owned() };
            moments.push(read.ok_or_else(failed)?);
        }
        match moments.is_empty() {
            true => Err(ScriptError { line: 1, text: String::new() }),
            false => Ok(Self::Script(moments)),
        }
    }
}

/// `2h10m 12` or `2h10m,12`.
fn moment_of(line: &str) -> Option<(Duration, f32)> {
    let (at, ev) = line.split_once(|c: char| c == ',' || c.is_whitespace())?;
    let ev = ev.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
    Some((duration(at)?, number(ev)?))
}

fn number(text: &str) -> Option<f32> {
    text.parse().ok().filter(|number: &f32| number.is_finite())
}

/// A text that is no light.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no light: write a number such as 7, a script such as 0s:7,2h:-3, or sun:LATITUDE"
)]
pub struct LightError(String);

impl FromStr for Light {
    type Err = LightError;

    fn from_str(text: &str) -> Result<Self, LightError> {
        parse(text.trim()).ok_or_else(|| LightError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Light> {
    if let Some(latitude) = text.strip_prefix("sun:") {
        let latitude = number(latitude).filter(|degrees| degrees.abs() <= 90.0)?;
        return Some(Light::Sun { latitude });
    }
    if !text.contains(':') {
        return number(text).map(Light::Constant);
    }
    let moment = |part: &str| {
        let (at, ev) = part.split_once(':')?;
        Some((duration(at.trim())?, number(ev.trim())?))
    };
    let moments = text.split(',').map(moment).collect::<Option<Vec<_>>>()?;
    moments.is_sorted_by(|one, next| one.0 < next.0).then_some(Light::Script(moments))
}

/// `90s`, `2h`, `1h30m`, `1500ms`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let letters =
            rest[digits..].find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len() - digits);
        let unit = match &rest[digits..digits + letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(count.checked_mul(unit)?))?;
        rest = &rest[digits + letters..];
    }
    (!text.is_empty()).then_some(total)
}

impl fmt::Display for Light {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(ev) => write!(f, "{ev}"),
            Self::Sun { latitude } => write!(f, "sun:{latitude}"),
            Self::Script(moments) => {
                let text = moments.iter().map(|(at, ev)| format!("{}ms:{ev}", at.as_millis()));
                f.write_str(&text.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// A light in a persona file: a text, or a bare number for a constant one.
#[derive(Deserialize)]
#[serde(untagged)]
enum LightText {
    Number(f32),
    Text(String),
}

impl TryFrom<LightText> for Light {
    type Error = LightError;

    fn try_from(text: LightText) -> Result<Self, LightError> {
        match text {
            LightText::Number(ev) if ev.is_finite() => Ok(Self::Constant(ev)),
            LightText::Number(ev) => Err(LightError(ev.to_string())),
            LightText::Text(text) => text.parse(),
        }
    }
}

impl From<Light> for String {
    fn from(light: Light) -> Self {
        light.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Stamp = Stamp::new(2026, 6, 21, 12, 0, 0);

    #[test]
    fn lights_are_read_and_written() {
        for text in ["7", "-2.5", "0ms:7,7200000ms:-3,5400000000ms:12", "sun:52.5", "sun:-33"] {
            assert_eq!(text.parse::<Light>().unwrap().to_string(), text);
        }
        let script = "0s:7, 2h:-3, 2h10m:12".parse::<Light>().unwrap();
        assert_eq!(script.to_string(), "0ms:7,7200000ms:-3,7800000ms:12");
        for text in ["", "bright", "sun:", "sun:91", "1h:7,1h:8", "2h:1,1h:2", "1d:3", "5:7", "inf"]
        {
            assert!(text.parse::<Light>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_script_goes_in_straight_lines_and_stays_at_its_ends() {
        let script = "10s:4,20s:8".parse::<Light>().unwrap();
        let at = |seconds| script.ev(Duration::from_secs(seconds), NOON);
        assert_eq!((at(0), at(10), at(15), at(20), at(99)), (4.0, 4.0, 6.0, 8.0, 8.0));
    }

    #[test]
    fn a_script_is_read_from_lines() {
        let file = Light::from_lines("\n# day\n0s\t7\n2h , -3 # moon\r\n  2h10m,12\n").unwrap();
        assert_eq!(file, "0s:7,2h:-3,2h10m:12".parse().unwrap());
        for (text, line) in [
            ("", 1),
            ("# nothing", 1),
            ("0s 7\n\n1h", 3),
            ("0s 7\n0s 8", 2),
            ("1h 7\n30m 8", 2),
            ("0s bright", 1),
            ("noon 7", 1),
            ("0s 7 8", 1),
        ] {
            assert_eq!(Light::from_lines(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn a_long_script_is_as_exact_as_a_short_one() {
        let lines: String = (0..4000).map(|at| format!("{at}m {}\n", at % 7)).collect();
        let long = Light::from_lines(&lines).unwrap();
        for minute in (0..3999u64).step_by(61) {
            let at = Duration::from_secs(60 * minute + 15);
            let (one, next) = ((minute % 7) as f32, ((minute + 1) % 7) as f32);
            let wanted = one + (next - one) / 4.0;
            assert!((long.ev(at, NOON) - wanted).abs() < 0.001, "{minute}");
        }
    }

    #[test]
    fn the_sun_rises_and_sets() {
        let sun = Light::Sun { latitude: 52.5 };
        let at = |month, hour, minute| {
            sun.ev(Duration::ZERO, Stamp::new(2026, month, 21, hour, minute, 0))
        };
        assert!(at(6, 12, 0) > 14.9 && at(12, 12, 0) < 13.5, "high in summer, low in winter");
        assert_eq!(at(12, 0, 0), -5.0, "a winter night is dark");
        assert!((at(3, 6, 0) - 8.5).abs() < 1.0, "at the equinox it rises at six");
        let mut last = at(3, 3, 0);
        for minute in 0..480u16 {
            let next = at(3, 3 + (minute / 60) as u8, (minute % 60) as u8);
            assert!(next >= last && next - last < 0.2, "{minute}: {last} to {next}");
            last = next;
        }
        let south = Light::Sun { latitude: -33.0 };
        assert!(south.ev(Duration::ZERO, NOON) < sun.ev(Duration::ZERO, NOON));
    }
}
