//! The steps, one after the other.

use std::fmt::Write as _;
use std::time::Duration;

use filmwire_camera::{
    Address, Camera, Departures, Error, GetPartialObject, Network, ObjectHandle, Options,
    TcpNetwork,
};
use filmwire_codec::FunctionMode;
use filmwire_codec::ObjectFormatCode;
use tokio::time::Instant;

use crate::log::Log;
use crate::step::{Diagnosis, Outcome, Step, StepReport};
use crate::watch::{Begun, Watched};
use crate::way::{Ground, Verdict};
use crate::{address, judge, way};

/// Bytes read of the first object; enough to see that bytes come.
const FIRST_BYTES: u32 = 64 * 1024;

/// Who is told of each step as it ends.
type Tell<'a> = &'a mut (dyn FnMut(&StepReport) + Send);

/// Examines the way to the camera at `address`, the network it is in among it, and tells of each
/// step as it ends. No network is joined or left, and nothing of this computer is changed.
///
/// The camera is left politely; `departures` tells when. Cancel-safe in the same way.
pub async fn examine(
    address: &Address,
    ground: &Ground,
    options: Options,
    departures: &Departures,
    tell: Tell<'_>,
) -> Diagnosis {
    let mut notes = Notes::new(tell);
    let ip = match address::check(address, &ground.roots.sys).await {
        Ok((saw, ip)) => {
            notes.passed(Step::Address, saw);
            ip
        }
        Err((cause, cure)) => {
            notes.failed(Step::Address, (cause, cure), String::new());
            return notes.close(None);
        }
    };
    let network = Begun::new(TcpNetwork::new(address.clone()));
    let mut verdicts = way::examine(address, Some(ip), ground).await;
    if verdicts.iter().any(|(_, verdict)| verdict.is_failed()) && network.begin().await {
        // Whatever stands in the way by our book, the way leads on.
        let refute =
            |(step, verdict): (Step, Verdict)| (step, verdict.refuted(&address.to_string()));
        verdicts = verdicts.into_iter().map(refute).collect();
    }
    for (step, verdict) in verdicts {
        let is_failed = verdict.is_failed();
        notes.add(step, verdict.outcome, verdict.saw);
        if is_failed {
            return notes.close(None);
        }
    }
    go(network, options, departures, notes).await
}

/// As [`examine`], for a camera behind any network; the step of the address passes, and there is no
/// way into a network to examine.
pub async fn examine_network<N: Network>(
    network: N,
    options: Options,
    departures: &Departures,
    tell: Tell<'_>,
) -> Diagnosis {
    let mut notes = Notes::new(tell);
    notes.passed(Step::Address, network.name());
    for (step, verdict) in
        way::skipped("the way to the camera leads by no network of this computer")
    {
        notes.add(step, verdict.outcome, verdict.saw);
    }
    go(network, options, departures, notes).await
}

async fn go<N: Network>(
    network: N,
    options: Options,
    departures: &Departures,
    mut notes: Notes<'_>,
) -> Diagnosis {
    let log = Log::default();
    let watched = Watched::new(network, log.clone());
    let registered = match Camera::register(watched, options.clone(), departures).await {
        Ok(registered) => registered,
        Err(error) => {
            let step = if log.was_connected() { Step::Init } else { Step::Tcp };
            notes.passed_before(step, &log);
            notes.failed(step, judge::explain(step, &error, &log), String::new());
            return notes.close(Some(error));
        }
    };
    notes.passed(Step::Tcp, "connected".to_owned());
    let model = registered.model().to_owned();
    let camera = match registered.open(&options).await {
        Ok(camera) => camera,
        Err(error) => {
            let step = judge::step_of(&error, &log);
            notes.model = model;
            notes.passed_before(step, &log);
            notes.failed(step, judge::explain(step, &error, &log), saw(step, &log, ""));
            return notes.close(Some(error));
        }
    };
    notes.model = model;
    let first = first_object(&camera).await;
    camera.leave().await;
    // A camera that told no function cannot be blamed for its first object.
    let step = match first.outcome {
        Err(_) if judge::tells_no_version(&log) => Step::Versions,
        _ => Step::FirstObject,
    };
    notes.passed_before(step, &log);
    match first.outcome {
        Ok(()) => notes.passed(step, first.saw),
        Err((cause, _)) if step == Step::Versions => {
            let cause = format!("the camera told no version of any function; then: {cause}");
            let cure = judge::NO_VERSIONS.to_owned();
            notes.failed(step, (cause, cure), saw(step, &log, ""));
        }
        Err((cause, cure)) => {
            let cure = judge::with_the_other_way(step, &cure, &log);
            notes.failed(step, (cause, cure), first.saw);
        }
    }
    notes.close(first.error)
}

/// What came of the first object.
struct First {
    saw: String,
    /// Or cause and cure.
    outcome: Result<(), (String, String)>,
    error: Option<Error>,
}

/// Asks what the first object is, and for its first bytes.
async fn first_object(camera: &Camera) -> First {
    if camera.object_count() == 0 {
        let saw = "the card is empty, or has nothing this mode shows".to_owned();
        return First { saw, outcome: Ok(()), error: None };
    }
    let mut saw = format!("{} objects", camera.object_count());
    match read_first(camera, &mut saw).await {
        Ok(true) => First { saw, outcome: Ok(()), error: None },
        Ok(false) => {
            let cause = "the first bytes are not those of a photo".to_owned();
            let cure = "look at the photo on the camera; if it is whole there, report the model";
            First { saw, outcome: Err((cause, cure.to_owned())), error: None }
        }
        Err(error) => {
            let outcome = Err((error.to_string(), error.cure().to_owned()));
            First { saw, outcome, error: Some(error) }
        }
    }
}

/// True if what comes looks like what was announced.
async fn read_first(camera: &Camera, saw: &mut String) -> Result<bool, Error> {
    camera.set_real_sizes(true).await?;
    let object = ObjectHandle(1);
    let info = camera.object_info(object).await?;
    let name: String = info.name.to_text().chars().filter(|c| !c.is_control()).collect();
    // Writing to a String cannot fail.
    let _ = write!(saw, ", the first is {name} with {} bytes", info.size_bytes);
    let max_bytes = FIRST_BYTES.min(info.size_bytes);
    if max_bytes == 0 {
        return Ok(false);
    }
    let bytes = camera.read_part(GetPartialObject { object, offset: 0, max_bytes }).await?;
    let _ = write!(saw, ", {} bytes of it came", bytes.len());
    let is_photo = info.format != ObjectFormatCode::EXIF_JPEG || bytes.starts_with(&[0xFF, 0xD8]);
    Ok(is_photo && !bytes.is_empty())
}

/// What there was to see at a step, from the log.
fn saw(step: Step, log: &Log, model: &str) -> String {
    match step {
        Step::Init => model.to_owned(),
        Step::Session if log.session_opened() => "opened".to_owned(),
        Step::Ok if log.camera_state().is_some() => "the camera let us in".to_owned(),
        Step::Mode => {
            let mut parts = Vec::new();
            parts.extend(log.camera_state().map(|state| format!("state {state}")));
            parts.extend(log.mode().map(|mode| format!("asked for mode {}", FunctionMode(mode))));
            parts.join(", ")
        }
        Step::Versions => {
            let versions = log.versions();
            let told: Vec<_> = versions
                .iter()
                .filter_map(|(property, version)| {
                    Some(format!("{:04X} {:#X}", property.0, (*version)?))
                })
                .collect();
            match (told.is_empty(), versions.is_empty()) {
                (false, _) => told.join(", "),
                (true, false) => "every version is empty".to_owned(),
                (true, true) => String::new(),
            }
        }
        _ => String::new(),
    }
}

/// Reports as they grow.
struct Notes<'a> {
    steps: Vec<StepReport>,
    start: Instant,
    tell: Tell<'a>,
    model: String,
}

impl<'a> Notes<'a> {
    fn new(tell: Tell<'a>) -> Self {
        Self { steps: Vec::new(), start: Instant::now(), tell, model: String::new() }
    }

    fn add(&mut self, step: Step, outcome: Outcome, saw: String) {
        let at: Duration = self.start.elapsed();
        let report = StepReport { step, outcome, saw, at };
        (self.tell)(&report);
        self.steps.push(report);
    }

    fn passed(&mut self, step: Step, saw: String) {
        self.add(step, Outcome::Passed, saw);
    }

    /// All steps not told yet before `end` passed.
    fn passed_before(&mut self, end: Step, log: &Log) {
        let told = self.steps.len();
        for step in Step::ALL.into_iter().skip(told).take_while(|step| *step < end) {
            let saw = match step {
                Step::Tcp => "connected".to_owned(),
                step => saw(step, log, &self.model),
            };
            self.passed(step, saw);
        }
    }

    fn failed(&mut self, step: Step, (cause, cure): (String, String), saw: String) {
        self.add(step, Outcome::Failed { cause, cure }, saw);
    }

    /// The steps that are left were not reached.
    fn close(mut self, error: Option<Error>) -> Diagnosis {
        let told = self.steps.len();
        for step in Step::ALL.into_iter().skip(told) {
            self.add(step, Outcome::NotReached, String::new());
        }
        Diagnosis { steps: self.steps, error }
    }
}
