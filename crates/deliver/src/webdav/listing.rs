//! What a server tells of files: the body of a multi-status answer (RFC 4918, section 13).

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use reqwest::Url;

/// One thing a server tells of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name in the folder that was asked for; none if it is that itself.
    pub(super) name: Option<String>,
    pub(super) is_folder: bool,
    pub(super) size: Option<u64>,
    pub(super) tag: Option<String>,
}

impl Entry {
    pub(super) fn folder() -> Self {
        Self { is_folder: true, ..Self::default() }
    }
}

/// Reads all entries; `None` if it is no such listing. `asked` is what was asked for.
pub(super) fn read(xml: &str, asked: &Url) -> Option<Vec<Entry>> {
    let mut reader = Reader::from_str(xml);
    let (mut entries, mut entry, mut text) = (Vec::new(), None, String::new());
    let mut is_listing = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                text.clear();
                match start.local_name().as_ref() {
                    "multistatus" => is_listing = true,
                    "response" => entry = Some(Entry::default()),
                    "collection" => entry.as_mut()?.is_folder = true,
                    _ => {}
                }
            }
            Event::Empty(empty) if empty.local_name().as_ref() == "collection" => {
                entry.as_mut()?.is_folder = true;
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => text.push(resolve(&reference)?),
            Event::End(end) => {
                match end.local_name().as_ref() {
                    "response" => entries.push(entry.take()?),
                    field => fill(entry.as_mut(), field, text.trim(), asked),
                }
                text.clear();
            }
            Event::Eof => return is_listing.then_some(entries),
            _ => {}
        }
    }
}

/// What is not told stands in a block of its own and is empty; it takes nothing away.
fn fill(entry: Option<&mut Entry>, field: &str, text: &str, asked: &Url) {
    let Some(entry) = entry.filter(|_| !text.is_empty()) else { return };
    match field {
        "href" if entry.name.is_none() => entry.name = name(text, asked),
        "getcontentlength" => entry.size = text.parse().ok(),
        "getetag" => entry.tag = Some(text.to_owned()),
        _ => {}
    }
}

/// The last name of an address; none if it is what was asked for.
fn name(href: &str, asked: &Url) -> Option<String> {
    let found = asked.join(href).ok()?;
    let parts = |url: &Url| -> Vec<String> {
        let decode = |part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into();
        url.path().split('/').filter(|part| !part.is_empty()).map(decode).collect()
    };
    let (mut found, asked) = (parts(&found), parts(asked));
    if found == asked { None } else { found.pop() }
}

fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(c) = reference.resolve_char_ref().ok()? {
        return Some(c);
    }
    match reference.xml10_content().as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_whatever_its_prefixes() {
        // After the examples of RFC 4918, 9.1, with names that need encoding.
        let xml = r#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:">
 <D:response><D:href>/dav/Photos/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
  <D:propstat><D:prop><D:getcontentlength/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
 <D:response><D:href>http://h/dav/Photos/a%20%26%C3%BC&amp;b.jpg</D:href><D:propstat><D:prop><D:resourcetype/><D:getcontentlength>42</D:getcontentlength><D:getetag>"x&quot;1"</D:getetag></D:prop></D:propstat></D:response>
</D:multistatus>"#;
        let asked = Url::parse("http://h/dav/Photos").unwrap();
        let file = Entry {
            name: Some("a &ü&b.jpg".to_owned()),
            is_folder: false,
            size: Some(42),
            tag: Some("\"x\"1\"".to_owned()),
        };
        assert_eq!(read(xml, &asked).unwrap(), [Entry::folder(), file]);
        assert_eq!(read(&xml.replace("D:", ""), &asked).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_listing_is_told_apart() {
        let asked = Url::parse("http://h/").unwrap();
        for other in ["", "<html><body>Welcome</body></html>", "<multistatus><response></x>", "{}"]
        {
            assert_eq!(read(other, &asked), None, "{other}");
        }
        assert_eq!(read("<multistatus xmlns='DAV:'></multistatus>", &asked), Some(vec![]));
    }
}
