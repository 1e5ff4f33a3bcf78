//! A simulated camera, a library in a temporary folder, and a run of `sync` between them.

#![allow(dead_code, reason = "each test binary uses a part of this")]

#[path = "../../../camera/tests/support/mod.rs"]
mod network;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use filmwire_camera::{Camera, Error as CameraError, Options};
use filmwire_catalogue::{Create, Library, OpenOptions};
use filmwire_ingest::{Connect, Error, Event, Stop, Summary, SyncOptions, sync};
use filmwire_sim::card::{Card, GenerateSpec, View};
use filmwire_sim::persona::Code;
use filmwire_sim::{Persona, Simulator};
use sha2::{Digest, Sha256};

pub(crate) use network::SimNetwork;

/// A simulator that can be connected to again and again.
pub(crate) struct SimConnect {
    pub(crate) sim: Simulator,
    pub(crate) options: Options,
}

impl SimConnect {
    pub(crate) fn new(sim: &Simulator) -> Self {
        Self { sim: sim.clone(), options: Options::default() }
    }
}

impl Connect for SimConnect {
    async fn connect(&self) -> Result<Camera, CameraError> {
        let camera = Camera::connect(SimNetwork(self.sim.clone()), self.options.clone()).await;
        if std::env::var_os("FILMWIRE_TRACE").is_some() {
            eprintln!("connect: {:?}", camera.as_ref().err());
        }
        camera
    }
}

/// Every persona there is, bodies and the permissive one.
pub(crate) fn personas() -> Vec<&'static str> {
    Persona::names()
}

/// Every body there is a persona of.
pub(crate) fn bodies() -> Vec<&'static str> {
    Persona::names().into_iter().filter(|name| *name != "permissive").collect()
}

pub(crate) fn simulator(model: &str, card: Card) -> Simulator {
    Simulator::new(Persona::builtin(model).expect("the persona is built in"), card)
}

pub(crate) fn plain_card(photos: u32) -> Card {
    Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() })
}

/// A library in a folder of its own, with a clock that the test moves.
pub(crate) struct Shelf {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<AtomicI64>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder, clock: Arc::new(AtomicI64::new(1_763_800_000_000)) }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn library(&self) -> Library {
        let create = Create::IfMissingOrEmpty;
        Library::open(self.root(), OpenOptions { create, ..OpenOptions::default() })
            .expect("the library opens")
    }

    pub(crate) fn options(&self) -> SyncOptions {
        let clock = Arc::clone(&self.clock);
        let mut options =
            SyncOptions::new("simulated", Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)));
        options.camera_key = Some("camera".into());
        options
    }

    /// One run; panics if it fails.
    pub(crate) async fn sync(&self, sim: &Simulator) -> (Summary, Vec<Event>) {
        let (summary, events) = self.try_sync(&SimConnect::new(sim), &self.options()).await;
        (summary.unwrap_or_else(|error| panic!("{error}: {events:#?}")), events)
    }

    pub(crate) async fn try_sync(
        &self,
        connect: &SimConnect,
        options: &SyncOptions,
    ) -> (Result<Summary, Error>, Vec<Event>) {
        let library = self.library();
        let _lock = library.lock().expect("nobody else works here");
        let mut events = Vec::new();
        let mut tell = |event: Event| events.push(event);
        let result = sync(connect, &library, options, &Stop::never(), &mut tell).await;
        (result, events)
    }

    /// SHA-256 of every photo in the library, by its path.
    pub(crate) fn photos(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        walk(self.root(), self.root(), &mut found);
        found
    }

    /// Findings of a deep check that are faults.
    pub(crate) fn faults(&self) -> Vec<String> {
        let library = self.library();
        let found =
            filmwire_catalogue::check(&library, true).expect("the catalogue can be checked");
        found
            .into_iter()
            .map(|finding| format!("{:?} {:?} {}", finding.kind, finding.path, finding.text))
            .collect()
    }
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.file_name().is_some_and(|name| name == ".filmwire") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            let inside = path.strip_prefix(root).expect("it is below the root");
            let bytes = std::fs::read(&path).expect("the photo can be read");
            found.insert(inside.to_string_lossy().into_owned(), sha256(&bytes));
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of every object a phone mode hands over.
pub(crate) fn on_card(sim: &Simulator) -> Vec<String> {
    let view = sim.with_persona(|persona| {
        let newer = persona.newer_path && !persona.versions.contains_key(&Code(0xDF24));
        let (raw, heif) = match newer {
            true => (persona.newer_lists_raw, persona.newer_lists_heif),
            false => (persona.lists_raw, persona.lists_heif),
        };
        View { raw, heif, ..View::PHONE_NEWEST_FIRST }
    });
    sim.with_card(|card| {
        let visible = card.visible(view);
        visible
            .into_iter()
            .map(|position| {
                let object = card.object(position).expect("it is visible");
                let mut hash = Sha256::new();
                let mut offset = 0;
                while offset < object.size_bytes {
                    let piece = object.read_at(offset, 1 << 20).expect("it can be read");
                    offset += piece.len() as u64;
                    hash.update(&piece);
                }
                hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
            })
            .collect()
    })
}

/// `FILMWIRE_SEED` in decimal or hex with `0x`; a fixed one without it.
pub(crate) fn seed_from_env() -> u64 {
    let Ok(text) = std::env::var("FILMWIRE_SEED") else { return 0x0F11_3A1E };
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse().or_else(|_| u64::from_str_radix(&text, 16)),
    };
    parsed.unwrap_or_else(|_| panic!("FILMWIRE_SEED={text:?} is no number"))
}

/// A small generator whose numbers follow from its seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}
