//! The pages of a gallery.

mod date;
mod feed;
mod html;
mod text;

use std::collections::BTreeMap;

use self::date::Taken;

/// Days the first page shows; those before them are on pages by month.
const RECENT_DAYS: usize = 14;

/// The day of photos that tell none.
const UNDATED: &str = "undated";

/// What all pages have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the gallery is called.
    pub title: String,
    /// Where it lies, for the feed; without it there is none.
    pub url: Option<String>,
}

/// A photo of a gallery. Paths are relative to the gallery, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Tells the photo from all others; of letters and digits.
    pub key: String,
    /// Path of the copy to look at.
    pub photo: String,
    /// Path of the thumbnail.
    pub thumb: String,
    /// Pixels of the copy.
    pub width: u32,
    /// Pixels of the copy.
    pub height: u32,
    /// What the photo is called.
    pub name: String,
    /// When it was taken by the camera's clock, such as `20260514T150136`.
    pub taken: Option<String>,
    /// The clock's zone, in minutes east of UTC.
    pub utc_offset: Option<i16>,
    /// Model of the body.
    pub model: Option<String>,
    /// Stars, 0 to 5.
    pub rating: Option<u8>,
}

/// A page. Each leads only to those before it in this order, to others of its kind, and to the
/// first page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Page {
    /// What the pages look like.
    Style,
    /// The photos of a day, such as `2026-05-14`, or of none: `undated`.
    Day(String),
    /// The days of a month, such as `2026-05`.
    Month(String),
    /// The newest photos, for feed readers.
    Feed,
    /// The first page.
    Index,
}

impl Page {
    /// Its path in the gallery.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Style => "style.css".to_owned(),
            Self::Day(day) => format!("days/{day}.html"),
            Self::Month(month) => format!("months/{month}.html"),
            Self::Index => "index.html".to_owned(),
            Self::Feed => "feed.xml".to_owned(),
        }
    }

    /// The page of a day or month that may have a path; `None` for any other path.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (folder, name) = path.split_once('/')?;
        let stem = name.strip_suffix(".html")?;
        match folder {
            "days" if stem == UNDATED || date::is_day(stem) => Some(Self::Day(stem.to_owned())),
            "months" if date::is_month(stem) => Some(Self::Month(stem.to_owned())),
            _ => None,
        }
    }
}

/// The photos of a day, newest first.
struct Day {
    name: String,
    photos: Vec<Entry>,
}

/// A gallery, from which pages are rendered one by one.
pub struct Gallery {
    settings: Settings,
    /// Newest first; the undated ones are last.
    days: Vec<Day>,
}

impl Gallery {
    /// A gallery of these photos. Of those with the same key one is shown.
    #[must_use]
    pub fn new(settings: Settings, photos: Vec<Entry>) -> Self {
        let url = settings.url.map(|url| format!("{}/", url.trim_end_matches('/')));
        let settings = Settings { url, ..settings };
        let mut known: BTreeMap<String, Entry> = BTreeMap::new();
        for photo in photos {
            match known.get(&photo.key) {
                // Whatever order they come in.
                Some(other) if other.photo <= photo.photo => {}
                _ => drop(known.insert(photo.key.clone(), photo)),
            }
        }
        let mut by_day: BTreeMap<Option<String>, Vec<(Option<Taken>, Entry)>> = BTreeMap::new();
        for photo in known.into_values() {
            let taken = photo.taken.as_deref().and_then(Taken::parse);
            let day = taken.as_ref().map(|taken| taken.day.clone());
            by_day.entry(day).or_default().push((taken, photo));
        }
        let newest_first = |(day, mut photos): (Option<String>, Vec<(Option<Taken>, Entry)>)| {
            photos.sort_by(|(at, a), (bt, b)| {
                let order = |taken: &Option<Taken>| taken.as_ref().map(|taken| taken.time.clone());
                (order(bt), &b.name, &b.key).cmp(&(order(at), &a.name, &a.key))
            });
            let photos = photos.into_iter().map(|(_, photo)| photo).collect();
            Day { name: day.unwrap_or_else(|| UNDATED.to_owned()), photos }
        };
        // None is the smallest, and so comes last.
        let days = by_day.into_iter().rev().map(newest_first).collect();
        Self { settings, days }
    }

    /// The pages it has, in the order of [`Page`].
    #[must_use]
    pub fn pages(&self) -> Vec<Page> {
        let mut pages = vec![Page::Style];
        pages.extend(self.days.iter().map(|day| Page::Day(day.name.clone())));
        pages.extend(self.months().into_iter().map(|(month, _)| Page::Month(month)));
        if self.settings.url.is_some() {
            pages.push(Page::Feed);
        }
        pages.push(Page::Index);
        pages.sort();
        pages
    }

    /// Renders a page; a day or month without photos says so. A feed without an address is empty.
    #[must_use]
    pub fn render(&self, page: &Page) -> String {
        match page {
            Page::Style => html::STYLE.to_owned(),
            Page::Day(day) => html::day(self, day),
            Page::Month(month) => html::month(self, month),
            Page::Index => html::index(self),
            Page::Feed => feed::feed(self),
        }
    }

    /// The newest photo.
    #[must_use]
    pub fn latest(&self) -> Option<&Entry> {
        self.days.first()?.photos.first()
    }

    /// What stands on the page of a day that shows the photo of this key.
    #[must_use]
    pub fn anchor(key: &str) -> String {
        format!("id=\"p{}\"", text::escaped(key))
    }

    /// The page a photo is on.
    #[must_use]
    pub fn day_of(taken: Option<&str>) -> Page {
        let day = taken.and_then(Taken::parse).map(|taken| taken.day);
        Page::Day(day.unwrap_or_else(|| UNDATED.to_owned()))
    }

    /// Months with how many photos each has, newest first, if the first page does not show all.
    fn months(&self) -> Vec<(String, usize)> {
        let mut months: Vec<(String, usize)> = Vec::new();
        if self.days.len() <= RECENT_DAYS {
            return months;
        }
        for day in self.days.iter().filter(|day| day.name != UNDATED) {
            let month = date::month_of(&day.name);
            match months.last_mut() {
                Some((last, photos)) if last == month => *photos += day.photos.len(),
                _ => months.push((month.to_owned(), day.photos.len())),
            }
        }
        months
    }

    /// The days the first page shows; the undated ones are always among them.
    fn recent(&self) -> impl Iterator<Item = &Day> {
        let shown = |(place, day): &(usize, &Day)| *place < RECENT_DAYS || day.name == UNDATED;
        self.days.iter().enumerate().filter(shown).map(|(_, day)| day)
    }
}
