//! Secrets: they stand in files or systemd's credentials, never in the configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use filmwire_deliver::Secret;
use filmwire_program::exit::Trouble;
use filmwire_program::places::Places;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Where a secret is, as it stands in the file.
#[derive(Debug)]
pub(super) enum SecretEntry {
    File(String),
    Credential(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    file: Option<String>,
    credential: Option<String>,
}

impl<'de> Deserialize<'de> for SecretEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretEntry;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("{ file = \"...\" } or { credential = \"...\" }")
    }

    /// The text must not be in the message.
    fn visit_str<E: Error>(self, _: &str) -> Result<SecretEntry, E> {
        Err(E::custom("a secret must not stand here; write { file = \"...\" }"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretEntry, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        match (fields.file, fields.credential) {
            (Some(file), None) => Ok(SecretEntry::File(file)),
            (None, Some(name)) => Ok(SecretEntry::Credential(name)),
            _ => Err(A::Error::custom("write { file = \"...\" } or { credential = \"...\" }")),
        }
    }
}

/// Where a secret is. It is read only when it is needed: others may look at the configuration.
#[derive(Debug, Clone)]
pub(crate) struct SecretPlace {
    /// What it is, for messages.
    what: String,
    path: Option<PathBuf>,
}

impl SecretPlace {
    pub(super) fn of(entry: &SecretEntry, places: &Places, folder: Option<&Path>) -> Self {
        match entry {
            SecretEntry::File(file) => {
                let path = places.expand(file, folder);
                Self { what: path.display().to_string(), path: Some(path) }
            }
            SecretEntry::Credential(name) => Self {
                what: format!("the credential {name}"),
                path: places.path("CREDENTIALS_DIRECTORY").map(|folder| folder.join(name)),
            },
        }
    }

    /// Reads it; a line feed at its end is not part of it.
    pub(super) fn read(&self) -> Result<Secret, Trouble> {
        let Some(path) = &self.path else {
            let cure = "let systemd start it with LoadCredential=, or write { file = \"...\" }";
            return Err(Trouble::usage(format!("{} is not given", self.what), cure));
        };
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let cure = "it must hold the secret alone, and the station must be allowed to read it";
            Trouble::usage(format!("cannot read {}: {cause}", self.what), cure)
        })?;
        Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_from_files_and_credentials() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nas"), " hunter2\n").unwrap();
        let home = Path::new("/home/a");
        let directory = folder.path().to_str().unwrap();
        let places = Places::made_up(home, &[("CREDENTIALS_DIRECTORY", directory)]);
        for entry in [SecretEntry::File("nas".into()), SecretEntry::Credential("nas".into())] {
            let secret = SecretPlace::of(&entry, &places, Some(folder.path()));
            assert_eq!(secret.read().unwrap().expose(), " hunter2");
        }
        let entry = SecretEntry::Credential("nas".into());
        let none = SecretPlace::of(&entry, &Places::made_up(home, &[]), None);
        assert!(none.read().unwrap_err().to_string().contains("the credential nas"));
    }
}
