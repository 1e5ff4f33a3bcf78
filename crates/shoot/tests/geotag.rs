//! Geotagging a simulated camera: how often, from where, and when not.

mod support;

use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Geotagger, Options};
use filmwire_shoot::{Fix, GeotagError, Gpsd, NoFix, Place, Source, Step, Tagger, Track};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use jiff::Timestamp;
use support::SimNetwork;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const BERLIN: Place = Place { latitude: 52.5, longitude: 13.25, altitude: Some(34.0), speed: None };

async fn connected() -> (Simulator, Geotagger) {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin("X-T10").unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, ..Default::default() });
    let options =
        Options { allow: Allow { geotag: true, ..Allow::default() }, ..Options::default() };
    let (network, departures) = (SimNetwork(sim.clone()), Departures::default());
    let geotagger = Camera::connect_geotag(network, options, &departures).await.unwrap();
    (sim, geotagger)
}

/// A clock that shows this at the start and runs with simulated time.
fn clock(start: &str) -> impl Fn() -> Timestamp + use<> {
    let (start, begun): (Timestamp, _) = (start.parse().unwrap(), Instant::now());
    move || start + begun.elapsed()
}

/// The beginnings of the texts that the camera was told, and when, in seconds.
fn told(sim: &Simulator) -> Vec<(u64, String)> {
    let rows = sim.journal().into_iter().filter(|row| row.params == [0xD500]);
    let text =
        |bytes: &[u8]| bytes.iter().skip(1).step_by(2).map(|&byte| char::from(byte)).collect();
    rows.map(|row| (row.at_ms / 1000, text(&row.value))).collect()
}

fn place(step: Step) -> Fix {
    match step {
        Step::Told(fix) => fix,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_never_changes_is_told_every_so_often_with_the_time() {
    let (sim, geotagger) = connected().await;
    let clock = clock("2026-03-01T10:00:00Z");
    let every = Duration::from_secs(30);
    let mut tagger = Tagger::new(geotagger, Source::Still(BERLIN), every, clock);
    let start = Instant::now();
    for number in 0..5 {
        let fix = place(tagger.step().await.unwrap());
        assert_eq!(fix.place, BERLIN);
        let since = fix.at.duration_since("2026-03-01T10:00:00Z".parse().unwrap());
        assert_eq!(since.as_secs(), 30 * number);
    }
    assert_eq!(start.elapsed().as_secs(), 120);
    tagger.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let told = told(&sim);
    assert_eq!(told.len(), 5);
    // A journal keeps the first bytes of what is written.
    assert!(
        told.iter().all(|(_, text)| text.starts_with("5230.000000,N 01315.000000,E")),
        "{told:?}"
    );
    assert_eq!(sim.journal().last().unwrap().note, "goodbye");
}

#[tokio::test(start_paused = true)]
async fn a_track_is_followed_and_its_holes_are_not_guessed() {
    let gpx = r#"<gpx><trk>
<trkseg><trkpt lat="10" lon="20"><time>2026-03-01T10:00:10Z</time></trkpt>
<trkpt lat="11" lon="20"><time>2026-03-01T10:00:20Z</time></trkpt></trkseg>
<trkseg><trkpt lat="12" lon="20"><time>2026-03-01T10:00:30Z</time></trkpt>
<trkpt lat="12" lon="20"><time>2026-03-01T10:00:40Z</time></trkpt></trkseg></trk></gpx>"#;
    let (sim, geotagger) = connected().await;
    let source = Source::Track(Track::parse(gpx).unwrap());
    let clock = clock("2026-03-01T10:00:00Z");
    let mut tagger = Tagger::new(geotagger, source, Duration::from_secs(5), clock);
    let (mut places, mut before, mut holes) = (Vec::new(), 0, 0);
    loop {
        match tagger.step().await.unwrap() {
            Step::Told(fix) => places.push(fix.place.latitude),
            Step::NoFix(NoFix::Before(_)) => before += 1,
            Step::NoFix(NoFix::Hole(_)) => holes += 1,
            Step::NoFix(other) => panic!("{other:?}"),
            Step::Over => break,
        }
    }
    // It is looked for a place each second while there is none.
    assert_eq!((before, holes), (10, 5), "{places:?}");
    assert_eq!(places, [10.0, 10.5, 11.0, 12.0, 12.0, 12.0]);
    assert_eq!(told(&sim).len(), places.len());
    tagger.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_track_that_ends_between_two_places_ends_the_run() {
    let gpx = r#"<gpx><trk><trkseg><trkpt lat="1" lon="2"><time>2026-03-01T10:00:00Z</time></trkpt>
<trkpt lat="1" lon="3"><time>2026-03-01T10:01:00Z</time></trkpt></trkseg></trk></gpx>"#;
    let (sim, geotagger) = connected().await;
    let source = Source::Track(Track::parse(gpx).unwrap());
    let every = Duration::from_secs(3600);
    let mut tagger = Tagger::new(geotagger, source, every, clock("2026-03-01T10:00:00Z"));
    assert!(matches!(tagger.step().await, Ok(Step::Told(_))));
    let start = Instant::now();
    assert!(matches!(tagger.step().await, Ok(Step::Over)));
    assert!((60..=70).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(told(&sim).len(), 1);
    tagger.leave().await;
}

/// Told minutes apart, or waiting for a track that begins in the evening: nobody should learn of it
/// then.
#[tokio::test(start_paused = true)]
async fn a_camera_that_goes_between_two_places_is_noticed() {
    let gpx = r#"<gpx><trk><trkseg><trkpt lat="1" lon="2"><time>2026-03-01T20:00:00Z</time></trkpt>
</trkseg></trk></gpx>"#;
    for source in [Source::Still(BERLIN), Source::Track(Track::parse(gpx).unwrap())] {
        let (sim, geotagger) = connected().await;
        let every = Duration::from_secs(3600);
        let mut tagger = Tagger::new(geotagger, source, every, clock("2026-03-01T10:00:00Z"));
        tagger.step().await.unwrap();
        sim.set_on_air(false);
        let noticed = async {
            loop {
                match tagger.step().await {
                    Ok(Step::NoFix(_)) => {}
                    ended => return ended,
                }
            }
        };
        let ended = timeout(Duration::from_secs(60), noticed).await.unwrap();
        assert!(matches!(ended, Err(GeotagError::Camera(_))), "{ended:?}");
    }
}

/// Stands in for gpsd: greets, is asked, and tells what it is given.
struct StandIn {
    listener: TcpListener,
}

impl StandIn {
    async fn new() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (Self { listener }, address)
    }

    async fn serve(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let greeting = "{\"class\":\"VERSION\",\"release\":\"3.22\",\"proto_major\":3}\r\n";
        stream.write_all(greeting.as_bytes()).await.unwrap();
        let mut asked = String::new();
        stream.read_line(&mut asked).await.unwrap();
        assert_eq!(asked, "?WATCH={\"enable\":true,\"json\":true};\n");
        stream.into_inner()
    }
}

fn report(mode: u8, latitude: f64) -> String {
    format!(
        "{{\"class\":\"TPV\",\"device\":\"/dev/a\",\"mode\":{mode},\"time\":\"2026-03-01T10:00:00Z\",\
         \"lat\":{latitude},\"lon\":13.25,\"altMSL\":34,\"speed\":1.5}}\r\n"
    )
}

/// Waits until gpsd's newest is like this, in bounded time.
async fn until(gpsd: &Gpsd, wanted: impl Fn(&Result<Result<Fix, NoFix>, GeotagError>) -> bool) {
    let waiting = async {
        while !wanted(&gpsd.now()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), waiting).await.unwrap();
}

#[tokio::test]
async fn a_receiver_is_followed_while_it_has_a_fix() {
    let (stand_in, address) = StandIn::new().await;
    let (gpsd, mut stream) = tokio::join!(Gpsd::connect(&address), stand_in.serve());
    let gpsd = gpsd.unwrap();
    assert_eq!(gpsd.now().unwrap(), Err(NoFix::Receiver));
    // In pieces, as the network likes.
    for piece in ["{\"class\":\"SKY\"}\r\n", &report(3, 52.5)[..20], &report(3, 52.5)[20..]] {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    until(&gpsd, |now| matches!(now, Ok(Ok(_)))).await;
    let (sim, geotagger) = connected().await;
    let every = Duration::from_millis(1);
    let mut tagger = Tagger::new(geotagger, Source::Gpsd(gpsd), every, Timestamp::now);
    let fix = place(tagger.step().await.unwrap());
    let speed = fix.place.speed.unwrap();
    assert!((speed - 5.4).abs() < 1e-9 && fix.place.altitude == Some(34.0), "{fix:?}");
    assert_eq!(fix.at.to_string(), "2026-03-01T10:00:00Z", "the receiver's time");
    // The fix is lost: nothing is told, however often it was told before.
    stream.write_all(report(1, 52.5).as_bytes()).await.unwrap();
    let lost = async { while tagger.step().await.unwrap() != Step::NoFix(NoFix::Receiver) {} };
    timeout(Duration::from_secs(30), lost).await.unwrap();
    let before = told(&sim).len();
    assert_eq!(tagger.step().await.unwrap(), Step::NoFix(NoFix::Receiver));
    assert_eq!(told(&sim).len(), before);
    stream.write_all(report(2, 53.5).as_bytes()).await.unwrap();
    let found = async {
        loop {
            if let Step::Told(fix) = tagger.step().await.unwrap() {
                break fix;
            }
        }
    };
    let fix = timeout(Duration::from_secs(30), found).await.unwrap();
    assert_eq!((fix.place.latitude, fix.place.altitude), (53.5, None));
    // gpsd ends.
    drop(stream);
    let ended = async {
        loop {
            if let Err(error) = tagger.step().await {
                break error;
            }
        }
    };
    let error = timeout(Duration::from_secs(30), ended).await.unwrap();
    assert!(matches!(error, GeotagError::Gpsd { .. }), "{error}");
    tagger.leave().await;
    assert_eq!(sim.violations(), []);
}

#[tokio::test]
async fn who_is_not_gpsd_is_told_apart() {
    let nobody = {
        let (_stand_in, address) = StandIn::new().await;
        address
    };
    let error = Gpsd::connect(&nobody).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("gpsd at {nobody}: ")), "{error}");
    for greeting in ["220 mail.example ESMTP\r\n", "{\"class\":\"TPV\"}\n", "x", ""] {
        let (stand_in, address) = StandIn::new().await;
        let serving = async {
            let (mut stream, _) = stand_in.listener.accept().await.unwrap();
            stream.write_all(greeting.as_bytes()).await.unwrap();
        };
        let (error, ()) = tokio::join!(Gpsd::connect(&address), serving);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("is not gpsd") || error.contains("closed"), "{error}");
    }
    // A line without an end is not read for ever.
    let (stand_in, address) = StandIn::new().await;
    let serving = async {
        let (mut stream, _) = stand_in.listener.accept().await.unwrap();
        while stream.write_all(&[b'{'; 4096]).await.is_ok() {}
    };
    let (error, ()) = tokio::join!(Gpsd::connect(&address), serving);
    assert!(error.unwrap_err().to_string().contains("65536 bytes"));
}
