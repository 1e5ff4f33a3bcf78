//! Opens frames of Wi-Fi: `open CAPTURE KEYS`.
//!
//! For each packet in them a line is printed: number of the frame (from 1), ether type, what is
//! behind it; what stays closed is told on standard error.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _, stdout};

use filmwire_trace::capture::{Item, Reader};
use filmwire_trace::wifi::{Found, Keys, Opener};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let (capture, keys) = words.next().zip(words.next()).ok_or("usage: open CAPTURE KEYS")?;
    let mut reader = Reader::new(File::open(capture)?)?;
    let mut opener = Opener::new(Keys::read(&std::fs::read(keys)?)?);
    let mut out = BufWriter::new(stdout().lock());
    let (mut number, mut result) = (0u64, Ok(()));
    let mut tell = |number: u64, found: Found<'_>| match found {
        Found::Packet(kind, bytes) if result.is_ok() => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            result = writeln!(out, "{number} {kind:04x} {hex}");
        }
        Found::Note(text) => eprintln!("{text}"),
        _ => {}
    };
    while let Some(item) = reader.next_item()? {
        if let Item::Packet(packet) = item {
            number += 1;
            let cut = packet.cut_bytes > 0;
            opener.take(packet.link, packet.data, cut, &mut |found| tell(number, found));
        }
    }
    opener.finish(&mut |found| tell(number, found));
    Ok(result?)
}
