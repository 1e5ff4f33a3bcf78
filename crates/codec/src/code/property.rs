//! Device property codes.

use super::codes;

codes! {
    /// A setting or state of the camera. Source: the fact sheet's sections 4.2, 6.3 and 6.5.
    ///
    /// The meanings are those over Wi-Fi; over USB several of these codes mean something else.
    pub struct DevicePropCode(u16) {
        BATTERY_LEVEL = 0x5001, "BatteryLevel", A, "ptp-ip on X-T1", "Battery of an X-T1: 0..3.";
        IMAGE_SIZE = 0x5003, "ImageSize", A, "ptp-ip on X-T1: stale memory", "Image size as text.";
        WHITE_BALANCE = 0x5005, "WhiteBalance", A, "hkr, ptp-ip", "White balance.";
        F_NUMBER = 0x5007, "FNumber", A, "hkr, logs", "F-number times 100; 0 auto, 0xFFFF not available.";
        FOCUS_MODE = 0x500A, "FocusMode", A, "hkr, logs", "1 manual, 0x8001 AF-S, 0x8002 AF-C.";
        FLASH_MODE = 0x500C, "FlashMode", A, "hkr, logs", "Flash mode.";
        EXPOSURE_TIME = 0x500D, "ExposureTime", A, "ptp-ip on X-T1: placeholder", "Exposure time.";
        EXPOSURE_PROGRAM = 0x500E, "ExposureProgramMode", A, "hkr, logs", "1 manual, 2 program, 3 aperture, 4 shutter priority, 6 auto.";
        EXPOSURE_BIAS = 0x5010, "ExposureBiasCompensation", A, "hkr, logs", "Exposure bias in milli-EV, signed.";
        SELF_TIMER = 0x5012, "CaptureDelay", A, "hkr, logs", "Self-timer.";
        FILM_SIMULATION = 0xD001, "FilmSimulation", A, "hkr, ptp-ip", "Film simulation.";
        IMAGE_QUALITY = 0xD018, "ImageQuality", A, "hkr, ptp-ip, logs", "RAW, Fine, Normal and their sums.";
        MOVIE_BUTTON = 0xD019, "MovieButton", A, "ptp-ip", "1 if a movie may be started.";
        UNKNOWN_D01D = 0xD01D, "UNKNOWN_D01D", C, "ptp-ip on X-T1; macro in gp2", "Unknown.";
        COMMAND_DIAL = 0xD028, "CommandDial", A, "hkr, ptp-ip, logs", "Which of aperture and shutter can still move.";
        ISO = 0xD02A, "ISO", A, "hkr, logs", "ISO; bit 31 auto limit, bit 30 extended.";
        MOVIE_ISO = 0xD02B, "MovieISO", A, "logs", "Movie ISO.";
        USB_MODE = 0xD16E, "USBMode", B, "libfuji", "5 tether, 6 raw conversion, 8 webcam.";
        ZOOM_POSITION = 0xD170, "ZoomPosition", A, "ptp-ip on X-T1", "Lens zoom position.";
        LIVE_VIEW_QUALITY = 0xD173, "LiveViewQuality", B, "USB", "Live view quality.";
        LIVE_VIEW_SIZE = 0xD174, "LiveViewSize", B, "ptp-ip on X-T1; USB", "Live view size.";
        FOCUS_POINT = 0xD17C, "FocusPoint", A, "hkr, logs", "Row, column, 2, 3 from the low byte.";
        PRIORITY_MODE = 0xD207, "PriorityMode", B, "gp2, libfuji, over USB; gp2 writes 1 when it leaves", "Over USB: who has control, 1 camera, 2 computer.";
        FOCUS_LOCK = 0xD209, "FocusLock", A, "hkr, ptp-ip, logs", "1 when focus is locked.";
        FREE_SDRAM_IMAGES = 0xD20E, "FreeSDRAMImages", B, "libfuji, tether", "A new picture waits.";
        CURRENT_STATE = 0xD212, "CurrentState", A, "all clients", "List of changed code and value pairs.";
        DEVICE_ERROR = 0xD21B, "DeviceError", A, "ptp-ip, logs", "0 is fine.";
        UNKNOWN_D21C = 0xD21C, "UNKNOWN_D21C", C, "USB only", "Unknown.";
        SELECTED_IMAGES_MODE = 0xD220, "SelectedImagesMode", A, "logs; name by libfuji", "1 in every start list.";
        OBJECT_COUNT = 0xD222, "ObjectCount", A, "logs", "Number of objects.";
        UNKNOWN_D224 = 0xD224, "UNKNOWN_D224", C, "named among the properties, no details", "Unknown.";
        RESIZE = 0xD226, "Resize", A, "hkr, libfuji", "1: the camera resizes what is fetched.";
        REAL_FILE_SIZE = 0xD227, "RealFileSize", A, "hkr, libfuji", "1: ObjectInfo tells true sizes.";
        AUTO_SAVE_PROGRESS = 0xD228, "AutoSaveProgress", A, "FujiAutoSave on X-S10; libfuji (bytes)", "Progress text of PC AutoSave.";
        PICTURES_REMAINING = 0xD229, "PicturesRemaining", A, "ptp-ip, logs", "Pictures that still fit.";
        MOVIE_SECONDS_REMAINING = 0xD22A, "MovieSecondsRemaining", C, "logs; unit by magnitude", "Seconds of film that still fit.";
        UNKNOWN_D22B = 0xD22B, "UNKNOWN_D22B", C, "libfuji reads it; third party: current handle", "Newer app.";
        UNKNOWN_D22E = 0xD22E, "UNKNOWN_D22E", C, "third party: resized size", "Newer app.";
        PARTIAL_SIZE = 0xD235, "PartialSize", C, "fudge read it; empty on X-T2", "Compression cut-off.";
        SHUTTER_SPEED = 0xD240, "ShutterSpeed", A, "hkr, logs", "Bit 31: 1 over thousandths; else milliseconds.";
        IMAGE_ASPECT = 0xD241, "ImageAspect", A, "hkr, logs", "Size and aspect.";
        BATTERY = 0xD242, "Battery", A, "hkr, logs", "Battery in steps.";
        SLOT = 0xD244, "Slot", B, "libfuji", "Storage or slot id.";
        UNKNOWN_D245 = 0xD245, "UNKNOWN_D245", C, "0x902B of X-T4", "Unknown.";
        BATTERY_2 = 0xD246, "Battery2", C, "logs: equals D242", "Second battery value.";
        UNKNOWN_D400 = 0xD400, "UNKNOWN_D400", C, "logs", "1 in the start list, 0 when read.";
        OBJECT_COUNT_2 = 0xD401, "ObjectCount2", A, "logs", "Number of objects again.";
        INITIATOR_INFO = 0xD406, "InitiatorInfo", C, "MTP", "MTP initiator info; do not write.";
        PERCEIVED_DEVICE_TYPE = 0xD407, "PerceivedDeviceType", C, "MTP", "MTP perceived device type.";
        GEOLOCATION = 0xD500, "Geolocation", A, "hkr on X-T10", "Location text.";
        UNKNOWN_D52F = 0xD52F, "UNKNOWN_D52F", C, "logs", "1 on X-T2, X-T20, X-T4, X-T5; 0 on X-T1.";
        IMPORT_OBJECT_COUNT = 0xD620, "ImportObjectCount", B, "libfuji", "Newer app: object count.";
        IMPORT_OBJECT_HANDLES = 0xD621, "ImportObjectHandles", B, "libfuji", "Newer app: object handles.";
        CAMERA_STATE = 0xDF00, "CameraState", A, "all clients", "What the camera is ready for.";
        FUNCTION_MODE = 0xDF01, "FunctionMode", A, "all clients", "Which function the client wants.";
        RECEIVE_VERSION = 0xDF21, "ReceiveVersion", A, "logs", "Version of receiving images.";
        VIEW_VERSION = 0xDF22, "ViewVersion", A, "logs", "Version of the photo view.";
        AUTO_SAVE_VERSION = 0xDF23, "AutoSaveVersion", A, "logs", "Version of PC AutoSave.";
        REMOTE_VERSION = 0xDF24, "RemoteVersion", A, "logs", "Version of remote shooting.";
        REMOTE_VIEW_VERSION = 0xDF25, "RemoteViewVersion", A, "logs", "Version of the photo view in a remote session.";
        RESERVED_RECEIVE_VERSION = 0xDF26, "ReservedReceiveVersion", A, "log:XT4", "Version of reserved receive.";
        FIRMWARE_VERSION = 0xDF27, "FirmwareVersion", C, "third party, name only", "Version of firmware transfer.";
        EXTENDED_VIEW_VERSION = 0xDF28, "ExtendedViewVersion", A, "log:XT4, log:XT5", "Version of the newer app's photo view.";
        RESERVED_RECEIVE_2_VERSION = 0xDF29, "ReservedReceive2Version", C, "third party only", "Version of reserved receive 2.0.";
        EXTENDED_REMOTE_VERSION = 0xDF2A, "ExtendedRemoteVersion", B, "libfuji", "Version of the newer app's remote shooting.";
        GPS_VERSION = 0xDF31, "GpsVersion", A, "logs, ptp-ip", "Version of GPS assist.";
        UNKNOWN_DF44 = 0xDF44, "UNKNOWN_DF44", C, "empty on X-T20", "Unknown.";
    }
}

impl DevicePropCode {
    /// The version properties DF21 to DF31: what the camera speaks, and what the client writes back.
    pub fn is_version(self) -> bool {
        (0xDF21..=0xDF31).contains(&self.0)
    }
}
