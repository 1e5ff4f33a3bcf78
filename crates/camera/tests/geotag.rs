//! Telling a camera where it is, in simulated time.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use filmwire_camera::{Allow, Camera, Departures, Error, Geotagger, Network, Options, Port};
use filmwire_codec::value::Geolocation;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Origin: the vendor's app to an X-T10, printed in the fact sheet's section 10.1.
const OF_THE_APP: &str = "5229.131848,N 01322.842972,E 00000.00,M 000.0,K 2016:01:03 15:41:40.130";

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, ..Default::default() });
    sim
}

/// The simulated camera, and all that was sent to it.
#[derive(Clone)]
struct Tapped(Simulator, Arc<Mutex<Vec<u8>>>);

struct Tap(DuplexStream, Arc<Mutex<Vec<u8>>>);

impl Network for Tapped {
    type Stream = Tap;

    async fn connect(&self, _: Port) -> io::Result<Tap> {
        Ok(Tap(self.0.connect()?, Arc::clone(&self.1)))
    }

    fn name(&self) -> String {
        "simulated".into()
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.1.lock().unwrap().extend(&bytes[..count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

async fn connect(tapped: &Tapped, allow: Allow) -> Result<Geotagger, Error> {
    let options = Options { allow, ..Options::default() };
    Camera::connect_geotag(tapped.clone(), options, &Departures::default()).await
}

fn tapped(model: &str) -> Tapped {
    Tapped(simulator(model), Arc::default())
}

const GEOTAG: Allow =
    Allow { settings: false, shoot: false, movie: false, geotag: true, raw: false };

#[tokio::test(start_paused = true)]
async fn the_steps_are_the_vendors_and_the_text_is_its_own() {
    for model in ["X-T1", "X-T10", "X-T2", "X-T20"] {
        let tapped = tapped(model);
        let geotagger = connect(&tapped, GEOTAG).await.unwrap_or_else(|e| panic!("{model}: {e}"));
        let place: Geolocation = OF_THE_APP.parse().unwrap();
        for _ in 0..3 {
            geotagger.write(&place).await.unwrap();
        }
        geotagger.leave().await;
        let sim = &tapped.0;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{model}");
        let rows = sim.journal();
        // Writes: the mode, the version that was read before, the places.
        let written: Vec<_> = rows
            .iter()
            .filter(|row| row.operation == 0x1016)
            .map(|row| (row.params[0], row.length))
            .collect();
        let expected = [(0xDF01, 2), (0xDF31, 4), (0xD500, 145), (0xD500, 145), (0xD500, 145)];
        assert_eq!(written, expected, "{model}");
        let reads = rows.iter().filter(|row| row.operation == 0x1015 && row.params == [0xDF31]);
        assert!(reads.count() >= 1, "{model}");
        assert_eq!(rows.last().unwrap().note, "goodbye");
        // Byte for byte: the count with the terminator, 71 characters, the terminator.
        let mut wire = vec![0x48];
        wire.extend(OF_THE_APP.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        let sent = tapped.1.lock().unwrap();
        let found = sent.windows(wire.len()).filter(|part| *part == wire).count();
        assert_eq!(found, 3, "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_take_no_place_over_wifi_are_told_so() {
    for model in ["X-T4", "X-A2", "X100VI"] {
        let tapped = tapped(model);
        let error = connect(&tapped, GEOTAG).await.err().unwrap();
        assert!(matches!(error, Error::NotOffered(_)), "{model}: {error}");
        tapped.0.wait_idle().await;
        let rows = tapped.0.journal();
        assert_eq!(rows.last().unwrap().note, "goodbye", "{model}");
        assert!(rows.iter().all(|row| row.operation != 0x1016), "{model}: nothing is written");
    }
}

#[tokio::test(start_paused = true)]
async fn no_place_is_written_unless_it_was_allowed() {
    let tapped = tapped("X-T10");
    let geotagger = connect(&tapped, Allow::default()).await.unwrap();
    let error = geotagger.write(&OF_THE_APP.parse().unwrap()).await.err().unwrap();
    assert!(matches!(error, Error::Forbidden(_)), "{error}");
    geotagger.leave().await;
}

/// The session is kept for as long as nothing is to be said.
#[tokio::test(start_paused = true)]
async fn it_stays_for_an_hour() {
    let tapped = tapped("X-T10");
    let geotagger = connect(&tapped, GEOTAG).await.unwrap();
    for _ in 0..60 {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        geotagger.write(&OF_THE_APP.parse().unwrap()).await.unwrap();
    }
    drop(geotagger);
    tapped.0.wait_idle().await;
    assert_eq!(tapped.0.violations(), []);
    assert_eq!(tapped.0.journal().last().unwrap().note, "goodbye");
}
