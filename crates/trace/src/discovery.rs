//! Texts by which cameras and computers find each other.
//!
//! Source: the fact sheet's section 1.2, and its pages on discovery. Lines end with CR LF.

use std::net::SocketAddr;

use crate::record::Discovery;

/// PC AutoSave and wireless tether, over UDP or TCP.
const PORTS: [u16; 5] = [51540, 51541, 51542, 51560, 51562];
/// Lines of a text that are shown; no text that was seen has more than ten.
const MOST_LINES: usize = 32;
/// Bytes of a line that are shown.
const MOST_LINE_BYTES: usize = 256;

pub(crate) fn is_port(port: u16) -> bool {
    PORTS.contains(&port)
}

/// The text in bytes as they came; `None` if there is none.
pub(crate) fn text(
    at_ns: Option<u64>,
    (from, to): (SocketAddr, SocketAddr),
    transport: &'static str,
    bytes: &[u8],
) -> Option<Discovery> {
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
    let lines = lines.filter(|line| !line.is_empty()).take(MOST_LINES);
    let lines: Vec<_> = lines
        .map(|line| String::from_utf8_lossy(line.get(..MOST_LINE_BYTES).unwrap_or(line)).into())
        .collect();
    let (from, to) = (from.to_string(), to.to_string());
    (!lines.is_empty()).then_some(Discovery { at_ns, from, to, transport, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_lines() {
        let ends =
            (SocketAddr::from(([192, 0, 2, 1], 4000)), SocketAddr::from(([192, 0, 2, 2], 51562)));
        // Origin: the fact sheet's page on discovery, section 2.1.
        let bytes =
            b"DISCOVERY * HTTP/1.1\r\nHOST: 192.0.2.1\r\nMX: 5\r\nSERVICE: PCSS/1.0\r\n\r\n";
        let told = text(Some(7), ends, "udp", bytes).unwrap();
        assert_eq!((told.lines.len(), told.lines[3].as_str()), (4, "SERVICE: PCSS/1.0"));
        assert_eq!((told.from.as_str(), told.to.as_str()), ("192.0.2.1:4000", "192.0.2.2:51562"));
        assert_eq!(text(None, ends, "tcp", b"\r\n"), None);
        let long = text(None, ends, "tcp", &[0xFF; 4000]).unwrap();
        assert!(long.lines[0].len() <= MOST_LINE_BYTES * 3);
    }
}
