//! What the way between camera and client is like.

use std::collections::BTreeMap;
use std::time::Duration;

/// Bandwidth, round-trip time and time to think. The default is as fast as the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Bytes the camera sends in a second; `None` for no limit.
    pub bytes_per_second: Option<u64>,
    /// Time from a request to the first byte of its answer, both ways together.
    pub round_trip: Duration,
    /// Time the camera thinks about every operation.
    pub think: Duration,
    /// Time it thinks about some operations instead.
    pub think_about: BTreeMap<u16, Duration>,
}

impl Link {
    /// A link of so many bits a second (a Wi-Fi figure) and a round-trip time.
    pub fn mbit(mbit_per_second: u64, round_trip: Duration) -> Self {
        let bytes_per_second = Some(mbit_per_second * 125_000);
        Self { bytes_per_second, round_trip, ..Self::default() }
    }

    /// A link of so many bytes a second.
    pub fn bytes(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: Some(bytes_per_second), ..Self::default() }
    }

    /// How long the camera takes before the first byte of an answer leaves it.
    pub(crate) fn latency(&self, operation: u16) -> Duration {
        self.round_trip + self.think_about.get(&operation).copied().unwrap_or(self.think)
    }

    /// Time that `bytes` take on the link.
    pub(crate) fn transmission(&self, bytes: u64) -> Duration {
        let Some(rate) = self.bytes_per_second.filter(|&rate| rate > 0) else {
            return Duration::ZERO;
        };
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
