//! Configuration files: TOML whose mistakes are named with line and column.

use std::collections::BTreeMap;
use std::path::Path;

use filmwire_camera::Address;
use filmwire_camera::quirk::Way;
use filmwire_ingest::Template;
use serde::de::{self, DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::exit::Trouble;

/// A file as it was read, to tell where in it a value stands.
#[derive(Debug)]
pub struct Source<'a> {
    path: &'a Path,
    text: String,
    cure: &'a str,
}

impl<'a> Source<'a> {
    /// Reads a file; `cure` is what the person is told to do about mistakes in it.
    ///
    /// # Errors
    /// [`Trouble::Usage`] if it cannot be read.
    pub fn read(path: &'a Path, cure: &'a str) -> Result<Self, Trouble> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let text = format!("cannot read the configuration {}: {error}", path.display());
            Trouble::usage(text, cure)
        })?;
        Ok(Self { path, text, cure })
    }

    /// Takes its content for a `T`.
    ///
    /// # Errors
    /// [`Trouble::Usage`] naming line and column.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        toml::from_str(&self.text).map_err(|error| {
            self.wrong(error.span().map_or(0, |span| span.start), error.message().trim())
        })
    }

    /// The tables in the table `name`, by their names; none if there is no such table.
    ///
    /// # Errors
    /// [`Trouble::Usage`] naming line and column.
    pub fn tables(&self, name: &str) -> Result<Vec<(String, Table<'_>)>, Trouble> {
        let whole = DeTable::parse(&self.text).map_err(|error| {
            self.wrong(error.span().map_or(0, |span| span.start), error.message().trim())
        })?;
        let Some((_, tables)) = whole.into_inner().remove_entry(name) else {
            return Ok(Vec::new());
        };
        let Table(tables) = self.table(tables)?;
        let mut all = Vec::new();
        for (name, value) in tables.into_inner() {
            all.push((name.into_inner().into_owned(), self.table(value)?));
        }
        Ok(all)
    }

    /// Moves the table `name` out of a table; none if there is no such table in it.
    ///
    /// # Errors
    /// [`Trouble::Usage`] if it is no table, naming line and column.
    pub fn inner<'t>(
        &self,
        table: &mut Table<'t>,
        name: &str,
    ) -> Result<Option<Table<'t>>, Trouble> {
        let inner = table.0.get_mut().remove_entry(name);
        inner.map(|(_, value)| self.table(value)).transpose()
    }

    fn table<'t>(&self, value: Spanned<DeValue<'t>>) -> Result<Table<'t>, Trouble> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Ok(Table(Spanned::new(span, table))),
            _ => Err(self.wrong(span.start, "expected a table")),
        }
    }

    /// Takes a table for a `T`.
    ///
    /// # Errors
    /// [`Trouble::Usage`] naming line and column.
    pub fn take<T: DeserializeOwned>(&self, table: Table<'_>) -> Result<T, Trouble> {
        let start = table.start();
        T::deserialize(table.0.into_deserializer()).map_err(|error: toml::de::Error| {
            self.wrong(error.span().map_or(start, |span| span.start), error.message().trim())
        })
    }

    /// A mistake at a byte of the file.
    #[must_use]
    pub fn wrong(&self, byte: usize, message: &str) -> Trouble {
        let (line, column) = position(&self.text, byte);
        Trouble::usage(format!("{}:{line}:{column}: {message}", self.path.display()), self.cure)
    }
}

/// A table of the file that is not yet taken for anything; it knows where its values stand.
pub struct Table<'a>(Spanned<DeTable<'a>>);

impl<'a> Table<'a> {
    /// The byte it begins at.
    #[must_use]
    pub fn start(&self) -> usize {
        self.0.span().start
    }

    /// Moves some of its values into a table of their own.
    #[must_use]
    pub fn split(&mut self, names: &[&str]) -> Self {
        let mut table = DeTable::new();
        for name in names {
            if let Some((name, value)) = self.0.get_mut().remove_entry(*name) {
                table.insert(name, value);
            }
        }
        Self(Spanned::new(self.0.span(), table))
    }
}

/// Line and column of a byte, both from 1; columns count characters.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// A camera with a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraEntry {
    /// Where it is.
    #[serde(deserialize_with = "address")]
    pub address: Address,
    /// What tells its photos from those of others; its name if missing.
    #[serde(default, deserialize_with = "key")]
    pub key: Option<String>,
    /// The way to its gallery, where its own words mislead.
    #[serde(default, deserialize_with = "way")]
    pub way: Option<Way>,
}

/// A camera's address, for a field of a configuration.
///
/// # Errors
/// What is none.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// The way to a gallery, for a field of a configuration.
///
/// # Errors
/// What is none.
pub fn way<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Way>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}

/// What tells a camera's photos from others', for a field of a configuration. All photos of cameras
/// without a key would be taken for those of one.
///
/// # Errors
/// An empty one.
pub fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let key = String::deserialize(deserializer)?;
    if key.trim().is_empty() {
        return Err(de::Error::custom("a key must not be empty; leave it out to use the name"));
    }
    Ok(Some(key))
}

/// Cameras by their names, for a field of a configuration.
///
/// # Errors
/// A name without characters.
pub fn cameras<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, CameraEntry>, D::Error> {
    let cameras = BTreeMap::<String, CameraEntry>::deserialize(deserializer)?;
    match cameras.keys().any(|name| name.trim().is_empty()) {
        true => Err(de::Error::custom("a camera's name must not be empty")),
        false => Ok(cameras),
    }
}

/// How files are named, for a field of a configuration.
///
/// # Errors
/// A template that cannot be used.
pub fn name_template<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<Template>().map_err(de::Error::custom)?;
    Ok(Some(text))
}

/// What a camera shows as our name, for a field of a configuration.
///
/// # Errors
/// A name no camera has room for.
pub fn client_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_client_name(&name).map_err(de::Error::custom)?;
    Ok(Some(name))
}

/// The id of a library, for a field of a configuration.
///
/// # Errors
/// What is no id.
pub fn library_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(Some(id)).ok_or_else(|| de::Error::custom("a library id has 32 hex digits"))
}

/// Checks what a camera is to show: the registration has room for 26 UTF-16 units (the fact sheet's
/// section 2.1).
///
/// # Errors
/// Why it cannot, in words.
pub fn check_client_name(name: &str) -> Result<(), String> {
    let length = name.encode_utf16().count();
    if (1..=26).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!("the client name {name:?} cannot be shown by a camera; it has 1 to 26 characters"))
}
