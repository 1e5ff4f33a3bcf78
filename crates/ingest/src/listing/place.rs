//! Handles and places: two ways to number the objects of a card.

use filmwire_catalogue::Direction;
use filmwire_codec::ObjectHandle;

/// Turns positions in handle order into places of the snapshot, which count from the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) direction: Direction,
}

impl Places {
    /// Place of the object at position `index` (handle minus one) of `count`.
    pub(crate) fn place(self, index: u64, count: u64) -> u64 {
        match self.direction {
            Direction::NewestFirst => count - 1 - index,
            Direction::OldestFirst => index,
        }
    }

    /// How many objects are newer than the one at position `index` of `count`.
    pub(crate) fn age(self, index: u64, count: u64) -> usize {
        let newer = match self.direction {
            Direction::NewestFirst => index,
            Direction::OldestFirst => count.saturating_sub(1).saturating_sub(index),
        };
        usize::try_from(newer).unwrap_or(usize::MAX)
    }

    /// Handle of the object at a place.
    pub(crate) fn handle(self, place: u64, count: u64) -> ObjectHandle {
        let index = match self.direction {
            Direction::NewestFirst => count - 1 - place,
            Direction::OldestFirst => place,
        };
        ObjectHandle(index as u32 + 1)
    }

    /// Lowest place of a stretch of `length` that begins at position `index` of `count`.
    pub(crate) fn lowest(self, index: u64, length: u64, count: u64) -> u64 {
        match self.direction {
            Direction::NewestFirst => count - index - length,
            Direction::OldestFirst => index,
        }
    }

    /// Positions of all objects, newest first.
    pub(crate) fn newest_first(self, count: u64) -> impl Iterator<Item = u64> {
        let newest = self.direction == Direction::NewestFirst;
        (0..count).map(move |step| if newest { step } else { count - 1 - step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_the_oldest() {
        let newest = Places { direction: Direction::NewestFirst };
        let oldest = Places { direction: Direction::OldestFirst };
        assert_eq!((newest.place(0, 5), oldest.place(0, 5)), (4, 0));
        assert_eq!((newest.handle(4, 5), oldest.handle(4, 5)), (ObjectHandle(1), ObjectHandle(5)));
        assert_eq!((newest.lowest(0, 2, 5), oldest.lowest(3, 2, 5)), (3, 3));
        assert_eq!((newest.age(1, 5), oldest.age(1, 5)), (1, 3));
        assert_eq!(newest.newest_first(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(oldest.newest_first(3).collect::<Vec<_>>(), [2, 1, 0]);
    }
}
