//! A relay in front of a camera's three ports that keeps what live view sent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use filmwire_codec::dataset::LiveViewHeader;

use crate::camera::nobody;

/// Listens until the test program ends.
pub(crate) struct Relay {
    pub(crate) address: String,
    live: Kept,
}

/// What came over the port of live view, by connection.
type Kept = Arc<Mutex<Vec<Vec<u8>>>>;

impl Relay {
    /// A relay to the camera at `HOST:PORT`.
    pub(crate) fn to(camera: &str) -> Self {
        let address = nobody();
        let live = Kept::default();
        for side in 0..3 {
            let listener = TcpListener::bind(beside(&address, side)).unwrap();
            let (to, kept) = (beside(camera, side), (side == 2).then(|| Arc::clone(&live)));
            thread::spawn(move || {
                for client in listener.incoming() {
                    // A port that is closed is closed here too, after it was accepted.
                    let Ok(camera) = TcpStream::connect(&to) else { continue };
                    join(client.unwrap(), camera, kept.clone());
                }
            });
        }
        Self { address, live }
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

fn join(client: TcpStream, camera: TcpStream, kept: Option<Kept>) {
    let (from, to) = (client.try_clone().unwrap(), camera.try_clone().unwrap());
    thread::spawn(move || pass(from, to, None));
    thread::spawn(move || pass(camera, client, kept));
}

fn pass(mut from: TcpStream, mut to: TcpStream, kept: Option<Kept>) {
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
            to.write_all(&buffer[..count])?;
        }
    };
    // However one side ends, the other hears of it.
    let _ = passing();
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
