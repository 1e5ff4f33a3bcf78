//! What is special about programs.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use filmwire_catalogue::{DeliveryState, FileFacts};
use filmwire_deliver::{Exec, ExecOptions, Target};

use crate::stand::Stand;

fn shell(script: &str, limit: Duration) -> Arc<dyn Target> {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    Arc::new(Exec::new(ExecOptions { argv, limit }))
}

const LONG: Duration = Duration::from_secs(60);

/// Runs a script for one file; returns state, reason and time to try again.
async fn outcome(script: &str, limit: Duration) -> (DeliveryState, String, Option<i64>) {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    stand.once(&shell(script, limit)).await;
    let row = stand.rows().remove(0);
    (row.state, row.reason.unwrap_or_default(), row.next)
}

#[tokio::test]
async fn exit_codes_say_what_became_of_the_file() {
    let (state, ..) = outcome("exit 0", LONG).await;
    assert_eq!(state, DeliveryState::Proven);
    let (state, reason, next) = outcome("echo one >&2; echo no room >&2; exit 75", LONG).await;
    assert_eq!((state, next.is_some()), (DeliveryState::Failed, true), "later");
    assert_eq!(reason, "sh ended with exit code 75: no room");
    let (state, reason, next) = outcome("printf 'bad \\033[1mfile\\n\\n' >&2; exit 3", LONG).await;
    assert_eq!((state, next), (DeliveryState::Failed, None), "until a person looks");
    assert_eq!(reason, "sh ended with exit code 3: bad [1mfile", "no control characters");
    let (state, reason, next) = outcome("kill -9 $$", LONG).await;
    assert_eq!((state, next.is_some()), (DeliveryState::Failed, true));
    assert_eq!(reason, "sh was killed");
}

#[tokio::test]
async fn a_program_past_its_limit_goes_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let sign = folder.path().join("sign");
    let script = format!("(sleep 1; touch '{}') & sleep 60", sign.display());
    let began = Instant::now();
    let (state, reason, next) = outcome(&script, Duration::from_millis(200)).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((state, next.is_some()), (DeliveryState::Failed, true));
    assert_eq!(reason, "sh took longer than 0.2 s");
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert!(!sign.exists(), "what it had started lived on");
}

#[tokio::test]
async fn what_a_program_leaves_running_is_not_waited_for() {
    let began = Instant::now();
    let (state, reason, _) = outcome("echo bad >&2; sleep 5 & exit 3", LONG).await;
    assert!(began.elapsed() < Duration::from_secs(4), "its child keeps standard error open");
    assert_eq!(state, DeliveryState::Failed);
    assert!(reason.starts_with("sh ended with exit code 3"));
}

#[tokio::test]
async fn a_program_is_told_of_the_file() {
    let stand = Stand::new();
    let file = stand.add("d/A.JPG", b"abc");
    let facts = FileFacts {
        kind: Some("jpeg".to_owned()),
        model: Some("X-T5".to_owned()),
        serial: Some("SECRET123".to_owned()),
        taken: Some("20160102T150136".to_owned()),
        rating: Some(4),
        ..FileFacts::default()
    };
    stand.library.catalogue().unwrap().set_facts(file, &facts).unwrap();
    let told = stand.path("told");
    stand.once(&shell(&format!("cat > '{}'", told.display()), LONG)).await;
    let text = fs::read_to_string(told).unwrap();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let path = stand.library.absolute("d/A.JPG");
    let expected = serde_json::json!({
        "version": 1,
        "target": "nas",
        "path": path.to_str().unwrap(),
        "name": "d/A.JPG",
        "size": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "attempt": 1,
        "kind": "jpeg",
        "camera": "X-T5",
        "taken": "20160102T150136",
        "rating": 4,
    });
    assert_eq!(found, expected);
    assert_eq!(stand.rows()[0].proof.as_deref(), Some("its word"));
}

#[tokio::test]
async fn a_program_that_is_not_there_pauses_the_target() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    for program in ["/none/at all", "filmwire-has-no-such-program", ""] {
        let options = ExecOptions { argv: vec![program.to_owned()], limit: LONG };
        let fault = Exec::new(options.clone()).test(None).await.unwrap_err();
        assert!(fault.reason.contains("no program"), "{fault}");
        let target: Arc<dyn Target> = Arc::new(Exec::new(options));
        stand.once(&target).await;
        assert!(stand.all_are(DeliveryState::Waiting), "the file is not to blame");
    }
}

#[tokio::test]
async fn a_stop_ends_a_program_at_once() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let target = shell("sleep 60", LONG);
    let stop = stand.around.stop.clone();
    let began = Instant::now();
    let asking = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.ask();
    };
    let (end, ()) = tokio::join!(stand.once(&target), asking);
    assert_eq!(end, filmwire_deliver::End::Stopped);
    assert!(began.elapsed() < Duration::from_secs(4));
    assert!(stand.all_are(DeliveryState::Waiting));
}
