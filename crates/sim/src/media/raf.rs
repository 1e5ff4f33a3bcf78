//! Raw files: the RAF container with an embedded preview and meaningless sensor data.
//!
//! Source: Reported: libopenraw, its notes on RAF (magic, directory at 84, big-endian numbers).

use bytes::Bytes;

use super::jpeg::{self, PhotoSpec};
use super::pattern::Framed;

/// Where the embedded JPEG begins, as in the files of recent bodies.
const PREVIEW_AT: usize = 148;

/// Bytes of sensor data below which a file is not worth the name.
const LEAST_DATA_BYTES: u64 = 1024;

/// All there is to know about a generated raw file: equal specs make equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawSpec {
    /// The preview; its `size_bytes` must be given, and its width and height are the sensor's.
    pub preview: PhotoSpec,
    /// Length of the file, raised to [`RawSpec::minimum_bytes`].
    pub size_bytes: u64,
}

impl RawSpec {
    /// Length of the file, known without rendering.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.max(self.minimum_bytes())
    }

    /// The preview, the headers and a kilobyte of sensor data.
    pub fn minimum_bytes(&self) -> u64 {
        let preview = self.preview.reduced();
        let size = preview.size_bytes().unwrap_or_else(|| preview.minimum_bytes());
        (PREVIEW_AT as u64 + size + CFA_HEADER_BYTES as u64).next_multiple_of(16) + LEAST_DATA_BYTES
    }
}

/// Count of records, then tag, length and value of one: height and width of the sensor.
const CFA_HEADER_BYTES: usize = 12;

/// Renders the headers and the preview; the sensor data comes from the prepared buffer.
pub fn raw(spec: &RawSpec) -> Framed {
    let preview = jpeg::photo(&spec.preview.reduced());
    let cfa_header_at = PREVIEW_AT + preview.len();
    let data_at = (cfa_header_at + CFA_HEADER_BYTES).next_multiple_of(16);
    let data_bytes = spec.size_bytes() - data_at as u64;

    let mut out = b"FUJIFILMCCD-RAW 0201FF000000".to_vec();
    let mut model = spec.preview.body.model.clone().into_bytes();
    model.resize(32, 0);
    out.append(&mut model);
    out.extend_from_slice(b"0110");
    out.resize(84, 0);
    let directory = [
        PREVIEW_AT as u32,
        preview.len() as u32,
        cfa_header_at as u32,
        CFA_HEADER_BYTES as u32,
        data_at as u32,
        u32::try_from(data_bytes).unwrap_or(u32::MAX),
    ];
    out.extend(directory.into_iter().flat_map(u32::to_be_bytes));
    out.resize(PREVIEW_AT, 0);
    out.extend_from_slice(&preview);
    out.extend_from_slice(&[0, 0, 0, 1, 0x01, 0x00, 0, 4]);
    out.extend_from_slice(&spec.preview.height.to_be_bytes());
    out.extend_from_slice(&spec.preview.width.to_be_bytes());
    out.resize(data_at, 0);
    let seed = spec.preview.seed ^ u64::from(spec.preview.index);
    Framed::new(Bytes::from(out), Bytes::new(), seed, spec.size_bytes())
}
