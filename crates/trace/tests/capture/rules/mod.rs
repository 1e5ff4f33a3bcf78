//! What is called out of the fact sheet's rules, and what is not.

use std::collections::{BTreeMap, BTreeSet};

use filmwire_codec::code::Grade;
use filmwire_codec::init::{InitRequest, PROTOCOL_CONSTANT};
use filmwire_codec::{OperationCode, TransactionId};
use filmwire_trace::record::{Note, Side};
use filmwire_trace::rule::{Finding, MOST_TOLD, PAUSES, Pause, RULES, Rule, What};
use proptest::prelude::*;

mod breach;
mod pause;
mod play;

use crate::damage::{damaged_in_time, fate};

use breach::{CAMERA, CLIENT, good};
use play::{Play, notes};

fn findings(notes: &[Note]) -> impl Iterator<Item = Finding> {
    notes.iter().filter_map(|note| note.finding)
}

/// The rules that are broken.
fn codes(notes: &[Note]) -> Vec<&'static str> {
    findings(notes).filter(|one| one.what == What::Rule).map(|one| one.code).collect()
}

#[test]
fn each_rule_is_called_out_where_it_is_broken_and_no_other() {
    let mut seen = BTreeSet::new();
    for (rules, play) in CLIENT.iter().chain(CAMERA) {
        let (notes, tally) = play().notes();
        assert_eq!(codes(&notes), *rules, "{notes:?}");
        let counts = tally.findings.iter().filter(|((what, _), _)| *what == What::Rule);
        assert_eq!(counts.map(|(_, count)| count).sum::<u64>(), rules.len() as u64);
        seen.extend(rules.iter().copied());
    }
    let wanted: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(wanted.len(), RULES.len(), "codes are unique");
    assert_eq!(seen, wanted);
}

#[test]
fn a_note_names_the_rule_its_section_and_whose_it_is() {
    let (notes, _) = CLIENT[8].1().notes();
    let [first, _] = notes.as_slice() else { panic!("{notes:?}") };
    let finding = first.finding.unwrap();
    let told = (finding.code, finding.by, finding.section, finding.grade);
    assert_eq!(told, ("id-order", Side::Client, Some("3.3"), Some(Grade::A)));
    assert_eq!(finding.id.map(|id| id.0), Some(3));
    assert_eq!(
        first.text,
        "rule broken by the client in #3: transaction ids grow by one; here 1, then 3 \
         (id-order; fact sheet 3.3, grade A)"
    );
    assert_eq!((first.connection, first.at_ns.is_some()), (Some(1), true));
}

#[test]
fn who_does_not_wait_is_accused_and_who_waited_in_vain_is_not() {
    let (_, play) = CLIENT.iter().find(|(rules, _)| *rules == ["second-command"]).unwrap();
    let (notes, _) = play().notes();
    let second = findings(&notes).find(|one| one.code == "second-command").unwrap();
    assert_eq!(second.id.map(|id| id.0), Some(3));
}

#[test]
fn who_keeps_the_rules_is_not_accused() {
    let (notes, tally) = good().notes();
    assert_eq!(findings(&notes).count(), 0, "{notes:?}");
    assert!(tally.findings.is_empty() && tally.records["transaction"] > 20);
}

#[test]
fn nobody_is_accused_of_what_two_commands_of_one_id_hide() {
    for answers in 1..3 {
        let mut play = Play::registered();
        // As gphoto2 does, where a body passes over the first one.
        let id = play.ask(OperationCode::OPEN_SESSION, &[1]);
        play.wait(2500);
        play.id = id.0;
        play.ask(OperationCode::OPEN_SESSION, &[1]);
        (0..answers).for_each(|_| play.answer(id, &[]));
        (0..3).for_each(|_| play.get(0xDF00, &[6, 0]));
        assert_eq!(codes(&play.notes().0), ["id-order"], "{answers} answers");
        // The camera answers the first after the client gave it up.
        let (code, params) = (OperationCode::GET_DEVICE_PROP_VALUE, [0xDF00]);
        let id = play.ask(code, &params);
        let data = play.data(code, id, &[6, 0]);
        play.camera(&data);
        play.wait(2500);
        play.id = id.0;
        play.ask(code, &params);
        for _ in 0..answers {
            play.answer(id, &[]);
            play.camera(&data);
        }
        assert_eq!(codes(&play.notes().0), ["id-order"; 2], "{answers} answers");
    }
}

#[test]
fn a_second_registration_may_be_answered_as_a_command() {
    let mut play = Play::registered();
    play.client(&InitRequest::new("somebody").encode());
    play.refuse(TransactionId(PROTOCOL_CONSTANT));
    assert_eq!(codes(&play.notes().0), [""; 0]);
}

#[test]
fn the_guide_lists_every_rule_retry_and_silence() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/captures.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let row = |rule: &&Rule| {
        let by = if rule.by == Side::Client { "client" } else { "camera" };
        let Rule { code, section, grade, says, .. } = rule;
        format!("| `{code}` | {by} | {section} | {grade:?} | {says} |\n")
    };
    let head =
        "| rule | kept by | section | grade | what is right |\n| --- | --- | --- | --- | --- |\n";
    let wanted = format!("{head}{}\n", RULES.iter().map(row).collect::<String>());
    assert!(guide.contains(&wanted), "docs/guide/captures.md lacks\n{wanted}");
    let row = |pause: &&Pause| format!("| `{}` | {} |\n", pause.code, pause.says);
    let head = "| remark | what it tells |\n| --- | --- |\n";
    let wanted = format!("{head}{}\n", PAUSES.iter().map(row).collect::<String>());
    assert!(guide.contains(&wanted), "docs/guide/captures.md lacks\n{wanted}");
}

/// True for the packets of TCP's and the protocol's handshakes.
fn begins(packet: &[u8]) -> bool {
    let is_syn = packet[33] & 2 != 0;
    let payload = &packet[40..];
    is_syn || payload.get(4..8).is_some_and(|kind| kind == [1, 0, 0, 0] || kind == [2, 0, 0, 0])
}

#[test]
fn nothing_is_accused_in_a_capture_that_starts_in_the_middle() {
    for (rules, play) in CLIENT.iter().chain(CAMERA) {
        let mut packets = play().packets;
        packets.retain(|(_, packet)| !begins(packet));
        assert_eq!(findings(&notes(&packets, true).0).count(), 0, "{rules:?}");
    }
}

#[test]
fn nothing_is_accused_of_a_side_behind_its_gap() {
    for (rules, play) in CLIENT.iter().chain(CAMERA) {
        let mut packets = Play::registered();
        let before = packets.packets.len();
        // A piece of noise on both sides, which belongs to no packet.
        packets.client(&[0xAA; 40]);
        packets.camera(&[0xAA; 40]);
        let noise = packets.packets.split_off(before);
        let mut told = play();
        // Only what is said of commands: a gap of one connection is none of another.
        told.packets.retain(|(_, packet)| {
            let port = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
            port(20) == 55740 || port(22) == 55740
        });
        let Some(at) = told.packets.iter().position(|(_, packet)| packet.len() > 40) else {
            continue;
        };
        let shifted = told.packets.split_off(at);
        for (at_ns, mut packet) in noise {
            // It stands where the session's first bytes do, which move on.
            let own = if packet[20..22] == 55740u16.to_be_bytes() { 1 } else { 0 };
            let first = [1001u32, (1000 ^ 0x5555_5555) + 1][own];
            packet[24..28].copy_from_slice(&first.to_be_bytes());
            packet[28..32].copy_from_slice(&0u32.to_be_bytes());
            told.packets.push((at_ns, packet));
        }
        for (at_ns, mut packet) in shifted {
            for field in [24, 28] {
                let number = u32::from_be_bytes(packet[field..field + 4].try_into().unwrap());
                packet[field..field + 4].copy_from_slice(&number.wrapping_add(40).to_be_bytes());
            }
            told.packets.push((at_ns, packet));
        }
        let (notes, tally) = notes(&told.packets, true);
        assert_eq!((findings(&notes).count(), tally.stray_bytes >= 80), (0, true), "{rules:?}");
    }
}

#[test]
fn what_needs_the_time_is_not_judged_without_it() {
    for (rules, play) in CLIENT.iter().chain(CAMERA) {
        let told = codes(&notes(&play().packets, false).0);
        let timed = |rule: &&str| !["early-open", "second-command"].contains(rule);
        assert_eq!(told, rules.iter().copied().filter(timed).collect::<Vec<_>>());
    }
}

#[test]
fn a_rule_that_is_always_broken_is_told_a_few_times_and_counted() {
    let mut play = Play::open();
    for _ in 0..100 {
        play.id += 1;
        play.get(0xDF00, &[6, 0]);
    }
    let (notes, tally) = play.notes();
    assert_eq!(codes(&notes), ["id-order"; MOST_TOLD as usize]);
    assert_eq!(tally.findings[&(What::Rule, "id-order")], 100);
}

/// How often each thing is told, of which transaction.
fn counts(packets: &[(u64, Vec<u8>)]) -> BTreeMap<(&'static str, Option<u32>), usize> {
    let mut counts = BTreeMap::new();
    for one in findings(&notes(packets, true).0) {
        *counts.entry((one.code, one.id.map(|id| id.0))).or_default() += 1;
    }
    counts
}

proptest! {
    /// Whatever is lost, doubled, late or cut: nobody is accused of what the whole does not show.
    #[test]
    fn damage_invents_no_finding(fates in proptest::collection::vec(fate(), 60), from in 0usize..8) {
        let plays = CLIENT.iter().chain(CAMERA).map(|(_, play)| play());
        for play in plays.chain([good()]) {
            let whole = counts(&play.packets);
            let mut packets = damaged_in_time(&play.packets, &fates);
            packets.drain(..from.min(packets.len()));
            for (finding, count) in counts(&packets) {
                let known = whole.get(&finding).copied().unwrap_or_default();
                prop_assert!(count <= known, "{finding:?} {count} times, not {known}");
            }
        }
    }
}
