//! `decode` on Wi-Fi itself: the simulator's sessions in protected frames, and the keys for them.

use std::fs;
use std::path::Path;

use filmwire_trace::stand_in::{Air, Version, Way, pcap, radiotap};

use crate::decode::{Told, session, told};
use crate::program::{Ran, run, run_with};

pub(crate) const SSID: &str = "FUJIFILM-X-T9-1234";
pub(crate) const PASSPHRASE: &str = "only for a test";
const RADIOTAP: u32 = 127;

/// Packets of a pcap.
fn packets(mut capture: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    capture = &capture[24..];
    while !capture.is_empty() {
        let length = u32::from_le_bytes(capture[8..12].try_into().unwrap()) as usize;
        let (packet, rest) = capture[16..].split_at(length);
        packets.push(packet.to_vec());
        capture = rest;
    }
    packets
}

/// A session in the air: what the air's file has, and what `decode` says without it.
pub(crate) fn in_the_air(folder: &Path, air: &mut Air) -> Vec<Told> {
    let (capture, _) = session(&[&["ls"], &["get", "2"]], &[]);
    fs::write(folder.join("plain.pcap"), &capture).unwrap();
    let mut frames = vec![air.beacon(), air.association()];
    frames.extend(air.handshake());
    for packet in packets(&capture) {
        // The camera has 192.168.0.1 and is the access point.
        let way = if packet[15] == 1 { Way::Down } else { Way::Up };
        frames.push(air.packet(way, &packet));
    }
    let frames: Vec<_> = frames.iter().map(|frame| radiotap(frame, true)).collect();
    fs::write(folder.join("air.pcap"), pcap(RADIOTAP, &frames)).unwrap();
    let ran = run(folder, &["decode", "--json", "plain.pcap"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    told(&ran)
}

fn assert_says_no_secret(ran: &Ran, air: &Air) {
    for secret in [PASSPHRASE, &air.key_hex(), &air.key_hex()[..16]] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{ran:?}");
    }
}

#[test]
fn a_session_in_protected_frames_is_the_same_as_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut air = Air::new(SSID, PASSPHRASE, Version::Sha1);
    let wanted = in_the_air(folder.path(), &mut air);
    assert!(wanted.len() > 20);
    let write = |text: &str| fs::write(folder.path().join("networks.txt"), text).unwrap();
    let words = ["decode", "--json", "air.pcap", "--wpa-file", "networks.txt"];
    let key = air.key_hex();
    for text in [
        format!("# of the camera\n{SSID} {PASSPHRASE}\n"),
        format!("Elsewhere\tanother passphrase\r\n{SSID}\t{PASSPHRASE}\r\n"),
        format!("{SSID} {key}"),
        key.clone(),
    ] {
        write(&text);
        let ran = run(folder.path(), &words);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        assert_eq!(told(&ran), wanted);
        let summary = &ran.of_kind("decode", "summary")[0];
        assert_eq!((&summary["closed_frames"], &summary["gaps"]), (&0.into(), &0.into()));
        assert!(summary["opened_frames"].as_u64().unwrap() > 100);
        assert_says_no_secret(&ran, &air);
    }
    for variables in [
        &[("FILMWIRE_WPA_SSID", SSID), ("FILMWIRE_WPA_PASSPHRASE", PASSPHRASE)][..],
        &[("FILMWIRE_WPA_PASSPHRASE", key.as_str())],
    ] {
        let ran = run_with(folder.path(), &words[..3], variables);
        assert_eq!((ran.code, told(&ran)), (0, wanted.clone()), "{ran:?}");
        assert_says_no_secret(&ran, &air);
    }
    let ran = run(folder.path(), &["decode", "--stats", "air.pcap", "--wpa-file", "networks.txt"]);
    assert!(ran.out.contains("protected frames of Wi-Fi opened, 0 stay closed"), "{ran:?}");
}

#[test]
fn what_stays_closed_is_a_failure_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut air = Air::new(SSID, PASSPHRASE, Version::Sha1);
    in_the_air(folder.path(), &mut air);
    let wrong = [("FILMWIRE_WPA_SSID", SSID), ("FILMWIRE_WPA_PASSPHRASE", "not this one")];
    for (variables, reason) in
        [(&[][..], "no key of it was given"), (&wrong, "the passphrase or key is a wrong one")]
    {
        let ran = run_with(folder.path(), &["decode", "--json", "air.pcap"], variables);
        assert_eq!(ran.code, 1, "{ran:?}");
        let notes = ran.of_kind("decode", "note");
        assert!(notes[0]["text"].as_str().unwrap().contains(reason), "{notes:?}");
        assert!(ran.err.contains("are protected, and stay closed"), "{ran:?}");
        assert!(ran.err.contains("--wpa-file"), "{ran:?}");
        // Also where the transcript is not shown.
        for instead in ["--stats", "--unknown", "--html=-"] {
            let ran = run_with(folder.path(), &["decode", instead, "air.pcap"], variables);
            assert!(ran.code == 1 && ran.err.contains(reason), "{instead}: {ran:?}");
        }
        let words = ["decode", "--json", "--stats", "air.pcap"];
        let counted = run_with(folder.path(), &words, variables);
        assert_eq!(counted.of_kind("decode", "note"), notes, "{counted:?}");
        assert!(!ran.err.contains("not this one") && !ran.out.contains("not this one"), "{ran:?}");
    }
}

#[test]
fn keys_that_are_none_are_named_without_repeating_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("networks.txt"), format!("{SSID} {PASSPHRASE}\n\nmine: hidden"))
        .unwrap();
    fs::write(folder.path().join("a.pcap"), pcap(RADIOTAP, &[])).unwrap();
    let words = ["decode", "a.pcap", "--wpa-file", "networks.txt"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("networks.txt: line 3") && !ran.err.contains("hidden"), "{ran:?}");
    for (variables, words) in [
        (&[("FILMWIRE_WPA_SSID", SSID)][..], "FILMWIRE_WPA_PASSPHRASE is not"),
        (&[("FILMWIRE_WPA_PASSPHRASE", PASSPHRASE)], "needs the name of its network"),
        (&[("FILMWIRE_WPA_SSID", SSID), ("FILMWIRE_WPA_PASSPHRASE", "short")], "8 to 63"),
    ] {
        let ran = run_with(folder.path(), &["decode", "a.pcap"], variables);
        assert!(ran.code == 2 && ran.err.contains(words), "{ran:?}");
        assert!(!ran.err.contains(PASSPHRASE) && !ran.err.contains("short"), "{ran:?}");
    }
    // A line the wrong way round, and a passphrase with spaces alone, are keys of networks which
    // are not there.
    let mut air = Air::new(SSID, PASSPHRASE, Version::Sha1);
    fs::write(folder.path().join("a.pcap"), pcap(RADIOTAP, &[radiotap(&air.beacon(), true)]))
        .unwrap();
    let wrong = format!("{PASSPHRASE}\t{SSID}\nsecret words that stand alone\n");
    fs::write(folder.path().join("networks.txt"), wrong).unwrap();
    let ran = run(folder.path(), &words);
    assert!(ran.code == 0 && ran.out.contains("2 are of networks that are not in"), "{ran:?}");
    assert!(!ran.out.contains(PASSPHRASE) && !ran.out.contains("secret"), "{ran:?}");
    let endless = run(folder.path(), &["decode", "a.pcap", "--wpa-file", "/dev/zero"]);
    assert!(endless.code == 2 && endless.err.contains("not as long"), "{endless:?}");
    let none = run(folder.path(), &["decode", "a.pcap", "--wpa-file", "none.txt"]);
    assert_eq!(none.code, 6, "{none:?}");
}
