//! Operation codes.

use super::codes;

codes! {
    /// What the Initiator asks for. Source: ISO 15740, and the fact sheet's sections 5.1 and 5.2.
    pub struct OperationCode(u16) {
        GET_DEVICE_INFO = 0x1001, "GetDeviceInfo", A, "ISO 15740; gp2 on X-T4: empty in phone mode", "Reads the DeviceInfo dataset; empty in phone mode.";
        OPEN_SESSION = 0x1002, "OpenSession", A, "ISO 15740; all logs", "Opens the session; ids 0 and 1 are accepted.";
        CLOSE_SESSION = 0x1003, "CloseSession", A, "ISO 15740; hkr, libfuji", "Closes the session, before the goodbye.";
        GET_STORAGE_IDS = 0x1004, "GetStorageIDs", A, "ISO 15740; log:XT2", "Lists the stores.";
        GET_STORAGE_INFO = 0x1005, "GetStorageInfo", B, "ISO 15740; not used in phone mode", "Reads a StorageInfo dataset.";
        GET_NUM_OBJECTS = 0x1006, "GetNumObjects", B, "ISO 15740; not used in phone mode", "Counts objects.";
        GET_OBJECT_HANDLES = 0x1007, "GetObjectHandles", B, "ISO 15740; wireless tether, libfuji", "Lists object handles.";
        GET_OBJECT_INFO = 0x1008, "GetObjectInfo", A, "ISO 15740; log:XT4, hkr", "Reads an ObjectInfo dataset; newer bodies want it before GetThumb.";
        GET_OBJECT = 0x1009, "GetObject", B, "ISO 15740; nobody uses it for card files over Wi-Fi", "Reads a whole object.";
        GET_THUMB = 0x100A, "GetThumb", A, "ISO 15740; log:XT4", "Reads a bare JPEG thumbnail.";
        DELETE_OBJECT = 0x100B, "DeleteObject", B, "ISO 15740; wireless tether, libfuji", "Deletes an object.";
        SEND_OBJECT_INFO = 0x100C, "SendObjectInfo", B, "ISO 15740; libfuji over USB", "Announces an object to be sent.";
        SEND_OBJECT = 0x100D, "SendObject", B, "ISO 15740; libfuji over USB", "Sends an object.";
        INITIATE_CAPTURE = 0x100E, "InitiateCapture", A, "ISO 15740; hkr, ptp-ip, gp2", "Releases the shutter.";
        FORMAT_STORE = 0x100F, "FormatStore", C, "ISO 15740; listed by an X-H1 over USB", "Formats a store; never offered.";
        RESET_DEVICE = 0x1010, "ResetDevice", C, "ISO 15740", "Resets the camera; never offered.";
        GET_DEVICE_PROP_DESC = 0x1014, "GetDevicePropDesc", A, "ISO 15740; ptp-ip, gp2", "Reads a property's descriptor.";
        GET_DEVICE_PROP_VALUE = 0x1015, "GetDevicePropValue", A, "ISO 15740; all logs", "Reads a property; an unknown one is empty and OK.";
        SET_DEVICE_PROP_VALUE = 0x1016, "SetDevicePropValue", A, "ISO 15740; all logs", "Writes a property with its exact size.";
        RESET_DEVICE_PROP_VALUE = 0x1017, "ResetDevicePropValue", C, "ISO 15740; listed by an X-H1 over USB", "Resets a property.";
        TERMINATE_OPEN_CAPTURE = 0x1018, "TerminateOpenCapture", A, "ISO 15740; log:XT4, log:XT5", "Ends the remote function; parameter is the id of the 0x101C.";
        GET_PARTIAL_OBJECT = 0x101B, "GetPartialObject", A, "ISO 15740; log:XT4, hkr", "Reads part of an object; the response tells the bytes sent.";
        INITIATE_OPEN_CAPTURE = 0x101C, "InitiateOpenCapture", A, "ISO 15740; all remote clients", "Starts the remote function and opens 55741 and 55742.";
        SEND_OBJECT_INFO_VARIANT = 0x900C, "FujiSendObjectInfo", B, "libfuji over USB", "Announces a special file; never offered.";
        SEND_OBJECT_VARIANT = 0x900D, "FujiSendObject", B, "libfuji over USB", "Sends a file for raw conversion.";
        SEND_OBJECT_UPDATER = 0x901D, "FujiSendObjectUpdater", B, "libfuji over USB, old updater", "Sends a firmware file; never offered.";
        INITIATE_MOVIE_CAPTURE = 0x9020, "InitiateMovieCapture", A, "hkr, libfuji", "Starts a movie.";
        TERMINATE_MOVIE_CAPTURE = 0x9021, "TerminateMovieCapture", A, "hkr, libfuji", "Ends a movie; parameter is the id of the 0x9020.";
        GET_CAPTURE_PREVIEW = 0x9022, "GetCapturePreview", A, "hkr, ptp-ip, gp2", "Reads the preview of the last picture; mandatory after a capture.";
        STEP_ZOOM = 0x9023, "StepZoom", C, "libfuji, name only", "Moves a power zoom by a step.";
        START_ZOOM = 0x9024, "StartZoom", C, "libfuji, name only", "Starts a power zoom.";
        STOP_ZOOM = 0x9025, "StopZoom", C, "libfuji, name only", "Stops a power zoom.";
        LOCK_S1_LOCK = 0x9026, "LockS1Lock", A, "hkr, ptp-ip", "Sets the focus point and locks focus.";
        UNLOCK_S1_LOCK = 0x9027, "UnlockS1Lock", A, "hkr, ptp-ip", "Releases the focus lock.";
        GET_CAPABILITIES = 0x902B, "GetCapabilities", A, "hkr, ptp-ip, gp2, log:XT4", "Lists property descriptors and initialises them.";
        STEP_SHUTTER_SPEED = 0x902C, "StepShutterSpeed", A, "hkr, libfuji", "Steps the shutter speed: 1 up, 0 down.";
        STEP_F_NUMBER = 0x902D, "StepFNumber", A, "hkr, libfuji", "Steps the F-number: 1 up, 0 down.";
        STEP_EXPOSURE_BIAS = 0x902E, "StepExposureBias", A, "hkr, libfuji", "Steps the exposure bias: 1 up, 0 down.";
        CANCEL_INITIATE_CAPTURE = 0x9030, "CancelInitiateCapture", C, "libfuji, name only", "Cancels a capture.";
        FM_SEND_OBJECT_INFO = 0x9040, "FmSendObjectInfo", C, "libfuji, name only", "Firmware transfer; never offered.";
        FM_SEND_OBJECT = 0x9041, "FmSendObject", C, "libfuji, name only", "Firmware transfer; never offered.";
        FM_SEND_PARTIAL_OBJECT = 0x9042, "FmSendPartialObject", C, "libfuji, name only", "Firmware transfer; never offered.";
        GET_IMAGE_IMPORT_FOLDERS = 0x9050, "GetImageImportFolders", B, "libfuji", "Newer app; payload unknown.";
        UNKNOWN_9051 = 0x9051, "UNKNOWN_9051", C, "third party: set search mode", "Newer app; payload unknown.";
        UNKNOWN_9052 = 0x9052, "UNKNOWN_9052", C, "third party: get search mode", "Newer app; payload unknown.";
        GET_IMAGE_IMPORT_DATES = 0x9053, "GetImageImportDates", B, "libfuji", "Newer app; payload unknown.";
        GET_EXTENSION_OBJECT_INFO = 0x9054, "GetExtensionObjectInfo", B, "libfuji", "Newer app; payload unknown.";
        GET_EXTENSION_THUMB = 0x9055, "GetExtensionThumb", B, "libfuji", "Newer app; payload unknown.";
        GET_EXTENSION_PARTIAL_OBJECT = 0x9056, "GetExtensionPartialObject", C, "libfuji, name only", "Newer app; payload unknown.";
        UNKNOWN_9060 = 0x9060, "UNKNOWN_9060", C, "third party: set camera event", "Unknown.";
        GET_OBJECT_PROPS_SUPPORTED = 0x9801, "GetObjectPropsSupported", B, "MTP; USB list of every body", "Lists MTP object properties.";
        GET_OBJECT_PROP_DESC = 0x9802, "GetObjectPropDesc", B, "MTP; USB list of every body", "Describes an MTP object property.";
        GET_OBJECT_PROP_VALUE = 0x9803, "GetObjectPropValue", B, "MTP; USB list of every body", "Reads an MTP object property.";
        SET_OBJECT_PROP_VALUE = 0x9804, "SetObjectPropValue", C, "MTP", "Writes an MTP object property.";
        GET_OBJECT_PROP_LIST = 0x9805, "GetObjectPropList", B, "MTP; USB list of every body", "Lists MTP object property values.";
    }
}

/// Which way the data phase of an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataDirection {
    /// No data phase.
    None,
    /// From Responder to Initiator; comes, empty, even with an error.
    In,
    /// From Initiator to Responder, behind a command that does not mark it.
    Out,
}

impl OperationCode {
    /// The direction of the data phase; `None` for a code whose direction we do not know.
    ///
    /// Source: the fact sheet's sections 5.1 and 5.2. The command container does not tell.
    pub fn data_direction(self) -> Option<DataDirection> {
        let direction = match self {
            Self::SEND_OBJECT_INFO
            | Self::SEND_OBJECT
            | Self::SET_DEVICE_PROP_VALUE
            | Self::SEND_OBJECT_INFO_VARIANT
            | Self::SEND_OBJECT_VARIANT
            | Self::SEND_OBJECT_UPDATER
            | Self::FM_SEND_OBJECT_INFO
            | Self::FM_SEND_OBJECT
            | Self::FM_SEND_PARTIAL_OBJECT
            | Self::UNKNOWN_9060
            | Self::SET_OBJECT_PROP_VALUE => DataDirection::Out,
            Self::OPEN_SESSION
            | Self::CLOSE_SESSION
            | Self::GET_NUM_OBJECTS
            | Self::DELETE_OBJECT
            | Self::INITIATE_CAPTURE
            | Self::FORMAT_STORE
            | Self::RESET_DEVICE
            | Self::RESET_DEVICE_PROP_VALUE
            | Self::TERMINATE_OPEN_CAPTURE
            | Self::INITIATE_OPEN_CAPTURE
            | Self::INITIATE_MOVIE_CAPTURE
            | Self::TERMINATE_MOVIE_CAPTURE
            | Self::STEP_ZOOM
            | Self::START_ZOOM
            | Self::STOP_ZOOM
            | Self::LOCK_S1_LOCK
            | Self::UNLOCK_S1_LOCK
            | Self::STEP_SHUTTER_SPEED
            | Self::STEP_F_NUMBER
            | Self::STEP_EXPOSURE_BIAS
            | Self::CANCEL_INITIATE_CAPTURE => DataDirection::None,
            Self::GET_DEVICE_INFO
            | Self::GET_STORAGE_IDS
            | Self::GET_STORAGE_INFO
            | Self::GET_OBJECT_HANDLES
            | Self::GET_OBJECT_INFO
            | Self::GET_OBJECT
            | Self::GET_THUMB
            | Self::GET_DEVICE_PROP_DESC
            | Self::GET_DEVICE_PROP_VALUE
            | Self::GET_PARTIAL_OBJECT
            | Self::GET_CAPTURE_PREVIEW
            | Self::GET_CAPABILITIES
            | Self::GET_IMAGE_IMPORT_FOLDERS
            | Self::GET_IMAGE_IMPORT_DATES
            | Self::GET_EXTENSION_OBJECT_INFO
            | Self::GET_EXTENSION_THUMB
            | Self::GET_EXTENSION_PARTIAL_OBJECT
            | Self::GET_OBJECT_PROPS_SUPPORTED
            | Self::GET_OBJECT_PROP_DESC
            | Self::GET_OBJECT_PROP_VALUE
            | Self::GET_OBJECT_PROP_LIST => DataDirection::In,
            _ => return None,
        };
        Some(direction)
    }
}
