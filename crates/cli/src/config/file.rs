//! The configuration file.

use std::collections::BTreeMap;
use std::path::Path;

use filmwire_camera::Address;
use filmwire_camera::quirk::Way;
use filmwire_ingest::{Kind, Template};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::check_client_name;
use crate::exit::Trouble;

/// What can stand in the file. Anything else is an error: a misspelt name must not be overlooked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConfig {
    /// Address or name of the camera meant.
    pub(crate) camera: Option<Spanned<String>>,
    /// Folder of the library; `~/` and paths relative to the file are understood.
    pub(crate) to: Option<String>,
    /// The id the library must have, so that an unmounted share is noticed.
    #[serde(default, deserialize_with = "library_id")]
    pub(crate) library_id: Option<String>,
    /// How files are named.
    #[serde(default, deserialize_with = "name_template")]
    pub(crate) name_template: Option<String>,
    /// What the camera shows.
    #[serde(default, deserialize_with = "client_name")]
    pub(crate) client_name: Option<String>,
    /// Kinds of files.
    pub(crate) only: Option<Vec<Spanned<String>>>,
    /// Cameras with names.
    #[serde(default, deserialize_with = "cameras")]
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
    #[serde(default, deserialize_with = "key")]
    pub(crate) key: Option<String>,
    /// The way to its gallery, where its own words mislead.
    #[serde(default, deserialize_with = "way")]
    pub(crate) way: Option<Way>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn way<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Way>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}

fn name_template<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<Template>().map_err(de::Error::custom)?;
    Ok(Some(text))
}

fn client_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_client_name(&name).map_err(de::Error::custom)?;
    Ok(Some(name))
}

/// All photos of cameras without a key would be taken for those of one.
fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let key = String::deserialize(deserializer)?;
    if key.trim().is_empty() {
        return Err(de::Error::custom("a key must not be empty; leave it out to use the name"));
    }
    Ok(Some(key))
}

fn cameras<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, CameraEntry>, D::Error> {
    let cameras = BTreeMap::<String, CameraEntry>::deserialize(deserializer)?;
    match cameras.keys().any(|name| name.trim().is_empty()) {
        true => Err(de::Error::custom("a camera's name must not be empty")),
        false => Ok(cameras),
    }
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
        let wrong = |byte: usize, message: &str| {
            let (line, column) = position(&text, byte);
            Trouble::usage(format!("{}:{line}:{column}: {message}", path.display()), cure)
        };
        let file: Self = toml::from_str(&text).map_err(|error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().trim())
        })?;
        let unnamed = file.camera.as_ref().filter(|name| !file.cameras.contains_key(name.as_ref()));
        if let Some(camera) = unnamed {
            let parsed = camera.as_ref().parse::<Address>();
            parsed.map_err(|error| wrong(camera.span().start, &error.to_string()))?;
        }
        for word in file.only.iter().flatten() {
            let kind = word.as_ref().parse::<Kind>();
            kind.map_err(|error| wrong(word.span().start, &error))?;
        }
        Ok(file)
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
        for (text, start) in [
            ("only = [\"jpg\",\n  \"exe\"]\n", "2:3: \"exe\" is no kind"),
            ("to = \"x\"\nname_template = \"{nme}\"\n", "2:17: "),
            ("client_name = \"\"\n", "1:15: the client name"),
            ("\ncamera = \"a b\"\n", "2:10: \"a b\" is no camera address"),
            ("[cameras.a]\naddress = \"h\"\nkey = \" \"\n", "3:7: a key must not be empty"),
            ("[cameras.a]\naddress = \"h\"\nway = \"x\"\n", "3:7: \"x\" is no way"),
        ] {
            assert!(complaint(text).starts_with(start), "{}", complaint(text));
        }
        assert!(complaint("[cameras.\"\"]\naddress = \"h\"\n").contains("name must not be empty"));
    }
}
