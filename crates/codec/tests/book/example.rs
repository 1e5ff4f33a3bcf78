//! Examples in hex: how they are written, and how what they state is compared.

use crate::packet::{self, Field};
use crate::page::Fence;
use crate::session;

/// Bytes of a packet or dataset, and what the page says of them.
pub(crate) struct Bytes {
    /// `>` to the camera, `<` from it; nothing in blocks that hold one packet.
    pub(crate) direction: Option<char>,
    pub(crate) wire: Vec<u8>,
    statements: Vec<(String, String)>,
    first: String,
}

/// A block ```` ```hex NAME ````.
pub(crate) struct Example {
    name: String,
    packets: Vec<Bytes>,
}

impl Example {
    /// Reads a block line by line: bytes, then `;` statements, then `|` words for people.
    pub(crate) fn read(fence: &Fence) -> Result<Self, String> {
        let mut packets: Vec<Bytes> = Vec::new();
        for line in &fence.lines {
            let told = line.split('|').next().unwrap_or_default();
            let mut parts = told.split(';');
            let hex = parts.next().unwrap_or_default().trim();
            let direction = hex.chars().next().filter(|first| ['>', '<'].contains(first));
            if direction.is_some() || packets.is_empty() {
                let (wire, statements) = (Vec::new(), Vec::new());
                packets.push(Bytes { direction, wire, statements, first: hex.to_owned() });
            }
            let Some(packet) = packets.last_mut() else { continue };
            for word in hex.trim_start_matches(['>', '<']).split_whitespace() {
                packet.wire.extend(bytes(word).ok_or_else(|| format!("{word:?} is no byte"))?);
            }
            for part in parts {
                let (name, value) =
                    statement(part).ok_or_else(|| format!("{part:?} is no `name = value`"))?;
                packet.statements.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { name: fence.argument.clone(), packets })
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.name == "session" {
            let fields = session::decode(&self.packets)?;
            return self.packets.iter().zip(fields).try_for_each(|(packet, f)| packet.compare(&f));
        }
        let [packet] = self.packets.as_slice() else {
            return Err(format!("{} packets in a block of one", self.packets.len()));
        };
        if packet.statements.is_empty() {
            return Err("nothing is stated of it".to_owned());
        }
        let (fields, again) = packet::decode(&self.name, &packet.wire)?;
        if again != packet.wire {
            return Err(format!("encoded again it is {again:02X?}"));
        }
        packet.compare(&fields)
    }
}

impl Bytes {
    fn compare(&self, fields: &[Field]) -> Result<(), String> {
        for (name, value) in &self.statements {
            let mut found = fields.iter().filter(|(field, _)| field == name).map(|(_, v)| v);
            if !found.clone().any(|decoded| same(value, decoded)) {
                let start = &self.first;
                let decoded: Vec<_> = found.by_ref().collect();
                let known: Vec<_> = fields.iter().map(|(field, _)| field).collect();
                return Err(format!(
                    "{start}: the page says {name} = {value}, decoded was {decoded:?} of {known:?}"
                ));
            }
        }
        Ok(())
    }
}

/// `2A`, `00*26` (26 zeros), or `??*100` (100 bytes that are not printed, zeros for the test).
fn bytes(word: &str) -> Option<Vec<u8>> {
    let (byte, times) = word.split_once('*').unwrap_or((word, "1"));
    let byte = match byte {
        "??" => 0,
        _ if byte.len() == 2 => u8::from_str_radix(byte, 16).ok()?,
        _ => return None,
    };
    Some(vec![byte; times.parse().ok()?])
}

/// `name = value`.
pub(crate) fn statement(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(" = ")?;
    Some((name.trim(), value.trim()))
}

/// A number as the book writes it: decimal, or hex with its `0x`.
pub(crate) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The same number, however it is written; else the same text.
fn same(stated: &str, decoded: &str) -> bool {
    match (number(stated), number(decoded)) {
        (Some(stated), Some(decoded)) => stated == decoded,
        _ => stated == decoded,
    }
}
