//! The memory card as the Responder sees it: an ordered list of objects in shooting order.
//!
//! A card comes from a folder of real files ([`Card::from_dir`]), from a seed
//! ([`Card::generated`]), or is filled by hand ([`Card::push`]). What happens to it afterwards
//! (shooting, deleting, replacing, formatting) happens in memory: no file is ever changed.
//!
//! ```
//! use filmwire_sim::card::{Card, GenerateSpec, View};
//!
//! let mut card = Card::generated(&GenerateSpec { photos: 3, ..GenerateSpec::default() });
//! card.shoot(1);
//! let newest = card.visible(View::PHONE_NEWEST_FIRST)[0];
//! assert_eq!(card.object(newest).unwrap().name, "DSCF0004.JPG");
//! ```

mod folder;
mod generate;
mod inspect;
mod number;
mod object;
mod rendered;

use std::ops::Range;
use std::sync::Arc;

pub use generate::GenerateSpec;
pub use number::Number;
pub use object::{CardObject, Content, ThumbInfo, format};

use crate::media::exif::Body;
use crate::media::exposure::Exposure;
use crate::media::jpeg::PhotoSpec;
use crate::media::stamp::Stamp;

/// Which objects a mode lists, and in what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Lists files of every kind; phone modes list JPEG and films only.
    pub everything: bool,
    /// Lists raw files as well.
    pub raw: bool,
    /// Lists HEIF photos as well.
    pub heif: bool,
    /// Lists the newest object first.
    pub newest_first: bool,
    /// Orders by capture date, then folder and name, instead of by when the shutter was pressed;
    /// they differ when the camera's clock was set back.
    pub by_capture_date: bool,
}

impl View {
    /// The classic phone modes.
    pub const PHONE_NEWEST_FIRST: Self = Self { newest_first: true, ..Self::PHONE_OLDEST_FIRST };

    /// The newer phone path.
    pub const PHONE_OLDEST_FIRST: Self = Self {
        everything: false,
        raw: false,
        heif: false,
        newest_first: false,
        by_capture_date: false,
    };

    /// All that is on the card, in shooting order.
    pub const EVERYTHING: Self = Self { everything: true, ..Self::PHONE_OLDEST_FIRST };

    fn shows(self, format: u16) -> bool {
        match format {
            format::JPEG | format::MOV | format::MP4 => true,
            format::RAF => self.everything || self.raw,
            format::HEIF => self.everything || self.heif,
            _ => self.everything,
        }
    }
}

/// What formatting does to the file numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Start again with 100_FUJI and 0001 (the camera's FRAME NO. = RENEW).
    Restart,
    /// Go on counting (FRAME NO. = CONTINUOUS).
    Continue,
}

/// A memory card. Positions count from 0 in shooting order and shift when objects go.
#[derive(Clone, Debug)]
pub struct Card {
    entries: Vec<Entry>,
    recipe: Arc<GenerateSpec>,
    number: Number,
    clock: Stamp,
    /// Position of the next generated object in the series; never reused, also after a format.
    next_index: u32,
    revision: u64,
    weighed: Weighed,
}

/// So many of the first entries take so many bytes together.
#[derive(Clone, Copy, Debug, Default)]
struct Weighed {
    entries: usize,
    bytes: u64,
}

/// Generated objects are kept folded, so that a hundred thousand of them weigh little.
#[derive(Clone, Debug)]
enum Entry {
    Made(Arc<GenerateSpec>, Made),
    /// Taken from afar.
    Exposed(Arc<Exposed>),
    Own(Arc<CardObject>),
}

#[derive(Clone, Copy, Debug)]
struct Made {
    index: u32,
    /// Seconds since 1970 without a zone.
    taken: u32,
    number: Number,
    kind: Kind,
}

/// A photo taken from afar, which is as bright as its exposure made it.
#[derive(Debug)]
struct Exposed {
    recipe: Arc<GenerateSpec>,
    made: Made,
    exposure: Exposure,
}

impl Made {
    fn capture(&self) -> Stamp {
        Stamp::from_seconds(i64::from(self.taken))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Photo,
    Film,
    Raw,
}

impl Entry {
    fn object(&self) -> CardObject {
        match self {
            Self::Made(recipe, made) => recipe.object(made, None),
            Self::Exposed(taken) => taken.recipe.object(&taken.made, Some(taken.exposure)),
            Self::Own(object) => CardObject::clone(object),
        }
    }

    fn format(&self) -> u16 {
        let kind = match self {
            Self::Own(object) => return object.format,
            Self::Made(_, made) => made.kind,
            Self::Exposed(taken) => taken.made.kind,
        };
        match kind {
            Kind::Photo => format::JPEG,
            Kind::Film => format::MOV,
            Kind::Raw => format::RAF,
        }
    }
}

impl Card {
    /// An empty card; `recipe` says what photos taken on it look like (its counts are ignored).
    pub fn new(recipe: GenerateSpec) -> Self {
        Self {
            entries: Vec::new(),
            number: recipe.first,
            clock: recipe.start,
            recipe: Arc::new(recipe),
            next_index: 0,
            revision: 0,
            weighed: Weighed::default(),
        }
    }

    /// Number of objects, whatever a mode shows of them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no object at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Changes with every change of the card, so that a listing made earlier is known to be stale.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Bytes that all objects take together. Only what came since the last call is looked at, unless
    /// something went.
    pub fn used_bytes(&mut self) -> u64 {
        let new = self.entries.get(self.weighed.entries..).unwrap_or_default();
        self.weighed.bytes += new.iter().map(|entry| entry.object().size_bytes).sum::<u64>();
        self.weighed.entries = self.entries.len();
        self.weighed.bytes
    }

    /// The object at a position.
    pub fn object(&self, position: usize) -> Option<CardObject> {
        self.entries.get(position).map(Entry::object)
    }

    /// All objects in shooting order, unfolded one by one.
    pub fn objects(&self) -> impl DoubleEndedIterator<Item = CardObject> + ExactSizeIterator + '_ {
        self.entries.iter().map(Entry::object)
    }

    /// The position of the first object of that name, in shooting order.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.objects().position(|object| object.name == name)
    }

    /// Positions of the objects that a mode lists, in its order: handle 1 is the first of them.
    pub fn visible(&self, view: View) -> Vec<usize> {
        let shown = |&position: &usize| view.shows(self.entries[position].format());
        let mut positions: Vec<usize> = (0..self.entries.len()).filter(shown).collect();
        if view.by_capture_date {
            positions.sort_by_cached_key(|&position| {
                let object = self.entries[position].object();
                (object.capture, object.folder, object.name)
            });
        }
        if view.newest_first {
            positions.reverse();
        }
        positions
    }

    /// Takes `count` photos; returns their positions.
    pub fn shoot(&mut self, count: usize) -> Range<usize> {
        let start = self.len();
        for _ in 0..count {
            self.take(&[Kind::Photo]);
        }
        start..self.len()
    }

    /// Takes a photo with a raw file beside it (RAF first, as names sort); returns both positions.
    pub fn shoot_pair(&mut self) -> Range<usize> {
        self.take(&[Kind::Raw, Kind::Photo])
    }

    /// Takes a photo from afar at a moment, and a raw file before it if `raw` says so; returns the
    /// positions. The card's clock goes on from that moment.
    pub fn expose(&mut self, at: Stamp, exposure: Exposure, raw: bool) -> Range<usize> {
        self.clock = at;
        let kinds = if raw { &[Kind::Raw, Kind::Photo][..] } else { &[Kind::Photo] };
        let taken = self.take(kinds);
        for entry in &mut self.entries[taken.clone()] {
            if let Entry::Made(recipe, made) = entry {
                let (recipe, made) = (Arc::clone(recipe), *made);
                *entry = Entry::Exposed(Arc::new(Exposed { recipe, made, exposure }));
            }
        }
        taken
    }

    /// Films from a moment on; returns the position. The card's clock goes on from that moment.
    pub fn film(&mut self, at: Stamp) -> usize {
        self.clock = at;
        self.shoot_film()
    }

    /// Films; returns the position.
    pub fn shoot_film(&mut self) -> usize {
        self.take(&[Kind::Film]).start
    }

    /// Takes a photo that looks as `spec` says, under the next number; returns its position.
    pub fn shoot_spec(&mut self, spec: PhotoSpec) -> usize {
        let name = self.number.file_name(self.recipe.adobe_rgb, "JPG");
        let object = CardObject::photo(&self.number.folder_name(), &name, spec);
        self.number = self.number.next();
        self.push(object)
    }

    /// Puts an object behind all others, as it is; returns its position.
    pub fn push(&mut self, object: CardObject) -> usize {
        self.revision += 1;
        self.entries.push(Entry::Own(Arc::new(object)));
        self.entries.len() - 1
    }

    /// Takes the object at a position off the card. A file behind it stays where it is.
    pub fn delete(&mut self, position: usize) -> Option<CardObject> {
        if position >= self.entries.len() {
            return None;
        }
        self.revision += 1;
        self.weighed = Weighed::default();
        Some(self.entries.remove(position).object())
    }

    /// Puts an object in the place of another, which is returned; nothing happens if there is
    /// no such position.
    pub fn replace(&mut self, position: usize, object: CardObject) -> Option<CardObject> {
        let entry = self.entries.get_mut(position)?;
        self.revision += 1;
        self.weighed = Weighed::default();
        Some(std::mem::replace(entry, Entry::Own(Arc::new(object))).object())
    }

    /// Empties the card. What is shot afterwards differs from what was there, whatever its name.
    pub fn format(&mut self, numbering: Numbering) {
        self.revision += 1;
        self.weighed = Weighed::default();
        self.entries.clear();
        if numbering == Numbering::Restart {
            self.number = Number::FIRST;
        }
    }

    /// Sets the number of the next photo.
    pub fn set_number(&mut self, number: Number) {
        self.number = number;
    }

    /// The number of the next photo.
    pub fn number(&self) -> Number {
        self.number
    }

    /// Sets the camera's clock: the next photo is taken at this moment.
    pub fn set_clock(&mut self, clock: Stamp) {
        self.clock = clock;
    }

    /// What the camera's clock shows: the time of the next photo.
    pub fn clock(&self) -> Stamp {
        self.clock
    }

    /// Puts the card into another body: later photos carry its model and serial number.
    pub fn set_body(&mut self, body: Arc<Body>) {
        Arc::make_mut(&mut self.recipe).body = body;
    }

    /// Changes what later photos look like (size, seed, prefix); earlier ones stay as they are.
    pub fn set_recipe(&mut self, change: impl FnOnce(&mut GenerateSpec)) {
        change(Arc::make_mut(&mut self.recipe));
    }

    /// What photos taken from now on look like.
    pub(crate) fn recipe(&self) -> &GenerateSpec {
        &self.recipe
    }

    fn take(&mut self, kinds: &[Kind]) -> Range<usize> {
        let start = self.len();
        self.revision += 1;
        let taken = self.clock.seconds().clamp(0, i64::from(u32::MAX)) as u32;
        for &kind in kinds {
            let made = Made { index: self.next_index, taken, number: self.number, kind };
            self.entries.push(Entry::Made(Arc::clone(&self.recipe), made));
        }
        self.next_index = self.next_index.wrapping_add(1);
        self.number = self.number.next();
        self.clock = self.clock.plus_seconds(i64::from(self.recipe.interval_seconds));
        start..self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card of 100,000 photos should take three megabytes, not thirty.
    #[test]
    fn a_folded_object_is_small() {
        assert!(size_of::<Entry>() <= 32, "{}", size_of::<Entry>());
    }
}
