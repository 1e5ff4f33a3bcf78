//! Generated files that were read lately.
//!
//! A client reads a file in pieces of a megabyte; rendering it once for each would take seconds.
//! One store serves the whole process: a spec determines its bytes, so there is nothing to mix up.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use crate::media::jpeg::{self, PhotoSpec};
use crate::media::mov::{self, Film, FilmSpec};
use crate::media::pattern::Framed;
use crate::media::raf::{self, RawSpec};

/// Memory the store may hold; a single file larger than this is kept alone.
const BUDGET_BYTES: usize = 16 * 1024 * 1024;

/// Entries kept at most, so that looking one up stays cheap.
const LIMIT: usize = 16;

/// What a file was rendered from.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Key {
    Photo(PhotoSpec),
    Thumb(PhotoSpec),
    Film(FilmSpec),
    Raw(RawSpec),
}

/// A file that can be read anywhere.
#[derive(Clone)]
pub(super) enum Rendered {
    Whole(Bytes),
    Film(Arc<Film>),
    Framed(Framed),
}

impl Key {
    fn render(&self) -> Rendered {
        match self {
            Self::Photo(spec) => Rendered::Whole(jpeg::photo(spec).into()),
            Self::Thumb(spec) => Rendered::Whole(jpeg::thumb(spec).into()),
            Self::Film(spec) => Rendered::Film(Arc::new(mov::film(spec))),
            Self::Raw(spec) => Rendered::Framed(raf::raw(spec)),
        }
    }
}

impl Rendered {
    /// Returns up to `max` bytes at `offset`; fewer only at the end.
    pub(super) fn read_at(&self, offset: u64, max: usize) -> Bytes {
        match self {
            Self::Whole(bytes) => slice(bytes, offset, max),
            Self::Film(film) => film.read_at(offset, max),
            Self::Framed(framed) => framed.read_at(offset, max),
        }
    }

    fn cost_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Film(film) => film.cost_bytes(),
            Self::Framed(framed) => framed.cost_bytes(),
        }
    }
}

/// Cuts a piece out of `bytes` without copying.
pub(super) fn slice(bytes: &Bytes, offset: u64, max: usize) -> Bytes {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(start..start.saturating_add(max).min(bytes.len()))
}

type Cell = Arc<OnceLock<Rendered>>;

/// Most recently used last.
static STORE: LazyLock<Mutex<Vec<(Key, Cell)>>> = LazyLock::new(Mutex::default);

/// Returns the rendered file of `key`. Two readers of one file wait for a single rendering, and
/// readers of other files do not wait at all.
pub(super) fn rendered(key: Key) -> Rendered {
    let cell = {
        let mut store = STORE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = store.iter().position(|(known, _)| *known == key);
        let entry = match found {
            Some(at) => store.remove(at),
            None => (key.clone(), Cell::default()),
        };
        store.push(entry.clone());
        trim(&mut store);
        entry.1
    };
    if let Some(done) = cell.get() {
        return done.clone();
    }
    let done = cell.get_or_init(|| key.render()).clone();
    trim(&mut STORE.lock().unwrap_or_else(PoisonError::into_inner));
    done
}

/// Forgets the oldest files until the rest is within bounds; the newest always stays.
fn trim(store: &mut Vec<(Key, Cell)>) {
    let cost = |cell: &Cell| cell.get().map_or(0, Rendered::cost_bytes);
    let mut total: usize = store.iter().map(|(_, cell)| cost(cell)).sum();
    while store.len() > LIMIT || total > BUDGET_BYTES && store.len() > 1 {
        total -= cost(&store.remove(0).1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Card, Content, GenerateSpec};

    fn specs(photos: u32, size_bytes: u64) -> Vec<PhotoSpec> {
        let photo_bytes = size_bytes..=size_bytes;
        let spec = GenerateSpec { photos, photo_bytes, ..GenerateSpec::default() };
        let content = |content| match content {
            Content::Photo(spec) => spec,
            other => panic!("{other:?} is no photo"),
        };
        Card::generated(&spec).objects().map(|object| content(object.content)).collect()
    }

    fn held() -> (usize, usize) {
        let store = STORE.lock().unwrap();
        let cost = |cell: &Cell| cell.get().map_or(0, Rendered::cost_bytes);
        (store.len(), store.iter().map(|(_, cell)| cost(cell)).sum())
    }

    /// One test for all, since the store is one for the process.
    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let small = specs(40, 10_000);
        let first = rendered(Key::Photo(small[0].clone())).read_at(0, 10);
        for spec in &small[1..] {
            rendered(Key::Photo(spec.clone()));
            let again = rendered(Key::Photo(small[0].clone())).read_at(0, 10);
            assert_eq!(again.as_ptr(), first.as_ptr(), "what is used stays");
            assert!(held().0 <= LIMIT);
        }
        let newest = &small[small.len() - 1];
        rendered(Key::Photo(newest.clone()));
        let newest = Key::Photo(newest.clone());
        let copies = STORE.lock().unwrap().iter().filter(|(key, _)| *key == newest).count();
        assert_eq!(copies, 1, "nothing is held twice");
        for spec in &small[..4] {
            rendered(Key::Photo(spec.clone()));
        }
        for spec in specs(12, 5_000_000) {
            rendered(Key::Photo(spec));
            assert!(held().1 <= BUDGET_BYTES);
        }
        let large = specs(1, 20_000_000).remove(0);
        let (one, two) =
            (rendered(Key::Photo(large.clone())), rendered(Key::Photo(large)).read_at(0, 10));
        assert_eq!(one.read_at(0, 10).as_ptr(), two.as_ptr(), "too large, kept alone");
        assert_eq!(held().0, 1);
    }
}
