//! Protected Wi-Fi: opening it beside the cipher alone, both in this process and piece by piece in
//! turn, so that a busy machine slows both.

use std::hint::black_box;
use std::time::Instant;

use aes::Aes128;
use anyhow::{Context as _, ensure};
use ccm::aead::AeadInOut;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U8, U13};
use ccm::{Ccm, KeyInit};
use filmwire_trace::capture::LinkType;
use filmwire_trace::stand_in::{Air, Version, Way};
use filmwire_trace::wifi::{Found, Keys, Opener};

use crate::sample::Sample;

const SSID: &str = "FUJIFILM-bench";
const PASSPHRASE: &str = "a made-up one";
/// An IP packet with a full segment, and the LLC header before it in a frame.
const PACKET_BYTES: usize = 1500;
const LLC_BYTES: usize = 8;
/// What the check covers besides the body: two addresses more or less matter little.
const COVERED_BYTES: usize = 24;
/// Frames opened, then as many bodies deciphered.
const TURN: usize = 1024;

/// Bytes a second.
#[derive(Debug)]
pub(crate) struct Speeds {
    /// Frames to packets.
    pub(crate) opened: Sample,
    /// The cipher alone.
    pub(crate) raw: Sample,
}

/// Opens so many bytes of packets.
///
/// Fails if a frame does not open.
pub(crate) fn measure(bytes: u64) -> anyhow::Result<Speeds> {
    let mut air = Air::new(SSID, PASSPHRASE, Version::Sha1);
    let mut keys = Keys::default();
    keys.add(Some(SSID.as_bytes()), PASSPHRASE.as_bytes())?;
    let mut opener = Opener::new(keys);
    let mut packet = vec![0x5A; PACKET_BYTES];
    packet[0] = 0x45;
    let joining = [vec![air.beacon(), air.association()], air.handshake()].concat();
    for frame in joining {
        opener.take(LinkType::IEEE802_11, &frame, false, &mut |_| ());
    }
    let cipher: Ccm<Aes128, U8, U13> = Ccm::new(&[7; 16].into());
    let mut body = vec![0x5A; PACKET_BYTES + LLC_BYTES];
    let turn_bytes = (TURN * PACKET_BYTES) as u64;
    let (mut opened, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..bytes.div_ceil(turn_bytes).max(1) {
        let frames: Vec<_> = (0..TURN).map(|_| air.packet(Way::Down, &packet)).collect();
        let start = Instant::now();
        let mut came = 0;
        for frame in &frames {
            opener.take(LinkType::IEEE802_11, frame, false, &mut |found| {
                came += u64::from(matches!(found, Found::Packet(_, bytes) if bytes == packet));
            });
        }
        opened.push(turn_bytes as f64 / start.elapsed().as_secs_f64());
        ensure!(came == TURN as u64, "of {TURN} frames {came} opened");
        let start = Instant::now();
        for _ in 0..TURN {
            let buffer = InOutBuf::from(body.as_mut_slice());
            let tag = cipher.encrypt_inout_detached(&[3; 13].into(), &[1; COVERED_BYTES], buffer);
            black_box(tag.ok().context("a body is too long")?);
        }
        raw.push(turn_bytes as f64 / start.elapsed().as_secs_f64());
    }
    Ok(Speeds { opened: opened.into_iter().collect(), raw: raw.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_frames_open() {
        let speeds = measure(1).unwrap();
        assert!(speeds.opened.min() > 0.0 && speeds.raw.min() > 0.0);
    }
}
