//! What a draft says of settings, objects and times.

use std::collections::BTreeMap;

use filmwire_codec::dataset::{DevicePropDesc, DevicePropValue, Form, PropAccess};
use filmwire_codec::{DevicePropCode as Prop, ObjectFormatCode, ResponseCode};
use filmwire_sim::persona::{Code, Descriptor, DeviceInfoPolicy, HandleOrder, NewerAnswers};

use super::draft::Draft;
use super::facts::{Facts, List, Object};

/// Sizes that stand for others are round: 0x19000, 0x29000 (fact sheet 4.6).
const PLACEHOLDER_STEP: u32 = 0x1000;

impl Draft {
    /// What can be set, and to what.
    pub(super) fn settings(&mut self, facts: &Facts) {
        if !facts.capabilities.is_empty() {
            self.persona.capabilities = facts.capabilities.iter().map(descriptor).collect();
            for desc in &facts.capabilities {
                self.seen(&format!("capabilities.{}", Code(desc.property.0)));
            }
            let is_dial = |desc: &&DevicePropDesc| {
                desc.access == PropAccess::GET && desc.property != Prop::BATTERY_LEVEL
            };
            let dials = facts.capabilities.iter().filter(is_dial);
            self.persona.shooting.dials = dials.map(|desc| Code(desc.property.0)).collect();
            self.notes.add("shooting.dials", "seen: what cannot be written");
        }
        let listed =
            |code: &u16| self.persona.remote_list.iter().any(|(known, _)| known.0 == *code);
        let taken: Vec<u16> = facts.written.keys().copied().filter(listed).collect();
        let refused = facts.refused.iter().filter(|(code, _)| listed(code));
        let refused: Vec<(u16, u16)> = refused.map(|(code, response)| (*code, *response)).collect();
        let shooting = &mut self.persona.shooting;
        let before = shooting.writable.clone();
        let only_refused = refused.iter().filter(|(code, _)| !taken.contains(code));
        if let Some((_, response)) = only_refused.clone().next() {
            shooting.write_refused = *response;
        }
        shooting
            .writable
            .retain(|code| !only_refused.clone().any(|(refused, _)| *refused == code.0));
        for code in taken.iter().filter(|code| !before.iter().any(|known| known.0 == **code)) {
            shooting.writable.push(Code(*code));
        }
        if let Some((code, _)) = only_refused.clone().next() {
            let words = format!("seen: {}", Code(*code));
            self.notes.add("shooting.write_refused", &words);
        }
        if !taken.is_empty() || !refused.is_empty() {
            let words = |code: &u16| Code(*code).to_string();
            let taken: Vec<String> = taken.iter().map(words).collect();
            let said = format!("not seen but for those written: {}", taken.join(" "));
            self.notes.add("shooting.writable", &said);
        }
    }

    /// How objects are found and read.
    pub(super) fn objects(&mut self, facts: &Facts) {
        if let Some(&(mode, version)) = facts.galleries.first() {
            self.persona.gallery_mode = mode;
            self.persona.gallery_version = Code(version);
            self.seen("gallery_mode");
            self.seen("gallery_version");
            let others: Vec<String> = facts.galleries.others().iter().map(way).collect();
            self.also("gallery_mode", &others);
            if facts.is_opened_without_remote {
                self.persona.gallery_needs_remote = false;
                self.seen("gallery_needs_remote");
            }
            if !facts.lists.contains_key(&List::Gallery) {
                self.persona.gallery_list.clear();
                self.notes.add("gallery_list", "guess: nobody read one");
            }
            if facts.galleries.all().contains(&(2, Prop::VIEW_VERSION.0)) {
                self.persona.gallery_by_view = true;
                self.seen("gallery_by_view");
            }
        }
        if facts.is_without_gallery {
            self.persona.objects_without_gallery = true;
            self.seen("objects_without_gallery");
        }
        if let Some(&has_data) = facts.device_info.first() {
            let policy =
                if has_data { DeviceInfoPolicy::Standard } else { DeviceInfoPolicy::Empty };
            self.persona.device_info = policy;
            self.seen("device_info");
        }
        if let Some(order) = order(&facts.objects) {
            self.persona.handle_order = order;
            self.notes.add("handle_order", "seen: by the dates of objects");
        }
        self.formats(facts);
        self.sizes(facts);
        if facts.is_thumb_before_info {
            self.persona.thumb_needs_object_info = false;
            self.seen("thumb_needs_object_info");
        }
        if let Some(reads) =
            facts.cure_reads.filter(|&reads| reads < self.persona.unfinished_read_cure)
        {
            self.persona.unfinished_read_cure = reads;
            self.notes.add("unfinished_read_cure", "seen: it may be less");
        }
        let (largest, is_limit) = facts.piece;
        if let Ok(largest) = u32::try_from(largest)
            && (is_limit || largest > self.persona.max_piece_bytes)
        {
            self.persona.max_piece_bytes = largest;
            let words = if is_limit { "seen: more was asked for" } else { "seen: it may be more" };
            self.notes.add("max_piece_bytes", words);
        }
    }

    fn formats(&mut self, facts: &Facts) {
        let has = |format: ObjectFormatCode| facts.formats.contains(&format.0);
        if has(ObjectFormatCode::ASSOCIATION) {
            self.persona.folder_tree = true;
            self.seen("folder_tree");
        } else if !facts.objects.is_empty() && facts.objects.keys().all(|&handle| handle < 1 << 20)
        {
            self.persona.folder_tree = false;
            self.seen("folder_tree");
        }
        if has(ObjectFormatCode::RAF) {
            self.persona.lists_raw = true;
            self.seen("lists_raw");
        }
        if facts.newer_formats.contains(&ObjectFormatCode::RAF.0) {
            self.persona.newer_lists_raw = true;
            self.seen("newer_lists_raw");
        }
    }

    /// The size that stands for those nobody asked for.
    fn sizes(&mut self, facts: &Facts) {
        let told: Vec<u32> =
            facts.objects.values().filter_map(|object| object.told_bytes).collect();
        let Some(&first) = told.first() else { return };
        let is_same = told.iter().all(|bytes| *bytes == first);
        let is_other = facts.objects.values().any(|object| {
            object.told_bytes.zip(object.true_bytes).is_some_and(|(told, size)| told != size)
        });
        let path = "placeholder_bytes";
        match (is_same, told.len()) {
            (true, _) if is_other => {
                self.persona.placeholder_bytes = first;
                self.seen(path);
            }
            (true, 2..) => {
                self.persona.placeholder_bytes = first;
                self.notes.add(path, "seen: the size of all that was looked at");
            }
            (true, _) if first.is_multiple_of(PLACEHOLDER_STEP) => {
                self.persona.placeholder_bytes = first;
                self.notes.add(path, "guess: the size of the only one that was looked at");
            }
            _ => {
                self.persona.placeholder_bytes = 0;
                self.notes.add(path, "seen: sizes differ, and are true ones");
            }
        }
    }

    /// The newer path.
    pub(super) fn newer(&mut self, facts: &Facts) {
        if facts.lists.contains_key(&List::Newer) || !facts.newer_objects.is_empty() {
            self.persona.newer_path = true;
            self.seen("newer_path");
        }
        if let Some(order) = order(&facts.newer_objects) {
            self.persona.newer_handle_order = order;
            self.notes.add("newer_handle_order", "seen: by the dates of objects");
        }
        if let Some(&(response, has_data)) = facts.newer_answers.first() {
            let (answers, words) = match (ResponseCode(response), has_data) {
                (_, true) => (NewerAnswers::Guess, "guess: no persona can have the data it gave"),
                (ResponseCode::OK, false) => (NewerAnswers::EmptyOk, "seen"),
                (_, false) => (NewerAnswers::Refuse, "seen"),
            };
            self.persona.newer_answers = answers;
            self.notes.add("newer_answers", words);
            let others = facts.newer_answers.others().iter();
            let others: Vec<String> = others
                .map(|(code, data)| format!("{code:#06X}{}", if *data { " with data" } else { "" }))
                .collect();
            self.also("newer_answers", &others);
        }
    }

    /// How long answers took, and pictures of live view took to come.
    pub(super) fn times(&mut self, facts: &Facts, rate: Option<f64>) {
        for (&code, times) in &facts.times {
            let mut times = times.clone();
            times.sort_unstable();
            let Some(&median) = times.get(times.len() / 2).filter(|&&ms| ms > 0) else { continue };
            self.persona.reply_ms.insert(Code(code), median);
            let words = format!("seen: the median of {}, network and all", times.len());
            self.notes.add(&format!("reply_ms.{}", Code(code)), &words);
        }
        self.notes.add("reply_times", "chosen; true uses the times below");
        self.persona.reply_times = false;
        if let Some(rate) = rate.filter(|rate| (1.0..=1000.0).contains(rate)) {
            self.persona.shooting.live_fps = rate.round() as u32;
            self.notes.add("shooting.live_fps", "seen");
        }
    }
}

fn way((mode, version): &(u16, u16)) -> String {
    format!("DF01={mode} and {}", Code(*version))
}

/// The order of handles, if dates tell.
fn order(objects: &BTreeMap<u32, Object>) -> Option<HandleOrder> {
    let dates: Vec<_> = objects.values().filter_map(|object| object.taken).collect();
    let steps = |up: bool| {
        let pairs = dates.iter().zip(dates.iter().skip(1));
        pairs.filter(|(one, next)| if up { one < next } else { one > next }).count()
    };
    match (steps(true), steps(false)) {
        (up, down) if up > down => Some(HandleOrder::OldestFirst),
        (up, down) if up < down => Some(HandleOrder::NewestFirst),
        _ => None,
    }
}

fn descriptor(desc: &DevicePropDesc) -> Descriptor {
    let number = |value: &DevicePropValue| match value {
        DevicePropValue::Number { bits, .. } => *bits,
        DevicePropValue::Text(_) => 0,
    };
    let (mut values, mut range) = (Vec::new(), Vec::new());
    match &desc.form {
        Form::None => {}
        Form::Range { min, max, step } => range = [min, max, step].map(number).to_vec(),
        Form::Enumeration(listed) => values = listed.iter().map(number).collect(),
    }
    Descriptor {
        code: Code(desc.property.0),
        data_type: desc.data_type.0,
        default: number(&desc.default),
        current: number(&desc.current),
        values,
        range,
    }
}
