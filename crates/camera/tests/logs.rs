//! The logs of real cameras, replayed against the client: what the camera printed then is all that
//! it answers now, byte for byte; anything else is met with silence.
//!
//! Origin of all bytes: petabyt/fudge `docs/testsuite/`, as condensed in the fact sheet's appendix A.

#[path = "log/camera.rs"]
mod camera;

use camera::{Answer, Log, LogCamera, Sent};
use filmwire_camera::quirk::Way;
use filmwire_camera::{Camera, Departures, Error, GetPartialObject, ObjectHandle, Options};
use filmwire_codec::OperationCode;
use filmwire_codec::dataset::ObjectInfo;

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// A 0xD212 payload of the printed entries.
fn list(entries: &[(u16, u32)]) -> Vec<u8> {
    let mut out = (entries.len() as u16).to_le_bytes().to_vec();
    for (code, value) in entries {
        out.extend(code.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out
}

fn start(count: u32) -> Vec<u8> {
    list(&[(0xDF00, 6), (0xD220, 1), (0xD222, count), (0xD52F, 1), (0xD400, 1), (0xD401, count)])
}

const EMPTY: [u8; 2] = [0, 0];

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

/// The values the client wrote, with their exact widths.
fn writes(camera: &LogCamera) -> Vec<(u32, Vec<u8>)> {
    let log = camera.log();
    let writes = log.sent.iter().filter(|sent| sent.operation == 0x1016);
    writes.map(|sent| (sent.params[0], sent.value.clone())).collect()
}

/// Operations in order, reads of properties left out.
fn operations(camera: &LogCamera) -> Vec<u16> {
    let log = camera.log();
    let sent = log.sent.iter().map(|sent| sent.operation);
    sent.filter(|operation| *operation != 0x1015 && *operation != 0x1016).collect()
}

/// What holds for every session: 82 bytes of registration, ids from 1 counting up, CloseSession
/// and goodbye at its end.
fn is_well_formed(camera: &LogCamera) {
    let init = camera.init();
    assert_eq!(init[..12], hex("52000000 01000000 f2e4538f"), "section 2.1");
    let log = camera.log();
    let ids: Vec<u32> = log.sent.iter().map(|sent| sent.transaction).collect();
    assert_eq!(ids, (1..=ids.len() as u32).collect::<Vec<_>>());
    assert_eq!(log.sent.last().map(|sent| sent.operation), Some(0x1003));
    assert!(log.goodbye);
}

/// A.1 and A.2 are logs of sessions that ended behind the first write of DF24.
fn short_log(model: &'static str, start_list: &str) -> Log {
    let mut log = Log::of(model);
    log.takes(0x1002, 1).takes(0x1003, 0).starts_with(vec![hex(start_list), EMPTY.to_vec()]);
    for (property, payload) in [
        (0xDF00, "06 00"),
        (0xDF01, "00 00"),
        (0xDF21, "03 00 00 00"),
        (0xDF22, "04 00 00 00"),
        (0xDF23, "01 00 00 00"),
        (0xDF24, "04 00 02 00"),
        (0xDF25, "02 00 00 00"),
        (0xDF26, ""),
        // Not asked for in the logs; unknown ones are empty.
        (0xDF28, ""),
        (0xDF31, "02 00 00 00"),
    ] {
        log.reads(property, &hex(payload));
    }
    log.takes(0x1016, 0xDF01).takes(0x1016, 0xDF24);
    log
}

async fn ends_where_the_log_ends(log: Log) {
    let camera = LogCamera::new(log);
    let departures = Departures::default();
    let connecting = Camera::connect_watched(camera.clone(), Options::default(), &departures);
    let error = connecting.await.err().unwrap();
    departures.wait().await;
    // The log has no answer to 0x101C: its client never asked.
    let Error::Silent { operation: OperationCode::INITIATE_OPEN_CAPTURE, .. } = error else {
        panic!("{error}");
    };
    // Mode before version, and the camera's own version back, in their exact widths.
    assert_eq!(writes(&camera), [(0xDF01, vec![5, 0]), (0xDF24, word(0x20004).to_vec())]);
    // What was not answered may have begun, and is ended.
    assert_eq!(operations(&camera), [0x1002, 0x101C, 0x1018, 0x1003]);
    is_well_formed(&camera);
}

#[tokio::test(start_paused = true)]
async fn a1_x_t2() {
    let start_list = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 7B 00 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 7B 00 00 00";
    ends_where_the_log_ends(short_log("X-T2", start_list)).await;
}

#[tokio::test(start_paused = true)]
async fn a2_x_t20() {
    let start_list = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 61 03 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 61 03 00 00";
    ends_where_the_log_ends(short_log("X-T20", start_list)).await;
}

/// What A.3 and A.4 have in common: the steps from the start list to the gallery.
fn whole_log(model: &'static str, count: u32, remote: &[(u16, u32)]) -> Log {
    let mut log = Log::of(model);
    let settings = list(remote);
    let gallery = list(&[(0xDF00, 11), (0xD222, count)]);
    log.takes(0x1002, 1)
        .takes(0x1003, 0)
        .takes(0x1016, 0xDF24)
        .takes(0x1016, 0xD227)
        .starts_with(vec![start(count), EMPTY.to_vec()])
        .step((0x1016, 0xDF01, &[5, 0]), "remote mode", vec![EMPTY.to_vec()])
        .step((0x101C, 0, &[]), "remote function", vec![settings])
        .step((0x1016, 0xDF00, &[6, 0]), "neutral", vec![start(count), EMPTY.to_vec()])
        .step((0x1016, 0xDF01, &[11, 0]), "gallery mode", vec![EMPTY.to_vec()])
        .reads(0xDF21, &word(4))
        .reads(0xDF22, &word(5))
        .reads(0xD400, &word(0))
        .reads(0xD52F, &word(1))
        // Not asked for in the logs; unknown ones are empty.
        .reads(0xDF31, &[]);
    let version = if model == "X-T4" { 4 } else { 5 };
    let last = (0x1016, 0xDF25, &word(version)[..]);
    log.step(last, "gallery", vec![gallery, EMPTY.to_vec()]);
    log.reads(0xDF25, &word(version));
    log
}

/// TerminateOpenCapture takes the id of the 0x101C before it.
fn terminates_its_capture(log: &[Sent]) -> bool {
    let id = |operation| log.iter().find(|sent| sent.operation == operation);
    id(0x1018).map(|stop| stop.params.clone()) == id(0x101C).map(|go| vec![go.transaction])
}

#[tokio::test(start_paused = true)]
async fn a3_x_t4() {
    let remote = [
        (0xD21B, 0),
        (0x500C, 32778),
        (0x5012, 0),
        (0xD229, 907),
        (0xD22A, 4594),
        (0x500E, 1),
        (0xD242, 11),
        (0xD018, 5),
        (0xD241, 10),
        (0xD02A, 0x8000_1900),
        (0xD02B, 0x8000_1900),
        (0xD240, 0x8000_EA60),
        (0xD028, 0),
        (0x5007, 200),
        (0x5005, 2),
        (0xD001, 1),
        (0x500A, 32769),
        (0xD17C, 0x0302_0705),
        (0xD209, 0),
        (0xD246, 11),
    ];
    let mut log = whole_log("X-T4", 44, &remote);
    let info = object_info();
    let piece = vec![0x5A; 0x4000];
    log.reads(0xDF24, &word(0x2000A))
        .reads(0xDF28, &word(1))
        .answers(0x1018, 1, ok())
        .answers(0x1008, 1, Answer { data: Some(info.clone()), ..ok() })
        .answers(0x100A, 1, Answer { data: Some(vec![0xFF; 42_562]), ..ok() })
        .answers(0x101B, 1, Answer { data: Some(piece), code: 0x2001, params: vec![0x4000] });
    let camera = LogCamera::new(any_capture(log));
    let connected = Camera::connect(camera.clone(), Options::default()).await.unwrap();
    assert_eq!(connected.object_count(), 44);
    assert_eq!(connected.info().quirks.way, Way::Remote);
    assert_eq!(connected.state().battery().map(|b| b.to_string()).as_deref(), Some("full"));
    // 166 bytes were read: data container and response.
    assert_eq!(info.len(), 166 - 24);
    let told = connected.object_info(ObjectHandle(1)).await.unwrap();
    assert_eq!((told.width, told.height, told.size_bytes), (6240, 4160, 167_936));
    assert_eq!(told.name.to_text(), "_DSF4612.JPG");
    assert_eq!(told.orientation(), Some(1));
    let thumb = connected.thumb(ObjectHandle(1)).await.unwrap().unwrap();
    assert_eq!(thumb.len(), 42_562);
    let asked = GetPartialObject { object: ObjectHandle(1), offset: 0, max_bytes: 0x4000 };
    assert_eq!(connected.read_part(asked).await.unwrap().len(), 0x4000);
    connected.leave().await;
    let expected = [
        (0xDF01, vec![5, 0]),
        (0xDF24, word(0x2000A).to_vec()),
        (0xDF00, vec![6, 0]),
        (0xDF01, vec![11, 0]),
        (0xDF25, word(4).to_vec()),
    ];
    assert_eq!(writes(&camera), expected);
    assert!(terminates_its_capture(&camera.log().sent));
    is_well_formed(&camera);
}

#[tokio::test(start_paused = true)]
async fn a4_x_t5() {
    let remote = [
        (0xD21B, 0),
        (0x500C, 0x800A),
        (0x5012, 0),
        (0xD229, 0x83C),
        (0xD22A, 0x25BE),
        (0x500E, 3),
        (0xD242, 9),
        (0xD018, 4),
        (0xD241, 0xA),
        (0xD02A, 0x8000_0C80),
        (0xD02B, 0x8000_0C80),
        (0xD240, 0xFFFF_FFFF),
        (0xD028, 0),
        (0x5007, 0x168),
        (0x5010, 0xFD65),
        (0x5005, 2),
        (0xD001, 1),
        (0x500A, 0x8001),
        (0xD17C, 0x0302_0705),
        (0xD209, 0),
        (0xD246, 9),
    ];
    let mut log = whole_log("X-T5", 0x9E, &remote);
    // The log shows ObjectInfo of another object, and no answer to GetThumb(133).
    log.reads(0xDF24, &word(0x2000B)).reads(0xDF28, &word(3)).answers(
        0x1008,
        133,
        Answer { data: Some(object_info()), ..ok() },
    );
    let camera = LogCamera::new(any_capture(log));
    let connected = Camera::connect(camera.clone(), Options::default()).await.unwrap();
    assert_eq!(connected.object_count(), 0x9E);
    assert_eq!(connected.state().battery().map(|b| b.to_string()).as_deref(), Some("3 of 5 bars"));
    let silent = connected.thumb(ObjectHandle(133)).await.unwrap_err();
    assert!(matches!(silent, Error::Silent { .. }), "{silent}");
    connected.leave().await;
    // The client never asks for a thumbnail without the ObjectInfo of the same object before.
    let asked = operations(&camera);
    let thumb = asked.iter().position(|operation| *operation == 0x100A).unwrap();
    assert_eq!(asked[thumb - 1], 0x1008);
    let order: Vec<_> = writes(&camera).into_iter().map(|(property, _)| property).collect();
    assert_eq!(order, [0xDF01, 0xDF24, 0xDF00, 0xDF01, 0xDF25]);
    assert!(terminates_its_capture(&camera.log().sent));
    is_well_formed(&camera);
}

fn ok() -> Answer {
    Answer { data: None, code: 0x2001, params: vec![] }
}

/// The id 0x1018 takes is the client's own choice.
fn any_capture(mut log: Log) -> Log {
    for id in 1..100 {
        log.takes(0x1018, id);
    }
    log
}

/// Section 5.3 and A.3: what the X-T4 told of its newest object, in the standard layout.
fn object_info() -> Vec<u8> {
    let info = ObjectInfo {
        storage: filmwire_codec::StorageId(268_435_457),
        format: filmwire_codec::ObjectFormatCode::EXIF_JPEG,
        size_bytes: 167_936,
        width: 6240,
        height: 4160,
        name: "_DSF4612.JPG".into(),
        capture_date: "20240809T140114".into(),
        keywords: "Orientation:1".into(),
        ..ObjectInfo::default()
    };
    let mut out = Vec::new();
    info.encode(&mut out);
    out
}
