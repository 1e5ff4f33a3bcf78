//! Labels: one a line, as a barcode scanner types them, and the names of files made from them.

use std::collections::HashMap;
use std::io::{self, BufRead};

/// Most characters of a label; what a line has beyond is cut off. Chosen: barcodes that people scan
/// have fewer.
const LONGEST: usize = 100;
/// Bytes of a line that are looked at: enough for the longest label in any script.
const LONGEST_BYTES: usize = 4096;
/// Most bytes of a file's name without number and ending; file systems take 255 in all.
const LONGEST_STEM: usize = 180;

/// What a person or a scanner wrote on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The line without what surrounds it. Bytes that are no UTF-8 and characters that control
    /// terminals show as U+FFFD.
    pub text: String,
    /// The name for files, in this run's numbering: no other label has it, in any case of letters.
    pub stem: String,
    /// Something in the line was no text.
    pub is_damaged: bool,
    /// The line was longer than a label can be.
    pub is_cut: bool,
}

/// Labels read from lines.
///
/// Lines end with LF, CR LF, or CR alone, which some scanners send; empty ones are passed over. Reads
/// block, and memory is bounded, however long a line is.
#[derive(Debug)]
pub struct Labels<R> {
    input: R,
    names: Names,
    is_begun: bool,
}

impl<R: BufRead> Labels<R> {
    /// Reads labels from here.
    pub fn new(input: R) -> Self {
        Self { input, names: Names::default(), is_begun: false }
    }

    /// The next line's beginning, and whether there was more; `None` at the end.
    fn line(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let (mut line, mut is_cut, mut any) = (Vec::new(), false, false);
        loop {
            let piece = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            if piece.is_empty() {
                return Ok(any.then_some((line, is_cut)));
            }
            any = true;
            let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let content = &piece[..end.unwrap_or(piece.len())];
            let room = LONGEST_BYTES - line.len();
            line.extend_from_slice(&content[..content.len().min(room)]);
            is_cut |= content.len() > room;
            let used = end.map_or(piece.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some((line, is_cut)));
            }
        }
    }

    fn label(&mut self, line: &[u8], is_cut: bool) -> Option<Label> {
        let mut read = String::from_utf8_lossy(line);
        if !std::mem::replace(&mut self.is_begun, true) {
            read = read.trim_start_matches('\u{FEFF}').to_owned().into();
        }
        let tame = |c: char| match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let whole: String = read.chars().map(tame).collect();
        let whole = whole.trim();
        let text: String = whole.chars().take(LONGEST).collect();
        if text.is_empty() {
            return None;
        }
        let is_cut = is_cut || text.len() < whole.len();
        let is_damaged = text.contains(char::REPLACEMENT_CHARACTER);
        Some(Label { stem: self.names.give(&text), text, is_damaged, is_cut })
    }
}

impl<R: BufRead> Iterator for Labels<R> {
    type Item = io::Result<Label>;

    fn next(&mut self) -> Option<io::Result<Label>> {
        loop {
            match self.line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some((line, is_cut))) => {
                    if let Some(label) = self.label(&line, is_cut) {
                        return Some(Ok(label));
                    }
                }
            }
        }
    }
}

/// Gives out names for files, each once.
#[derive(Debug, Default)]
struct Names {
    /// How often each stem was asked for, and which names were given.
    used: HashMap<String, u32>,
}

impl Names {
    /// A name made of the text; one that was given before gets `-2`, `-3` and so on.
    fn give(&mut self, text: &str) -> String {
        let stem = stem(text);
        // Some file systems do not tell cases apart.
        let key = stem.to_lowercase();
        let mut number = self.used.get(&key).copied().unwrap_or(0) + 1;
        let mut name = numbered(&stem, number);
        // A scanner may have read what another label's number made.
        while number > 1 && self.used.contains_key(&name.to_lowercase()) {
            number += 1;
            name = numbered(&stem, number);
        }
        self.used.insert(key, number);
        self.used.entry(name.to_lowercase()).or_insert(1);
        name
    }
}

fn numbered(stem: &str, number: u32) -> String {
    if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") }
}

/// The text as a file's name on any system: what one of them forbids becomes `_`.
fn stem(text: &str) -> String {
    let is_forbidden =
        |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER || r#"/\:*?"<>|"#.contains(c);
    let mut stem = String::new();
    for c in text.chars().map(|c| if is_forbidden(c) { '_' } else { c }) {
        if stem.len() + c.len_utf8() > LONGEST_STEM {
            break;
        }
        stem.push(c);
    }
    // Hidden files in front, and what Windows drops behind.
    let stem = stem.trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    let stem = if stem.is_empty() { "_" } else { stem };
    // A hyphen in front makes programs take the name for an option.
    match stem.strip_prefix('-') {
        Some(rest) => format!("_{rest}"),
        None if is_device(stem) => format!("_{stem}"),
        None => stem.to_owned(),
    }
}

/// True for names that mean devices on Windows, whatever their ending.
fn is_device(stem: &str) -> bool {
    let name = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_numbered = |device: &str| {
        let number = name.strip_prefix(device).and_then(|rest| rest.parse::<u8>().ok());
        number.is_some_and(|number| number < 10) && name.len() == device.len() + 1
    };
    ["con", "prn", "aux", "nul"].contains(&name.as_str())
        || is_numbered("com")
        || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    fn labels(input: &[u8]) -> Vec<Label> {
        Labels::new(input).map(Result::unwrap).collect()
    }

    fn texts(input: &[u8]) -> Vec<String> {
        labels(input).into_iter().map(|label| label.text).collect()
    }

    fn stems(input: &str) -> Vec<String> {
        labels(input.as_bytes()).into_iter().map(|label| label.stem).collect()
    }

    #[test]
    fn lines_end_as_scanners_end_them_and_empty_ones_are_passed_over() {
        let expected = ["A 1", "B2", "C3"];
        assert_eq!(texts(b"A 1\nB2\nC3"), expected);
        assert_eq!(texts(b"A 1\r\nB2\r\n\r\nC3\r\n"), expected);
        assert_eq!(texts(b"A 1\rB2\rC3\r"), expected);
        assert_eq!(texts(b"\n \t\n  A\t1 \n\nB2\n\x0c\nC3")[..2], expected[..2]);
        assert_eq!(texts("\u{FEFF}A 1\nB2\nC3\n".as_bytes()), expected);
        assert!(texts(b"").is_empty() && texts(b"\r\n\n").is_empty());
    }

    #[test]
    fn what_is_no_text_shows_and_long_lines_are_bounded() {
        let label = &labels(b"A\xff\x1b[2JB\n")[0];
        assert_eq!((label.text.as_str(), label.is_damaged), ("A\u{FFFD}\u{FFFD}[2JB", true));
        assert_eq!(label.stem, "A__[2JB");
        let long = [vec![b'x'; 1_000_000], b"\nB2\n".to_vec()].concat();
        let read = labels(&long);
        assert_eq!((read.len(), read[0].text.len(), read[0].is_cut), (2, LONGEST, true));
        assert_eq!((read[1].text.as_str(), read[1].is_cut), ("B2", false));
        let wide = "\u{1D11E}".repeat(LONGEST);
        let label = &labels(wide.as_bytes())[0];
        assert_eq!((label.text.as_str(), label.is_cut), (wide.as_str(), false));
        assert_eq!(label.stem.len(), LONGEST_STEM);
    }

    #[test]
    fn a_line_that_never_ends_takes_no_memory() {
        let endless = BufReader::new(io::repeat(b'x').take(64 << 20));
        let mut labels = Labels::new(endless);
        assert_eq!(labels.next().unwrap().unwrap().text.len(), LONGEST);
        assert!(labels.next().is_none());
    }

    #[test]
    fn names_are_given_once() {
        assert_eq!(stems("A\nB\nA\na\nA-2\nA"), ["A", "B", "A-2", "a-3", "A-2-2", "A-4"]);
        assert_eq!(stems("A-2\nA\nA\nA"), ["A-2", "A", "A-3", "A-4"]);
        assert_eq!(stems("a/b\na:b\n..\n.hidden\nend. ."), ["a_b", "a_b-2", "_", "hidden", "end"]);
        assert_eq!(stems("../../etc/passwd\n-rf"), ["_.._etc_passwd", "_rf"]);
        assert_eq!(stems("CON\nlpt1.x\ncom10\nconsole"), ["_CON", "_lpt1.x", "com10", "console"]);
    }

    #[test]
    fn an_error_of_the_input_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        assert!(Labels::new(BufReader::new(Broken)).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_names_that_fit_and_differ(input: Vec<u8>, buffer in 1_usize..9) {
            let read = Labels::new(BufReader::with_capacity(buffer, input.as_slice()));
            let mut seen = HashSet::new();
            for label in read.map(Result::unwrap) {
                let stem = &label.stem;
                prop_assert!(!label.text.is_empty() && !stem.is_empty() && stem.len() < 200);
                prop_assert!(!stem.contains(['/', '\\', '\0', '\n']) && !stem.starts_with(['.', '-']));
                prop_assert!(seen.insert(stem.to_lowercase()), "{stem}");
            }
        }

        #[test]
        fn short_labels_often_repeated_differ(input in "([ab](-[1-4])?\n){0,40}") {
            let stems = stems(&input);
            prop_assert_eq!(stems.iter().collect::<HashSet<_>>().len(), stems.len());
            prop_assert_eq!(stems.len(), input.lines().count());
        }
    }
}
