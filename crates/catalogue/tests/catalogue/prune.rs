//! Freeing copies: which may go, and what is known of those that went.

use filmwire_catalogue::{
    Catalogue, Choice, Error, FileId, FileState, FindingKind, ObjectFilter, Prunable, TargetId,
    check,
};

use crate::fixture::{Fixture, NOW};

const READ: &str = "read";

/// Four published files, and three targets that wait for all of them.
fn stocked() -> (Fixture, Vec<FileId>, Vec<TargetId>) {
    let fixture = Fixture::new();
    let files: Vec<FileId> = ["A", "B", "C", "D"]
        .iter()
        .zip(1..)
        .map(|(name, second)| {
            let object = fixture.see(&format!("DSCF000{second}.JPG"), second);
            fixture.publish(object, name.as_bytes());
            fixture.catalogue.object(object).unwrap().file.unwrap()
        })
        .collect();
    let targets = ["nas", "cloud", "web"].map(|name| {
        let id = fixture.catalogue.add_target(name, NOW).unwrap().id;
        fixture.catalogue.enqueue(id, &Choice::default(), NOW).unwrap();
        id
    });
    (fixture, files, targets.to_vec())
}

fn prove(catalogue: &Catalogue, target: TargetId, file: FileId, proof: &str) {
    catalogue.begin_sending(target, file, NOW).unwrap();
    catalogue.mark_stored(target, file, "d/x", NOW).unwrap();
    catalogue.mark_proven(target, file, proof, NOW).unwrap();
}

fn ids(catalogue: &Catalogue, rule: Prunable<'_>) -> Vec<FileId> {
    catalogue.prunable(rule, None, 9).unwrap().into_iter().map(|file| file.id).collect()
}

#[test]
fn only_what_enough_targets_have_and_none_waits_for_may_go() {
    let (fixture, files, targets) = stocked();
    let catalogue = &fixture.catalogue;
    for (file, proofs) in files.iter().zip([
        [Some(READ), Some(READ), Some("word")],
        [Some(READ), Some(READ), None],
        [Some(READ), Some("size"), Some("word")],
        [None, Some(READ), Some("word")],
    ]) {
        for (target, proof) in targets.iter().zip(proofs) {
            if let Some(proof) = proof {
                prove(catalogue, *target, *file, proof);
            }
        }
    }
    let both = Prunable {
        targets: &targets[..2],
        copies: 2,
        proof: READ,
        wanted_by: &targets,
        before: NOW + 1,
    };
    assert_eq!(ids(catalogue, both), [files[0]]);
    // Once nobody delivers to the last one any more, nothing waits for it.
    let (a, b) = (files[0], files[1]);
    assert_eq!(ids(catalogue, Prunable { wanted_by: &targets[..2], ..both }), [a, b]);
    assert_eq!(ids(catalogue, Prunable { copies: 1, ..both }), [a, files[2]]);
    assert!(ids(catalogue, Prunable { targets: &targets[..1], ..both }).is_empty());
    assert!(ids(catalogue, Prunable { before: NOW - 1, ..both }).is_empty());
    assert!(ids(catalogue, Prunable { copies: 0, targets: &[], ..both }).is_empty());
    let after = catalogue.prunable(Prunable { copies: 1, ..both }, Some(a), 9).unwrap();
    assert_eq!(after.iter().map(|file| file.id).collect::<Vec<_>>(), [files[2]]);
}

/// A file that may go, and what lets it.
fn ready() -> (Fixture, FileId, TargetId) {
    let (fixture, files, targets) = stocked();
    prove(&fixture.catalogue, targets[0], files[0], READ);
    (fixture, files[0], targets[0])
}

fn rule(target: &[TargetId]) -> Prunable<'_> {
    Prunable { targets: target, copies: 1, proof: READ, wanted_by: target, before: NOW + 1 }
}

fn faults(fixture: &Fixture) -> Vec<FindingKind> {
    let found = check(&fixture.library, true).unwrap();
    found.into_iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_pruned_file_is_missing_without_being_missed() {
    let (fixture, file, target) = ready();
    let (catalogue, targets) = (&fixture.catalogue, [target]);
    let path = catalogue.file(file).unwrap().path;
    let at = fixture.library.absolute(&path);
    let old = Prunable { before: NOW - 1, ..rule(&targets) };
    assert_eq!(catalogue.begin_prune(file, old, NOW + 1).unwrap(), None);
    let pruning = catalogue.begin_prune(file, rule(&targets), NOW + 1).unwrap().unwrap();
    assert_eq!(catalogue.begin_prune(file, rule(&targets), NOW + 1).unwrap(), None);
    let open = catalogue.open_prunings().unwrap();
    assert_eq!((open.len(), open[0].file, open[0].ended), (1, Some(file), None));
    assert_eq!(faults(&fixture), [FindingKind::FileBack], "its bytes are still there");
    std::fs::remove_file(&at).unwrap();
    assert_eq!(faults(&fixture), [FindingKind::OpenPruning]);
    assert!(!catalogue.is_pruned(file).unwrap());
    catalogue.end_prune(pruning, "nas: d/x", NOW + 2).unwrap();
    let again = catalogue.end_prune(pruning, "nas: d/x", NOW + 2).unwrap_err();
    assert!(matches!(again, Error::NotFound { .. }), "{again}");
    assert!(catalogue.open_prunings().unwrap().is_empty());
    assert!(catalogue.is_pruned(file).unwrap());
    assert_eq!(catalogue.file(file).unwrap().state, FileState::Missing);
    assert!(faults(&fixture).is_empty());
    // It comes back, and then gets lost: that is another matter.
    fixture.write(&path, b"A");
    catalogue.mark_found(file, NOW + 3).unwrap();
    assert!(!catalogue.is_pruned(file).unwrap());
    std::fs::remove_file(&at).unwrap();
    assert_eq!(faults(&fixture), [FindingKind::FileMissing]);
    let log = catalogue.prunings(0, 9).unwrap();
    let Some([row]) = log.first_chunk::<1>() else { panic!("{log:?}") };
    assert_eq!((row.file, row.begun, row.ended), (None, NOW + 1, Some(NOW + 2)));
    assert_eq!((row.path.as_str(), row.size), (path.as_str(), 1));
    assert_eq!(row.kept_at.as_deref(), Some("nas: d/x"));
    assert_eq!(catalogue.pruning(row.id).unwrap().as_ref(), Some(row));
    assert!(catalogue.prunings(row.id, 9).unwrap().is_empty());
}

#[test]
fn what_is_being_pruned_is_not_forgotten() {
    let (fixture, file, target) = ready();
    let (catalogue, targets) = (&fixture.catalogue, [target]);
    let pruning = catalogue.begin_prune(file, rule(&targets), NOW).unwrap().unwrap();
    let all = ObjectFilter::default();
    let forget = || catalogue.forget(&all, &|_| false, NOW).unwrap();
    assert_eq!(forget(), 3, "the others");
    assert_eq!(catalogue.open_prunings().unwrap()[0].file, Some(file));
    catalogue.end_prune(pruning, "nas: d/x", NOW).unwrap();
    assert_eq!(forget(), 1);
    assert_eq!(catalogue.pruning(pruning).unwrap().unwrap().file, None, "the log stays");
}
