//! Telling a camera where it is, from each source.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use filmwire_codec::journal::Verdict;
use rustix::process::Signal;

use crate::camera::{Camera, nobody, read_until, signal, wait};
use crate::program::{Ran, command, run};

fn camera(model: &str) -> Camera {
    Camera::start(&["--photos", "1", "--model", model, "--allow", "settings"])
}

fn geotag(camera: &Camera, words: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[&["--camera", &camera.address, "geotag"], words].concat())
}

/// Beginnings of the texts the camera was told; a journal keeps the first bytes of what is written.
fn told(camera: &Camera) -> Vec<String> {
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict != Verdict::Violation), "{rows:?}");
    let texts = rows.into_iter().filter(|row| row.params == [0xD500]).map(|row| {
        assert_eq!(row.length, 145);
        row.value[1..].iter().step_by(2).map(|&byte| char::from(byte)).collect()
    });
    texts.collect()
}

#[test]
fn a_place_that_never_changes() {
    let camera = camera("X-T10");
    let ran = geotag(&camera, &["--at", "-33.5,151.25,12", "--every", "10ms", "--count", "3"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("33.500000 S  151.250000 E  12.0 m"), "{ran:?}");
    assert!(ran.out.contains("X-T10 was told 3 times where it is"), "{ran:?}");
    assert_eq!(told(&camera), ["3330.000000,S 15115.000000,E 000"; 3]);
    let ran = geotag(&camera, &["--at", "31.5,35.5,-430", "--count", "1"]);
    assert!(ran.out.contains("-430.0 m, told as 0 m"), "{ran:?}");
    let ran = geotag(&camera, &["--at", "52.5,13.25", "--count", "1", "--json"]);
    let place = &ran.of_kind("geotag", "place")[0];
    let text = place["text"].as_str().unwrap();
    assert!(text.starts_with("5230.000000,N 01315.000000,E 00000.00,M 000.0,K 20"), "{text}");
    assert_eq!((&place["altitude_m"], text.len()), (&serde_json::Value::Null, 71));
    let summary = ran.of_kind("geotag", "summary").remove(0);
    assert_eq!((&summary["told"], &summary["ended"]), (&1.into(), &"count".into()));
}

#[test]
fn ctrl_c_ends_it() {
    for with in [Signal::INT, Signal::TERM] {
        let (camera, folder) = (camera("X-T10"), tempfile::tempdir().unwrap());
        let words = ["--camera", &camera.address, "geotag", "--at", "52.5,13.25", "--json"];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut reader = read_until(&mut child, "place");
        signal(&child, with);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut child), 130);
        let summary = crate::schema::lines("geotag", &rest).pop().unwrap();
        assert_eq!((&summary["ended"], &summary["interrupted"]), (&"asked".into(), &true.into()));
        assert_eq!(told(&camera).len(), 1);
    }
}

/// A track of two points, both at one place.
fn gpx(from: &str, to: &str) -> String {
    let point = |time| format!(r#"<trkpt lat="52.5" lon="13.25"><time>{time}</time></trkpt>"#);
    format!(
        "<gpx><trk><trkseg>{}{}<trkpt lat='1' lon='1'/></trkseg></trk></gpx>",
        point(from),
        point(to)
    )
}

#[test]
fn a_track_is_read_against_the_clock() {
    let (camera, folder) = (camera("X-T10"), tempfile::tempdir().unwrap());
    let write =
        |name: &str, from, to| std::fs::write(folder.path().join(name), gpx(from, to)).unwrap();
    write("now.gpx", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    write("past.gpx", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    write("odd.gpx", "soon", "later");
    let words = ["--camera", &camera.address, "geotag", "--count", "2", "--every", "10ms", "--gpx"];
    let with = |name| run(folder.path(), &[&words[..], &[name]].concat());
    let ran = with("now.gpx");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("points of now.gpx without a time, which are of no use: 1; with one: 2"),
        "{ran:?}"
    );
    assert!(told(&camera).iter().all(|text| text.starts_with("5230.000000,N 01315.000000,E")));
    let ran = with("past.gpx");
    assert!(ran.code == 2 && ran.err.contains("ended at 2021-01-01"), "{ran:?}");
    assert!(with("odd.gpx").code == 2 && with("missing.gpx").code == 6);
    assert_eq!(told(&camera).len(), 2, "nothing was told by those");
}

/// Stands in for gpsd: tells these lines to one who asks.
fn gpsd(lines: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"{\"class\":\"VERSION\",\"release\":\"3.22\"}\r\n").unwrap();
        let mut asked = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut asked).unwrap();
        assert!(asked.starts_with("?WATCH="), "{asked}");
        for line in lines {
            stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        }
        // Until the other side goes.
        let _ = stream.read(&mut [0; 64]);
    });
    address
}

#[test]
fn a_receiver_is_followed_and_its_lack_of_a_fix_is_told_once() {
    let camera = camera("X-T10");
    let address = gpsd(&[
        r#"{"class":"TPV","device":"/dev/a","mode":3,"time":"2026-03-01T10:00:00Z","lat":52.5,"lon":13.25,"altMSL":34.0}"#,
    ]);
    let ran = geotag(&camera, &["--gpsd", &address, "--every", "10ms", "--count", "2", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let place = &ran.of_kind("geotag", "place")[0];
    assert_eq!(
        place["text"],
        "5230.000000,N 01315.000000,E 00034.00,M 000.0,K 2026:03:01 10:00:00.000"
    );
    assert!(ran.of_kind("geotag", "no-place").len() <= 1, "{ran:?}");

    let address = gpsd(&[r#"{"class":"TPV","device":"/dev/a","mode":1,"lat":52.5,"lon":13.25}"#]);
    let folder = tempfile::tempdir().unwrap();
    let words =
        ["--camera", &camera.address, "geotag", "--every", "10ms", "--json", "--gpsd", &address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "no-place");
    signal(&child, Signal::INT);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    assert_eq!(crate::schema::lines("geotag", &rest).len(), 1, "only the summary: {rest}");
    assert_eq!(told(&camera).len(), 2, "a place without a fix is not told");
}

#[test]
fn a_gpsd_that_is_not_there_needs_no_camera() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["geotag", "--gpsd", &nobody(), "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let error = &ran.of_kind("geotag", "error")[0];
    assert!(error["error"].as_str().unwrap().contains("gpsd at 127.0.0.1"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("check that gpsd runs"), "{error}");
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &[][..],
        &["--at", "91,0"],
        &["--at", "52.5,13.25", "--gpx", "x"],
        &["--gpsd", "localhost"],
        &["--gpsd", ":2947"],
        &["--gpsd", "localhost:0"],
        &["--at", "52.5,13.25", "--every", "0s"],
        &["--at", "52.5,13.25", "--count", "0"],
    ] {
        let ran = run(folder.path(), &[&["geotag"], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    for (track, cause) in [(".", "it is a folder"), ("/dev/zero", "larger than 64 MiB")] {
        let ran = run(folder.path(), &["geotag", "--gpx", track]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(cause), "{ran:?}");
    }
    let camera = camera("X-T4");
    let ran = geotag(&camera, &["--at", "52.5,13.25", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let error = &ran.of_kind("geotag", "error")[0];
    assert!(error["error"].as_str().unwrap().contains("Bluetooth"), "{error}");
    assert!(told(&camera).is_empty());
}

/// The places that were to be told were not, but for one that nobody read of.
#[test]
fn places_that_were_not_told_since_nobody_reads_are_not_done() {
    for (more, code) in [(&["--count", "3"][..], 1), (&[], 1), (&["--count", "1"], 0)] {
        let (camera, folder) = (camera("X-T10"), tempfile::tempdir().unwrap());
        let words = ["--camera", &camera.address, "geotag", "--at", "52.5,13.25"];
        let words = [&words[..], &["--every", "10ms"], more].concat();
        let mut child = command(folder.path(), &words).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), code, "{more:?}");
        assert_eq!(told(&camera).len(), 1, "{more:?}");
    }
}

/// As a terminal that was stopped with Ctrl-S.
#[cfg(target_os = "linux")]
#[test]
fn no_place_waits_for_whoever_reads() {
    let (camera, folder) = (camera("X-T10"), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "geotag", "--at", "52.5,13.25"];
    let (reader, writer) = crate::program::full_pipe();
    let mut command =
        command(folder.path(), &[&words[..], &["--every", "10ms", "--count", "3"]].concat());
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    assert_eq!(told(&camera).len(), 3);
    assert!(std::io::read_to_string(reader).unwrap().contains("was told 3 times"));
    assert_eq!(wait(&mut child), 0);
}
