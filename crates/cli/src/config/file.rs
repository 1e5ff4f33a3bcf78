//! The configuration file.

use std::collections::BTreeMap;
use std::path::Path;

use filmwire_camera::Address;
use filmwire_ingest::Kind;
use filmwire_program::exit::Trouble;
use filmwire_program::file::{self, CameraEntry, Source};
use serde::Deserialize;
use toml::Spanned;

/// What can stand in the file. Anything else is an error: a misspelt name must not be overlooked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConfig {
    /// Address or name of the camera meant.
    pub(crate) camera: Option<Spanned<String>>,
    /// Folder of the library; `~/` and paths relative to the file are understood.
    pub(crate) to: Option<String>,
    /// The id the library must have, so that an unmounted share is noticed.
    #[serde(default, deserialize_with = "file::library_id")]
    pub(crate) library_id: Option<String>,
    /// How files are named.
    #[serde(default, deserialize_with = "file::name_template")]
    pub(crate) name_template: Option<String>,
    /// What the camera shows.
    #[serde(default, deserialize_with = "file::client_name")]
    pub(crate) client_name: Option<String>,
    /// Kinds of files.
    pub(crate) only: Option<Vec<Spanned<String>>>,
    /// Cameras with names.
    #[serde(default, deserialize_with = "file::cameras")]
    pub(crate) cameras: BTreeMap<String, CameraEntry>,
}

impl FileConfig {
    /// Reads the file. Fails with [`Trouble::Usage`] naming line and column.
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let source = Source::read(path, "see `filmwire config check --help`")?;
        let file: Self = source.parse()?;
        let unnamed = file.camera.as_ref().filter(|name| !file.cameras.contains_key(name.as_ref()));
        if let Some(camera) = unnamed {
            let parsed = camera.as_ref().parse::<Address>();
            parsed.map_err(|error| source.wrong(camera.span().start, &error.to_string()))?;
        }
        for word in file.only.iter().flatten() {
            let kind = word.as_ref().parse::<Kind>();
            kind.map_err(|error| source.wrong(word.span().start, &error))?;
        }
        Ok(file)
    }
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
