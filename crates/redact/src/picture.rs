//! Pictures without their content: a JPEG stays one, of everything else a first word stays.
//!
//! Of a JPEG stay markers, lengths, size and sampling, the lengths of Huffman codes, and the words
//! `Exif` and `JFIF`. Tables are replaced by ones that fit, all else by zeros: programs show an even
//! grey of the same size.
//!
//! Source: ITU-T T.81, annex B.

/// How a raw file begins; the fact sheet's section on files.
const RAF: &[u8] = b"FUJIFILMCCD-RAW ";
/// How segments of programs begin that are known to all.
const IDS: [(u8, &[u8]); 2] = [(0xE0, b"JFIF\0"), (0xE1, b"Exif\0\0")];
/// Bytes that tell what a picture is.
pub(crate) const HEAD_BYTES: usize = 16;
const END: [u8; 2] = [0xFF, 0xD9];
/// Size and up to four components; and what a scan says of them.
const MOST_SIZE_BYTES: usize = 18;
const MOST_SCAN_BYTES: usize = 12;
/// Values of a quantisation table.
const TABLE_VALUES: usize = 64;
/// Counts of a Huffman table, one for each length of a code.
const LENGTHS: usize = 16;
const MOST_SYMBOLS: usize = 256;

/// Blanks a picture piece by piece.
#[derive(Debug)]
pub(crate) enum Blanker {
    /// All zeros.
    Zeros,
    /// So many bytes that are known to all, then zeros.
    Known(usize),
    /// A JPEG.
    Jpeg(Jpeg),
}

impl Blanker {
    /// For a picture that begins so.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0xFF, 0xD8]) {
            Self::Jpeg(Jpeg::default())
        } else if head.starts_with(RAF) {
            Self::Known(RAF.len())
        } else if head.get(4..8) == Some(b"ftyp") && head.starts_with(&[0, 0, 0]) {
            Self::Known(8)
        } else {
            Self::Zeros
        }
    }

    /// Appends what stands for the next bytes; `left` are still to come behind them.
    pub(crate) fn put(&mut self, bytes: &[u8], left: u64, out: &mut Vec<u8>) {
        match self {
            Self::Zeros => out.resize(out.len() + bytes.len(), 0),
            Self::Known(known) => {
                let (plain, rest) = bytes.split_at(bytes.len().min(*known));
                out.extend(plain);
                out.resize(out.len() + rest.len(), 0);
                *known -= plain.len();
            }
            Self::Jpeg(jpeg) => {
                for (index, byte) in bytes.iter().enumerate() {
                    let behind = left + (bytes.len() - index - 1) as u64;
                    out.push(jpeg.step(*byte, behind));
                }
            }
        }
    }
}

/// Where in a JPEG we are.
#[derive(Debug, Default)]
pub(crate) struct Jpeg {
    at: At,
}

#[derive(Debug, Default)]
enum At {
    /// The first byte.
    #[default]
    Start,
    /// The second one.
    Second,
    /// Where a marker should be.
    Marker,
    /// Behind its first byte.
    Code,
    /// The length of a segment.
    Length { code: u8, high: Option<u8> },
    /// In a segment.
    Segment(Segment),
    /// In the picture itself.
    Scan,
    /// Behind what can be understood.
    Over,
}

#[derive(Debug)]
struct Segment {
    code: u8,
    index: usize,
    bytes: usize,
    /// Of a table: its bytes passed so far, how many it has, and its symbols.
    table: (usize, usize, usize),
    /// Still equal to a known word.
    is_known: bool,
}

impl Jpeg {
    fn step(&mut self, byte: u8, left: u64) -> u8 {
        let (next, shown) = match &mut self.at {
            At::Start => (At::Second, byte),
            At::Second => (At::Marker, byte),
            At::Marker if byte == 0xFF => (At::Code, byte),
            At::Code => match byte {
                0xFF => (At::Code, byte),
                0xD9 => (At::Over, byte),
                0x01 | 0xD0..=0xD7 => (At::Marker, byte),
                0xC0..=0xFE => (At::Length { code: byte, high: None }, byte),
                _ => (At::Over, 0),
            },
            At::Length { code, high: None } => (At::Length { code: *code, high: Some(byte) }, byte),
            At::Length { code, high: Some(high) } => {
                let length = usize::from(u16::from_be_bytes([*high, byte]));
                (Segment::after(*code, length), byte)
            }
            At::Segment(segment) => {
                let shown = segment.step(byte);
                if segment.index < segment.bytes {
                    return shown;
                }
                (segment.behind(), shown)
            }
            At::Scan => {
                return match left {
                    1 => END[0],
                    0 => END[1],
                    _ => 0,
                };
            }
            At::Marker | At::Over => (At::Over, 0),
        };
        self.at = next;
        shown
    }
}

impl Segment {
    fn after(code: u8, length: usize) -> At {
        let segment = Self { code, index: 0, bytes: length, table: (0, 0, 0), is_known: true };
        match length.checked_sub(2) {
            None => At::Over,
            Some(0) => segment.behind(),
            Some(bytes) => At::Segment(Self { bytes, ..segment }),
        }
    }

    fn behind(&self) -> At {
        if self.code == 0xDA { At::Scan } else { At::Marker }
    }

    /// What stands for the next byte.
    fn step(&mut self, byte: u8) -> u8 {
        let index = self.index;
        self.index += 1;
        match self.code {
            0xC4 => self.huffman(byte),
            0xDB => self.quantisation(byte),
            0xDA if self.bytes <= MOST_SCAN_BYTES => byte,
            0xDD if self.bytes == 2 => byte,
            0xC0..=0xCF if self.code != 0xC8 && self.code != 0xCC => match self.bytes {
                ..=MOST_SIZE_BYTES => byte,
                _ => 0,
            },
            code => {
                let word = IDS.iter().find(|(id, _)| *id == code).map(|(_, word)| *word);
                self.is_known &= word.and_then(|word| word.get(index)) == Some(&byte);
                if self.is_known { byte } else { 0 }
            }
        }
    }

    /// Class and number of a table, how many codes have each length, then symbols: the first ones
    /// there are. An all-zero scan reads the first one all the time, which means no change.
    fn huffman(&mut self, byte: u8) -> u8 {
        let (at, end, symbols) = self.table;
        let (shown, end, symbols) = match at {
            0 => (byte & 0x13, LENGTHS + 1, 0),
            1..=LENGTHS => {
                let symbols = symbols + usize::from(byte);
                match symbols {
                    ..=MOST_SYMBOLS => (byte, LENGTHS + 1 + symbols, symbols),
                    // No table; nothing more of it stays.
                    _ => (0, usize::MAX, symbols),
                }
            }
            _ if end == usize::MAX => (0, end, symbols),
            _ => ((at - LENGTHS - 1) as u8, end, symbols),
        };
        let at = if at + 1 == end && at >= LENGTHS { 0 } else { at.saturating_add(1) };
        self.table = (at, end, symbols);
        shown
    }

    /// Precision and number of a table, then its values: all 1.
    fn quantisation(&mut self, byte: u8) -> u8 {
        let (at, end, _) = self.table;
        let is_wide = end > TABLE_VALUES + 1;
        let (shown, end) = match at {
            0 => {
                let width = if byte & 0x10 == 0 { 1 } else { 2 };
                (byte & 0x13, TABLE_VALUES * width + 1)
            }
            _ if is_wide => (u8::from(at % 2 == 0), end),
            _ => (1, end),
        };
        let at = if at + 1 == end { 0 } else { at + 1 };
        self.table = (at, end, 0);
        shown
    }
}
