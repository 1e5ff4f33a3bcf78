//! A timelapse that keeps to a profile.

use std::io::Read as _;

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Allow, Persona, SimOptions, SimServer};

use crate::camera::{Camera, nobody, read_until, wait};
use crate::program::{command, run};
use crate::schema;

#[test]
fn a_profile_is_set_first_and_a_guard_ends_the_run_before_the_next_frame() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.toml"), "format = 1\n[settings]\niso = \"400\"\n")
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let mut options = SimOptions::new(Persona::builtin("X-T4").unwrap(), card);
    options.allow = Allow { shoot: true, settings: true, ..Allow::default() };
    let server = runtime.block_on(SimServer::bind(options)).unwrap();
    let address = server.addresses().command.to_string();
    let words = ["--camera", &address, "timelapse", "--interval", "1h", "--json"];
    let words = [&words[..], &["--profile", "./p.toml", "--guard", "stop"]].concat();
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "frame");
    server.simulator().turn(0xD02A, 800);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 8, "{rest}");
    let lines = schema::lines("timelapse", &rest);
    let drift = lines.iter().find(|line| line["kind"] == "drift").unwrap();
    assert_eq!((&drift["after"], &drift["drift"]), (&1.into(), &"iso is 800, not 400".into()));
    assert_eq!(lines.last().unwrap()["drifted"], true);
}

#[test]
fn what_cannot_be_kept_is_told_before_the_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("p.toml", "format = 1\n[settings]\niso = \"400\"\n");
    write("none.toml", "format = 1\n[settings]\n");
    write("body.toml", "format = 1\n[settings]\nprogram = \"aperture-priority\"\n");
    let nobody = nobody();
    let start = ["--camera", &nobody, "timelapse", "--interval", "10s"];
    for words in [
        &["--guard", "stop"][..],
        &["--profile", "./missing.toml"],
        &["--profile", "./none.toml", "--guard", "mark"],
        &["--profile", "./p.toml", "--ramp-iso", "200..3200"],
    ] {
        let ran = run(folder.path(), &[&start[..], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    let ran = run(folder.path(), &["--camera", &nobody, "shoot", "--profile", "./none.toml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("holds no setting"), "{ran:?}");
    let camera = Camera::start(&["--model", "X-T4", "--allow", "shoot", "--allow", "settings"]);
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms", "--count", "2"];
    let ran = run(folder.path(), &[&words[..], &["--profile", "./body.toml"]].concat());
    assert_eq!(ran.code, 8, "{ran:?}");
    assert!(ran.err.contains("no frame was taken"), "{ran:?}");
    camera.left();
    let mark = ["--profile", "./body.toml", "--guard", "mark", "--json"];
    let ran = run(folder.path(), &[&words[..], &mark].concat());
    assert_eq!(ran.code, 8, "{ran:?}");
    let drift = "program is manual, not aperture-priority";
    assert_eq!(ran.of_kind("timelapse", "frame")[1]["drift"], drift, "{ran:?}");
    assert_eq!(ran.of_kind("timelapse", "set").len() + ran.of_kind("timelapse", "failed").len(), 1);
}
