//! Property D212: what changed since it was last read, or all settings in a remote function.

use filmwire_codec::DevicePropCode;
use filmwire_codec::dataset::CurrentState;
use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::persona::{Code, ListEntry, ListValue, LiveValue, OkPolicy};
use crate::reply::{Answer, Reply};

/// Lists that wait to be read, and the object count last told.
#[derive(Debug, Default)]
pub(super) struct StateLists {
    queued: Option<List>,
    told_count: Option<u32>,
    told_battery: Option<u64>,
}

/// A list that comes with the next read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// After OpenSession, and after DF00 was written.
    Start,
    /// The gallery is open.
    Gallery,
    /// The person has chosen what is received.
    Receive,
    /// DF01 = 20 was written.
    Newer,
}

impl StateLists {
    pub(super) fn queue(&mut self, list: List) {
        self.queued = Some(list);
    }
}

impl Responder {
    /// Answers a read of D212, and counts it as the cure of an unfinished read.
    pub(super) fn current_state(&mut self, camera: &mut Camera, now: Instant) -> Reply {
        self.cure_unfinished_read();
        self.notice_chosen(camera, now);
        if self.state == 0 {
            self.grant(camera, now);
        }
        let list: CurrentState = if self.state == 0 && camera.persona.ok == OkPolicy::StateWait {
            [(DevicePropCode::CAMERA_STATE, 0)].into_iter().collect()
        } else {
            self.current_list(camera)
        };
        let mut payload = Vec::new();
        list.encode(&mut payload);
        Answer::data(camera.faults.state_list(payload)).into()
    }

    fn cure_unfinished_read(&mut self) {
        if let Some(read) = &mut self.open_read {
            read.cure_left = read.cure_left.saturating_sub(1);
            if read.cure_left == 0 {
                self.open_read = None;
            }
        }
    }

    fn current_list(&mut self, camera: &mut Camera) -> CurrentState {
        if self.remote != Remote::Off {
            // Every read returns all settings, unchanged ones too (log:XT4, log:XT5).
            let settings = camera.remote_settings().into_iter();
            return settings.map(|(code, value)| (DevicePropCode(code), value)).collect();
        }
        let count = camera.count();
        let persona = &camera.persona;
        let list = match self.lists.queued.take() {
            None => return self.changes(camera, count),
            Some(List::Start) if self.is_picked() => &persona.picked_list,
            Some(List::Start) => &persona.start_list,
            Some(List::Gallery) => &persona.gallery_list,
            Some(List::Receive) => &persona.receive_list,
            Some(List::Newer) => &persona.newer_list,
        };
        self.lists.told_count = Some(count);
        self.lists.told_battery.get_or_insert(camera.battery.changes);
        self.fill(list, count)
    }

    /// What changed since it was told: the object count under the codes the start list has, and
    /// the battery.
    fn changes(&mut self, camera: &Camera, count: u32) -> CurrentState {
        let mut entries = Vec::new();
        if self.lists.told_count.replace(count) != Some(count) && !self.is_picked() {
            let counted = |entry: &&ListEntry| entry.1 == ListValue::Live(LiveValue::Count);
            entries.extend(camera.persona.start_list.iter().filter(counted).copied());
        }
        let changes = camera.battery.changes;
        let battery = self.lists.told_battery.replace(changes).is_some_and(|told| told != changes);
        if battery && camera.persona.battery_in_changes {
            let told = camera.battery_entries().into_iter();
            entries.extend(told.map(|(code, level)| (Code(code), ListValue::Number(level))));
        }
        self.fill(&entries, count)
    }

    fn fill(&self, entries: &[ListEntry], count: u32) -> CurrentState {
        let value = |value| match value {
            ListValue::Number(number) => number,
            ListValue::Live(LiveValue::Count) => count,
            ListValue::Live(LiveValue::State) => u32::from(self.state),
        };
        entries.iter().map(|&(code, v)| (DevicePropCode(code.0), value(v))).collect()
    }
}
