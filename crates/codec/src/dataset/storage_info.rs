//! The StorageInfo dataset.

use crate::error::DecodeError;
use crate::reader::Reader;
use crate::string::PtpString;

/// What a store is and how much fits. Not used in phone mode; kept for peers that ask.
///
/// Source: ISO 15740, StorageInfo.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StorageInfo {
    /// 4: removable RAM.
    pub storage_type: u16,
    /// 3: DCF.
    pub filesystem_type: u16,
    /// 0 read and write, 1 read only.
    pub access: u16,
    /// Size in bytes.
    pub max_capacity_bytes: u64,
    /// Free bytes.
    pub free_bytes: u64,
    /// Images that still fit; 0xFFFFFFFF unknown.
    pub free_images: u32,
    /// Text.
    pub description: PtpString,
    /// Volume label.
    pub volume_label: PtpString,
}

impl StorageInfo {
    /// Decodes the payload of a data container.
    ///
    /// Fails with [`DecodeError`] naming the field; surplus bytes are an error.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let r = &mut Reader::new(payload);
        let info = Self {
            storage_type: r.u16("StorageType")?,
            filesystem_type: r.u16("FilesystemType")?,
            access: r.u16("AccessCapability")?,
            max_capacity_bytes: r.u64("MaxCapacity")?,
            free_bytes: r.u64("FreeSpaceInBytes")?,
            free_images: r.u32("FreeSpaceInImages")?,
            description: PtpString::decode(r, "StorageDescription")?,
            volume_label: PtpString::decode(r, "VolumeIdentifier")?,
        };
        r.finish("StorageInfo")?;
        Ok(info)
    }

    /// Appends the dataset.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for word in [self.storage_type, self.filesystem_type, self.access] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.max_capacity_bytes.to_le_bytes());
        out.extend(self.free_bytes.to_le_bytes());
        out.extend(self.free_images.to_le_bytes());
        self.description.encode(out);
        self.volume_label.encode(out);
    }
}
