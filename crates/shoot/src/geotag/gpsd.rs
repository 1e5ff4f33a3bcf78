//! Places from gpsd, over TCP.
//!
//! Source: gpsd's own description of its JSON, gpsd_json(5): the greeting VERSION, the request
//! `?WATCH`, and reports TPV with mode (0 and 1: no fix, 2: no altitude, 3: all), degrees, metres and
//! metres a second.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{Fix, GeotagError, NoFix, Place};

/// How long gpsd may take to greet.
const GREETING: Duration = Duration::from_secs(5);
/// Receivers tell once a second or more often; what is older than this is not told on.
const FRESH: Duration = Duration::from_secs(10);
/// gpsd's longest line is 10,240 bytes (GPS_JSON_RESPONSE_MAX); no good one is longer than this.
const MOST_LINE_BYTES: usize = 1 << 16;
/// All reports, as JSON.
const WATCH: &[u8] = b"?WATCH={\"enable\":true,\"json\":true};\n";

/// A connection to gpsd. It ends when this value is dropped.
#[derive(Debug)]
pub struct Gpsd {
    address: String,
    state: watch::Receiver<State>,
    reading: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<Newest>,
    end: Option<String>,
}

#[derive(Debug, Clone)]
struct Newest {
    fix: Fix,
    /// Which receiver told it.
    device: Option<String>,
    came: Instant,
}

/// A line of gpsd; only what is read of it.
#[derive(Debug, Deserialize)]
struct Report {
    class: String,
    device: Option<String>,
    mode: Option<i64>,
    time: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    #[serde(rename = "altMSL")]
    altitude: Option<f64>,
    /// Its name before gpsd 3.20.
    alt: Option<f64>,
    speed: Option<f64>,
}

impl Gpsd {
    /// Connects to `HOST:PORT` and asks for reports.
    ///
    /// Fails with [`GeotagError::Gpsd`] if nobody is there, or does not greet as gpsd does.
    /// Cancel-safe.
    pub async fn connect(address: &str) -> Result<Self, GeotagError> {
        let failed = |cause: String| GeotagError::Gpsd { address: address.to_owned(), cause };
        let connecting = async {
            let stream = TcpStream::connect(address).await.map_err(|cause| cause.to_string())?;
            let mut stream = BufReader::new(stream);
            let greeting = line(&mut stream).await?;
            match serde_json::from_slice::<Report>(&greeting) {
                Ok(report) if report.class == "VERSION" => {}
                _ => return Err("what answers there is not gpsd".to_owned()),
            }
            stream.write_all(WATCH).await.map_err(|cause| cause.to_string())?;
            Ok(stream)
        };
        let stream = timeout(GREETING, connecting).await;
        let stream = stream.map_err(|_| failed(format!("no greeting within {GREETING:?}")))?;
        let mut stream = stream.map_err(failed)?;
        let (feed, state) = watch::channel(State::default());
        let reading = tokio::spawn(async move {
            let end = loop {
                match line(&mut stream).await {
                    Ok(line) => feed.send_modify(|state| state.take(&line)),
                    Err(end) => break end,
                }
            };
            feed.send_modify(|state| state.end = Some(end));
        });
        Ok(Self { address: address.to_owned(), state, reading })
    }

    /// The newest fix, if it is fresh.
    ///
    /// Fails with [`GeotagError::Gpsd`] once the connection has ended.
    pub fn now(&self) -> Result<Result<Fix, NoFix>, GeotagError> {
        let state = self.state.borrow();
        if let Some(cause) = state.end.clone() {
            return Err(GeotagError::Gpsd { address: self.address.clone(), cause });
        }
        Ok(state.fix().ok_or(NoFix::Receiver))
    }
}

impl Drop for Gpsd {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl State {
    /// The newest fix, if it is fresh.
    fn fix(&self) -> Option<Fix> {
        let fresh = self.newest.as_ref().filter(|newest| newest.came.elapsed() < FRESH);
        fresh.map(|newest| newest.fix)
    }

    /// Lines that are not understood are passed over: gpsd has many, and new ones come.
    fn take(&mut self, line: &[u8]) {
        let Ok(report) = serde_json::from_slice::<Report>(line) else { return };
        if report.class != "TPV" {
            return;
        }
        match fix(&report) {
            Some(fix) => {
                let (device, came) = (report.device, Instant::now());
                self.newest = Some(Newest { fix, device, came });
            }
            // A receiver that has lost its fix takes back its own, not another's.
            None if self.newest.as_ref().is_some_and(|newest| newest.device == report.device) => {
                self.newest = None;
            }
            None => {}
        }
    }
}

fn fix(report: &Report) -> Option<Fix> {
    let has_altitude = match report.mode? {
        2 => false,
        3 => true,
        _ => return None,
    };
    let place = Place {
        latitude: report.lat?,
        longitude: report.lon?,
        altitude: report.altitude.or(report.alt).filter(|_| has_altitude),
        speed: report.speed.map(|metres| metres * 3.6),
    };
    // A receiver that knows the place knows the time; where it is left out ours is as good.
    let at = report.time.as_deref().and_then(|time| time.parse().ok());
    Some(Fix { place, at: at.unwrap_or_else(Timestamp::now) })
}

/// A line without its end. Cancel-safe where the reader is not used any more.
async fn line(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    loop {
        let piece = stream.fill_buf().await.map_err(|cause| cause.to_string())?;
        if piece.is_empty() {
            return Err("it closed the connection".to_owned());
        }
        let end = piece.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(piece.len(), |end| end + 1);
        line.extend_from_slice(&piece[..taken]);
        stream.consume(taken);
        if line.len() > MOST_LINE_BYTES {
            return Err(format!("it sent a line of more than {MOST_LINE_BYTES} bytes"));
        }
        if end.is_some() {
            return Ok(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> Option<Fix> {
        let mut state = State::default();
        lines.iter().for_each(|line| state.take(line.as_bytes()));
        state.fix()
    }

    const GOOD: &str = r#"{"class":"TPV","device":"/dev/a","mode":3,"time":"2026-03-01T10:00:00.250Z","lat":52.5,"lon":13.25,"altHAE":80.0,"altMSL":40.5,"alt":41.0,"speed":10.0,"epx":3.1}"#;

    #[tokio::test(start_paused = true)]
    async fn a_report_becomes_a_fix() {
        let fix = after(&[GOOD]).unwrap();
        let place =
            Place { latitude: 52.5, longitude: 13.25, altitude: Some(40.5), speed: Some(36.0) };
        assert_eq!(fix, Fix { place, at: "2026-03-01T10:00:00.25Z".parse().unwrap() });
        // Without a third dimension an altitude means nothing.
        let flat = after(&[&GOOD.replace("\"mode\":3", "\"mode\":2")]).unwrap();
        assert_eq!(flat.place.altitude, None);
        let old = after(&[&GOOD.replace("\"altMSL\":40.5,", "")]).unwrap();
        assert_eq!(old.place.altitude, Some(41.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_falls_silent_has_no_fix_any_more() {
        let mut state = State::default();
        state.take(GOOD.as_bytes());
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert!(state.fix().is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(state.fix(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_fix_there_is_no_place() {
        for mode in ["0", "1", "null", "-1"] {
            let line = GOOD.replace("\"mode\":3", &format!("\"mode\":{mode}"));
            assert_eq!(after(&[&line]), None, "{line}");
            assert_eq!(after(&[GOOD, &line]), None, "one that is lost is taken back");
            let other = line.replace("/dev/a", "/dev/b");
            assert!(after(&[GOOD, &other]).is_some(), "by its own receiver");
        }
        let nowhere = GOOD.replace("\"lat\":52.5,", "");
        assert_eq!(after(&[&nowhere]), None);
        for odd in ["", "{", "[]", r#"{"class":"SKY","mode":3,"lat":1,"lon":1}"#, r#"{"class":7}"#]
        {
            assert_eq!(after(&[odd]), None, "{odd}");
            assert!(after(&[GOOD, odd]).is_some(), "{odd}");
        }
    }
}
