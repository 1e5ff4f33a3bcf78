//! Property D212: what changed since it was last read, or all settings in a remote function.

use filmwire_codec::DevicePropCode;
use filmwire_codec::dataset::CurrentState;
use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::persona::{ListEntry, ListValue, LiveValue, OkPolicy};
use crate::reply::{Answer, Reply};

/// Lists that wait to be read, and the object count last told.
#[derive(Debug, Default)]
pub(super) struct StateLists {
    start: bool,
    gallery: bool,
    told_count: Option<u32>,
}

impl StateLists {
    /// The start list comes with the next read: after OpenSession, and after DF00 was written.
    pub(super) fn queue_start(&mut self) {
        self.start = true;
        self.gallery = false;
    }

    /// The list of the open gallery comes with the next read.
    pub(super) fn queue_gallery(&mut self) {
        self.gallery = true;
    }
}

impl Responder {
    /// Answers a read of D212, and counts it as the cure of an unfinished read.
    pub(super) fn current_state(&mut self, camera: &mut Camera, now: Instant) -> Reply {
        self.cure_unfinished_read();
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
        let count = camera.count();
        if self.remote != Remote::Off {
            // Every read returns all settings, unchanged ones too (log:XT4, log:XT5).
            let settings = camera.persona.remote_list.iter();
            let value = |code, value| camera.settings.get(&code).copied().unwrap_or(value);
            return settings.map(|&(c, v)| (DevicePropCode(c.0), value(c.0, v))).collect();
        }
        if std::mem::take(&mut self.lists.start) {
            self.lists.told_count = Some(count);
            return self.fill(&camera.persona.start_list, count);
        }
        if std::mem::take(&mut self.lists.gallery) {
            self.lists.told_count = Some(count);
            return self.fill(&camera.persona.gallery_list, count);
        }
        self.changes(camera, count)
    }

    /// The object count under the codes the start list has, if it changed since it was told.
    fn changes(&mut self, camera: &Camera, count: u32) -> CurrentState {
        if self.lists.told_count.replace(count) == Some(count) {
            return CurrentState::default();
        }
        let counted = |entry: &&ListEntry| entry.1 == ListValue::Live(LiveValue::Count);
        let entries: Vec<ListEntry> =
            camera.persona.start_list.iter().filter(counted).copied().collect();
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
