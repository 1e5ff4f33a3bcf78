//! Event codes.

use super::codes;

codes! {
    /// What the Responder tells unasked, on TCP 55741. Source: the fact sheet's section 7.
    pub struct EventCode(u16) {
        OBJECT_ADDED = 0x4002, "ObjectAdded", C, "USB event list of an X-H1", "An object came.";
        OBJECT_REMOVED = 0x4003, "ObjectRemoved", C, "USB event list of an X-H1", "An object went.";
        STORE_ADDED = 0x4004, "StoreAdded", C, "USB event list of an X-H1", "A store came.";
        STORE_REMOVED = 0x4005, "StoreRemoved", C, "USB event list of an X-H1", "A store went.";
        DEVICE_PROP_CHANGED = 0x4006, "DevicePropChanged", C, "ISO 15740; USB", "A property changed.";
        CAPTURE_COMPLETE = 0x400D, "CaptureComplete", A, "hkr, ptp-ip", "The capture ended; comes after the preview was fetched.";
        PREVIEW_AVAILABLE = 0xC001, "PreviewAvailable", A, "hkr, ptp-ip", "Parameter 2 is the size of the preview in bytes.";
        FUJI_OBJECT_ADDED = 0xC004, "FujiObjectAdded", A, "hkr, ptp-ip", "A picture was taken; there is no handle.";
        UNKNOWN_C006 = 0xC006, "UNKNOWN_C006", C, "USB event list of an X-H1", "Unknown.";
    }
}
