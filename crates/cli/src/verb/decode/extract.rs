//! `--extract`: what was fetched, as files.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use filmwire_codec::dataset::{LiveViewHeader, ObjectInfo};
use filmwire_codec::{ObjectHandle, OperationCode, ResponseCode};
use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};
use filmwire_trace::Record;
use filmwire_trace::record::{Frame, Part, Transaction};
use serde_json::json;
use tempfile::TempDir;

use crate::object::safe_file_name;
use crate::target::place;

/// No picture of live view is longer; what is longer is not held.
const MOST_FRAME_BYTES: usize = LiveViewHeader::MOST_BYTES as usize;
/// Connections whose pictures of live view are held; a camera has one.
const MOST_LIVE: usize = 4;
/// Transactions whose data is written at a time; a camera runs one.
const MOST_RUNNING: usize = 64;
/// Objects that are told apart; no card that was seen has half as many.
const MOST_OBJECTS: usize = 65_536;
/// Runs of bytes with holes between them that are told apart: of one object, and in all.
const MOST_RUNS: usize = 4096;
const MOST_RUNS_IN_ALL: usize = 4 * MOST_OBJECTS;
/// No ObjectInfo is longer.
const MOST_INFO_BYTES: u64 = 64 * 1024;

/// Connection, and transaction or handle.
type Key = (u32, u32);

/// Puts parts together and writes files.
pub(super) struct Extract {
    folder: PathBuf,
    /// What is not whole yet; goes with this.
    temporary: TempDir,
    /// Data of transactions that run.
    running: BTreeMap<Key, Data>,
    /// Parts that came.
    parts: u64,
    /// Objects, which may come in several transactions.
    objects: BTreeMap<Key, Spans>,
    infos: BTreeMap<Key, Info>,
    /// Runs of objects that may still be kept.
    room: usize,
    frames: BTreeMap<u32, Vec<u8>>,
    film: Option<(File, PathBuf)>,
    /// How many previews and pictures of live view there were.
    previews: u64,
    pictures: u64,
    written: u64,
    /// Transactions of more objects than are told apart.
    left_out: u64,
}

/// Data of a transaction, in a file.
struct Data {
    file: File,
    path: PathBuf,
    spans: Spans,
    /// Which part came last, counted over all.
    last: u64,
}

/// What an object says of itself.
struct Info {
    /// Fit for a file.
    name: String,
    size_bytes: u32,
}

/// Which bytes are there: start and end of each run, sorted, apart from each other.
#[derive(Debug, Default, PartialEq, Eq)]
struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// Adds a run. One that touches no other is left out if there are `most`: what it belongs to
    /// has holes anyway.
    fn add(&mut self, mut start: u64, mut end: u64, most: usize) {
        let before = self.0.len();
        self.0.retain(|&(from, to)| {
            let is_apart = to < start || end < from;
            if !is_apart {
                (start, end) = (start.min(from), end.max(to));
            }
            is_apart
        });
        if self.0.len() == before && before >= most {
            return;
        }
        let at = self.0.partition_point(|&(from, _)| from < start);
        self.0.insert(at, (start, end));
    }

    fn end(&self) -> u64 {
        self.0.last().map_or(0, |&(_, end)| end)
    }

    /// True if all bytes of this length are there.
    fn fill(&self, length: u64) -> bool {
        length > 0 && self.0 == [(0, length)]
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Trouble + '_ {
    move |cause| Trouble::storage("write", path, cause)
}

impl Extract {
    /// Makes the folder.
    pub(super) fn into_folder(folder: &Path) -> Result<Self, Trouble> {
        fs::create_dir_all(folder).map_err(|cause| Trouble::storage("make", folder, cause))?;
        let temporary = tempfile::Builder::new().prefix(".filmwire-").tempdir_in(folder);
        Ok(Self {
            folder: folder.to_owned(),
            temporary: temporary.map_err(failed(folder))?,
            running: BTreeMap::new(),
            parts: 0,
            objects: BTreeMap::new(),
            infos: BTreeMap::new(),
            room: MOST_RUNS_IN_ALL,
            frames: BTreeMap::new(),
            film: None,
            previews: 0,
            pictures: 0,
            written: 0,
            left_out: 0,
        })
    }

    /// Takes a record; parts come before what they belong to.
    pub(super) fn take(&mut self, record: &Record, out: &Output) -> Result<(), Trouble> {
        match record {
            Record::Part(part) => match part.id {
                Some(id) => self.data((part.connection, id.0), part),
                None => {
                    self.frame_part(part);
                    Ok(())
                }
            },
            Record::Transaction(transaction) => self.transaction(transaction, out),
            Record::Frame(frame) => self.frame(frame, out),
            _ => Ok(()),
        }
    }

    /// Puts objects and the film under their names.
    pub(super) fn finish(mut self, out: &Output) -> Result<(), Trouble> {
        while let Some(&key) = self.objects.keys().next() {
            self.object(key, out)?;
        }
        if let Some((_, path)) = self.film.take() {
            self.publish("film", &path, "live.mjpeg", true, out)?;
        }
        let (count, folder) = (self.written, self.folder.display());
        out.note(&format!("{count} files are in {folder}"));
        if self.left_out > 0 {
            let count = text::count(self.left_out, "transaction", "transactions");
            out.warn(&format!("{count} of more objects than can be told apart were left out"));
        }
        Ok(())
    }

    /// Puts an object under its name, as far as it came.
    fn object(&mut self, key: Key, out: &Output) -> Result<(), Trouble> {
        let Some(spans) = self.objects.remove(&key) else { return Ok(()) };
        self.room += spans.0.len();
        // Files of 4 GiB and more have no true length there.
        let told = self.infos.get(&key).map(|info| info.size_bytes);
        let told = told.filter(|&bytes| bytes != u32::MAX).unwrap_or_default();
        let is_whole = spans.fill(spans.end().max(told.into()));
        let name = self.name(key);
        let name = if is_whole { name } else { incomplete(&name) };
        self.publish("object", &self.object_path(key), &name, is_whole, out)
    }

    fn object_path(&self, (connection, handle): Key) -> PathBuf {
        self.temporary.path().join(format!("object-{connection}-{handle}"))
    }

    fn data(&mut self, key: Key, part: &Part) -> Result<(), Trouble> {
        // The same id again is another transaction.
        if part.offset == 0 {
            self.running.remove(&key);
        }
        if !self.running.contains_key(&key) {
            let path = self.temporary.path().join(format!("data-{}-{}", key.0, key.1));
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(true);
            let file = options.open(&path).map_err(failed(&path))?;
            if self.running.len() >= MOST_RUNNING {
                self.forget_the_quietest();
            }
            self.running.insert(key, Data { file, path, spans: Spans::default(), last: 0 });
        }
        self.parts += 1;
        let Some(data) = self.running.get_mut(&key) else { return Ok(()) };
        data.last = self.parts;
        data.file.write_all_at(&part.bytes, part.offset).map_err(failed(&data.path))?;
        data.spans.add(part.offset, part.offset + part.bytes.len() as u64, MOST_RUNS);
        Ok(())
    }

    /// Its connection has most likely gone without a word; others may be busy.
    fn forget_the_quietest(&mut self) {
        let quietest = self.running.iter().min_by_key(|(_, data)| data.last).map(|(&key, _)| key);
        if let Some(key) = quietest {
            self.running.remove(&key);
        }
    }

    fn transaction(&mut self, done: &Transaction, out: &Output) -> Result<(), Trouble> {
        let Some(data) = self.running.remove(&(done.connection, done.id.0)) else { return Ok(()) };
        let params = done.params.as_deref().unwrap_or_default();
        let is_refused = done.response.is_some_and(|response| response != ResponseCode::OK);
        let Some(operation) = done.operation.filter(|_| !is_refused) else { return Ok(()) };
        let is_whole = data.spans.fill(done.data_bytes);
        if operation == OperationCode::GET_CAPTURE_PREVIEW {
            // The only one that names no object.
            self.previews += 1;
            let name = format!("preview-{:06}.jpg", self.previews);
            return self.single("preview", &data, &name, is_whole, out);
        }
        // What was not asked for in the capture has no known place.
        let Some(&handle) = params.first() else { return Ok(()) };
        let key = (done.connection, handle);
        match operation {
            OperationCode::GET_OBJECT_INFO if is_whole => self.info(key, &data, out),
            OperationCode::GET_OBJECT => self.add(key, data, 0),
            OperationCode::GET_PARTIAL_OBJECT => {
                let offset = params.get(1).copied().unwrap_or_default();
                self.add(key, data, offset.into())
            }
            OperationCode::GET_THUMB => {
                let name = self.name(key);
                let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
                self.single("thumbnail", &data, &format!("{stem}-thumb.jpg"), is_whole, out)
            }
            _ => Ok(()),
        }
    }

    /// Keeps an object's name. Another name than before is another object, since handles shift with
    /// every picture and where a camera sends by itself all have the same one.
    fn info(&mut self, key: Key, data: &Data, out: &Output) -> Result<(), Trouble> {
        if data.spans.end() > MOST_INFO_BYTES {
            return Ok(());
        }
        let bytes = fs::read(&data.path).map_err(failed(&data.path))?;
        let Ok(info) = ObjectInfo::decode(&bytes) else { return Ok(()) };
        let name = safe_file_name(&info.name.to_text(), ObjectHandle(key.1));
        match self.infos.get(&key) {
            Some(before) if before.name != name => self.object(key, out)?,
            None if self.infos.len() >= MOST_OBJECTS => return Ok(()),
            _ => {}
        }
        self.infos.insert(key, Info { name, size_bytes: info.size_bytes });
        Ok(())
    }

    /// Adds data to its object.
    fn add(&mut self, key: Key, data: Data, offset: u64) -> Result<(), Trouble> {
        if self.objects.len() >= MOST_OBJECTS && !self.objects.contains_key(&key) {
            self.left_out += 1;
            return fs::remove_file(&data.path).map_err(failed(&data.path));
        }
        let path = self.object_path(key);
        let to = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let to = to.map_err(failed(&path))?;
        let spans = self.objects.entry(key).or_default();
        let mut buffer = vec![0; 64 * 1024];
        for &(start, end) in &data.spans.0 {
            let mut at = start;
            while at < end {
                let length = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
                let piece = &mut buffer[..length];
                data.file.read_exact_at(piece, at).map_err(failed(&data.path))?;
                to.write_all_at(piece, offset + at).map_err(failed(&path))?;
                at += length as u64;
            }
            let before = spans.0.len();
            spans.add(offset + start, offset + end, MOST_RUNS.min(before + self.room));
            self.room = self.room + before - spans.0.len();
        }
        fs::remove_file(&data.path).map_err(failed(&data.path))
    }

    fn single(
        &mut self,
        what: &str,
        data: &Data,
        name: &str,
        is_whole: bool,
        out: &Output,
    ) -> Result<(), Trouble> {
        let name = if is_whole { name.to_owned() } else { incomplete(name) };
        self.publish(what, &data.path, &name, is_whole, out)
    }

    fn frame_part(&mut self, part: &Part) {
        if self.frames.len() >= MOST_LIVE && !self.frames.contains_key(&part.connection) {
            return;
        }
        let frame = self.frames.entry(part.connection).or_default();
        // Only what is whole is written, so that holes need no care: what follows them is left out.
        let fits = frame.len() as u64 == part.offset && frame.len() < MOST_FRAME_BYTES;
        if fits {
            frame.extend_from_slice(&part.bytes);
        }
    }

    fn frame(&mut self, frame: &Frame, out: &Output) -> Result<(), Trouble> {
        let Some(bytes) = self.frames.remove(&frame.connection) else { return Ok(()) };
        if frame.missing_bytes > 0 || bytes.len() as u64 != frame.bytes {
            return Ok(());
        }
        let header = LiveViewHeader::decode(&bytes);
        let rest = bytes.get(LiveViewHeader::BYTES..).unwrap_or_default();
        let Some(jpeg) = header.ok().and_then(|header| header.jpeg(rest).ok()) else {
            return Ok(());
        };
        let path = self.temporary.path().join("frame");
        fs::write(&path, jpeg).map_err(failed(&path))?;
        self.pictures += 1;
        let name = format!("live-{:06}.jpg", self.pictures);
        self.publish("live-view", &path, &name, true, out)?;
        if self.film.is_none() {
            let path = self.temporary.path().join("film");
            self.film = Some((File::create(&path).map_err(failed(&path))?, path));
        }
        let Some((film, path)) = &mut self.film else { return Ok(()) };
        film.write_all(jpeg).map_err(failed(path))
    }

    /// Name of an object, or its handle.
    fn name(&self, key: Key) -> String {
        let told = self.infos.get(&key).map(|info| info.name.clone());
        told.unwrap_or_else(|| safe_file_name("", ObjectHandle(key.1)))
    }

    fn publish(
        &mut self,
        what: &str,
        from: &Path,
        name: &str,
        is_whole: bool,
        out: &Output,
    ) -> Result<(), Trouble> {
        let bytes = fs::metadata(from).map_err(failed(from))?.len();
        let path = place(from, &self.folder, name)?;
        self.written += 1;
        let path = path.display().to_string();
        let line = json!({ "what": what, "path": path, "bytes": bytes, "is_whole": is_whole });
        out.json("extracted", line)
    }
}

/// `DSCF0001.incomplete.JPG`
fn incomplete(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.incomplete.{extension}"),
        None => format!("{name}.incomplete"),
    }
}

#[cfg(test)]
mod tests {
    use filmwire_codec::TransactionId;

    use super::*;

    #[test]
    fn spans_grow_together() {
        let mut spans = Spans::default();
        for (start, end) in [(10, 20), (30, 40), (0, 5)] {
            spans.add(start, end, 3);
        }
        assert_eq!(spans.0, [(0, 5), (10, 20), (30, 40)]);
        spans.add(5, 12, 3);
        assert_eq!(spans.0, [(0, 20), (30, 40)]);
        assert!(!spans.fill(40));
        spans.add(50, 60, 2);
        assert_eq!(spans.0, [(0, 20), (30, 40)], "there was no room");
        spans.add(18, 31, 2);
        assert!(spans.fill(40) && !spans.fill(41));
    }

    #[test]
    fn who_goes_on_talking_is_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut extract = Extract::into_folder(folder.path()).unwrap();
        let mut part = |connection, offset| {
            let (id, bytes) = (Some(TransactionId(9)), vec![7]);
            let part = Part { at_ns: None, connection, id, offset, bytes };
            extract.data((connection, 9), &part).unwrap();
            extract.running.contains_key(&(1, 9)) && extract.running.len() <= MOST_RUNNING
        };
        for others in 0..3 * MOST_RUNNING as u32 {
            assert!(part(1, others.into()));
            assert!(part(2 + others, 0));
        }
    }

    #[test]
    fn names_say_what_has_holes() {
        assert_eq!(incomplete("DSCF0001.JPG"), "DSCF0001.incomplete.JPG");
        assert_eq!(incomplete("object-7"), "object-7.incomplete");
    }
}
