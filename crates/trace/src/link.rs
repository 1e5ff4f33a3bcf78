//! What is around IP packets: Ethernet with VLAN tags, Linux cooked captures, nothing.
//!
//! Source: IEEE 802.3 and 802.1Q; the pages LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 of tcpdump.

use crate::capture::LinkType;

const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86DD;
/// Ether types of VLAN tags: customer, service, and the one of old for double tags.
const ETHER_VLAN: [u16; 3] = [0x8100, 0x88A8, 0x9100];
/// Most tags around a packet; nobody nests them deeper.
const MOST_TAGS: usize = 4;
/// Offsets of the ether type.
const ETHERNET: usize = 12;
const COOKED_1: usize = 14;
/// Version 2 has it first, and the packet behind 20 bytes.
const COOKED_2_BYTES: usize = 20;

/// The IP packet within a captured packet; `None` if there is none.
pub(crate) fn ip_packet(link: LinkType, data: &[u8]) -> Option<&[u8]> {
    match link {
        LinkType::ETHERNET => behind(data, ETHERNET),
        LinkType::LINUX_SLL => behind(data, COOKED_1),
        LinkType::LINUX_SLL2 => {
            let kind = u16::from_be_bytes(*data.first_chunk()?);
            untag(kind, data.get(COOKED_2_BYTES..)?)
        }
        link if link.is_read() && !link.is_wifi() => Some(data),
        _ => None,
    }
}

/// What stands behind an ether type.
fn behind(data: &[u8], offset: usize) -> Option<&[u8]> {
    let (kind, rest) = data.get(offset..)?.split_first_chunk()?;
    untag(u16::from_be_bytes(*kind), rest)
}

/// The IP packet behind an ether type: takes tags off, which are two bytes of which network, then
/// the ether type of what they stand before.
pub(crate) fn untag(mut kind: u16, mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..=MOST_TAGS {
        match kind {
            ETHER_IPV4 | ETHER_IPV6 => return Some(rest),
            kind if !ETHER_VLAN.contains(&kind) => return None,
            _ => {}
        }
        kind = u16::from_be_bytes(*rest.get(2..)?.first_chunk()?);
        rest = rest.get(4..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: [u8; 3] = [0x45, 1, 2];

    fn ethernet(tags: &[[u8; 4]], kind: [u8; 2]) -> Vec<u8> {
        [&[0; 12][..], &tags.concat(), &kind, &IP].concat()
    }

    #[test]
    fn tags_are_taken_off() {
        for tags in 0..=MOST_TAGS {
            let data = ethernet(&vec![[0x81, 0, 0, 7]; tags], [8, 0]);
            assert_eq!(ip_packet(LinkType::ETHERNET, &data), Some(&IP[..]), "{tags}");
        }
        let data = ethernet(&[[0x88, 0xA8, 0, 1], [0x81, 0, 0, 2]], [0x86, 0xDD]);
        assert_eq!(ip_packet(LinkType::ETHERNET, &data), Some(&IP[..]));
        assert_eq!(ip_packet(LinkType::ETHERNET, &ethernet(&[[0x81, 0, 0, 7]; 9], [8, 0])), None);
        assert_eq!(ip_packet(LinkType::ETHERNET, &ethernet(&[], [8, 6])), None);
    }

    #[test]
    fn cooked_and_raw_packets_are_found() {
        let one = [&[0; 14][..], &[8, 0], &IP].concat();
        assert_eq!(ip_packet(LinkType::LINUX_SLL, &one), Some(&IP[..]));
        let two = [&[8, 0][..], &[0; 18], &IP].concat();
        assert_eq!(ip_packet(LinkType::LINUX_SLL2, &two), Some(&IP[..]));
        for link in [12, 14, 101, 228, 229] {
            assert_eq!(ip_packet(LinkType(link), &IP), Some(&IP[..]));
        }
        assert_eq!(ip_packet(LinkType(105), &IP), None);
        assert_eq!(ip_packet(LinkType::LINUX_SLL, &one[..15]), None);
        assert_eq!(ip_packet(LinkType::LINUX_SLL2, &two[..1]), None);
    }
}
