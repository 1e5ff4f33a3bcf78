//! A profile as a file: TOML that people can read and change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::Path;

use filmwire_camera::Setting;
use filmwire_codec::DevicePropCode;
use serde::Deserialize;
use toml::Spanned;

use super::{Kept, Profile, is_set_from_here, settings};
use crate::series::put;

/// The version of the file's form; one that readers of this version do not understand raises it.
const FORMAT: i64 = 1;
/// Longest file that is read, in bytes: hundreds of times what there is to say.
const LONGEST: u64 = 256 * 1024;

const HEAD: &str = "\
# What a series of pictures has to keep, in the words of `filmwire settings`. A line that is taken
# out is neither set nor compared.
";

/// Why a file is no profile, or cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is not what a profile looks like.
    #[error("line {line}: {text}")]
    Wrong {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        text: String,
    },
    /// There is one already.
    #[error("it exists already")]
    Exists,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The file as TOML has it; values keep their places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: Spanned<i64>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    settings: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    unknown: BTreeMap<String, Spanned<String>>,
}

impl Profile {
    /// The profile as TOML. [`Profile::parse`] reads the same from it, whatever the values are.
    pub fn to_toml(&self) -> String {
        let mut text = HEAD.to_owned();
        let model = toml::Value::String(self.model.clone());
        let _ = write!(text, "format = {FORMAT}\nmodel = {model}\n\n[settings]\n");
        let mut is_set = true;
        for kept in &self.kept {
            if is_set && !is_set_from_here(kept.setting) {
                text.push_str("# Only on the body: compared, never set.\n");
                is_set = false;
            }
            line(&mut text, kept.setting.key, kept.text());
        }
        if !self.unknown.is_empty() {
            text.push_str("\n# Nobody knows what these are: told when they differ, never set.\n");
            text.push_str("[unknown]\n");
        }
        for (property, bits) in &self.unknown {
            line(&mut text, &format!("{:#06X}", property.0), format!("{bits:#X}"));
        }
        text
    }

    /// Reads a profile.
    ///
    /// Fails with [`FileError::Wrong`], naming the line.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file = Text(text);
        let raw: Raw = toml::from_str(text).map_err(|error| file.no_toml(&error))?;
        if *raw.format.get_ref() != FORMAT {
            let format = raw.format.get_ref();
            let why = format!("format {format} is not known to this filmwire; it reads {FORMAT}");
            return Err(file.wrong(raw.format.span(), why));
        }
        let mut kept = Vec::new();
        for (key, value) in &raw.settings {
            kept.push(file.kept(key, value, &kept)?);
        }
        let place = |kept: &Kept| settings().position(|setting| setting == kept.setting);
        kept.sort_by_key(place);
        let strange = raw.unknown.iter().map(|(key, value)| file.strange(key, value));
        let mut unknown = strange.collect::<Result<Vec<_>, _>>()?;
        unknown.sort_unstable();
        Ok(Self { model: raw.model, kept, unknown })
    }

    /// Reads a profile from a file.
    ///
    /// Fails with [`FileError`].
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let mut text = String::new();
        // What is no plain file does not tell its length, and may have no end.
        let read = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
        if read as u64 > LONGEST {
            return Err(FileError::Wrong { line: 1, text: "it is too long for a profile".into() });
        }
        Self::parse(&text)
    }

    /// Keeps the profile in a file, whole or not at all; one that is there stays unless it is to be
    /// replaced. Missing folders are made.
    ///
    /// Fails with [`FileError::Exists`] and [`FileError::Io`].
    pub fn write(&self, path: &Path, replace: bool) -> Result<(), FileError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.map_or(Ok(()), std::fs::create_dir_all)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let kept = keep(&part, self.to_toml().as_bytes()).map_err(FileError::from);
        let kept = kept.and_then(|()| place(&part, path, replace));
        // It may have another name by now, and is of no use if it has not.
        let _ = std::fs::remove_file(&part);
        kept
    }
}

fn keep(part: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(part)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Gives a whole file its name: who looks meanwhile, or after a kill, finds all of it or nothing. Of
/// two that keep one at a time the second is told.
fn place(part: &Path, path: &Path, replace: bool) -> Result<(), FileError> {
    if replace {
        return Ok(std::fs::rename(part, path)?);
    }
    match put(part, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(FileError::Exists),
        put => Ok(put?),
    }
}

fn line(text: &mut String, key: &str, word: String) {
    let word = toml::Value::String(word);
    let _ = writeln!(text, "{key} = {word}");
}

/// The file's text, to tell lines.
struct Text<'a>(&'a str);

impl Text<'_> {
    fn wrong(&self, at: Range<usize>, text: impl Into<String>) -> FileError {
        let before = self.0.get(..at.start).unwrap_or(self.0);
        FileError::Wrong { line: before.matches('\n').count() + 1, text: text.into() }
    }

    fn no_toml(&self, error: &toml::de::Error) -> FileError {
        self.wrong(error.span().unwrap_or(0..0), error.message().trim())
    }

    fn kept(&self, key: &str, value: &Spanned<String>, others: &[Kept]) -> Result<Kept, FileError> {
        let wrong = |text| Err(self.wrong(value.span(), text));
        let named = Setting::named(key);
        let Some(setting) = settings().find(|&setting| Some(setting) == named) else {
            let keys: Vec<_> = settings().map(|setting| setting.key).collect();
            return wrong(format!("a profile has no {key:?}; it has {}", keys.join(", ")));
        };
        if others.iter().any(|other| other.setting == setting) {
            return wrong(format!("{} is there twice", setting.key));
        }
        match setting.parse(value.get_ref()) {
            Ok(bits) => Ok(Kept { setting, bits }),
            Err(error) => wrong(error.to_string()),
        }
    }

    fn strange(
        &self,
        key: &str,
        value: &Spanned<String>,
    ) -> Result<(DevicePropCode, u32), FileError> {
        let hex = |text: &str| {
            let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let property = hex(key).and_then(|code| u16::try_from(code).ok());
        match (property, hex(value.get_ref())) {
            (Some(property), Some(bits)) => Ok((DevicePropCode(property), bits)),
            _ => Err(self.wrong(value.span(), "write 0xD245 = \"0x1\", both in hex")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(settings: &str) -> Result<Profile, String> {
        let text = format!("format = 1\n[settings]\n{settings}");
        Profile::parse(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn people_may_write_one_in_any_order_and_with_other_names() {
        let profile = parse("shutter-speed = \"1/125\"\nISO = \"400\" # mine\n").unwrap();
        let words: Vec<_> = profile.kept().iter().map(|k| (k.setting.key, k.text())).collect();
        assert_eq!(words, [("iso", "400".to_owned()), ("shutter", "1/125".to_owned())]);
        assert_eq!(Profile::parse("format = 1\n").unwrap(), Profile::default());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (settings, line, words) in [
            ("iso = \"fast\"", 3, "400"),
            ("\niso = 400", 4, "expected a string"),
            ("battery = \"full\"", 3, "it has iso, flash"),
            ("iso = \"400\"\niso = \"800\"", 4, "duplicate"),
            ("wb = \"auto\"\nwhite-balance = \"shade\"", 4, "twice"),
            ("[unknown]\nD245 = \"0x1\"", 4, "both in hex"),
            ("[unknown]\n0xD245 = \"0x+1\"", 4, "both in hex"),
            ("[unknown]\n0x1D245 = \"0x1\"", 4, "both in hex"),
            ("[more]", 3, "unknown field"),
        ] {
            let error = parse(settings).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: ")), "{settings}: {error}");
            assert!(error.contains(words), "{settings}: {error}");
        }
        for (text, words) in [
            ("", "missing field `format`"),
            ("format = 2", "format 2 is not known"),
            ("format = 1\nsettings = 3", "expected a map"),
        ] {
            let error = Profile::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn files_are_whole_and_only_replaced_if_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles/studio.toml");
        let (one, other) = (parse("iso = \"400\"").unwrap(), parse("iso = \"800\"").unwrap());
        one.write(&path, false).unwrap();
        assert!(matches!(other.write(&path, false), Err(FileError::Exists)));
        assert_eq!(Profile::read(&path).unwrap(), one);
        other.write(&path, true).unwrap();
        assert_eq!(Profile::read(&path).unwrap(), other);
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
        // What was claimed and could not be kept is gone.
        let part = format!(".new.toml.{}.part", std::process::id());
        std::fs::create_dir(path.with_file_name(part)).unwrap();
        let new = path.with_file_name("new.toml");
        assert!(matches!(one.write(&new, false), Err(FileError::Io(_))) && !new.exists());
        std::fs::write(&path, vec![b'#'; 300_000]).unwrap();
        assert!(matches!(Profile::read(&path), Err(FileError::Wrong { .. })));
    }

    #[test]
    fn a_profile_that_is_being_kept_is_never_seen_by_half() {
        let folder = tempfile::tempdir().unwrap();
        let one = parse("iso = \"400\"").unwrap();
        for name in 0..20 {
            let path = folder.path().join(format!("{name}.toml"));
            let seen = std::thread::scope(|scope| {
                let looking = scope.spawn(|| {
                    while !path.exists() {
                        std::thread::yield_now();
                    }
                    std::fs::read_to_string(&path).unwrap()
                });
                one.write(&path, false).unwrap();
                looking.join().unwrap()
            });
            assert_eq!(seen, one.to_toml());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_no_profile() {
        let error = Profile::read(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(error, FileError::Wrong { .. }), "{error}");
    }

    fn any_profile() -> impl Strategy<Value = Profile> {
        let setting = prop::option::of(any::<u32>().prop_map(|bits| bits >> (bits % 32)));
        let kept = prop::collection::vec(setting, settings().count());
        let unknown = prop::collection::btree_map(any::<u16>(), any::<u32>(), 0..4);
        ("(?s).{0,20}", kept, unknown).prop_map(|(model, kept, unknown)| Profile {
            model,
            kept: settings()
                .zip(kept)
                .filter_map(|(setting, bits)| Some(Kept { setting, bits: bits? }))
                .collect(),
            unknown: unknown.into_iter().map(|(code, bits)| (DevicePropCode(code), bits)).collect(),
        })
    }

    proptest! {
        /// Known values and those nobody knows, of settings and of strange properties.
        #[test]
        fn every_profile_comes_back_from_its_file(profile in any_profile()) {
            prop_assert_eq!(Profile::parse(&profile.to_toml()).unwrap(), profile);
        }

        #[test]
        fn any_text_is_a_profile_or_refused(text in "(format = 1\n)?(\\[settings\\]\n)?([a-z0-9x]{1,6} ?= ?\"?.{0,6}\"?\n){0,4}") {
            if let Ok(profile) = Profile::parse(&text) {
                prop_assert_eq!(Profile::parse(&profile.to_toml()).unwrap(), profile);
            }
        }
    }
}
