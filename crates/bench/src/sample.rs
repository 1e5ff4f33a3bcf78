//! Repeated measurements of one thing.

use std::time::Duration;

/// Values of one measurement; never empty where it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Adds a value.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// Adds a time in seconds.
    pub(crate) fn time(&mut self, time: Duration) {
        self.add(time.as_secs_f64());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest value, NaN if there is none.
    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The largest value, NaN if there is none.
    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// The middle value; between the two middle ones of an even number. NaN if there is none.
    pub(crate) fn median(&self) -> f64 {
        let (low, high) = (self.0.get((self.0.len().max(1) - 1) / 2), self.0.get(self.0.len() / 2));
        low.zip(high).map_or(f64::NAN, |(low, high)| (low + high) / 2.0)
    }

    /// The smallest value that such a share of all does not exceed, NaN if there is none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// Every value changed by `change`.
    pub(crate) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let mut changed: Vec<f64> = self.0.iter().map(|value| change(*value)).collect();
        changed.sort_by(f64::total_cmp);
        Self(changed)
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sample = Self(values.into_iter().collect());
        sample.0.sort_by(f64::total_cmp);
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_ends() {
        let sample: Sample = [3.0, 1.0, 2.0].into_iter().collect();
        assert_eq!((sample.min(), sample.median(), sample.max()), (1.0, 2.0, 3.0));
        let sample: Sample = [4.0, 1.0, 2.0, 9.0].into_iter().collect();
        assert_eq!((sample.min(), sample.median(), sample.max()), (1.0, 3.0, 9.0));
        let turned = sample.map(|value| 36.0 / value);
        assert_eq!((turned.min(), turned.median(), turned.max()), (4.0, 13.5, 36.0));
        let hundred: Sample = (1..=100).map(f64::from).collect();
        assert_eq!((hundred.quantile(0.99), hundred.quantile(1.0)), (99.0, 100.0));
        assert_eq!(hundred.quantile(0.0), 1.0);
        assert!(Sample::default().quantile(0.5).is_nan());
        assert!(Sample::default().median().is_nan());
    }
}
