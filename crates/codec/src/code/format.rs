//! Object format codes.

use super::codes;

codes! {
    /// What kind of object a handle names. Source: ISO 15740; the fact sheet's section 5.3.
    pub struct ObjectFormatCode(u16) {
        UNDEFINED = 0x3000, "Undefined", B, "ISO 15740", "Undefined.";
        ASSOCIATION = 0x3001, "Association", B, "ISO 15740", "An object that groups objects.";
        SCRIPT = 0x3002, "Script", C, "ISO 15740", "A script.";
        DPOF = 0x3006, "DPOF", C, "ISO 15740", "A print order.";
        MOV = 0x300D, "QuickTime", A, "ISO 15740; films in phone modes", "A film in a QuickTime container.";
        EXIF_JPEG = 0x3801, "EXIF/JPEG", A, "log:XT4, hkr", "A JPEG with Exif.";
        TIFF = 0x380D, "TIFF", C, "ISO 15740", "A TIFF.";
        SETTINGS_BACKUP = 0x5000, "SettingsBackup", B, "libfuji over USB", "The camera's settings.";
        RAF = 0xB103, "RAF", A, "USB DeviceInfo of an X-H1", "Fujifilm's raw file; not listed in phone modes.";
        THUMB_JPEG = 0xB901, "ThumbJPEG", A, "hkr on X-T10", "ThumbFormat of an X-T10.";
        MP4 = 0xB982, "MP4", C, "MTP", "A film in an MP4 container.";
        RAW_CONVERSION = 0xF802, "RawConversion", B, "libfuji over USB", "A file sent for raw conversion.";
    }
}
