//! `decode --persona`: a draft of a body nobody has described, which then answers as the body did.

use std::fs;

use filmwire_codec::journal::JournalRow;
use filmwire_sim::Persona;
use filmwire_sim::persona::Code;

use crate::camera::Camera;
use crate::decode::session;
use crate::program::run;
use crate::replay::{FILE, Recorded, record, record_from, run_all, said as rows_said};

const VERBS: &[&[&str]] = &[
    &["info"],
    &["ls"],
    &["get", "1", "2", "--to", "pictures"],
    &["thumb", "1", "--to", "thumbs"],
    &["sync", "--to", "library"],
];
const REMOTE: &[&[&str]] =
    &[&["info"], &["ls"], &["settings"], &["settings", "set", "iso=400"], &["get", "3"]];

/// A body that no persona is of, with all that these switches change, and its draft.
fn draft(model: &str, switches: &[&str], verbs: &[&[&str]]) -> (Recorded, Vec<String>, String) {
    let sets = switches.iter().flat_map(|switch| ["--set", *switch]);
    let words = ["--photos", "3", "--films", "1", "--allow", "settings"];
    let body = ["--model", model, "--set", "model=X-Q9"];
    let words: Vec<&str> = body.into_iter().chain(sets).chain(words).collect();
    let recorded = record(&words, verbs);
    for ran in &recorded.ran {
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
    }
    let words = ["decode", "--stats", "--persona", "draft.toml", FILE];
    let ran = run(recorded.folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("the draft of X-Q9 is draft.toml"), "{ran:?}");
    let text = fs::read_to_string(recorded.folder.path().join("draft.toml")).unwrap();
    let card = ["--photos", "3", "--films", "1", "--allow", "settings"];
    (recorded, card.map(str::to_owned).to_vec(), text)
}

/// What the draft answers to the same verbs.
fn again(recorded: &Recorded, card: &[String], verbs: &[&[&str]]) -> Vec<JournalRow> {
    let file = recorded.folder.path().join("draft.toml");
    let words = ["--persona", file.to_str().unwrap()];
    let words: Vec<&str> = words.into_iter().chain(card.iter().map(String::as_str)).collect();
    let camera = Camera::start(&words);
    for ran in run_all(&recorded.folder.path().join("draft"), &camera.address, verbs) {
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    camera.left()
}

fn truth(model: &str, switches: &[&str]) -> Persona {
    let mut persona = Persona::builtin(model).unwrap();
    for switch in switches {
        let (key, value) = switch.split_once('=').unwrap();
        persona.set(key, value).unwrap();
    }
    persona
}

#[test]
fn a_draft_answers_as_the_body_did() {
    // Classic without remote, classic with it, newest, newer path, and one that is none of them.
    for (model, switches, verbs) in [
        ("X-A2", &[][..], VERBS),
        ("X-T20", &[], VERBS),
        ("X-T4", &[], REMOTE),
        ("X100VI", &[], VERBS),
        (
            "X-T2",
            &[
                "versions.DF24=0x20007",
                "versions.DF22=9",
                "placeholder_bytes=0x31000",
                "gallery_needs_remote=false",
                "start_list=[[\"DF00\",\"state\"],[\"D222\",\"count\"],[\"D77A\",3]]",
                "pause_before_open_session_ms=0",
            ],
            VERBS,
        ),
    ] {
        let (recorded, card, text) = draft(model, switches, verbs);
        let rows = again(&recorded, &card, verbs);
        assert_eq!(rows_said(&rows), rows_said(&recorded.rows), "{model}\n{text}");
        let (draft, truth) = (Persona::from_toml(&text).unwrap(), truth(model, switches));
        assert_eq!(draft.start_list, truth.start_list, "{model}\n{text}");
        assert_eq!(draft.camera_state, truth.camera_state, "{model}\n{text}");
        assert_eq!(draft.handle_order, truth.handle_order, "{model}\n{text}");
        assert_eq!(draft.placeholder_bytes, truth.placeholder_bytes, "{model}\n{text}");
        assert_eq!(draft.init_fails_first, truth.init_fails_first, "{model}\n{text}");
        for (code, value) in &truth.versions {
            let line = format!("\n{code} = ");
            let line = text.split(&line).nth(1).and_then(|rest| rest.lines().next());
            if line.is_some_and(|line| line.ends_with("# seen")) {
                assert_eq!(draft.versions.get(code), Some(value), "{model}\n{text}");
            }
        }
    }
}

#[test]
fn what_was_not_seen_says_so() {
    let (recorded, ..) = draft("X-T4", &["versions.DF24=0x2000F"], REMOTE);
    let text = fs::read_to_string(recorded.folder.path().join("draft.toml")).unwrap();
    let beside = |field: &str| {
        let line = text.split(&format!("\n{field} = ")).nth(1).expect("it is there");
        line.lines().next().unwrap().split_once(" # ").expect("it says").1.to_owned()
    };
    for (field, words) in [
        ("model", "seen"),
        ("DF24", "seen"),
        ("remote_list", "seen"),
        ("second_client", "not seen: as the X-T4"),
        ("init_exact_length", "not seen: as the X-T4"),
        ("picked_list", "not seen: as the X-T4"),
        ("newer_answers", "not seen: as the X-T4"),
        ("battery_in_changes", "not seen: as the X-T4"),
    ] {
        assert!(beside(field).starts_with(words), "{field}: {}", beside(field));
    }
    // Every value has its words.
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        section = if line.starts_with('[') { line } else { section };
        let is_part = section.starts_with("[[") || section.starts_with("[properties.");
        let says = line.contains(" # ") || line.is_empty();
        assert!(says || is_part || line.ends_with(']'), "{line:?} in {section}");
    }
    let persona = Persona::from_toml(&text).unwrap();
    let truth = Persona::builtin("X-T4").unwrap();
    assert_eq!(persona.versions[&Code(0xDF24)], 0x2000F);
    let codes =
        |persona: &Persona| persona.remote_list.iter().map(|(code, _)| *code).collect::<Vec<_>>();
    assert_eq!(codes(&persona), codes(&truth));
    let described = |persona: &Persona| {
        let all = persona.capabilities.iter();
        all.map(|known| (known.code, known.data_type, known.values.clone())).collect::<Vec<_>>()
    };
    assert_eq!(described(&persona), described(&truth));
    assert!(text.contains("#   0x902B GetCapabilities: OK"), "{text}");
    // Nobody's serial number or name.
    for private in ["62A01234", "filmwire-", "DSCF"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[test]
fn a_draft_goes_where_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.pcap"), session(&[&["info"]], &["--model", "X-T4"]).0).unwrap();
    let of = |words: &[&str]| run(folder.path(), &[&["decode"], words, &["s.pcap"]].concat());
    let ran = of(&["--persona", "-"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(Persona::from_toml(&ran.out).is_ok(), "{ran:?}");
    let ran = of(&["--persona", "x.toml", "--json"]);
    let told = ran.of_kind("decode", "draft").remove(0);
    assert_eq!(told["path"], "x.toml");
    assert!(told["seen"].as_u64().unwrap() > 0 && told["not_seen"].as_u64().unwrap() > 0, "{told}");
    let before = fs::read(folder.path().join("x.toml")).unwrap();
    // Nothing is replaced, and standard output is not shared.
    assert_eq!(of(&["--persona", "x.toml"]).code, 2);
    assert_eq!(of(&["--persona", "-", "--json"]).code, 2);
    assert_eq!(of(&["--persona", "-", "--html", "-"]).code, 2);
    assert_eq!(fs::read(folder.path().join("x.toml")).unwrap(), before);
}

#[test]
fn without_a_registration_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    // Only the head of a capture: little-endian, version 2.4, packets of up to 64 KiB, raw IP.
    let words = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 101];
    fs::write(folder.path().join("s.pcap"), words.map(u32::to_le_bytes).concat()).unwrap();
    let ran = run(folder.path(), &["decode", "--stats", "--persona", "x.toml", "s.pcap"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no camera lets a client in"), "{ran:?}");
    assert!(fs::read_dir(folder.path()).unwrap().count() == 1, "nothing is left of it");
}

#[test]
fn what_contradicts_itself_is_told_and_other_cameras_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, words: &[&str]| {
        let (capture, _) = session(&[&["info"]], words);
        fs::write(folder.path().join(name), capture).unwrap();
    };
    of("a.pcap", &["--model", "X-T4", "--set", "model=X-Q9"]);
    of("b.pcap", &["--model", "X-T4", "--set", "model=X-Q9", "--set", "versions.DF22=7"]);
    of("c.pcap", &["--model", "X-T5"]);
    let words = ["decode", "--stats", "--persona", "x.toml", "a.pcap", "b.pcap", "c.pcap"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("X-T5 is left out"), "{ran:?}");
    let text = fs::read_to_string(folder.path().join("x.toml")).unwrap();
    assert!(text.contains("# seen also: 0x7\nDF22 = 5 # seen\n"), "{text}");
    assert!(text.contains("\ninit_again = true # not seen"), "{text}");
    assert!(Persona::from_toml(&text).is_ok(), "{text}");
}

#[test]
fn how_a_client_gets_in_is_drafted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, switch) in [("a", "ok=state_wait"), ("b", "ok=init_fail")] {
        let words = ["--model", "X-T4", "--set", switch, "--set", "ok_after_ms=50"];
        let (capture, _) = session(&[&["info"]], &words);
        fs::write(folder.path().join(name), capture).unwrap();
        let out = format!("{name}.toml");
        let ran = run(folder.path(), &["decode", "--stats", "--persona", &out, name]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let text = fs::read_to_string(folder.path().join(out)).unwrap();
        let draft = Persona::from_toml(&text).unwrap();
        assert_eq!(draft.ok, truth("X-T4", &[switch]).ok, "{text}");
        assert!(draft.ok_after_ms > 0, "{text}");
    }
}

#[test]
fn what_is_handed_out_says_nothing_of_the_gallery() {
    // Such a camera hangs up by itself.
    let camera = Camera::start(&["--model", "X-T10", "--picked", "2", "--photos", "3"]);
    let (folder, ran) = record_from(&camera, &[&["receive", "--to", "library"]]);
    assert_eq!(ran[0].code, 0, "{ran:?}");
    let ran = run(folder.path(), &["decode", "--persona", "-", FILE]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let draft = Persona::from_toml(&ran.out).unwrap();
    let truth = truth("X-T10", &[]);
    assert_eq!((draft.camera_state, &draft.picked_list), (1, &truth.picked_list), "{ran:?}");
    assert_eq!(draft.placeholder_bytes, truth.placeholder_bytes, "{ran:?}");
    assert_eq!(draft.objects_without_gallery, truth.objects_without_gallery, "{ran:?}");
    for field in ["placeholder_bytes", "folder_tree", "gallery_mode", "objects_without_gallery"] {
        let line = ran.out.lines().find(|line| line.starts_with(field)).unwrap();
        assert!(line.contains(" # not seen"), "{line}");
    }
}
