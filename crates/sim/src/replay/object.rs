//! Bytes of objects, whichever pieces they were fetched in.

use super::spool::Extents;

/// Whose bytes: the name is told by ObjectInfo, the resizing by what was written to D226.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) handle: u32,
    /// Name and date; `None` before the first ObjectInfo of this handle.
    pub(super) name: Option<String>,
    pub(super) resize: Option<Vec<u8>>,
}

/// An object of the recording.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) identity: Identity,
    bytes: Extents,
    /// Its length, where a piece was shorter than asked for, or it was fetched in one.
    end: Option<u64>,
    /// Responses tell how many bytes came.
    tells_length: bool,
}

/// All objects of a recording.
#[derive(Debug, Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a piece: as many bytes as were asked for (`None`: the whole object) from `offset` on.
    /// Returns the number of its object.
    pub(super) fn add(
        &mut self,
        identity: Identity,
        (offset, asked): (u64, Option<u64>),
        (came, bytes): (u64, &Extents),
        tells_length: bool,
    ) -> usize {
        let known = self.0.iter().position(|object| object.identity == identity);
        let at = known.unwrap_or_else(|| {
            self.0.push(Object { identity, bytes: Extents::default(), end: None, tells_length });
            self.0.len() - 1
        });
        if let Some(object) = self.0.get_mut(at) {
            object.bytes.add(offset, bytes);
            if asked.is_none_or(|asked| came < asked) {
                object.end = Some(offset + came);
            }
        }
        at
    }

    /// Whether the object of that number may be the one a client means.
    pub(super) fn fits(&self, number: usize, wanted: &Identity) -> bool {
        self.0.get(number).is_some_and(|object| object.identity.fits(wanted))
    }

    /// A piece of an object, and whether its response tells how many bytes came; `None` if the
    /// recording does not have all of it.
    pub(super) fn piece(
        &self,
        wanted: &Identity,
        offset: u64,
        asked: Option<u64>,
    ) -> Option<(Extents, bool)> {
        self.0.iter().filter(|object| object.identity.fits(wanted)).find_map(|object| {
            let to = match (asked, object.end) {
                (Some(asked), Some(end)) => (offset + asked).min(end.max(offset)),
                (Some(asked), None) => offset + asked,
                (None, end) => end?,
            };
            Some((object.bytes.slice(offset, to)?, object.tells_length))
        })
    }
}

impl Identity {
    /// The same object, as far as both sides know its name.
    fn fits(&self, wanted: &Self) -> bool {
        let named = self.name.is_none() || wanted.name.is_none() || self.name == wanted.name;
        self.handle == wanted.handle && self.resize == wanted.resize && named
    }
}
