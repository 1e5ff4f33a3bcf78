//! What the camera has told of itself so far, shared between the driver and its handles.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use filmwire_codec::dataset::CurrentState;
use filmwire_codec::value::Battery;
use filmwire_codec::{CameraState, DevicePropCode, OperationCode};

/// Values of 0xD212, the newest of each property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateView {
    values: BTreeMap<DevicePropCode, u32>,
}

impl StateView {
    /// The newest value of a property, if the camera ever told it.
    pub fn value(&self, property: DevicePropCode) -> Option<u32> {
        self.values.get(&property).copied()
    }

    /// DF00.
    pub fn camera_state(&self) -> Option<CameraState> {
        self.value(DevicePropCode::CAMERA_STATE).map(|value| CameraState(value as u16))
    }

    /// Number of objects: D222, else D401, else D620. `None` if the camera never told it.
    pub fn object_count(&self) -> Option<u32> {
        self.value(DevicePropCode::OBJECT_COUNT)
            .or_else(|| self.value(DevicePropCode::OBJECT_COUNT_2))
            .or_else(|| self.value(DevicePropCode::IMPORT_OBJECT_COUNT))
    }

    /// How full the battery is, as last told: D242, on an X-T1 5001.
    ///
    /// Bodies tell it in the list of a remote function, which the way to most galleries passes;
    /// whether they tell changes afterwards is unknown. `None` if it was never told.
    pub fn battery(&self) -> Option<Battery> {
        let by = |property, read: fn(u32) -> Option<Battery>| self.value(property).and_then(read);
        by(DevicePropCode::BATTERY, Battery::from_d242)
            .or_else(|| by(DevicePropCode::BATTERY_LEVEL, Battery::from_5001))
    }

    /// All values in order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (DevicePropCode, u32)> {
        self.values.iter().map(|(&property, &value)| (property, value))
    }

    #[cfg(test)]
    pub(crate) fn of(list: &CurrentState) -> Self {
        let mut view = Self::default();
        view.merge(list);
        view
    }

    fn merge(&mut self, list: &CurrentState) {
        self.values.extend(list.entries.iter().map(|entry| (entry.property, entry.value)));
    }
}

/// What was asked so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Operations sent, by code.
    pub operations: BTreeMap<OperationCode, u64>,
    /// Bytes of data phases received.
    pub received_bytes: u64,
}

impl Stats {
    /// Operations sent in all.
    pub fn total(&self) -> u64 {
        self.operations.values().sum()
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<StateView>,
    operations: Mutex<BTreeMap<OperationCode, u64>>,
    received_bytes: AtomicU64,
    drain_reads: AtomicU32,
    owes_preview: AtomicBool,
    /// Locks of focus that were begun.
    locks: AtomicU64,
}

impl Shared {
    pub(crate) fn new(drain_reads: u32) -> Self {
        Self {
            state: Mutex::default(),
            operations: Mutex::default(),
            received_bytes: AtomicU64::new(0),
            drain_reads: AtomicU32::new(drain_reads),
            owes_preview: AtomicBool::new(false),
            locks: AtomicU64::new(0),
        }
    }

    pub(crate) fn state(&self) -> StateView {
        lock(&self.state).clone()
    }

    pub(crate) fn merge(&self, list: &CurrentState) {
        lock(&self.state).merge(list);
    }

    /// Takes a value that was read by itself.
    pub(crate) fn learn(&self, property: DevicePropCode, value: u32) {
        lock(&self.state).values.insert(property, value);
    }

    pub(crate) fn count(&self, code: OperationCode) {
        *lock(&self.operations).entry(code).or_default() += 1;
    }

    /// Operations of a kind sent so far.
    pub(crate) fn counted(&self, code: OperationCode) -> u64 {
        lock(&self.operations).get(&code).copied().unwrap_or(0)
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        let received_bytes = self.received_bytes.load(Ordering::Relaxed);
        Stats { operations: lock(&self.operations).clone(), received_bytes }
    }

    /// The number of a lock of focus that begins; it takes the place of those before it.
    pub(crate) fn begin_lock(&self) -> u64 {
        self.locks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// True if no other lock took its place.
    pub(crate) fn is_newest_lock(&self, lock: u64) -> bool {
        self.locks.load(Ordering::Relaxed) == lock
    }

    /// True while a picture may have been taken whose preview was not fetched.
    pub(crate) fn owes_preview(&self) -> bool {
        self.owes_preview.load(Ordering::Relaxed)
    }

    pub(crate) fn set_owes_preview(&self, owes: bool) {
        self.owes_preview.store(owes, Ordering::Relaxed);
    }

    pub(crate) fn drain_reads(&self) -> u32 {
        self.drain_reads.load(Ordering::Relaxed)
    }

    pub(crate) fn set_drain_reads(&self, reads: u32) {
        self.drain_reads.store(reads, Ordering::Relaxed);
    }
}

/// Nothing that holds these locks can panic half-way, so a poisoned lock still holds good values.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
