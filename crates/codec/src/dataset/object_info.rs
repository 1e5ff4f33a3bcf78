//! The ObjectInfo dataset.

use crate::code::ObjectFormatCode;
use crate::date::DateTime;
use crate::error::DecodeError;
use crate::id::{ObjectHandle, StorageId};
use crate::reader::Reader;
use crate::string::PtpString;

/// What a camera tells of an object: 52 fixed bytes, then four PTP strings.
///
/// Source: ISO 15740, ObjectInfo. Seen: X-T10 (three dumps), X-T4. Another layout claimed by one
/// project contradicts those dumps (the fact sheet's section 12.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectInfo {
    /// The store; 0x10000001 in phone mode.
    #[doc(alias = "StorageID")]
    pub storage: StorageId,
    /// What kind of object it is; 0 where nothing was decoded.
    #[doc(alias = "ObjectFormat")]
    pub format: ObjectFormatCode,
    /// 0 everywhere seen.
    #[doc(alias = "ProtectionStatus")]
    pub protection: u16,
    /// Length in bytes: a placeholder unless D227 or D226 is 1.
    #[doc(alias = "ObjectCompressedSize")]
    pub size_bytes: u32,
    /// Format of the thumbnail; 0xB901 on an X-T10.
    #[doc(alias = "ThumbFormat")]
    pub thumb_format: u16,
    /// Length of the thumbnail in bytes.
    #[doc(alias = "ThumbCompressedSize")]
    pub thumb_size_bytes: u32,
    /// Width of the thumbnail in pixels.
    #[doc(alias = "ThumbPixWidth")]
    pub thumb_width: u32,
    /// Height of the thumbnail in pixels.
    #[doc(alias = "ThumbPixHeight")]
    pub thumb_height: u32,
    /// Width of the image in pixels.
    #[doc(alias = "ImagePixWidth")]
    pub width: u32,
    /// Height of the image in pixels.
    #[doc(alias = "ImagePixHeight")]
    pub height: u32,
    /// 0 everywhere seen.
    #[doc(alias = "ImageBitDepth")]
    pub bit_depth: u32,
    /// The association the object is in; 0 in phone mode, where folders are not shown.
    #[doc(alias = "ParentObject")]
    pub parent: ObjectHandle,
    /// 0 for objects that are no association, 1 for a folder.
    #[doc(alias = "AssociationType")]
    pub association_type: u16,
    /// 0 everywhere seen.
    #[doc(alias = "AssociationDesc")]
    pub association_desc: u32,
    /// 0 everywhere seen.
    #[doc(alias = "SequenceNumber")]
    pub sequence: u32,
    /// Name without a path, such as `DSCF0591.JPG`. Untrusted.
    #[doc(alias = "Filename")]
    pub name: PtpString,
    /// When it was taken, as the camera says it, without a zone.
    #[doc(alias = "CaptureDate")]
    pub capture_date: PtpString,
    /// Empty everywhere seen.
    #[doc(alias = "ModificationDate")]
    pub modification_date: PtpString,
    /// `Orientation:1` or `Orientation:8` everywhere seen.
    #[doc(alias = "Keywords")]
    pub keywords: PtpString,
    /// Bytes behind the last string; kept so that encoding gives the same bytes.
    pub surplus: Vec<u8>,
}

impl ObjectInfo {
    /// Decodes the payload of a data container.
    ///
    /// Fails with [`DecodeError`] naming the field that is short.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let r = &mut Reader::new(payload);
        Ok(Self {
            storage: StorageId(r.u32("StorageID")?),
            format: ObjectFormatCode(r.u16("ObjectFormat")?),
            protection: r.u16("ProtectionStatus")?,
            size_bytes: r.u32("ObjectCompressedSize")?,
            thumb_format: r.u16("ThumbFormat")?,
            thumb_size_bytes: r.u32("ThumbCompressedSize")?,
            thumb_width: r.u32("ThumbPixWidth")?,
            thumb_height: r.u32("ThumbPixHeight")?,
            width: r.u32("ImagePixWidth")?,
            height: r.u32("ImagePixHeight")?,
            bit_depth: r.u32("ImageBitDepth")?,
            parent: ObjectHandle(r.u32("ParentObject")?),
            association_type: r.u16("AssociationType")?,
            association_desc: r.u32("AssociationDesc")?,
            sequence: r.u32("SequenceNumber")?,
            name: PtpString::decode(r, "Filename")?,
            capture_date: PtpString::decode(r, "CaptureDate")?,
            modification_date: PtpString::decode(r, "ModificationDate")?,
            keywords: PtpString::decode(r, "Keywords")?,
            surplus: r.rest().to_vec(),
        })
    }

    /// Appends the dataset.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.storage.0.to_le_bytes());
        out.extend(self.format.0.to_le_bytes());
        out.extend(self.protection.to_le_bytes());
        out.extend(self.size_bytes.to_le_bytes());
        out.extend(self.thumb_format.to_le_bytes());
        for word in [
            self.thumb_size_bytes,
            self.thumb_width,
            self.thumb_height,
            self.width,
            self.height,
            self.bit_depth,
            self.parent.0,
        ] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.association_type.to_le_bytes());
        out.extend(self.association_desc.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        for text in [&self.name, &self.capture_date, &self.modification_date, &self.keywords] {
            text.encode(out);
        }
        out.extend(&self.surplus);
    }

    /// The capture date, if the camera sent a plausible one.
    pub fn captured(&self) -> Option<DateTime> {
        DateTime::parse(&self.capture_date.to_text())
    }

    /// The Exif orientation in the keywords: `Orientation:8`, or with a blank as one project writes it.
    pub fn orientation(&self) -> Option<u8> {
        let keywords = self.keywords.to_text();
        keywords.strip_prefix("Orientation:")?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientations_are_read_with_and_without_a_blank() {
        let of = |keywords: &str| {
            ObjectInfo { keywords: keywords.into(), ..ObjectInfo::default() }.orientation()
        };
        assert_eq!(of("Orientation:8"), Some(8));
        assert_eq!(of("Orientation: 6"), Some(6));
        assert_eq!((of(""), of("Orientation:x"), of("8")), (None, None, None));
    }
}
