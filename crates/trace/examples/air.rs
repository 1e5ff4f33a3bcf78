//! Writes a capture of two made-up networks in the air: `air FILE`.
//!
//! Its frames are protected in every way that is opened. For each packet in them a line is printed:
//! number of the frame (from 1), ether type, what is behind it. `.ci/wpa` has tshark open the
//! same capture. The passphrases stand below; they protect nothing else.

use std::error::Error;
use std::io::{Write as _, stdout};

use filmwire_trace::stand_in::{Air, Version, Way, pcap, radiotap};

/// Link type of radiotap.
const RADIOTAP: u32 = 127;
const BYTES: [usize; 5] = [20, 60, 576, 1300, 1499];

/// Frames, and the packets of each.
#[derive(Default)]
struct Script {
    frames: Vec<Vec<u8>>,
    lines: Vec<String>,
    seed: u8,
}

impl Script {
    /// A packet of this length, unlike any other: IPv4's first byte, then noise.
    fn ip(&mut self, bytes: usize) -> Vec<u8> {
        self.seed = self.seed.wrapping_add(1);
        let mut state = u32::from(self.seed);
        let noise = (1..bytes).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        [0x45].into_iter().chain(noise).collect()
    }

    fn put(&mut self, frame: Vec<u8>, packets: &[Vec<u8>]) {
        self.frames.push(radiotap(&frame, true));
        for packet in packets {
            let hex: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
            self.lines.push(format!("{} 0800 {hex}", self.frames.len()));
        }
    }

    fn put_all(&mut self, frames: Vec<Vec<u8>>) {
        frames.into_iter().for_each(|frame| self.put(frame, &[]));
    }

    fn join(&mut self, air: &mut Air) {
        let frames = [air.beacon(), air.association()];
        self.put_all(frames.to_vec());
        let messages = air.handshake();
        self.put_all(messages);
    }

    /// Packets of every form.
    fn talk(&mut self, air: &mut Air) {
        for bytes in BYTES {
            for way in [Way::Up, Way::Down, Way::All] {
                let packet = self.ip(bytes);
                self.put(air.packet(way, &packet), &[packet]);
                let packet = self.ip(bytes);
                self.put(air.old_packet(way, &packet), &[packet]);
            }
            for way in [Way::Up, Way::Down] {
                let packets = [self.ip(bytes), self.ip(bytes / 2), self.ip(bytes / 3)];
                self.put(air.aggregate(way, &packets, false), &packets);
                let packet = self.ip(bytes);
                let mut pieces = air.fragments(way, &packet, bytes / 3 + 1);
                let last = pieces.pop().unwrap_or_default();
                self.put_all(pieces);
                self.put(last, &[packet]);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: air FILE")?;
    let mut script = Script::default();
    let mut camera = Air::new("FUJIFILM-X-T9-1234", "only for a test", Version::Sha1);
    script.join(&mut camera);
    script.talk(&mut camera);
    let mut phone = camera.another_station(77);
    script.join(&mut phone);
    let mut studio = Air::new("Studio", "another passphrase", Version::Sha256);
    script.join(&mut studio);
    for _ in 0..2 {
        script.talk(&mut phone);
        script.talk(&mut studio);
        script.put_all(studio.renew_group());
        script.put_all(phone.renew());
    }
    script.talk(&mut studio);
    script.talk(&mut phone);
    std::fs::write(file, pcap(RADIOTAP, &script.frames))?;
    stdout().write_all((script.lines.join("\n") + "\n").as_bytes())?;
    Ok(())
}
