//! Events and live view.

use filmwire_codec::EventCode;
use filmwire_codec::dataset::EventDataset;

use super::case::{Case, word};
use super::neighbours::Neighbours;
use super::table;
use crate::record::Side;

/// Where the extra bytes of a live-view packet are told, and where its JPEG begins without any (the
/// fact sheet's section 8.6).
const FRAME_EXTRA: usize = 12;
const FRAME_JPEG: usize = 18;

impl Case {
    /// An event, whole.
    pub(crate) fn event(
        &mut self,
        at_ns: Option<u64>,
        event: &EventDataset,
        neighbours: &mut Neighbours,
    ) {
        if !self.is_whole(Side::Camera) {
            return;
        }
        let id = event.transaction;
        if event.session.0 != 1 {
            let seen = || format!("it is {}", event.session.0);
            self.accuse(table::EVENT_SESSION, at_ns, Some(id), seen);
        }
        let is_of_picture = matches!(
            event.code,
            EventCode::FUJI_OBJECT_ADDED
                | EventCode::PREVIEW_AVAILABLE
                | EventCode::CAPTURE_COMPLETE
        );
        if let Some(&first) = event.params.first()
            && is_of_picture
            && first != id.0
        {
            self.accuse(table::EVENT_REPEAT, at_ns, Some(id), || format!("it is {first}"));
        }
        match event.code {
            EventCode::FUJI_OBJECT_ADDED => self.added = Some(id),
            EventCode::PREVIEW_AVAILABLE => {
                neighbours.announce(self.ends, id, event.params.get(1).copied());
                if self.added != Some(id) {
                    let seen = || "it did not".to_owned();
                    self.accuse(table::EVENT_ORDER, at_ns, Some(id), seen);
                }
            }
            _ => {}
        }
    }

    /// The first bytes of a live-view packet, whole.
    pub(crate) fn frame(&mut self, at_ns: Option<u64>, head: &[u8]) {
        // Behind extra bytes it may begin where we do not look.
        let is_plain = word(head, FRAME_EXTRA) == Some(0);
        let start = head.get(FRAME_JPEG..FRAME_JPEG + 2);
        if self.is_whole(Side::Camera)
            && is_plain
            && let Some(start) = start.filter(|start| *start != [0xFF, 0xD8])
        {
            self.accuse(table::FRAME_JPEG, at_ns, None, || format!("it begins with {start:02x?}"));
        }
    }
}
