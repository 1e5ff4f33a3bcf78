//! The marker that tells a target from an empty place.

use bytes::Bytes;

use super::{FileTarget, Wait};
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::source::PIECE_BYTES;
use crate::stop::Stop;
use crate::store::{Look, Moved, Pieces, Sink};

/// Name of the marker in the target's root. It holds 32 hex digits.
pub const MARK_FILE: &str = ".filmwire-target";

/// Longest marker that is read.
const MARK_BYTES: usize = 1024;

/// What the test writes and reads back.
const PROBE: &[u8] = b"filmwire was here";
/// What must not take its place.
const OTHER: &[u8] = b"filmwire was here too";

impl FileTarget {
    /// Checks that the place is the target it was, and that files can be put there.
    pub(crate) async fn test_as(&self, place: Option<&str>) -> Result<String, Fault> {
        let id = match (self.read_mark(None).await?, place) {
            (Some(id), Some(place)) if id != place => return Err(self.is_another(&id)),
            (Some(id), _) => id,
            (None, None) if self.usage.make && self.is_missing_or_empty().await? => {
                self.make_target(None).await?
            }
            (None, _) => return Err(self.has_no_mark(place.is_some())),
        };
        {
            let mut known = self.known();
            if known.mark.as_deref() != Some(id.as_str()) {
                known.folders.clear();
            }
            known.mark = Some(id.clone());
        }
        self.sweep("", None).await?;
        self.probe().await?;
        Ok(id)
    }

    /// Checks, before something is made or believed, that the place is still the target.
    pub(crate) async fn present(&self, stop: Option<&Stop>) -> Result<(), Fault> {
        let expected = self.known().mark.clone();
        match (self.read_mark(stop).await?, expected) {
            (Some(id), Some(expected)) if id != expected => Err(self.is_another(&id)),
            (Some(_), _) => Ok(()),
            (None, _) => Err(self.has_no_mark(true)),
        }
    }

    pub(super) async fn make_target(&self, stop: Option<&Stop>) -> Result<String, Fault> {
        if let Some(id) = self.read_mark(stop).await? {
            return Ok(id);
        }
        self.brief(stop, self.store.make_folder("")).await?;
        let part = self.part_in("");
        let id = format!("{:016x}{:016x}\n", random_bits(), random_bits());
        let made = async {
            self.write_bytes(&part, id.into_bytes()).await?;
            self.brief(stop, self.store.move_new(&part, MARK_FILE)).await
        };
        match made.await {
            Ok(Moved::Done) => {}
            // Another was faster.
            Ok(Moved::Taken) => self.discard(&part).await,
            Err(fault) => {
                self.discard(&part).await;
                return Err(fault);
            }
        }
        self.read_mark(stop).await?.ok_or_else(|| self.has_no_mark(true))
    }

    async fn read_mark(&self, stop: Option<&Stop>) -> Result<Option<String>, Fault> {
        let Some(bytes) = self.read_bytes(MARK_FILE, MARK_BYTES, stop).await? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let id = text.trim();
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Some(id.to_owned()));
        }
        let place = self.store.place();
        Err(Fault::transient(format!(
            "{MARK_FILE} in {place} holds no id; remove it to begin anew"
        )))
    }

    /// Reads a file, but no more than a piece beyond `most` bytes; `None` if it is not there.
    pub(crate) async fn read_bytes(
        &self,
        path: &str,
        most: usize,
        stop: Option<&Stop>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let pulse = Pulse::default();
        let (to, mut from) = tokio::sync::mpsc::channel::<Bytes>(1);
        let sink = Sink { to, pulse: pulse.clone(), stop: stop.cloned().unwrap_or_default() };
        let reading = self.call(Wait { pulse: &pulse, stop }, self.store.read(path, sink));
        let keeping = async move {
            let mut bytes = Vec::new();
            while let Some(piece) = from.recv().await {
                bytes.extend_from_slice(&piece);
                if bytes.len() > most {
                    break;
                }
            }
            bytes
        };
        let (read, bytes) = tokio::join!(reading, keeping);
        // The sink takes nothing then.
        if stop.is_some_and(Stop::is_asked) {
            return Err(Fault::stopped());
        }
        Ok(read?.then_some(bytes))
    }

    /// Writes what is small.
    async fn write_bytes(&self, path: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let (pieces, pulse, size) = pieces_of(bytes);
        self.call(Wait { pulse: &pulse, stop: None }, self.store.write(path, size, pieces)).await
    }

    /// Whether there is nothing at the root but what a making that was cut leaves.
    async fn is_missing_or_empty(&self) -> Result<bool, Fault> {
        if self.brief(None, self.store.look("")).await? == Look::Nothing {
            return Ok(true);
        }
        let names = self.brief(None, self.store.list("")).await?;
        Ok(names.iter().all(|name| {
            // Every fresh ext file system has a lost+found.
            name == "lost+found" || (name.starts_with(".filmwire-") && name.ends_with(".part"))
        }))
    }

    /// Goes through the steps of a put with a few bytes.
    async fn probe(&self) -> Result<(), Fault> {
        let (one, two) = (self.part_in(""), self.part_in(""));
        let run = async {
            self.write_bytes(&one, PROBE.to_vec()).await?;
            self.brief(None, self.store.move_new(&one, &two)).await?;
            self.probe_taken(&one, &two).await?;
            self.probe_create(&two).await?;
            let back = self.read_bytes(&two, MARK_BYTES, None).await?;
            match back.as_deref() == Some(PROBE) {
                true => self.brief(None, self.store.remove(&two)).await,
                false => {
                    let place = self.store.place();
                    let why = "what was written is not what is read";
                    Err(Fault::transient(format!("cannot use {place}: {why}")))
                }
            }
        };
        let ran = run.await;
        if ran.is_err() {
            self.discard(&one).await;
            self.discard(&two).await;
        }
        ran
    }

    /// Sees that a name that is taken stays whose it is: everything stands on that.
    async fn probe_taken(&self, one: &str, two: &str) -> Result<(), Fault> {
        self.write_bytes(one, OTHER.to_vec()).await?;
        match self.brief(None, self.store.move_new(one, two)).await? {
            Moved::Taken => self.brief(None, self.store.remove(one)).await,
            Moved::Done => Err(self.replaces("renamed")),
        }
    }

    /// Sees the same of files that are made under the names they keep.
    async fn probe_create(&self, taken: &str) -> Result<(), Fault> {
        if !self.store.creates() {
            return Ok(());
        }
        let (pieces, pulse, size) = pieces_of(OTHER.to_vec());
        let create = self.store.create(taken, size, pieces);
        match self.call(Wait { pulse: &pulse, stop: None }, create).await? {
            Moved::Taken => Ok(()),
            Moved::Done => Err(self.replaces("made")),
        }
    }

    fn replaces(&self, when: &str) -> Fault {
        let place = self.store.place();
        Fault::permanent(format!("cannot use {place}: it replaces files when others are {when}"))
    }

    fn is_another(&self, found: &str) -> Fault {
        Fault::transient(format!(
            "{} is another target ({found}); is the right disk or share there?",
            self.store.place()
        ))
    }

    fn has_no_mark(&self, was_used: bool) -> Fault {
        let place = self.store.place();
        Fault::transient(match self.usage.make && !was_used {
            true => format!(
                "{place} is not empty and no target ({MARK_FILE} is missing); if it is the right \
                 folder, make it one"
            ),
            false => format!(
                "{place} is no target ({MARK_FILE} is missing); is the disk or share mounted there?"
            ),
        })
    }
}

/// What is small, as a store takes it, and its size.
fn pieces_of(bytes: Vec<u8>) -> (Pieces, Pulse, u64) {
    debug_assert!(bytes.len() <= PIECE_BYTES);
    let (pulse, size) = (Pulse::default(), bytes.len() as u64);
    let (to, from) = tokio::sync::mpsc::channel(1);
    // There is room for it.
    let _ = to.try_send(Ok(bytes.into()));
    (Pieces { from, pulse: pulse.clone() }, pulse, size)
}
