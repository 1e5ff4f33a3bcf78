//! The DeviceInfo dataset.

use crate::error::DecodeError;
use crate::reader::{Reader, put_array};
use crate::string::PtpString;

/// What a Responder is and can do. Empty in phone mode; real over USB and wireless tether.
///
/// Source: ISO 15740, DeviceInfo. Seen: X-H1 fw 2.14 over USB; X-T4 in phone mode (empty).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceInfo {
    /// Version of the standard times 100.
    pub standard_version: u16,
    /// Vendor extension; 6 over USB, 14 is the one registered for Fujifilm.
    #[doc(alias = "VendorExtensionID")]
    pub vendor_extension: u32,
    /// Version of the extension times 100.
    pub vendor_extension_version: u16,
    /// Text on the extension.
    pub vendor_extension_desc: PtpString,
    /// 0: standard mode.
    pub functional_mode: u16,
    /// Operation codes, open.
    pub operations: Vec<u16>,
    /// Event codes, open.
    pub events: Vec<u16>,
    /// Device property codes, open.
    pub properties: Vec<u16>,
    /// Formats it can capture.
    pub capture_formats: Vec<u16>,
    /// Formats it can show.
    pub image_formats: Vec<u16>,
    /// Maker.
    pub manufacturer: PtpString,
    /// Model.
    pub model: PtpString,
    /// Firmware.
    pub device_version: PtpString,
    /// Serial number: personal data, never to be logged.
    pub serial_number: PtpString,
}

impl DeviceInfo {
    /// Decodes the payload of a data container that is not empty.
    ///
    /// Fails with [`DecodeError`] naming the field; surplus bytes are an error.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let r = &mut Reader::new(payload);
        let info = Self {
            standard_version: r.u16("StandardVersion")?,
            vendor_extension: r.u32("VendorExtensionID")?,
            vendor_extension_version: r.u16("VendorExtensionVersion")?,
            vendor_extension_desc: PtpString::decode(r, "VendorExtensionDesc")?,
            functional_mode: r.u16("FunctionalMode")?,
            operations: r.array_u16("OperationsSupported")?,
            events: r.array_u16("EventsSupported")?,
            properties: r.array_u16("DevicePropertiesSupported")?,
            capture_formats: r.array_u16("CaptureFormats")?,
            image_formats: r.array_u16("ImageFormats")?,
            manufacturer: PtpString::decode(r, "Manufacturer")?,
            model: PtpString::decode(r, "Model")?,
            device_version: PtpString::decode(r, "DeviceVersion")?,
            serial_number: PtpString::decode(r, "SerialNumber")?,
        };
        r.finish("DeviceInfo")?;
        Ok(info)
    }

    /// Appends the dataset.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.standard_version.to_le_bytes());
        out.extend(self.vendor_extension.to_le_bytes());
        out.extend(self.vendor_extension_version.to_le_bytes());
        self.vendor_extension_desc.encode(out);
        out.extend(self.functional_mode.to_le_bytes());
        let lists = [
            &self.operations,
            &self.events,
            &self.properties,
            &self.capture_formats,
            &self.image_formats,
        ];
        for list in lists {
            put_array(out, list, |out, code| out.extend(code.to_le_bytes()));
        }
        let texts = [&self.manufacturer, &self.model, &self.device_version, &self.serial_number];
        for text in texts {
            text.encode(out);
        }
    }
}
