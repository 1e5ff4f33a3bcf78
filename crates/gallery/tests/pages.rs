//! What holds of all pages, whatever the photos are called and however many there are.

use std::collections::{BTreeMap, BTreeSet};

use filmwire_gallery::{Entry, Gallery, MARK, Page, Settings};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

/// What links lead to, and what pages hold, of all pages of a gallery.
fn rendered(gallery: &Gallery) -> BTreeMap<String, String> {
    gallery.pages().iter().map(|page| (page.path(), gallery.render(page))).collect()
}

/// A link from a page, as a path in the gallery, without its anchor.
fn resolved(page: &str, link: &str) -> String {
    let link = link.split('#').next().unwrap();
    assert!(!link.contains(':') && !link.starts_with('/'), "{link} is not relative");
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{link} leads out of the gallery"),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// All `href` and `src` of a page, which must be nested as XML is but for the elements that HTML
/// does not close.
fn links(html: &str) -> Vec<String> {
    let mut xml = html.replace("<!DOCTYPE html>\n", "");
    for open in ["<meta ", "<link ", "<img "] {
        let parts: Vec<String> = xml
            .split(open)
            .enumerate()
            .map(|(number, part)| match number {
                0 => part.to_owned(),
                _ => part.replacen('>', "/>", 1),
            })
            .collect();
        xml = parts.join(open);
    }
    let mut links = Vec::new();
    elements(&xml, |name, attribute, value| {
        assert!(!name.contains("script") && !attribute.starts_with("on"), "{name} {attribute}");
        if matches!(attribute, "href" | "src") && !value.starts_with("data:,") {
            links.push(value.to_owned());
        }
    });
    links
}

/// Walks through all attributes, and fails if the text is not well-formed.
fn elements(xml: &str, mut found: impl FnMut(&str, &str, &str)) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().unwrap_or_else(|cause| panic!("{cause}\n{xml}")) {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    found(&name, attribute.key.as_ref(), &attribute.value);
                }
            }
            Event::Eof => return,
            _ => {}
        }
    }
}

/// Every link of every page leads to a page or a picture of the gallery, and every page and
/// picture is reached from the first page.
fn check(gallery: &Gallery, photos: &[Entry]) {
    let pages = rendered(gallery);
    let pictures: BTreeSet<&str> =
        photos.iter().flat_map(|photo| [photo.photo.as_str(), photo.thumb.as_str()]).collect();
    let mut reached = BTreeSet::from(["index.html".to_owned()]);
    let mut left = vec!["index.html".to_owned()];
    while let Some(path) = left.pop() {
        let Some(html) = pages.get(&path).filter(|_| path.ends_with(".html")) else { continue };
        assert!(html.contains(MARK));
        for link in links(html) {
            let to = resolved(&path, &link);
            let is_there = pages.contains_key(&to)
                || pictures.contains(to.as_str())
                || to == "latest.jpg" && gallery.latest().is_some();
            assert!(is_there, "{path} links to {to}, which is not there");
            if reached.insert(to.clone()) {
                left.push(to);
            }
        }
    }
    let unreached: Vec<_> = pages.keys().filter(|path| !reached.contains(*path)).collect();
    assert!(unreached.is_empty(), "{unreached:?}");
    for key in photos.iter().map(|photo| &photo.key) {
        let photo = photos.iter().find(|photo| photo.key == *key).unwrap();
        let page = &pages[&Gallery::day_of(photo.taken.as_deref()).path()];
        assert!(page.contains(&Gallery::anchor(key)));
    }
    if let Some(feed) = pages.get("feed.xml") {
        elements(feed, |_, _, _| {});
    }
}

prop_compose! {
    fn entries()(photos in proptest::collection::vec(
        (0_u32..400, 0_u8..28, any::<String>(), proptest::option::of(any::<String>()), 0..9_u8),
        0..120,
    )) -> Vec<Entry> {
        photos.into_iter().enumerate().map(|(number, (day, hour, name, model, rating))| Entry {
            key: format!("{number:x}"),
            photo: format!("photos/{number:x}.jpg"),
            thumb: format!("thumbs/{number:x}.jpg"),
            width: 1 + day,
            height: 2048,
            name,
            taken: Some(format!("2026{:02}{:02}T{hour:02}0136", 1 + day / 31, 1 + day % 31)),
            utc_offset: Some(day as i16 * 3 - 600),
            model,
            rating: Some(rating),
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_link_leads_somewhere(photos in entries(), title in any::<String>(), url: bool) {
        let url = url.then(|| "https://photos.example/a&b".to_owned());
        let settings = Settings { title, url };
        let gallery = Gallery::new(settings.clone(), photos.clone());
        check(&gallery, &photos);
        // The order in which photos come changes nothing.
        let mut turned = photos;
        turned.reverse();
        prop_assert_eq!(rendered(&gallery), rendered(&Gallery::new(settings, turned)));
    }
}

fn named(name: &str, taken: &str) -> Entry {
    Entry {
        key: "5f0c".to_owned(),
        photo: "photos/5f0c.jpg".to_owned(),
        thumb: "thumbs/5f0c.jpg".to_owned(),
        width: 2048,
        height: 1365,
        name: name.to_owned(),
        taken: Some(taken.to_owned()),
        utc_offset: Some(120),
        model: Some("X-T5".to_owned()),
        rating: Some(3),
    }
}

fn settings(title: &str) -> Settings {
    Settings { title: title.to_owned(), url: Some("https://anna.example/photos".to_owned()) }
}

#[test]
fn a_day_looks_like_this() {
    let gallery = Gallery::new(settings("Anna's"), vec![named("DSCF0001.JPG", "20260514T150136")]);
    let day = gallery.render(&Page::Day("2026-05-14".to_owned()));
    let expected = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="filmwire gallery">
<title>14 May 2026 - Anna&#39;s</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../style.css">
<link rel="alternate" type="application/atom+xml" title="Anna&#39;s" href="../feed.xml">
</head>
<body>
<header>
<p class="home"><a href="../index.html">Anna&#39;s</a></p>
<h1>14 May 2026</h1>
<p class="note">1 photo</p>
</header>
<main>
<ul class="photos">
<li id="p5f0c"><a href="../photos/5f0c.jpg"><img src="../thumbs/5f0c.jpg" width="640" height="427" alt="DSCF0001.JPG" loading="lazy"><span>15:01 · DSCF0001.JPG · X-T5 · ★★★</span></a></li>
</ul>
</main>
</body>
</html>
"#;
    assert_eq!(day, expected);
}

#[test]
fn a_feed_looks_like_this() {
    let gallery = Gallery::new(settings("A & B"), vec![named("<1>", "20260514T150136")]);
    let expected = r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<generator>filmwire gallery</generator>
<title>A &amp; B</title>
<id>https://anna.example/photos/</id>
<link rel="self" type="application/atom+xml" href="https://anna.example/photos/feed.xml"/>
<link rel="alternate" type="text/html" href="https://anna.example/photos/"/>
<author><name>A &amp; B</name></author>
<updated>2026-05-14T15:01:36+02:00</updated>
<entry>
<title>&lt;1&gt;</title>
<id>https://anna.example/photos/days/2026-05-14.html#p5f0c</id>
<link rel="alternate" type="text/html" href="https://anna.example/photos/days/2026-05-14.html#p5f0c"/>
<updated>2026-05-14T15:01:36+02:00</updated>
<content type="html">&lt;a href=&quot;https://anna.example/photos/days/2026-05-14.html#p5f0c&quot;&gt;&lt;img src=&quot;https://anna.example/photos/thumbs/5f0c.jpg&quot; width=&quot;640&quot; height=&quot;427&quot; alt=&quot;&amp;lt;1&amp;gt;&quot;&gt;&lt;/a&gt;</content>
</entry>
</feed>
"#;
    assert_eq!(gallery.render(&Page::Feed), expected);
}

#[test]
fn hostile_names_stay_text() {
    let name = "\"><script>alert(1)</script>\u{202E}&\0'";
    let mut photo = named(name, "20260514T150136");
    photo.photo = "photos/javascript:alert(1)\"?#.jpg".to_owned();
    photo.model = Some(name.to_owned());
    let gallery = Gallery::new(settings(name), vec![photo]);
    for (path, content) in rendered(&gallery) {
        assert!(!content.contains("<script"), "{path}");
        assert!(!content.contains('\0') && !content.contains('\u{202E}'), "{path}");
        if path.ends_with(".html") {
            links(&content);
        }
    }
    let day = gallery.render(&Page::Day("2026-05-14".to_owned()));
    assert!(day.contains("href=\"../photos/javascript%3Aalert%281%29%22%3F%23.jpg\""), "{day}");
}

#[test]
fn a_gallery_without_photos_says_so() {
    let gallery = Gallery::new(settings("Empty"), Vec::new());
    check(&gallery, &[]);
    assert!(gallery.render(&Page::Index).contains("There are no photos yet."));
    assert_eq!(gallery.latest(), None);
    let gone = gallery.render(&Page::Day("2026-05-14".to_owned()));
    assert!(gone.contains("no photos of this day any more") && gone.contains("../index.html"));
}

#[test]
fn only_days_and_months_are_pages_of_their_own() {
    for page in ["days/2026-05-14.html", "days/undated.html", "months/2026-05.html"] {
        assert_eq!(Page::of_path(page).unwrap().path(), page);
    }
    for other in ["days/notes.html", "index.html", "days/2026-05-14.txt", "x/2026-05-14.html"] {
        assert_eq!(Page::of_path(other), None, "{other}");
    }
}

#[test]
fn of_equal_keys_one_is_shown() {
    let (one, mut two) = (named("a", "20260514T150136"), named("b", "20260514T150136"));
    two.photo = "photos/0000.jpg".to_owned();
    for photos in [vec![one.clone(), two.clone()], vec![two, one]] {
        let gallery = Gallery::new(settings("t"), photos);
        assert_eq!(gallery.latest().unwrap().name, "b");
        assert!(
            gallery.render(&Page::Index).contains("1 photo<")
                || gallery.render(&Page::Index).contains("1 photo ")
        );
    }
}
