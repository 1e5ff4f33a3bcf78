//! The same session in all that may be around its packets.

use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::{Decoder, Record};

use crate::session::{Session, decode, session};

fn wrapped(session: &Session, around: &[u8]) -> Vec<Vec<u8>> {
    session.packets.iter().map(|packet| [around, packet].concat()).collect()
}

#[test]
fn link_types_make_no_difference() {
    let session = session(99, 10);
    let ethernet = [0u8; 12];
    let cooked = [0u8; 14];
    for (link, around) in [
        (LinkType::RAW, vec![]),
        (LinkType::IPV4, vec![]),
        (LinkType(12), vec![]),
        (LinkType::ETHERNET, [&ethernet[..], &[8, 0]].concat()),
        (LinkType::ETHERNET, [&ethernet[..], &[0x81, 0, 0, 5, 8, 0]].concat()),
        (LinkType::LINUX_SLL, [&cooked[..], &[8, 0]].concat()),
        (LinkType::LINUX_SLL2, [&[8, 0][..], &[0; 18]].concat()),
    ] {
        session.assert_whole(&decode(link, &wrapped(&session, &around)).0);
    }
    let (records, tally) = decode(LinkType(119), &session.packets);
    assert_eq!(tally.refused[&119], session.packets.len() as u64);
    assert!(matches!(&records[..], [Record::Note(note)] if note.text.contains("802.11")));
}

#[test]
fn filler_behind_short_packets_is_no_data() {
    let mut session = session(99, 10);
    session.packets.iter_mut().filter(|packet| packet.len() < 60).for_each(|packet| {
        packet.resize(60, 0xEE);
    });
    session.assert_whole(&decode(LinkType::RAW, &session.packets).0);
}

/// An IPv4 packet as one of version 6, or in fragments of it.
fn version_6(packet: &[u8], fragment: Option<(u16, bool, u32)>, bytes: &[u8]) -> Vec<u8> {
    let extension = fragment.map_or(0, |_| 8);
    let mut out = vec![0x60, 0, 0, 0];
    out.extend(((bytes.len() + extension) as u16).to_be_bytes());
    out.extend([if fragment.is_some() { 44 } else { 6 }, 64]);
    for address in [&packet[12..16], &packet[16..20]] {
        out.extend([0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(address);
    }
    if let Some((offset, more, id)) = fragment {
        out.extend([6, 0]);
        out.extend((offset | u16::from(more)).to_be_bytes());
        out.extend(id.to_be_bytes());
    }
    out.extend(bytes);
    out
}

#[test]
fn version_6_is_read_as_well() {
    let session = session(99, 10);
    let packets: Vec<_> =
        session.packets.iter().map(|packet| version_6(packet, None, &packet[20..])).collect();
    session.assert_whole(&decode(LinkType::IPV6, &packets).0);
}

#[test]
fn fragments_are_put_together_in_any_order() {
    let session = session(99, 10);
    let (mut four, mut six) = (Vec::new(), Vec::new());
    for (number, packet) in session.packets.iter().enumerate() {
        let (header, payload) = packet.split_at(20);
        let count = payload.len().div_ceil(512);
        for (index, bytes) in payload.chunks(512).enumerate().rev() {
            let (offset, more) = ((index * 512) as u16, index + 1 < count);
            let mut piece = header.to_vec();
            piece[2..4].copy_from_slice(&((20 + bytes.len()) as u16).to_be_bytes());
            piece[4..6].copy_from_slice(&(number as u16).to_be_bytes());
            let flags = (offset / 8) | if more { 0x2000 } else { 0 };
            piece[6..8].copy_from_slice(&flags.to_be_bytes());
            piece.extend(bytes);
            four.push(piece);
            six.push(version_6(packet, Some((offset, more, number as u32)), bytes));
        }
    }
    assert!(four.len() > session.packets.len() + 10);
    session.assert_whole(&decode(LinkType::RAW, &four).0);
    session.assert_whole(&decode(LinkType::RAW, &six).0);
    // Of a packet whose fragment is lost nothing is shown.
    four.remove(four.len() / 2);
    session.assert_true(&decode(LinkType::RAW, &four).0);
}

#[test]
fn a_further_file_goes_on_if_it_is_later_and_of_the_same_kind() {
    let packet = |at_ns, link| Packet { at_ns, link, data: &[], cut_bytes: 0 };
    let mut decoder = Decoder::default();
    assert!(decoder.goes_on(&packet(None, LinkType::RAW)), "there is nothing yet");
    decoder.take(&Item::Packet(packet(Some(9), LinkType::ETHERNET)), &mut |_| {});
    for (at_ns, link, wanted) in [
        (Some(9), LinkType::LINUX_SLL2, true),
        (Some(8), LinkType::ETHERNET, false),
        (None, LinkType::ETHERNET, false),
        (Some(10), LinkType::RADIOTAP, false),
    ] {
        assert_eq!(decoder.goes_on(&packet(at_ns, link)), wanted, "{at_ns:?} {link}");
    }
    decoder.finish(&mut |_| {});
    assert!(decoder.goes_on(&packet(None, LinkType::RADIOTAP)));
}
