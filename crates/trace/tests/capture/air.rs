//! Sessions in the air: protected by a network that the test plays, and opened with its keys.

use std::sync::LazyLock;

use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::stand_in::{Air, Version, Way, radiotap};
use filmwire_trace::wifi::{Keys, MOST_NETWORKS, MOST_STATIONS};
use filmwire_trace::{Decoder, Record, Tally};
use proptest::prelude::*;

use crate::session::{Session, decode_with, noise, session, transactions};

const SSID: &str = "FUJIFILM-X-T9-1234";
const PASSPHRASE: &str = "only for a test";
/// What the crate's documentation says is held for networks, stations and fragments.
const MOST_HELD: usize = 6 << 20;

/// Making a key of a passphrase takes long.
static AIR: LazyLock<Air> = LazyLock::new(|| Air::new(SSID, PASSPHRASE, Version::Sha1));
static KEYS: LazyLock<Keys> =
    LazyLock::new(|| Keys::read(format!("{SSID}\t{PASSPHRASE}").as_bytes()).unwrap());

fn air(version: Version) -> Air {
    AIR.with_version(version)
}

fn keys() -> Keys {
    KEYS.clone()
}

/// The client has 192.168.0.2 and is the station.
fn way(packet: &[u8]) -> Way {
    if packet[15] == 1 { Way::Down } else { Way::Up }
}

fn beginning(air: &mut Air) -> Vec<Vec<u8>> {
    let mut frames = vec![air.beacon(), air.association()];
    frames.extend(air.handshake());
    frames
}

/// A session whose station joined before it.
fn frames(air: &mut Air, session: &Session) -> Vec<Vec<u8>> {
    let mut frames = beginning(air);
    frames.extend(session.packets.iter().map(|packet| air.packet(way(packet), packet)));
    frames
}

fn decode(keys: Keys, frames: &[Vec<u8>]) -> (Vec<Record>, Tally) {
    decode_with(keys, LinkType::IEEE802_11, frames)
}

fn notes(records: &[Record]) -> Vec<&str> {
    let notes = records.iter().filter_map(|record| match record {
        Record::Note(note) => Some(note.text.as_str()),
        _ => None,
    });
    notes.collect()
}

/// Nothing is shown but a single note, with these words.
fn assert_closed((records, tally): &(Vec<Record>, Tally), words: &str) {
    let notes = notes(records);
    assert_eq!((records.len(), notes.len()), (1, 1), "{records:?}");
    assert!(notes[0].contains(words), "{words}: {notes:?}");
    assert!(!notes[0].contains(PASSPHRASE), "{notes:?}");
    assert_eq!(tally.air.opened, 0);
    assert!(tally.air.closed > 0);
}

#[test]
fn a_session_is_shown_whole_whatever_is_around_its_frames() {
    let session = session(99, 12);
    for version in [Version::Sha1, Version::Sha256] {
        let mut air = air(version);
        let mut bare = frames(&mut air, &session);
        // A frame without QoS is a lane of its own.
        bare.push(air.old_packet(Way::Down, &session.packets[0]));
        let wrapped = |checked| bare.iter().map(|frame| radiotap(frame, checked)).collect();
        let without_head: Vec<_> =
            bare.iter().map(|frame| radiotap(frame, true)[17..].to_vec()).collect();
        for (link, frames) in [
            (LinkType::IEEE802_11, bare.clone()),
            (LinkType::IEEE802_11, without_head),
            (LinkType::RADIOTAP, wrapped(false)),
            (LinkType::RADIOTAP, wrapped(true)),
        ] {
            let (records, tally) = decode_with(keys(), link, &frames);
            session.assert_whole(&records);
            assert_eq!(notes(&records), [""; 0]);
            let data = session.packets.len() as u64 + 1;
            assert_eq!((tally.air.opened, tally.air.closed), (data, 0));
        }
    }
}

#[test]
fn a_key_does_what_a_passphrase_does_and_more() {
    let session = session(99, 8);
    for version in [Version::Sha1, Version::Sha256, Version::Sae] {
        let mut air = air(version);
        let frames = frames(&mut air, &session);
        for line in [air.key_hex(), format!("{SSID} {}", air.key_hex())] {
            session.assert_whole(&decode(Keys::read(line.as_bytes()).unwrap(), &frames).0);
        }
        if version == Version::Sae {
            assert_closed(&decode(keys(), &frames), "WPA3 (SAE)");
            // Nothing but the messages tells of it.
            assert_closed(&decode(keys(), &frames[2..]), "WPA3 (SAE)");
        }
    }
}

#[test]
fn what_is_in_the_open_needs_no_key() {
    let session = session(99, 8);
    let mut air = air(Version::Sha1);
    let packets = session.packets.iter();
    let frames: Vec<_> = packets.map(|packet| air.open_packet(way(packet), packet)).collect();
    session.assert_whole(&decode(Keys::default(), &frames).0);
}

#[test]
fn without_the_right_key_all_stays_closed_and_it_is_said_why() {
    let session = session(99, 8);
    let frames = frames(&mut air(Version::Sha1), &session);
    let key = |text: &str| Keys::read(text.as_bytes()).unwrap();
    assert_closed(&decode(Keys::default(), &frames), "no key of it was given");
    let wrong = format!("{SSID} another passphrase");
    assert_closed(&decode(key(&wrong), &frames), "the passphrase or key is a wrong one");
    // Without data it is told at the end.
    let told = decode(key(&wrong), &frames[..6]);
    assert!(notes(&told.0)[0].contains("is a wrong one"), "{told:?}");
    let (records, _) = decode(key("Another-network some passphrase"), &frames);
    let notes = notes(&records);
    assert!(notes[0].contains("no key of it was given"), "{notes:?}");
    assert!(notes[1].contains("1 are of networks that are not in the capture"), "{notes:?}");
    // What was given may be the wrong way round.
    assert!(!notes[1].contains("Another"), "{notes:?}");
    // Of a network that does not tell its name any key may be the right one.
    let keys = key(&format!("Another-network some passphrase\n{SSID}\t{PASSPHRASE}"));
    session.assert_whole(&decode(keys, &frames[1..]).0);
}

#[test]
fn any_two_messages_with_both_nonces_are_enough() {
    let session = session(99, 8);
    let frames = frames(&mut air(Version::Sha1), &session);
    // The messages are frames 2 to 5.
    for lost in 0..16 {
        let has = |message: usize| lost & 1 << (message - 1) == 0;
        let kept = frames.iter().enumerate().filter(|(at, _)| !(2..6).contains(at) || has(at - 1));
        let kept: Vec<_> = kept.map(|(_, frame)| frame.clone()).collect();
        let told = decode(keys(), &kept);
        match (has(1), has(2), has(3), has(4)) {
            (false, false, false, false) => {
                assert_closed(&told, "its handshake is not in the capture");
            }
            (_, false, ..) => assert_closed(&told, "message 2 of its handshake is not"),
            (false, true, false, _) => assert_closed(&told, "neither message 1 nor 3"),
            _ => session.assert_whole(&told.0),
        }
    }
}

#[test]
fn keys_may_change_while_a_session_goes_on() {
    let session = session(99, 30);
    let mut air = air(Version::Sha1);
    let mut frames = beginning(&mut air);
    let third = session.packets.len() / 3;
    for (number, packet) in session.packets.iter().enumerate() {
        if number > 0 && number.is_multiple_of(third) {
            // What was sent before comes after.
            let late = air.packet(way(packet), packet);
            if number == third {
                frames.extend(air.renew());
            } else {
                // The station comes back as if it had never been there.
                frames.push(air.association());
                frames.extend(air.handshake());
            }
            frames.push(late);
        } else {
            frames.push(air.packet(way(packet), packet));
        }
    }
    let (records, tally) = decode(keys(), &frames);
    session.assert_whole(&records);
    // The messages of the renewal are protected as well.
    let wanted = session.packets.len() as u64 + 4;
    assert_eq!((tally.air.opened, tally.air.closed), (wanted, 0), "{records:?}");
}

#[test]
fn a_key_that_comes_again_is_no_new_one() {
    let session = session(99, 8);
    let mut air = air(Version::Sha1);
    let mut frames = frames(&mut air, &session);
    let group = air.packet(Way::All, &session.packets[0]);
    // The third message is sent again, and with it both keys; then what was there before.
    let third = frames[4].clone();
    let again = [vec![group.clone(), third], frames[6..].to_vec(), vec![group]].concat();
    frames.extend(again);
    let (records, tally) = decode(keys(), &frames);
    session.assert_whole(&records);
    let count = session.packets.len() as u64;
    assert_eq!((tally.air.opened, tally.air.repeated), (count + 1, count + 1));
}

#[test]
fn a_first_message_may_come_several_times() {
    let session = session(99, 8);
    let mut air = air(Version::Sha1);
    let mut frames = frames(&mut air, &session);
    // The network asks three times in vain, with another number each, before it is answered.
    let mut vain = air.clone();
    for _ in 0..3 {
        let first = vain.handshake().swap_remove(0);
        frames.insert(2, first);
    }
    session.assert_whole(&decode(keys(), &frames).0);
}

#[test]
fn messages_that_do_not_belong_together_are_no_wrong_passphrase() {
    let session = session(99, 8);
    let mut air = air(Version::Sha1);
    let mut frames = frames(&mut air, &session);
    // The first message is one of long ago.
    let mut other = air.clone();
    (0..3).for_each(|_| drop(other.handshake()));
    frames[2] = other.handshake().swap_remove(0);
    frames.remove(4);
    assert_closed(&decode(keys(), &frames), "do not belong together");
    // The station left and comes back: its next handshake is judged by itself.
    for comes in [air.association(), air.authentication()] {
        let mut frames = frames.clone();
        frames.insert(3, comes);
        assert_closed(&decode(keys(), &frames), "neither message 1 nor 3");
    }
}

#[test]
fn management_frames_that_are_protected_are_told_of_once() {
    let mut air = air(Version::Sha256);
    let mut frames = beginning(&mut air);
    for _ in 0..3 {
        let mut frame = air.association();
        (frame[0], frame[1]) = (0xD0, 0x40);
        frames.push(frame);
    }
    let (records, _) = decode(keys(), &frames);
    let notes = notes(&records);
    assert!(notes.len() == 1 && notes[0].contains("802.11w"), "{notes:?}");
}

#[test]
fn a_station_that_never_rests_is_bounded() {
    let (mut decoder, mut air, mut held) = (Decoder::default(), air(Version::Sha1), Vec::new());
    decoder.give_keys(keys());
    for round in 0..300 {
        let mut frames = if round == 0 { beginning(&mut air) } else { air.renew() };
        frames.extend(air.renew_group());
        frames.extend([Way::Up, Way::All].map(|way| air.packet(way, &[0x45; 40])));
        for frame in frames {
            let link = LinkType::IEEE802_11;
            let packet = Packet { at_ns: None, link, data: &frame, cut_bytes: 0 };
            decoder.take(&Item::Packet(packet), &mut |_| {});
        }
        held.push(decoder.held_bytes());
    }
    assert_eq!(decoder.tally().air.closed, 0);
    assert_eq!(held[9], held[299]);
}

#[test]
fn remarks_come_to_an_end() {
    let there = air(Version::Sha1);
    let mut frames = Vec::new();
    for number in 0..500 {
        let mut air = there.clone();
        air.move_to(number);
        frames.push(air.packet(Way::Up, &[0x45; 40]));
    }
    let (records, tally) = decode(Keys::default(), &frames);
    assert_eq!((records.len(), tally.air.closed), (100, 500));
    assert!(notes(&records)[99].contains("only counted"));
}

#[test]
fn stations_and_networks_are_told_apart() {
    let session = session(99, 10);
    let mut first = air(Version::Sha1);
    let mut frames = beginning(&mut first);
    let mut second = first.another_station(77);
    frames.extend(second.handshake());
    // Its neighbour has another name, another passphrase and other functions.
    let mut other = Air::new("FUJIFILM-X-H9-0001", "another passphrase", Version::Sha256);
    frames.extend(beginning(&mut other));
    for packet in &session.packets {
        frames.push(first.packet(way(packet), packet));
        for (air, host) in [(&mut second, 3), (&mut other, 4)] {
            let mut packet = packet.clone();
            let client = if packet[15] == 2 { 15 } else { 19 };
            packet[client] = host;
            frames.push(air.packet(way(&packet), &packet));
        }
    }
    let both = format!("{SSID}\t{PASSPHRASE}\nFUJIFILM-X-H9-0001\tanother passphrase");
    let count = |keys: Keys| {
        let (records, tally) = decode(keys, &frames);
        (transactions(&records).len(), tally.air.closed)
    };
    assert_eq!(count(Keys::read(both.as_bytes()).unwrap()), (30, 0));
    assert_eq!(count(keys()), (20, session.packets.len() as u64));
}

#[test]
fn aggregates_and_fragments_are_read() {
    let session = session(99, 12);
    let mut air = air(Version::Sha1);
    for signed in [false, true] {
        let mut aggregates = beginning(&mut air);
        for run in session.packets.chunk_by(|one, other| way(one) == way(other)) {
            aggregates.push(air.aggregate(way(&run[0]), run, signed));
        }
        assert!(aggregates.len() < session.packets.len());
        session.assert_whole(&decode(keys(), &aggregates).0);
    }
    let mut fragments = beginning(&mut air);
    for packet in &session.packets {
        fragments.extend(air.fragments(way(packet), packet, 300));
    }
    assert!(fragments.len() > session.packets.len() + 20);
    session.assert_whole(&decode(keys(), &fragments).0);
    // Of a packet whose fragment is lost nothing is shown.
    let lost = fragments.len() / 2;
    fragments.remove(lost);
    session.assert_true(&decode(keys(), &fragments).0);
}

#[test]
fn what_comes_twice_is_opened_once() {
    let session = session(99, 12);
    let mut air = air(Version::Sha1);
    let frames = frames(&mut air, &session);
    // A repetition has its bit set.
    let again = |frame: &Vec<u8>| {
        let mut again = frame.clone();
        again[1] |= 0x08;
        [frame.clone(), again]
    };
    let doubled: Vec<_> = frames.iter().flat_map(again).collect();
    let (records, tally) = decode(keys(), &doubled);
    session.assert_whole(&records);
    let count = session.packets.len() as u64;
    let air = tally.air;
    assert_eq!((air.opened, air.repeated, air.closed), (count, count, 0));
    assert_eq!(tally.repeated, 0);
}

#[test]
fn kinds_of_traffic_may_overtake_each_other() {
    let session = session(99, 2);
    let mut air = air(Version::Sha1);
    let mut frames = beginning(&mut air);
    let packet = &session.packets[2];
    let slow = air.old_packet(way(packet), packet);
    frames.extend((0..1200).map(|_| air.packet(way(packet), packet)));
    frames.push(slow);
    let (_, tally) = decode(keys(), &frames);
    assert_eq!((tally.air.opened, tally.air.repeated), (1201, 0));
}

#[test]
fn what_all_stations_hear_needs_the_third_message_or_a_renewal() {
    let mut air = air(Version::Sha1);
    let text = b"DISCOVERY * HTTP/1.1\r\nMX: 5\r\n\r\n";
    let mut packet = vec![0x45, 0, 0, 28 + text.len() as u8, 0, 0, 0x40, 0, 64, 17, 0, 0];
    packet.extend([192, 168, 0, 1, 192, 168, 0, 255]);
    packet.extend([51560u16, 51562, 8 + text.len() as u16, 0].map(u16::to_be_bytes).concat());
    packet.extend(text);
    let mut frames = beginning(&mut air);
    frames.push(air.packet(Way::All, &packet));
    frames.extend(air.renew_group());
    frames.push(air.packet(Way::All, &packet));
    let heard = |frames: &[Vec<u8>]| {
        let (records, tally) = decode(keys(), frames);
        let texts = records.iter().filter(|record| matches!(record, Record::Discovery(_)));
        (texts.count(), tally.air.closed)
    };
    assert_eq!(heard(&frames), (2, 0));
    frames.remove(4);
    assert_eq!(heard(&frames), (1, 1));
    // The renewal lost too.
    frames.remove(6);
    assert_eq!(heard(&frames), (0, 2));
}

#[test]
fn frames_that_were_cut_stay_closed() {
    let session = session(99, 4);
    let frames = frames(&mut air(Version::Sha1), &session);
    let (mut decoder, mut records) = (Decoder::default(), Vec::new());
    decoder.give_keys(keys());
    for frame in &frames {
        let data = &frame[..frame.len().min(60)];
        let cut_bytes = (frame.len() - data.len()) as u64;
        let packet = Packet { at_ns: None, link: LinkType::IEEE802_11, data, cut_bytes };
        decoder.take(&Item::Packet(packet), &mut |record| records.push(record));
    }
    decoder.finish(&mut |record| records.push(record));
    assert!(notes(&records)[0].contains("that the capture cut"), "{records:?}");
    assert_eq!(decoder.tally().air.opened, 0);
}

#[test]
fn what_is_held_of_the_air_is_bounded() {
    let (mut decoder, mut held) = (Decoder::default(), Vec::new());
    decoder.give_keys(keys());
    let packet = [&[0x45, 0][..], &noise(1, 700)].concat();
    let there = air(Version::Sha1);
    for number in 0..MOST_STATIONS as u16 + 40 {
        // Another network and station each time, of the same name.
        let mut air = there.clone();
        air.move_to(number);
        for _ in 0..4 {
            let mut frames = beginning(&mut air);
            for way in [Way::Up, Way::Down, Way::All] {
                frames.extend([air.old_packet(way, &packet), air.packet(way, &packet)]);
            }
            frames.extend(air.fragments(Way::Up, &packet, 100).into_iter().take(6));
            for frame in frames {
                let link = LinkType::IEEE802_11;
                let packet = Packet { at_ns: None, link, data: &frame, cut_bytes: 0 };
                decoder.take(&Item::Packet(packet), &mut |_| {});
            }
        }
        held.push(decoder.held_bytes());
    }
    assert_eq!(decoder.tally().air.closed, 0);
    // From the last station that has a place on, each takes the place of another.
    let (full, last) = (held[MOST_STATIONS - 1], held[MOST_STATIONS + 39]);
    assert!(full > 1 << 20, "{full}");
    assert!(full < MOST_HELD && last <= full, "{full} {last}");
    assert!(held[MOST_NETWORKS] < held[MOST_NETWORKS - 1] + (full >> 8), "{held:?}");
    decoder.finish(&mut |_| {});
    assert_eq!(decoder.held_bytes(), 0);
}

/// Where to hit a frame, and how: a bit, or its end.
fn blows() -> impl Strategy<Value = Vec<(prop::sample::Index, prop::sample::Index, bool)>> {
    proptest::collection::vec(
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()),
        0..30,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_damaged_frames_show_is_true(blows in blows(), checked: bool) {
        let session = session(99, 8);
        let mut air = air(Version::Sha1);
        let mut frames: Vec<_> =
            frames(&mut air, &session).iter().map(|frame| radiotap(frame, checked)).collect();
        for (frame, place, cut) in blows {
            let at = frame.index(frames.len());
            let frame = &mut frames[at];
            let place = place.index(frame.len() * 8);
            if cut {
                frame.truncate((place / 8).max(1));
            } else {
                frame[place / 8] ^= 1 << (place % 8);
            }
        }
        let (records, _) = decode_with(keys(), LinkType::RADIOTAP, &frames);
        session.assert_true(&records);
    }

    /// Bodies of handshakes and beacons of any bytes.
    #[test]
    fn any_messages_come_to_an_end(
        said in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..200)), 0..20),
    ) {
        let mut air = air(Version::Sha1);
        let mut all = beginning(&mut air);
        for (is_message, bytes) in said {
            let mut frame = if is_message { air.open_packet(Way::Down, &[]) } else { air.beacon() };
            frame.truncate(24);
            if is_message {
                frame.extend([0xAA, 0xAA, 3, 0, 0, 0, 0x88, 0x8E, 2, 3, 0, 120]);
            }
            frame.extend(bytes);
            all.push(frame);
        }
        decode(keys(), &all);
    }
}
