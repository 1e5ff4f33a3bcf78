//! Which packet numbers were seen already.
//!
//! The air brings frames twice (repetitions of which the receiver had one), and a little out of
//! order (a lost frame of a block is sent again behind its block), so that a receiver sorts them
//! before it insists that numbers grow. Who only listens keeps a window instead.

/// Words of 64 numbers each: 1,024 numbers, four times the longest block of 802.11ax.
const WORDS: usize = 16;

/// Numbers of a sender, the newest and which of those before it were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    newest: u64,
    seen: [u64; WORDS],
}

impl Window {
    /// True if a number is seen for the first time; what is far behind the newest is not.
    pub(super) fn is_new(&mut self, number: u64) -> bool {
        let (word, newest) = (number / 64, self.newest / 64);
        if number > self.newest {
            // After a leap all words are empty, which are as many.
            for passed in (newest + 1..=word).take(WORDS) {
                self.word(passed, |bits| *bits = 0);
            }
            self.newest = number;
        } else if newest - word >= WORDS as u64 {
            return false;
        }
        let mask = 1 << (number % 64);
        let mut is_new = false;
        self.word(word, |bits| {
            is_new = *bits & mask == 0;
            *bits |= mask;
        });
        is_new
    }

    fn word(&mut self, number: u64, change: impl FnOnce(&mut u64)) {
        if let Some(bits) = self.seen.get_mut((number % WORDS as u64) as usize) {
            change(bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_new_once() {
        let mut window = Window::default();
        for number in [1, 2, 5, 3, 4, 0, 70, 1093, 70 + 64] {
            assert!(window.is_new(number), "{number}");
            assert!(!window.is_new(number), "{number}");
        }
        // Too far behind.
        assert!(!window.is_new(63));
        assert!(window.is_new(u64::MAX >> 16));
        assert!(!window.is_new(1094));
    }

    proptest! {
        #[test]
        fn a_window_agrees_with_a_set(steps in proptest::collection::vec(-900i64..1500, 1..200)) {
            let (mut window, mut seen, mut newest) = (Window::default(), BTreeSet::new(), 2000u64);
            window.is_new(newest);
            seen.insert(newest);
            for step in steps {
                let number = newest.saturating_add_signed(step);
                let is_new = window.is_new(number);
                prop_assert_eq!(is_new, seen.insert(number), "{}", number);
                newest = newest.max(number);
            }
        }
    }
}
