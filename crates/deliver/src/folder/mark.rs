//! The marker that tells a target from an empty folder.

use std::io::{self, Read};
use std::path::Path;

use super::Inner;
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::files::Look;

/// Name of the marker in the target's root. It holds 32 hex digits.
pub const MARK_FILE: &str = ".filmwire-target";

/// Longest marker that is read.
const MARK_BYTES: u64 = 1024;

/// What the test writes and reads back.
const PROBE: &[u8] = b"filmwire was here";

impl Inner {
    /// Checks that the folder is the target it was, and that files can be put there.
    pub(super) fn test(&self, place: Option<&str>) -> Result<String, Fault> {
        let id = match (self.read_mark()?, place) {
            (Some(id), Some(place)) if id != place => return Err(self.is_another(&id)),
            (Some(id), _) => id,
            (None, None) if self.options.make && self.is_missing_or_empty()? => self.init()?,
            (None, _) => return Err(self.has_no_mark(place.is_some())),
        };
        {
            let mut known = self.known();
            if known.place.as_deref() != Some(id.as_str()) {
                known.swept.clear();
            }
            known.place = Some(id.clone());
        }
        self.sweep(&self.options.root)?;
        self.probe().map_err(|cause| Fault::io("use", &self.options.root, &cause))?;
        Ok(id)
    }

    /// Checks, before something is made or believed, that the folder is still the target.
    pub(super) fn present(&self) -> Result<(), Fault> {
        let expected = self.known().place.clone();
        match (self.read_mark()?, expected) {
            (Some(id), Some(expected)) if id != expected => Err(self.is_another(&id)),
            (Some(_), _) => Ok(()),
            (None, _) => Err(self.has_no_mark(true)),
        }
    }

    pub(super) fn init(&self) -> Result<String, Fault> {
        let root = &self.options.root;
        if let Some(id) = self.read_mark()? {
            return Ok(id);
        }
        let made = self.make_mark();
        made.map_err(|cause| Fault::io("make a target of", root, &cause))?;
        // Ours, or that of another who was faster.
        self.read_mark()?.ok_or_else(|| self.has_no_mark(true))
    }

    fn make_mark(&self) -> io::Result<()> {
        let (files, root) = (&self.files, &self.options.root);
        files.make_folder(root)?;
        if let Some(parent) = root.parent() {
            files.sync_folder(if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            })?;
        }
        let part = self.part_in(root);
        let id = format!("{:016x}{:016x}\n", random_bits(), random_bits());
        let mut file = files.create_new(&part)?;
        let written = file.append(id.as_bytes()).and_then(|()| file.sync());
        drop(file);
        let moved = written.and_then(|()| files.move_new(&part, &root.join(MARK_FILE)));
        if moved.is_err() {
            self.discard(&part);
        }
        match moved {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(cause) => Err(cause),
            Ok(()) => files.sync_folder(root),
        }
    }

    fn read_mark(&self) -> Result<Option<String>, Fault> {
        let path = self.options.root.join(MARK_FILE);
        let fault = |cause: &io::Error| Fault::io("read", &path, cause);
        match self.files.look(&path).map_err(|e| fault(&e))? {
            Look::Nothing => return Ok(None),
            Look::File { .. } | Look::Other => {}
        }
        let mut text = String::new();
        let opened = self.files.open_back(&path).map_err(|e| fault(&e))?;
        opened.take(MARK_BYTES).read_to_string(&mut text).map_err(|e| fault(&e))?;
        let id = text.trim();
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Some(id.to_owned()));
        }
        Err(Fault::transient(format!("{} holds no id; remove it to begin anew", path.display())))
    }

    /// Whether there is nothing in the folder but what a making that was cut leaves.
    fn is_missing_or_empty(&self) -> Result<bool, Fault> {
        let root = &self.options.root;
        let look = self.files.look(root).map_err(|e| Fault::io("look at", root, &e))?;
        if look == Look::Nothing {
            return Ok(true);
        }
        let entries = self.files.list(root).map_err(|e| Fault::io("list", root, &e))?;
        Ok(entries.iter().all(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Every fresh ext file system has a lost+found.
            name == "lost+found" || (name.starts_with(".filmwire-") && name.ends_with(".part"))
        }))
    }

    /// Goes through the steps of a put with a few bytes.
    fn probe(&self) -> io::Result<()> {
        let (files, root) = (&self.files, &self.options.root);
        let (one, two) = (self.part_in(root), self.part_in(root));
        let run = || {
            let mut file = files.create_new(&one)?;
            file.append(PROBE)?;
            file.sync()?;
            drop(file);
            files.move_new(&one, &two)?;
            files.sync_folder(root)?;
            let mut back = Vec::new();
            files.open_back(&two)?.take(MARK_BYTES).read_to_end(&mut back)?;
            match back == PROBE {
                true => files.remove(&two),
                false => Err(io::Error::other("what was written is not what is read")),
            }
        };
        run().inspect_err(|_| {
            self.discard(&one);
            self.discard(&two);
        })
    }

    fn is_another(&self, found: &str) -> Fault {
        Fault::transient(format!(
            "{} is another target ({found}); is the right disk or share mounted there?",
            self.options.root.display()
        ))
    }

    fn has_no_mark(&self, was_used: bool) -> Fault {
        let root = self.options.root.display();
        Fault::transient(match self.options.make && !was_used {
            true => format!(
                "{root} is not empty and no target ({MARK_FILE} is missing); if it is the right \
                 folder, make it one"
            ),
            false => format!(
                "{root} is no target ({MARK_FILE} is missing); is the disk or share mounted there?"
            ),
        })
    }
}
