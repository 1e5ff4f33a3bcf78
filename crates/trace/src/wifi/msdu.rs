//! What data frames carry: packets of a network, one or several, each with its ether type.
//!
//! Source: IEEE 802.11-2020, 9.3.2.2 (A-MSDU); IEEE 802 (LLC and SNAP), RFC 1042.

/// LLC and SNAP before an ether type: of RFC 1042, and of bridges.
const SNAP: [[u8; 6]; 2] = [[0xAA, 0xAA, 3, 0, 0, 0], [0xAA, 0xAA, 3, 0, 0, 0xF8]];
/// Destination, source, length.
const SUBHEADER_BYTES: usize = 14;

/// The ether type, and what is behind it.
pub(super) fn packet(body: &[u8]) -> Option<(u16, &[u8])> {
    let (snap, rest) = body.split_first_chunk::<6>()?;
    let (kind, rest) = rest.split_first_chunk()?;
    SNAP.contains(snap).then_some((u16::from_be_bytes(*kind), rest))
}

/// The packets of an aggregate; ends where it contradicts itself.
pub(super) fn packets(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    // A packet that is taken for an aggregate begins so: somebody turned the bit (CVE-2020-24588).
    let is_turned = body.first_chunk() == Some(&SNAP[0]);
    let mut rest = if is_turned { &[] } else { body };
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_be_bytes(*rest.get(12..)?.first_chunk()?));
        let inner = rest.get(SUBHEADER_BYTES..SUBHEADER_BYTES + length)?;
        rest = rest.get((SUBHEADER_BYTES + length).next_multiple_of(4)..).unwrap_or_default();
        Some(packet(inner))
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(bytes: &[u8]) -> Vec<u8> {
        [&SNAP[0][..], &[8, 0], bytes].concat()
    }

    #[test]
    fn aggregates_are_taken_apart() {
        let mut body = Vec::new();
        for bytes in [&b"one"[..], b"", b"three"] {
            body.resize(body.len().next_multiple_of(4), 0);
            let inner = inner(bytes);
            body.extend([1; 12]);
            body.extend((inner.len() as u16).to_be_bytes());
            body.extend(inner);
        }
        let found: Vec<_> = packets(&body).collect();
        assert_eq!(found, [(0x0800, &b"one"[..]), (0x0800, b""), (0x0800, b"three")]);
        let cut: Vec<_> = packets(&body[..body.len() - 1]).collect();
        assert_eq!(cut, found[..2]);
        let turned = [&SNAP[0][..], &[0; 6], &[0, 11], &inner(b"two")].concat();
        assert_eq!(packets(&turned).count(), 0);
    }

    #[test]
    fn other_packets_have_no_ether_type() {
        assert_eq!(packet(&inner(b"x")), Some((0x0800, &b"x"[..])));
        assert_eq!(packet(&[0x42, 0x42, 3, 0, 0, 0, 8, 0]), None);
        assert_eq!(packet(&SNAP[0]), None);
    }
}
