//! The configuration file.

use std::collections::BTreeMap;
use std::path::Path;

use filmwire_camera::Address;
use serde::{Deserialize, Deserializer, de};

use crate::exit::Trouble;

/// What can stand in the file. Anything else is an error: a misspelt name must not be overlooked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConfig {
    /// Address or name of the camera meant.
    pub(crate) camera: Option<String>,
    /// Folder of the library; `~/` and paths relative to the file are understood.
    pub(crate) to: Option<String>,
    /// The id the library must have, so that an unmounted share is noticed.
    #[serde(default, deserialize_with = "library_id")]
    pub(crate) library_id: Option<String>,
    /// How files are named.
    pub(crate) name_template: Option<String>,
    /// What the camera shows.
    pub(crate) client_name: Option<String>,
    /// Kinds of files.
    pub(crate) only: Option<Vec<String>>,
    /// Cameras with names.
    #[serde(default)]
    pub(crate) cameras: BTreeMap<String, CameraEntry>,
}

/// A camera with a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraEntry {
    /// Where it is.
    #[serde(deserialize_with = "address")]
    pub(crate) address: Address,
    /// What tells its photos from those of others; its name if missing.
    pub(crate) key: Option<String>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn library_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(Some(id)).ok_or_else(|| de::Error::custom("a library id has 32 hex digits"))
}

impl FileConfig {
    /// Reads the file. Fails with [`Trouble::Usage`] naming line and column.
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let cure = "see `filmwire config check --help`";
        let text = std::fs::read_to_string(path).map_err(|error| {
            Trouble::usage(
                format!("cannot read the configuration {}: {error}", path.display()),
                cure,
            )
        })?;
        toml::from_str(&text).map_err(|error| {
            let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
            let message = error.message().trim();
            Trouble::usage(format!("{}:{line}:{column}: {message}", path.display()), cure)
        })
    }
}

/// Line and column of a byte, both from 1; columns count characters.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.toml");
        std::fs::write(&path, text).unwrap();
        let text = FileConfig::read(&path).unwrap_err().to_string();
        text.rsplit_once("f.toml:").unwrap().1.to_owned()
    }

    #[test]
    fn mistakes_are_named_with_line_and_column() {
        assert!(complaint("to = \"x\"\ncamara = \"y\"\n").starts_with("2:1: unknown field"));
        assert!(complaint("to = 7\n").starts_with("1:6: invalid type"));
        assert!(complaint("to = \"x\n").starts_with("1:"));
        let bad = "[cameras.a]\naddress = \"a b\"\n";
        assert!(
            complaint(bad).starts_with("2:11: \"a b\" is no camera address"),
            "{}",
            complaint(bad)
        );
        assert!(complaint("library_id = \"7\"\n").contains("32 hex digits"));
    }
}
