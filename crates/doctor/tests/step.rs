//! Every step, made to fail.

use std::io;
use std::time::Duration;

use filmwire_camera::{Address, Departures, Network, Options, Port, Waits};
use filmwire_codec::journal::Verdict;
use filmwire_doctor::{Diagnosis, Ground, Outcome, Step, examine, examine_network};
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::persona::Code;
use filmwire_sim::{Persona, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::TcpListener;

/// A simulated camera behind in-memory streams.
struct Memory(Simulator);

impl Network for Memory {
    type Stream = DuplexStream;

    async fn connect(&self, port: Port) -> io::Result<DuplexStream> {
        match port {
            Port::Command => self.0.connect(),
            Port::Event => self.0.connect_events(),
            Port::LiveView => self.0.connect_live_view(),
        }
    }

    fn name(&self) -> String {
        "memory".into()
    }
}

fn body(model: &str, photos: u32) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() });
    Simulator::new(Persona::builtin(model).unwrap(), card)
}

async fn examine_body(simulator: &Simulator) -> Diagnosis {
    let departures = Departures::default();
    let network = Memory(simulator.clone());
    let diagnosis = examine_network(network, Options::default(), &departures, &mut |_| {}).await;
    departures.wait().await;
    assert_eq!(diagnosis.steps.iter().map(|report| report.step).collect::<Vec<_>>(), Step::ALL);
    diagnosis
}

/// Fails at this step, passes before it, reaches nothing behind it; returns cause and cure.
fn broken(diagnosis: &Diagnosis, step: Step) -> (String, String) {
    let mut found = None;
    for report in &diagnosis.steps {
        match &report.outcome {
            Outcome::Passed => assert!(report.step < step, "{diagnosis:?}"),
            Outcome::Skipped { why } => {
                assert!(Step::WAY.contains(&report.step) && !why.is_empty(), "{diagnosis:?}");
            }
            Outcome::Doubtful { .. } => panic!("{diagnosis:?}"),
            Outcome::NotReached => assert!(report.step > step, "{diagnosis:?}"),
            Outcome::Failed { cause, cure } => {
                assert_eq!(report.step, step, "{diagnosis:?}");
                found = Some((cause.clone(), cure.clone()));
            }
        }
    }
    let (cause, cure) = found.unwrap_or_else(|| panic!("nothing failed: {diagnosis:?}"));
    assert!(!cause.is_empty() && !cure.is_empty());
    (cause, cure)
}

#[tokio::test(start_paused = true)]
async fn a_healthy_body_of_each_kind_passes_and_is_left() {
    for model in ["X-A2", "X-T2", "X-T20", "X-T4", "X-T5"] {
        let simulator = body(model, 3);
        let told = std::sync::Mutex::new(Vec::new());
        let departures = Departures::default();
        let network = Memory(simulator.clone());
        let diagnosis = examine_network(network, Options::default(), &departures, &mut |report| {
            told.lock().unwrap().push(report.clone());
        })
        .await;
        departures.wait().await;
        assert!(diagnosis.is_healthy() && diagnosis.broken_at().is_none(), "{diagnosis:?}");
        assert_eq!(*told.lock().unwrap(), diagnosis.steps);
        let saw = |step: Step| {
            let report = diagnosis.steps.iter().find(|report| report.step == step);
            report.unwrap().saw.clone()
        };
        assert_eq!(saw(Step::Init), model);
        assert!(saw(Step::Mode).contains("state"), "{}", saw(Step::Mode));
        assert!(saw(Step::Versions).contains("DF"), "{}", saw(Step::Versions));
        assert!(saw(Step::FirstObject).contains("DSCF"), "{}", saw(Step::FirstObject));
        let journal = simulator.journal();
        assert_eq!(journal.last().unwrap().note, "goodbye");
        assert!(journal.iter().all(|row| row.verdict == Verdict::Allowed));
    }
}

#[tokio::test]
async fn address_that_is_none() {
    let departures = Departures::default();
    for text in ["no.such.name.invalid", "127.0.0.1%none0"] {
        let address: Address = text.parse().unwrap();
        let diagnosis =
            examine(&address, &Ground::default(), Options::default(), &departures, &mut |_| {})
                .await;
        broken(&diagnosis, Step::Address);
    }
}

#[tokio::test]
async fn tcp_where_nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let address: Address = port.to_string().parse().unwrap();
    let departures = Departures::default();
    let diagnosis =
        examine(&address, &Ground::default(), Options::default(), &departures, &mut |_| {}).await;
    let (cause, cure) = broken(&diagnosis, Step::Tcp);
    assert!(cause.contains("refused") && cure.contains("start the wireless"), "{cause} {cure}");
}

#[tokio::test(start_paused = true)]
async fn init_that_nobody_answers() {
    struct Mute;
    impl Network for Mute {
        type Stream = DuplexStream;
        async fn connect(&self, _: Port) -> io::Result<DuplexStream> {
            let (client, mut server) = duplex(1024);
            tokio::spawn(async move {
                let mut unread = [0; 64];
                while server.read(&mut unread).await.is_ok_and(|count| count > 0) {}
            });
            Ok(client)
        }
        fn name(&self) -> String {
            "mute".into()
        }
    }
    let departures = Departures::default();
    let diagnosis = examine_network(Mute, Options::default(), &departures, &mut |_| {}).await;
    let (cause, _) = broken(&diagnosis, Step::Init);
    assert!(cause.contains("did not answer"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn init_by_something_that_is_no_camera() {
    struct Web;
    impl Network for Web {
        type Stream = DuplexStream;
        async fn connect(&self, _: Port) -> io::Result<DuplexStream> {
            let (client, mut server) = duplex(1024);
            server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
            Ok(client)
        }
        fn name(&self) -> String {
            "web".into()
        }
    }
    let departures = Departures::default();
    let diagnosis = examine_network(Web, Options::default(), &departures, &mut |_| {}).await;
    broken(&diagnosis, Step::Init);
}

#[tokio::test(start_paused = true)]
async fn init_that_is_refused_for_good() {
    let simulator = body("X-T20", 1);
    simulator.add_fault("busy-init=100000".parse().unwrap());
    let (_, cure) = broken(&examine_body(&simulator).await, Step::Init);
    assert!(cure.contains("press OK"), "{cure}");
}

#[tokio::test(start_paused = true)]
async fn session_that_does_not_open() {
    for fault in ["silence=OpenSession", "refuse=OpenSession:0x2019"] {
        let simulator = body("X-T20", 1);
        simulator.add_fault(fault.parse().unwrap());
        let diagnosis = examine_body(&simulator).await;
        let (_, cure) = broken(&diagnosis, Step::Session);
        assert!(cure.contains("only session"), "{cure}");
        // What the camera said of itself is not forgotten.
        assert_eq!(diagnosis.steps[10].saw, "X-T20");
    }
}

#[tokio::test(start_paused = true)]
async fn remote_function_that_is_refused_in_the_right_state() {
    let simulator = body("X-T20", 1);
    simulator.with_persona(|persona| persona.set("camera_state", "6")).unwrap();
    simulator.add_fault("refuse=InitiateOpenCapture:0x2002".parse().unwrap());
    let (cause, cure) = broken(&examine_body(&simulator).await, Step::Mode);
    assert!(cause.contains("InitiateOpenCapture"), "{cause}");
    assert!(cure.contains("anew") && !cure.contains("choose"), "{cure}");
}

#[tokio::test(start_paused = true)]
async fn ok_that_nobody_presses() {
    for model in ["X-T20", "X-T4"] {
        let simulator = body(model, 1);
        simulator.with_persona(|persona| persona.set("ok", "state_wait")).unwrap();
        let departures = Departures::default();
        let waits = Waits { ok: Duration::from_secs(5), ..Waits::default() };
        let options = Options { waits, ..Options::default() };
        let network = Memory(simulator);
        let diagnosis = examine_network(network, options, &departures, &mut |_| {}).await;
        let (cause, cure) = broken(&diagnosis, Step::Ok);
        assert!(cause.contains("nobody pressed OK") && cure.contains("OK"), "{cause} {cure}");
    }
}

#[tokio::test(start_paused = true)]
async fn mode_that_is_refused() {
    let simulator = body("X-T20", 1);
    simulator.add_fault("refuse=SetDevicePropValue#1:0x2019".parse().unwrap());
    let (_, cure) = broken(&examine_body(&simulator).await, Step::Mode);
    assert!(cure.contains("menu"), "{cure}");
}

#[tokio::test(start_paused = true)]
async fn mode_that_shows_no_photos() {
    for (state, word) in [("1", "selection"), ("3", "PC AutoSave")] {
        let simulator = body("X-T20", 1);
        simulator.with_persona(|persona| persona.set("camera_state", state)).unwrap();
        let (_, cure) = broken(&examine_body(&simulator).await, Step::Mode);
        assert!(cure.contains(word), "{cure}");
    }
}

#[tokio::test(start_paused = true)]
async fn versions_that_are_silent() {
    let simulator = body("X-T20", 1);
    // The first one is the state list.
    simulator.add_fault("silence=GetDevicePropValue#2".parse().unwrap());
    broken(&examine_body(&simulator).await, Step::Versions);
}

#[tokio::test(start_paused = true)]
async fn versions_that_are_all_empty() {
    let simulator = body("X-T20", 1);
    simulator.with_persona(|persona| persona.versions.clear());
    let diagnosis = examine_body(&simulator).await;
    let (cause, _) = broken(&diagnosis, Step::Versions);
    assert!(cause.contains("no version"), "{cause}");
    assert!(diagnosis.broken_at().unwrap().saw.contains("empty"), "{diagnosis:?}");
}

#[tokio::test(start_paused = true)]
async fn first_object_that_is_silent_refused_or_no_photo() {
    for fault in
        ["silence=GetObjectInfo", "silence=GetPartialObject", "refuse=GetObjectInfo:0x2002"]
    {
        let simulator = body("X-T20", 1);
        simulator.add_fault(fault.parse().unwrap());
        let diagnosis = examine_body(&simulator).await;
        broken(&diagnosis, Step::FirstObject);
        assert!(diagnosis.error.is_some());
    }
    let mut card = Card::generated(&GenerateSpec::default());
    card.push(CardObject::memory("100_FUJI", "DSCF0001.JPG", vec![7; 5000]));
    let simulator = Simulator::new(Persona::builtin("X-T20").unwrap(), card);
    let (cause, _) = broken(&examine_body(&simulator).await, Step::FirstObject);
    assert!(cause.contains("not those of a photo"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn where_the_words_may_mislead_the_other_way_is_named() {
    for (model, extended, is_named) in
        [("X-T5", Some(1), true), ("X-T5", None, false), ("X100VI", Some(1), false)]
    {
        let simulator = body(model, 1);
        simulator.with_persona(|persona| {
            persona.versions.remove(&Code(0xDF28));
            persona.versions.extend(extended.map(|version| (Code(0xDF28), version)));
        });
        simulator.add_fault("silence=GetObjectInfo".parse().unwrap());
        let (_, cure) = broken(&examine_body(&simulator).await, Step::FirstObject);
        assert_eq!(cure.contains("--way newer"), is_named, "{model} {extended:?}: {cure}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_card_is_no_fault() {
    let diagnosis = examine_body(&body("X-T20", 0)).await;
    assert!(diagnosis.is_healthy(), "{diagnosis:?}");
    assert!(diagnosis.steps[15].saw.contains("empty"));
}
