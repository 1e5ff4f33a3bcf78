//! Frames as captures hold them.

/// A frame behind a radiotap header, with time and flags; `checked`: its check sequence is there.
pub fn radiotap(frame: &[u8], checked: bool) -> Vec<u8> {
    let mut bytes = vec![0, 0, 17, 0, 3, 0, 0, 0];
    bytes.extend([7; 8]);
    bytes.push(if checked { 0x10 } else { 0 });
    bytes.extend(frame);
    if checked {
        bytes.extend(check_sequence(frame).to_le_bytes());
    }
    bytes
}

/// A pcap of frames of a link type, a millisecond apart.
pub fn pcap(link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    // Little-endian, microseconds, version 2.4.
    let words = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 262_144, link];
    let mut file = words.map(u32::to_le_bytes).concat();
    for (number, frame) in (0u32..).zip(frames) {
        let length = frame.len() as u32;
        let head = [1_700_000_000 + number / 1000, number % 1000 * 1000, length, length];
        file.extend(head.map(u32::to_le_bytes).concat());
        file.extend(frame);
    }
    file
}

/// CRC-32, bit by bit.
fn check_sequence(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
