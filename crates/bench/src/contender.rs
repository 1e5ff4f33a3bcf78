//! The bare programs filmwire is compared with. Each prints the seconds of its main work, without
//! what comes before and after.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use filmwire_codec::ObjectHandle;
use filmwire_codec::container::HEADER_BYTES;
use filmwire_codec::operation::GetPartialObject;
use sha2::{Digest, Sha256};

use crate::bare::Bare;

/// Same chunks as come over the wire.
const PIECE: usize = GetPartialObject::PIECE_BYTES as usize;

/// Reads objects 1..=N and throws the bytes away.
pub(crate) fn get(port: u16, objects: u32) -> anyhow::Result<()> {
    let mut bare = Bare::connect(port, HEADER_BYTES)?;
    let start = Instant::now();
    for handle in 1..=objects {
        bare.read_object(ObjectHandle(handle), |_| Ok(()))?;
    }
    tell(start);
    Ok(bare.leave()?)
}

/// Reads objects 1..=N; hashes, writes and syncs one after the other.
pub(crate) fn serial(port: u16, objects: u32, dir: &Path) -> anyhow::Result<()> {
    let mut bare = Bare::connect(port, 0)?;
    let start = Instant::now();
    for handle in 1..=objects {
        let mut file = File::create_new(dir.join(format!("{handle}.bin")))?;
        let mut hasher = Sha256::new();
        bare.read_object(ObjectHandle(handle), |piece| {
            hasher.update(piece);
            file.write_all(piece)
        })?;
        std::hint::black_box(hasher.finalize());
        file.sync_all()?;
    }
    tell(start);
    Ok(bare.leave()?)
}

/// SHA-256 of so many bytes from memory.
pub(crate) fn hash(bytes: u64) -> anyhow::Result<()> {
    let piece = vec![0x5A; PIECE];
    let start = Instant::now();
    let mut hasher = Sha256::new();
    for part in parts(bytes) {
        hasher.update(&piece[..part]);
    }
    std::hint::black_box(hasher.finalize());
    tell(start);
    Ok(())
}

/// Writes so many bytes to a file and waits until they are on the disk.
pub(crate) fn write(bytes: u64, dir: &Path) -> anyhow::Result<()> {
    let piece = vec![0x5A; PIECE];
    let start = Instant::now();
    let mut file = File::create_new(dir.join("plain.bin"))?;
    for part in parts(bytes) {
        file.write_all(&piece[..part])?;
    }
    file.sync_all()?;
    tell(start);
    Ok(())
}

/// Opens a gallery and leaves it.
pub(crate) fn open(port: u16) -> anyhow::Result<()> {
    let start = Instant::now();
    let bare = Bare::connect(port, HEADER_BYTES)?;
    tell(start);
    Ok(bare.leave()?)
}

fn parts(bytes: u64) -> impl Iterator<Item = usize> {
    (0..bytes).step_by(PIECE).map(move |at| (bytes - at).min(PIECE as u64) as usize)
}

fn tell(start: Instant) {
    // Nobody listens to a contender that is run by hand into a closed pipe.
    let _ = writeln!(io::stdout(), "{}", start.elapsed().as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_whole() {
        for bytes in [0, 1, PIECE as u64, PIECE as u64 + 1, 5 * PIECE as u64 - 1] {
            assert_eq!(parts(bytes).map(|part| part as u64).sum::<u64>(), bytes);
            assert!(parts(bytes).all(|part| (1..=PIECE).contains(&part)));
        }
    }
}
