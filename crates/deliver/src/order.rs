//! What a program or website is told of a file.

use serde::Serialize;

use crate::fault::Fault;
use crate::target::Upload;

/// What is sent as JSON, to a program's standard input or to a website. What a file does not tell
/// is left out. The serial number of the body is never in it: it is personal data, and programs
/// publish.
#[derive(Debug, Serialize)]
pub(crate) struct Order<'a> {
    /// Grows when a field changes its meaning; new fields come without.
    version: u32,
    /// Name of the target.
    target: &'a str,
    /// The file on this computer, absolute; for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    /// The path wanted at the target, relative.
    name: &'a str,
    /// In bytes.
    size: u64,
    /// 64 hex digits.
    sha256: String,
    /// From 1; above 1 an earlier run may have got through.
    attempt: u32,
    /// jpeg, raf, heif or film.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// Model of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<&'a str>,
    /// By the camera's clock, such as 20160102T150136.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utc_offset_min: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// Exif's 1 to 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    orientation: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    film_simulation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamic_range: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
}

impl<'a> Order<'a> {
    /// What is told of a file.
    pub(crate) fn of(upload: &'a Upload) -> Self {
        let facts = &upload.facts;
        Self {
            version: 1,
            target: &upload.target,
            path: None,
            name: &upload.path,
            size: upload.size,
            sha256: upload.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            attempt: upload.attempt,
            kind: facts.kind.as_deref(),
            camera: facts.model.as_deref(),
            taken: facts.taken.as_deref(),
            utc_offset_min: facts.utc_offset,
            width: facts.width,
            height: facts.height,
            orientation: facts.orientation,
            duration_ms: facts.duration_ms,
            film_simulation: facts.film_simulation.as_deref(),
            dynamic_range: facts.dynamic_range.as_deref(),
            rating: facts.rating,
        }
    }

    /// Tells where the file is on this computer, too. Fails for a path that is no text, which JSON
    /// cannot say.
    pub(crate) fn with_path(mut self, upload: &'a Upload) -> Result<Self, Fault> {
        let unsayable = || Fault::permanent(format!("{} is no UTF-8", upload.source.display()));
        self.path = Some(upload.source.to_str().ok_or_else(unsayable)?);
        Ok(self)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Fault> {
        let mut text = serde_json::to_vec(self).map_err(|e| Fault::permanent(e.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }
}
