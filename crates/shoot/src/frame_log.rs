//! A log of frames as CSV: what ties label, file, settings, time and content together.
//!
//! Written for spreadsheets and for what reads RFC 4180. A row is written at once and synced, so that
//! a cut leaves whole rows and at most one torn one, which the next run keeps apart.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::profile::{KEPT, Profile};

/// Columns before and behind those of the settings.
const BEFORE: [&str; 5] = ["label", "number", "camera", "file", "on_card"];
const BEHIND: [&str; 4] = ["time", "sha256", "drift", "error"];

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file has other columns: it is no log of frames, or one of another version.
    #[error("it has other columns than a log of frames")]
    OtherColumns,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// One row: a file that was made, or a frame that was not.
#[derive(Debug, Clone, Default)]
pub struct Row<'a> {
    /// What the frame was called for.
    pub label: &'a str,
    /// Its number in the run, from 1.
    pub number: u64,
    /// Which camera.
    pub camera: &'a str,
    /// The file; empty if none was made.
    pub file: &'a str,
    /// Its name on the camera's card; empty if that is not known.
    pub on_card: &'a str,
    /// What the camera had when it was taken; `None` if it was not asked.
    pub settings: Option<&'a Profile>,
    /// When it was taken, as RFC 3339.
    pub time: &'a str,
    /// SHA-256 of the file, in hex; empty if none was made.
    pub sha256: &'a str,
    /// What was not as the profile has it; empty if all was.
    pub drift: &'a str,
    /// Why there is no file; empty if there is.
    pub error: &'a str,
}

/// A log that rows are added to.
#[derive(Debug)]
pub struct FrameLog {
    file: File,
}

impl FrameLog {
    /// Opens a log, behind what it has already; a new one gets a row with the names of the columns.
    ///
    /// Fails with [`LogError`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() == 0 {
            let names = columns().map(str::to_owned).collect::<Vec<_>>();
            let mut log = Self { file };
            log.write(&line(&names))?;
            return Ok(log);
        }
        let mut first = String::new();
        // A file of another kind may have no lines at all.
        BufReader::new((&file).take(4096)).read_line(&mut first)?;
        if first.trim_end() != line(&columns().map(str::to_owned).collect::<Vec<_>>()).trim_end() {
            return Err(LogError::OtherColumns);
        }
        file.rewind()?;
        let torn = torn(BufReader::new(&file))?;
        let mut log = Self { file };
        if let Some(end) = torn {
            log.write(end)?;
        }
        Ok(log)
    }

    /// Adds a row, and has it on the disk when it returns.
    ///
    /// Fails if it cannot be written.
    pub fn add(&mut self, row: &Row<'_>) -> io::Result<()> {
        let setting = |key: &&str| {
            let kept = row.settings?.kept().iter().find(|kept| kept.setting.key == *key)?;
            Some(kept.text())
        };
        let settings = KEPT.iter().map(|key| setting(key).unwrap_or_default());
        let number = row.number.to_string();
        let before = [row.label, &number, row.camera, row.file, row.on_card].map(str::to_owned);
        let behind = [row.time, row.sha256, row.drift, row.error].map(str::to_owned);
        let fields: Vec<_> = before.into_iter().chain(settings).chain(behind).collect();
        self.write(&line(&fields))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        // At once, so that two programs that write here do not mix their rows.
        self.file.write_all(text.as_bytes())?;
        match self.file.sync_data() {
            // Pipes and devices have nothing to sync.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            result => result,
        }
    }
}

/// What ends a row that was torn, also inside a field with quotes, which would take the rows to come
/// for its own; `None` if the last row is whole.
fn torn(mut content: impl BufRead) -> io::Result<Option<&'static str>> {
    let (mut is_quoted, mut last) = (false, b'\n');
    loop {
        let piece = match content.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            piece => piece?,
        };
        let Some(&end) = piece.last() else { break };
        last = end;
        // A quote inside such a field is written twice.
        is_quoted ^= piece.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
        let used = piece.len();
        content.consume(used);
    }
    Ok(match (is_quoted, last) {
        (true, _) => Some("\"\r\n"),
        (false, b'\n') => None,
        (false, b'\r') => Some("\n"),
        (false, _) => Some("\r\n"),
    })
}

fn columns() -> impl Iterator<Item = &'static str> {
    BEFORE.into_iter().chain(KEPT.iter().copied()).chain(BEHIND)
}

fn line(fields: &[String]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| quoted(&harmless(field))).collect();
    fields.join(",") + "\r\n"
}

/// Keeps a spreadsheet from taking a label for a formula: an apostrophe in front makes it text.
/// Numbers stay numbers.
fn harmless(field: &str) -> String {
    let begins = field.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let digits = field.strip_prefix(['+', '-']).unwrap_or(field);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.matches('.').count() < 2;
    if begins && !is_number { format!("'{field}") } else { field.to_owned() }
}

/// A field of RFC 4180. Semicolons and tabs part fields where a spreadsheet is told so.
fn quoted(field: &str) -> String {
    let is_plain = !field.contains(['"', ',', ';', '\t', '\r', '\n']) && field.trim() == field;
    if is_plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads what RFC 4180 describes.
    fn parse(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
        let (mut chars, mut inside) = (text.chars().peekable(), false);
        while let Some(c) = chars.next() {
            match c {
                '"' if inside && chars.peek() == Some(&'"') => field.extend(chars.next()),
                '"' => inside = !inside,
                ',' if !inside => row.push(std::mem::take(&mut field)),
                '\r' if !inside => {
                    assert_eq!(chars.next(), Some('\n'));
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                c => field.push(c),
            }
        }
        assert!(row.is_empty() && field.is_empty() && !inside, "the last line has an end");
        rows
    }

    fn read(path: &Path) -> Vec<Vec<String>> {
        parse(&std::fs::read_to_string(path).unwrap())
    }

    fn row(label: &str) -> Row<'_> {
        Row { label, number: 1, camera: "X-T4", file: "a.jpg", ..Row::default() }
    }

    #[test]
    fn rows_are_added_below_one_row_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        let text = "format = 1\n[settings]\niso = \"400\"\nbias = \"-0.7\"\n";
        let profile = Profile::parse(text).unwrap();
        for number in 1..=2 {
            let mut log = FrameLog::open(&path).unwrap();
            let settings = Some(&profile);
            log.add(&Row { number, settings, drift: "iso is 800, not 400", ..row("A") }).unwrap();
        }
        let rows = read(&path);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0][..6], ["label", "number", "camera", "file", "on_card", "iso"]);
        assert_eq!(rows[0][17..], ["time", "sha256", "drift", "error"]);
        assert_eq!(rows[2][..6], ["A", "2", "X-T4", "a.jpg", "", "400"]);
        let at = |name| rows[0].iter().position(|column| column == name).unwrap();
        assert_eq!((rows[1][at("bias")].as_str(), rows[1][at("wb")].as_str()), ("-0.7", ""));
        assert_eq!(rows[1][at("drift")], "iso is 800, not 400");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    }

    #[test]
    fn a_torn_row_is_kept_apart_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        drop(FrameLog::open(&path).unwrap());
        let names = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{names}A,1,X-T")).unwrap();
        FrameLog::open(&path).unwrap().add(&row("B")).unwrap();
        let rows = read(&path);
        assert_eq!((rows.len(), rows[2][0].as_str()), (3, "B"));
        // Wherever it was torn, inside a field with quotes, too.
        let whole = line(&["a;\"b\"", "1", "c\nd"].map(str::to_owned));
        for at in 1..whole.len() {
            std::fs::write(&path, format!("{names}{}", &whole[..at])).unwrap();
            FrameLog::open(&path).unwrap().add(&row("B")).unwrap();
            let rows = read(&path);
            assert_eq!((rows.len(), rows[2][0].as_str()), (3, "B"), "{}", &whole[..at]);
        }
        for other in ["label,number\r\n", "my only notes", "\u{FFFD}\n"] {
            std::fs::write(&path, other).unwrap();
            let error = FrameLog::open(&path).unwrap_err();
            assert!(matches!(error, LogError::OtherColumns), "{other}: {error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
    }

    #[test]
    fn labels_are_no_formulas_and_numbers_stay_numbers() {
        for (field, harmless_field) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("-", "'-"),
            ("-.", "'-."),
            ("-0.7", "-0.7"),
            ("+1", "+1"),
            ("----", "'----"),
            ("A=1", "A=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(field), harmless_field, "{field:?}");
        }
        assert_eq!(quoted("a;=b"), "\"a;=b\"");
        assert_eq!(quoted(" a"), "\" a\"");
    }

    proptest! {
        #[test]
        fn any_fields_come_back(fields in prop::collection::vec("[a-z,;=\"\r\n\t ]{0,8}|(?s).{0,8}", 1..6)) {
            let rows = parse(&line(&fields));
            let expected: Vec<_> = fields.iter().map(|field| harmless(field)).collect();
            prop_assert_eq!(rows, [expected]);
        }

        #[test]
        fn no_field_begins_a_formula(field in "[-+=@\t0-9.a]{0,4}|(?s).{0,8}") {
            let written = harmless(&field);
            let risky = written.starts_with(['=', '@']) || written.starts_with(['+', '-'])
                && written[1..].contains(|c: char| !c.is_ascii_digit() && c != '.');
            prop_assert!(!risky, "{}", written);
        }
    }
}
