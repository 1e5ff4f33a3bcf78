//! The feed: Atom, RFC 4287.

use std::fmt::Write as _;

use super::date::Taken;
use super::text::{address, escaped};
use super::{Entry, Gallery};
use crate::{MARK, THUMB_SIDE, fitted};

/// Newest photos it has.
const MOST: usize = 50;

/// A feed needs times, so that undated photos are not in it. A zone that is not known is called UTC.
pub(super) fn feed(gallery: &Gallery) -> String {
    let Some(url) = gallery.settings.url.as_deref() else { return String::new() };
    let photos = gallery.days.iter().flat_map(|day| &day.photos);
    let timed = photos.filter_map(|photo| Some((photo, time(photo)?))).take(MOST);
    let timed: Vec<_> = timed.collect();
    let newest = timed.first().map_or("1970-01-01T00:00:00Z", |(_, time)| time);
    let (title, base) = (escaped(&gallery.settings.title), escaped(url));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <generator>{MARK}</generator>\n\
         <title>{title}</title>\n\
         <id>{base}</id>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{base}feed.xml\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{base}\"/>\n\
         <author><name>{title}</name></author>\n\
         <updated>{newest}</updated>\n"
    );
    for (photo, time) in &timed {
        entry(&mut out, url, photo, time);
    }
    out.push_str("</feed>\n");
    out
}

fn entry(out: &mut String, url: &str, photo: &Entry, time: &str) {
    let page = Gallery::day_of(photo.taken.as_deref()).path();
    let link = format!("{}{page}#p{}", escaped(url), address(&photo.key));
    let (width, height) = fitted((photo.width, photo.height), u32::from(THUMB_SIDE));
    // HTML in XML: escaped once for each.
    let picture = format!(
        "<a href=\"{link}\"><img src=\"{}{}\" width=\"{width}\" height=\"{height}\" alt=\"{}\"></a>",
        escaped(url),
        address(&photo.thumb),
        escaped(&photo.name),
    );
    let (name, content) = (escaped(&photo.name), escaped(&picture));
    // Writing to a text cannot fail.
    let _ = write!(
        out,
        "<entry>\n\
         <title>{name}</title>\n\
         <id>{link}</id>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{link}\"/>\n\
         <updated>{time}</updated>\n\
         <content type=\"html\">{content}</content>\n\
         </entry>\n"
    );
}

/// RFC 3339.
fn time(photo: &Entry) -> Option<String> {
    let Taken { day, time } = Taken::parse(photo.taken.as_deref()?)?;
    let zone = match photo.utc_offset {
        None | Some(0) => "Z".to_owned(),
        Some(minutes) => {
            let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
            format!("{sign}{:02}:{:02}", (minutes / 60).min(23), minutes % 60)
        }
    };
    Some(format!("{day}T{time}{zone}"))
}
