//! A relay in front of a camera's three ports that keeps what live view sent, and tells of a focus that
//! was lost.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use filmwire_codec::dataset::LiveViewHeader;

use crate::camera::nobody;

/// Listens until the test program ends.
pub(crate) struct Relay {
    pub(crate) address: String,
    live: Kept,
    focus_lost: Arc<AtomicBool>,
}

/// What came over the port of live view, by connection.
type Kept = Arc<Mutex<Vec<Vec<u8>>>>;

impl Relay {
    /// A relay to the camera at `HOST:PORT`.
    pub(crate) fn to(camera: &str) -> Self {
        let address = nobody();
        let (live, focus_lost) = (Kept::default(), Arc::<AtomicBool>::default());
        for side in 0..3 {
            let listener = TcpListener::bind(beside(&address, side)).unwrap();
            let (to, kept) = (beside(camera, side), (side == 2).then(|| Arc::clone(&live)));
            let lost = (side == 0).then(|| Arc::clone(&focus_lost));
            thread::spawn(move || {
                for client in listener.incoming() {
                    // A port that is closed is closed here too, after it was accepted.
                    let Ok(camera) = TcpStream::connect(&to) else { continue };
                    join(client.unwrap(), camera, kept.clone(), lost.clone());
                }
            });
        }
        Self { address, live, focus_lost }
    }

    /// From now on the camera's lists tell that focus is not locked, as no simulated one does by itself.
    pub(crate) fn lose_focus(&self) {
        self.focus_lost.store(true, Ordering::Relaxed);
    }

    /// The JPEGs of all packets that were sent whole so far.
    pub(crate) fn frames(&self) -> Vec<Vec<u8>> {
        let connections = self.live.lock().unwrap();
        connections.iter().flat_map(|bytes| packets(bytes)).collect()
    }
}

/// The last one of a connection may have been cut.
fn packets(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some((start, behind)) = rest.split_first_chunk::<{ LiveViewHeader::BYTES }>() {
        let header = LiveViewHeader::decode(start).unwrap();
        let Some((body, behind)) = behind.split_at_checked(header.rest_bytes()) else { break };
        frames.push(header.jpeg(body).unwrap().to_vec());
        rest = behind;
    }
    frames
}

/// The port so many behind the one of an address.
fn beside(address: &str, side: u16) -> String {
    let (host, port) = address.rsplit_once(':').unwrap();
    format!("{host}:{}", port.parse::<u16>().unwrap() + side)
}

fn join(client: TcpStream, camera: TcpStream, kept: Option<Kept>, lost: Option<Arc<AtomicBool>>) {
    let (from, to) = (client.try_clone().unwrap(), camera.try_clone().unwrap());
    thread::spawn(move || pass(from, to, None, None));
    thread::spawn(move || pass(camera, client, kept, lost));
}

/// D209 in a list of 0xD212, locked.
const LOCKED: [u8; 6] = [0x09, 0xD2, 1, 0, 0, 0];

fn unlock(bytes: &mut [u8]) {
    let at = bytes.windows(LOCKED.len()).position(|entry| entry == LOCKED);
    if let Some(at) = at {
        bytes[at + 2] = 0;
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, kept: Option<Kept>, lost: Option<Arc<AtomicBool>>) {
    let mut buffer = [0; 1 << 16];
    let number = kept.as_ref().map_or(0, |kept| {
        let mut connections = kept.lock().unwrap();
        connections.push(Vec::new());
        connections.len() - 1
    });
    let mut passing = || -> io::Result<()> {
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            if let Some(kept) = &kept {
                kept.lock().unwrap()[number].extend(&buffer[..count]);
            }
            if lost.as_ref().is_some_and(|lost| lost.load(Ordering::Relaxed)) {
                unlock(&mut buffer[..count]);
            }
            to.write_all(&buffer[..count])?;
        }
    };
    // However one side ends, the other hears of it.
    let _ = passing();
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
