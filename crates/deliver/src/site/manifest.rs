//! Who publishes, and what they say they publish.
//!
//! Manifests of others are not trusted to be anything: a name or a number that no filmwire writes
//! makes the whole manifest unreadable, rather than a page that links to somewhere else.

use std::collections::BTreeMap;

use filmwire_gallery::Entry;
use serde::{Deserialize, Serialize};

use super::{Others, Site, hex, key_of, sha256};
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::stop::Stop;
use crate::store::Look;
use crate::target::Keep;

/// The form of manifests.
const FORM: u32 = 1;
/// Folder of the manifests.
const FOLDER: &str = "data";
/// The largest manifest that is read: some 200 bytes for each photo.
const MOST_BYTES: usize = 64 << 20;
/// Hex digits of a publisher's name.
const PUBLISHER_DIGITS: usize = 12;
/// Hex digits of a photo's key.
const KEY_DIGITS: usize = 16;
/// Hex digits of an image's hash.
const IMAGE_DIGITS: usize = 32;

/// A publisher's name: hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Publisher(String);

/// A copy, named for its content and size: `HASH-WIDTHxHEIGHT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) hash: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What a publisher publishes, and how far it got.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    v: u32,
    /// Another one whenever the photos are others.
    pub(super) revision: String,
    /// The settings of the pages it made.
    pub(super) made: String,
    /// The pages show its photos, and those of the revisions it has seen.
    pub(super) settled: bool,
    /// Revisions of the others that its pages show.
    pub(super) seen: BTreeMap<String, String>,
    /// There is no image of it that is not listed.
    pub(super) swept: bool,
    pub(super) photos: Vec<Listed>,
}

/// A photo in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) image: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    utc_offset: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
}

impl Publisher {
    pub(super) fn of(name: &str) -> Self {
        let mut digits = hex(&sha256(name.as_bytes()));
        digits.truncate(PUBLISHER_DIGITS);
        Self(digits)
    }

    /// The publisher whose manifest has a name.
    fn of_name(name: &str) -> Option<Self> {
        let digits = name.strip_suffix(".json")?;
        is_hex(digits, PUBLISHER_DIGITS).then(|| Self(digits.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn manifest(&self) -> String {
        format!("{FOLDER}/{}.json", self.0)
    }

    pub(super) fn folders(&self) -> [String; 2] {
        ["photos", "thumbs"].map(|folder| format!("{folder}/{}", self.0))
    }

    pub(super) fn photo(&self, image: &str) -> String {
        format!("photos/{}/{image}.jpg", self.0)
    }

    pub(super) fn thumb(&self, image: &str) -> String {
        format!("thumbs/{}/{image}.jpg", self.0)
    }

    /// The image whose photo has a path.
    pub(super) fn image_at<'a>(&self, path: &'a str) -> Option<&'a str> {
        let name = path.strip_prefix("photos/")?.strip_prefix(&self.0)?.strip_prefix('/')?;
        let image = name.strip_suffix(".jpg")?;
        Image::parse(image).is_some().then_some(image)
    }
}

impl Image {
    pub(super) fn of(jpeg: &[u8], width: u32, height: u32) -> Self {
        Self { hash: Self::hash(jpeg), width, height }
    }

    pub(super) fn hash(jpeg: &[u8]) -> String {
        hex(&sha256(jpeg)[..IMAGE_DIGITS / 2])
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let (hash, size) = name.split_once('-')?;
        let (width, height) = size.split_once('x')?;
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
        let (width, height) = (u32::from(number(width)?), u32::from(number(height)?));
        let image = Self { hash: hash.to_owned(), width, height };
        (is_hex(hash, IMAGE_DIGITS) && image.name() == name).then_some(image)
    }

    pub(super) fn name(&self) -> String {
        let Self { hash, width, height } = self;
        format!("{hash}-{width}x{height}")
    }
}

impl Listed {
    /// What is told of a photo; `None` if it lies where none of ours does.
    fn of(keep: &Keep, publisher: &Publisher) -> Option<Self> {
        let image = publisher.image_at(&keep.placed)?.to_owned();
        let name = keep.path.rsplit('/').next().unwrap_or_default().to_owned();
        let facts = &keep.facts;
        Some(Self {
            key: key_of(keep),
            image,
            name,
            taken: facts.taken.clone(),
            utc_offset: facts.utc_offset,
            model: facts.model.clone(),
            rating: facts.rating,
        })
    }

    /// All that are to be listed, in an order of their own.
    pub(super) fn all(keep: &[Keep], publisher: &Publisher) -> Vec<Self> {
        let listed = keep.iter().filter_map(|keep| Self::of(keep, publisher));
        let by_key: BTreeMap<String, Self> =
            listed.map(|listed| (listed.key.clone(), listed)).collect();
        by_key.into_values().collect()
    }

    pub(super) fn entry(&self, publisher: &Publisher) -> Option<Entry> {
        let Image { width, height, .. } = Image::parse(&self.image)?;
        Some(Entry {
            key: self.key.clone(),
            photo: publisher.photo(&self.image),
            thumb: publisher.thumb(&self.image),
            width,
            height,
            name: self.name.clone(),
            taken: self.taken.clone(),
            utc_offset: self.utc_offset,
            model: self.model.clone(),
            rating: self.rating,
        })
    }
}

impl Manifest {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let written = Self { v: FORM, ..self.clone() };
        // Texts and numbers alone.
        let mut bytes = serde_json::to_vec_pretty(&written).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// As it is after other photos were listed.
    pub(super) fn listing(&self, photos: Vec<Listed>, made: String) -> Self {
        let is_other = self.photos != photos || self.revision.is_empty();
        let revision = match is_other {
            true => format!("{:016x}", random_bits()),
            false => self.revision.clone(),
        };
        // Whatever else lies in our folders is looked for when the photos are others.
        let swept = self.swept && !is_other;
        Self { v: FORM, revision, made, settled: false, swept, photos, seen: self.seen.clone() }
    }

    /// Whether a file that is to be one was never written whole, as a loss of power leaves it.
    fn is_torn(bytes: &[u8]) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err()
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|cause| cause.to_string())?;
        if read.v != FORM {
            return Err(format!("it is of form {}, and {FORM} is read", read.v));
        }
        let is_ours = |listed: &Listed| {
            is_hex(&listed.key, KEY_DIGITS) && Image::parse(&listed.image).is_some()
        };
        match read.photos.iter().find(|listed| !is_ours(listed)) {
            None => Ok(read),
            Some(listed) => Err(format!("{:?} is no photo of ours", listed.image)),
        }
    }
}

impl Site {
    /// Reads a manifest; `None` if there is none.
    pub(super) async fn read_manifest(
        &self,
        path: &str,
        stop: &Stop,
    ) -> Result<Option<Manifest>, Fault> {
        let Some(bytes) = self.files.read_small(path, MOST_BYTES, stop).await? else {
            return Ok(None);
        };
        if path == self.publisher.manifest() && Manifest::is_torn(&bytes) {
            let look = self.files.brief(Some(stop), self.files.store.look(path)).await?;
            if matches!(look, Look::File { size, .. } if size == bytes.len() as u64) {
                // Nobody else writes it: it is written anew with the photos there are.
                return Ok(Some(Manifest::default()));
            }
        }
        let manifest = Manifest::parse(&bytes).map_err(|cause| {
            let place = self.files.store.place();
            Fault::transient(format!("{path} in {place} cannot be read: {cause}"))
        });
        manifest.map(Some)
    }

    /// All who publish, we among them.
    pub(super) async fn publishers(&self, stop: &Stop) -> Result<Vec<Publisher>, Fault> {
        let names = self.files.brief(Some(stop), self.files.store.list(FOLDER)).await?;
        let mut found: Vec<_> = names.iter().filter_map(|name| Publisher::of_name(name)).collect();
        found.sort();
        Ok(found)
    }

    /// As [`Site::publishers`], once we are one of them. A list without us is not believed: some
    /// servers say of a folder they cannot read just now that it is empty.
    pub(super) async fn all(&self, stop: &Stop) -> Result<Vec<Publisher>, Fault> {
        let found = self.publishers(stop).await?;
        if found.contains(&self.publisher) {
            return Ok(found);
        }
        let (path, place) = (self.publisher.manifest(), self.files.store.place());
        Err(Fault::transient(format!("{path} is not in what {place} lists")))
    }

    /// The manifests of all but us.
    pub(super) async fn others(&self, stop: &Stop) -> Result<Others, Fault> {
        let mut others = Others::new();
        for publisher in self.all(stop).await? {
            if publisher == self.publisher {
                continue;
            }
            if let Some(manifest) = self.read_manifest(&publisher.manifest(), stop).await? {
                others.insert(publisher, manifest);
            }
        }
        Ok(others)
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_filmwire_writes_is_read() {
        let good = r#"{"v":1,"revision":"1","made":"","settled":true,"seen":{},"swept":true,
            "photos":[{"key":"0123456789abcdef",
            "image":"0123456789abcdef0123456789abcdef-2048x1365","name":"<a>"}]}"#;
        let read = Manifest::parse(good.as_bytes()).unwrap();
        assert_eq!(Manifest::parse(&read.bytes()), Ok(read));
        for (from, to) in [
            ("abcdef-2048", "abcdef/../x-2048"),
            ("-2048x1365", "-2048"),
            ("-2048x", "-02048x"),
            ("-2048x", "-0x"),
            ("-2048x", "-70000x"),
            ("\"0123456789abcdef\"", "\"p\\\" onload=\\\"\""),
            ("\"v\":1", "\"v\":2"),
            ("\"seen\"", "\"sen\""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(Manifest::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        for name in ["0123456789ab.json", "x.json", "0123456789AB.json", "0123456789ab.json.part"] {
            assert_eq!(Publisher::of_name(name).is_some(), name == "0123456789ab.json");
        }
    }

    #[test]
    fn an_image_is_found_in_its_path_alone() {
        let publisher = Publisher("0123456789ab".to_owned());
        let image = Image::of(b"abc", 30, 20).name();
        assert_eq!(image, "ba7816bf8f01cfea414140de5dae2223-30x20");
        let path = publisher.photo(&image);
        assert_eq!(publisher.image_at(&path), Some(image.as_str()));
        for other in [publisher.thumb(&image), "2016/A.JPG".to_owned(), path.replace("ab/", "cd/")]
        {
            assert_eq!(publisher.image_at(&other), None, "{other}");
        }
    }
}
