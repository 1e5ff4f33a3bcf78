//! What a program is told of a file.

use serde::Serialize;

use crate::fault::Fault;
use crate::target::Upload;

/// What a program gets as JSON on its standard input. What a file does not tell is left out. The
/// serial number of the body is never in it: it is personal data, and programs publish.
#[derive(Debug, Serialize)]
pub(super) struct Order<'a> {
    /// Grows when a field changes its meaning; new fields come without.
    version: u32,
    /// Name of the target.
    target: &'a str,
    /// The file on this computer, absolute.
    path: &'a str,
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
    /// Fails for a path that is no text, which JSON cannot say.
    pub(super) fn of(upload: &'a Upload) -> Result<Self, Fault> {
        let facts = &upload.facts;
        let path = upload
            .source
            .to_str()
            .ok_or_else(|| Fault::permanent(format!("{} is no UTF-8", upload.source.display())))?;
        Ok(Self {
            version: 1,
            target: &upload.target,
            path,
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
        })
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, Fault> {
        let mut text = serde_json::to_vec(self).map_err(|e| Fault::permanent(e.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }
}
