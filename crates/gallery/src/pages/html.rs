//! The pages people see.

use std::fmt::Write as _;

use super::date::{Taken, in_words};
use super::text::{address, count, escaped};
use super::{Day, Entry, Gallery, UNDATED};
use crate::{MARK, THUMB_SIDE, fitted};

/// The style of all pages.
pub(super) const STYLE: &str = include_str!("style.css");

/// Photos of a day that other pages show.
const STRIP: usize = 12;

/// What a page is told from above.
struct Frame<'a> {
    gallery: &'a Gallery,
    /// What leads from the page to the root: nothing or `../`.
    up: &'static str,
    /// What the page itself is called, if it is not the first one.
    name: Option<String>,
    /// What is said beside its name.
    note: String,
    /// Links to the pages beside it.
    beside: Vec<(&'static str, String, String)>,
}

impl Frame<'_> {
    fn around(&self, content: &str) -> String {
        let title = escaped(&self.gallery.settings.title);
        let (up, note) = (self.up, &self.note);
        let name = self.name.as_deref().map(escaped);
        let full = name.as_ref().map_or_else(|| title.clone(), |name| format!("{name} - {title}"));
        let feed = match self.gallery.settings.url {
            Some(_) => format!(
                "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"{title}\" href=\"{up}feed.xml\">\n"
            ),
            None => String::new(),
        };
        let heading = match name {
            Some(name) => format!(
                "<p class=\"home\"><a href=\"{up}index.html\">{title}</a></p>\n<h1>{name}</h1>"
            ),
            None => format!("<h1>{title}</h1>"),
        };
        let mut beside = String::new();
        for (rel, href, words) in &self.beside {
            let _ = writeln!(beside, "<a rel=\"{rel}\" href=\"{href}\">{}</a>", escaped(words));
        }
        if !beside.is_empty() {
            beside = format!("<nav>\n{beside}</nav>\n");
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"{MARK}\">\n<title>{full}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <link rel=\"stylesheet\" href=\"{up}style.css\">\n{feed}</head>\n<body>\n\
             <header>\n{heading}\n<p class=\"note\">{note}</p>\n</header>\n\
             <main>\n{content}</main>\n{beside}</body>\n</html>\n"
        )
    }
}

pub(super) fn index(gallery: &Gallery) -> String {
    let photos: usize = gallery.days.iter().map(|day| day.photos.len()).sum();
    let mut note = count(photos, "photo", "photos");
    if gallery.latest().is_some() {
        note += " · <a href=\"latest.jpg\">latest</a>";
    }
    if gallery.settings.url.is_some() {
        note += " · <a href=\"feed.xml\">feed</a>";
    }
    let mut content = String::new();
    gallery.recent().for_each(|day| section(&mut content, day, ""));
    let months = gallery.months();
    if !months.is_empty() {
        content.push_str("<section>\n<h2>All months</h2>\n<ul class=\"months\">\n");
        for (month, photos) in &months {
            let words = in_words(month);
            let photos = count(*photos, "photo", "photos");
            let _ = writeln!(
                content,
                "<li><a href=\"months/{month}.html\">{words}</a> <small>{photos}</small></li>"
            );
        }
        content.push_str("</ul>\n</section>\n");
    }
    if photos == 0 {
        content.push_str("<p class=\"empty\">There are no photos yet.</p>\n");
    }
    Frame { gallery, up: "", name: None, note, beside: Vec::new() }.around(&content)
}

pub(super) fn month(gallery: &Gallery, month: &str) -> String {
    let days: Vec<&Day> =
        gallery.days.iter().filter(|day| super::date::month_of(&day.name) == month).collect();
    let photos = days.iter().map(|day| day.photos.len()).sum();
    let mut content = String::new();
    days.into_iter().for_each(|day| section(&mut content, day, "../"));
    if content.is_empty() {
        content.push_str("<p class=\"empty\">There are no photos of this month any more.</p>\n");
    }
    let months = gallery.months();
    let place = months.iter().position(|(other, _)| other == month);
    let at = |place: Option<usize>| Some(months.get(place?)?.0.as_str());
    let beside =
        beside(at(place.and_then(|place| place.checked_sub(1))), at(place.map(|place| place + 1)));
    let (name, note) = (Some(in_words(month)), count(photos, "photo", "photos"));
    Frame { gallery, up: "../", name, note, beside }.around(&content)
}

pub(super) fn day(gallery: &Gallery, name: &str) -> String {
    let place = gallery.days.iter().position(|day| day.name == name);
    let photos = place.map_or(&[][..], |place| &gallery.days[place].photos);
    let mut content = String::new();
    match photos {
        [] => {
            content.push_str("<p class=\"empty\">There are no photos of this day any more.</p>\n")
        }
        _ => thumbs(&mut content, photos, "../", true),
    }
    let at = |place: Option<usize>| Some(gallery.days.get(place?)?.name.as_str());
    let beside =
        beside(at(place.and_then(|place| place.checked_sub(1))), at(place.map(|place| place + 1)));
    let (name, note) = (Some(day_words(name)), count(photos.len(), "photo", "photos"));
    Frame { gallery, up: "../", name, note, beside }.around(&content)
}

/// Links to pages in the same folder.
fn beside(newer: Option<&str>, older: Option<&str>) -> Vec<(&'static str, String, String)> {
    let link = |rel, arrow: &str, name: &str| {
        let words = match rel {
            "prev" => format!("{arrow} {}", day_words(name)),
            _ => format!("{} {arrow}", day_words(name)),
        };
        (rel, format!("{name}.html"), words)
    };
    let newer = newer.map(|name| link("prev", "←", name));
    newer.into_iter().chain(older.map(|name| link("next", "→", name))).collect()
}

fn day_words(day: &str) -> String {
    if day == UNDATED { "Without a date".to_owned() } else { in_words(day) }
}

/// A day on a page that shows several.
fn section(out: &mut String, day: &Day, up: &str) {
    let (name, words) = (&day.name, day_words(&day.name));
    let photos = count(day.photos.len(), "photo", "photos");
    let _ = writeln!(
        out,
        "<section>\n<h2><a href=\"{up}days/{name}.html\">{words}</a> <small>{photos}</small></h2>"
    );
    let shown = &day.photos[..day.photos.len().min(STRIP)];
    thumbs(out, shown, up, false);
    if shown.len() < day.photos.len() {
        let more = day.photos.len() - shown.len();
        let _ =
            writeln!(out, "<p class=\"more\"><a href=\"{up}days/{name}.html\">{more} more</a></p>");
    }
    out.push_str("</section>\n");
}

/// Photos as thumbnails that lead to the copies.
fn thumbs(out: &mut String, photos: &[Entry], up: &str, is_day: bool) {
    out.push_str("<ul class=\"photos\">\n");
    for photo in photos {
        let (width, height) = fitted((photo.width, photo.height), u32::from(THUMB_SIDE));
        let anchor =
            if is_day { format!(" {}", Gallery::anchor(&photo.key)) } else { String::new() };
        let (href, src) = (address(&photo.photo), address(&photo.thumb));
        let (alt, facts) = (escaped(&photo.name), facts(photo));
        let _ = writeln!(
            out,
            "<li{anchor}><a href=\"{up}{href}\"><img src=\"{up}{src}\" width=\"{width}\" \
             height=\"{height}\" alt=\"{alt}\" loading=\"lazy\"><span>{facts}</span></a></li>"
        );
    }
    out.push_str("</ul>\n");
}

/// What is told of a photo beside its picture.
fn facts(photo: &Entry) -> String {
    let taken = photo.taken.as_deref().and_then(Taken::parse);
    let time = taken.map(|taken| taken.time[..5].to_owned());
    let stars = photo.rating.filter(|stars| *stars > 0);
    let stars = stars.map(|stars| "★".repeat(usize::from(stars.min(5))));
    let model = photo.model.as_deref().map(escaped);
    let parts = [time, Some(escaped(&photo.name)), model, stars];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
