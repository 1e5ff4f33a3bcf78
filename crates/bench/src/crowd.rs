//! Many simulated cameras in one process, each at an address of its own.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};

/// Most cameras there may be, so that their addresses end before 127.0.0.255.
pub(crate) const MOST_CAMERAS: u64 = 253;
/// Photos on each card.
pub(crate) const PHOTOS: u32 = 5;
/// Length of each photo.
pub(crate) const PHOTO_BYTES: u64 = 300_000;
/// The body all of them are.
const MODEL: &str = "X-T20";

/// The card of one of them. Names are the same on all cards, the photos are not.
pub(crate) fn card(camera: u32) -> Card {
    Card::generated(&GenerateSpec {
        seed: u64::from(camera) + 1,
        photos: PHOTOS,
        photo_bytes: PHOTO_BYTES..=PHOTO_BYTES,
        ..GenerateSpec::default()
    })
}

/// Serves cameras at 127.0.0.2 and on, prints `HOST:PORT` of each, and ends with standard input.
pub(crate) fn serve(cameras: u32) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut servers = Vec::new();
        for camera in 0..cameras {
            let host = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 2)) + camera);
            let options = SimOptions::new(Persona::builtin(MODEL)?, card(camera));
            let listen = SocketAddr::from((host, 0));
            let server = SimServer::bind(SimOptions { listen, ..options }).await;
            servers.push(server.with_context(|| format!("no camera at {host}"))?);
        }
        let told: Vec<_> =
            servers.iter().map(|server| format!("{}\n", server.addresses().command)).collect();
        io::stdout().write_all(told.concat().as_bytes())?;
        tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
        anyhow::Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_differ_in_all_but_their_names() {
        let (one, other) = (card(0), card(1));
        assert_eq!(one.len(), PHOTOS as usize);
        for (one, other) in one.objects().zip(other.objects()) {
            assert_eq!((&one.name, one.size_bytes), (&other.name, PHOTO_BYTES));
            let read = |object: &filmwire_sim::card::CardObject| object.read_at(0, 1 << 20);
            assert_ne!(read(&one).unwrap(), read(&other).unwrap());
        }
    }
}
