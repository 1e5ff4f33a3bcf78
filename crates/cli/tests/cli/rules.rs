//! Rules of the protocol in recordings of real sessions, and where they are broken.

use std::fs;

use filmwire_codec::container::{encode_command, encode_response};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use serde_json::Value;

use crate::camera::Camera;
use crate::decode::{COMMAND_PORT, said};
use crate::program::run;
use crate::proxy::{FILE, Proxy};

fn findings(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["kind"] == "note" && !line["finding"].is_null()).collect()
}

#[test]
fn our_own_sessions_keep_the_rules() {
    for model in ["X-A2", "X-T1", "X-T5", "X100VI"] {
        let words = ["--photos", "2", "--allow", "shoot,settings", "--model", model];
        let camera = Camera::start(&words);
        let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
        let folder = tempfile::tempdir().unwrap();
        let mut done = 0;
        for words in [
            &["sync", "--to", "library"][..],
            &["thumb", "1", "--to", "thumbs"],
            &["live", "--count", "3"],
            &["shoot", "--count", "2"],
            &["settings"],
        ] {
            // Some bodies have no remote function.
            let code = proxy.run(folder.path(), words).code;
            assert!(code == 0 || code == 4, "{model} {words:?}: {code}");
            done += usize::from(code == 0);
        }
        camera.left();
        proxy.end();
        let lines = proxy.recorded();
        // This one refuses the first registration of a program it does not know.
        let is_known =
            |note: &&Value| (model, &note["finding"]["code"]) == ("X100VI", &"retry-init".into());
        let (known, found): (Vec<_>, Vec<_>) = findings(&lines).into_iter().partition(is_known);
        assert_eq!(found, [&Value::Null; 0], "{model}");
        assert_eq!(known.is_empty(), model != "X100VI");
        let asked = lines.iter().filter(|line| line["kind"] == "transaction").count();
        let live = &lines.last().unwrap()["live_view"];
        let rate = live["frames_per_second"].as_f64();
        assert_eq!(rate.is_some_and(|rate| rate > 1.0), done == 5, "{model}: {live}");
        assert!(live["smallest_bytes"].as_u64() <= live["largest_bytes"].as_u64(), "{live}");
        assert!(done >= 2 && asked > 20, "{model}: {done} verbs, {asked} transactions");
    }
}

#[test]
fn a_broken_rule_is_a_remark_with_its_name() {
    let (code, id) = (OperationCode::CLOSE_SESSION, TransactionId(1));
    let talk = vec![
        (true, encode_command(code, id, &[])),
        (false, encode_response(ResponseCode::OK, id, &[])),
    ];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.pcap"), said(COMMAND_PORT, talk)).unwrap();
    let told = run(folder.path(), &["decode", "--json", "a.pcap"]).lines("decode");
    let [note] = findings(&told)[..] else { panic!("{told:?}") };
    let wanted = serde_json::json!({
        "what": "rule", "code": "init-first", "by": "client", "section": "2", "grade": "A",
        "id": null, "duration_us": null,
    });
    assert_eq!(note["finding"], wanted);
    let people = run(folder.path(), &["decode", "a.pcap"]).out;
    assert!(people.contains(note["text"].as_str().unwrap()), "{people}");
    let counted = serde_json::json!([{ "what": "rule", "code": "init-first", "count": 1 }]);
    assert_eq!(told.last().unwrap()["findings"], counted);
    let stats = run(folder.path(), &["decode", "--stats", "a.pcap"]).out;
    let counted = "1 breach of a rule, 0 retries, 0 silences\n  init-first ";
    assert!(stats.contains(counted) && !stats.contains("live view: "), "{stats}");
}
