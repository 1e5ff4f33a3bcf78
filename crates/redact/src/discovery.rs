//! Texts of the discovery: first lines and names of headers that are known stay, and of values what
//! names a protocol.
//!
//! Source: the fact sheet's pages on discovery. Lines end with CR LF.

/// Names of headers that were seen.
const HEADERS: [&str; 12] = [
    "MX",
    "HOST",
    "DSCADDR",
    "SERVICE",
    "IMPORTER",
    "DSCNAME",
    "DSCMODEL",
    "FOLDER",
    "ServiceName",
    "DSC",
    "DSCPORT",
    "CAMERANAME",
];
/// Words of first lines, in front of and behind what is between them.
const FIRST: [&str; 5] = ["DISCOVERY", "DISCOVER", "NOTIFY", "REGISTER", "IMPORT"];
const ANSWERS: [&str; 2] = ["HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request"];
const VERSION: &str = " HTTP/1.1";
/// Values of headers that name a protocol.
const SERVICES: [&str; 2] = ["PCAUTOSAVE/1.0", "PCSS/1.0"];

/// The text with stand-ins of equal length, and how many bytes were replaced.
pub(crate) fn text(bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        put_line(line, &mut out);
    }
    let changed = bytes.iter().zip(&out).filter(|(before, after)| before != after).count();
    (out, changed)
}

fn put_line(line: &[u8], out: &mut Vec<u8>) {
    let body = line.trim_ascii_end();
    let (body, end) = line.split_at(body.len());
    let ends = end.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' '));
    let Some(text) = std::str::from_utf8(body).ok().filter(|_| ends) else {
        out.resize(out.len() + line.len(), b'X');
        return;
    };
    put_text(text, out);
    out.extend(end);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    if ANSWERS.contains(&text) {
        out.extend(text.as_bytes());
        return;
    }
    if let Some((word, rest)) = text.split_once(' ')
        && FIRST.contains(&word)
    {
        let (target, version) = match rest.strip_suffix(VERSION) {
            Some(target) => (target, VERSION),
            None => (rest, ""),
        };
        out.extend(word.as_bytes());
        out.push(b' ');
        match target {
            "*" => out.push(b'*'),
            target => out.resize(out.len() + target.len(), b'X'),
        }
        out.extend(version.as_bytes());
        return;
    }
    match text.split_once(':') {
        Some((name, value)) if HEADERS.contains(&name) => {
            out.extend(name.as_bytes());
            out.push(b':');
            put_value(value, out);
        }
        _ => out.resize(out.len() + text.len(), b'X'),
    }
}

fn put_value(value: &str, out: &mut Vec<u8>) {
    if SERVICES.contains(&value.trim()) {
        out.extend(value.as_bytes());
        return;
    }
    // Dots and digits leave an address one.
    let stand_in = |byte: u8| match byte {
        b'0'..=b'9' => b'0',
        b' ' | b'.' | b':' => byte,
        _ => b'X',
    };
    out.extend(value.bytes().map(stand_in));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_go_and_the_form_stays() {
        // Origin: the fact sheet's page on discovery, section 1.2; names are made up.
        let told = "DISCOVER annas-pc HTTP/1.1\r\nHOST: 192.168.1.32:51540\r\n\
                    SERVICE:PCAUTOSAVE/1.0\r\nDSCNAME:FUJIFILM-X-H1-CA2A\r\nPASS: anna\r\n";
        let (out, changed) = text(told.as_bytes());
        let wanted = "DISCOVER XXXXXXXX HTTP/1.1\r\nHOST: 000.000.0.00:00000\r\n\
                      SERVICE:PCAUTOSAVE/1.0\r\nDSCNAME:XXXXXXXXXXXX0XXX0X\r\nXXXXXXXXXX\r\n";
        assert_eq!(String::from_utf8_lossy(&out), wanted);
        assert!(changed > 40);
        let (out, _) = text(&[0xFF, 0x41, b'\r', b'\n', b'*']);
        assert_eq!(out, b"XXXXX");
    }
}
