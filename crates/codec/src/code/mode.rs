//! Values of the two state properties, and reasons of init fails.

use super::codes;

codes! {
    /// Value of property DF00: what the camera is ready for. Source: the fact sheet's section 4.1.
    pub struct CameraState(u16) {
        WAIT = 0x0000, "Wait", A, "libfuji, fudge", "The person at the camera has not granted access yet.";
        PICKED = 0x0001, "Picked", A, "hkr, libfuji", "Pictures were picked on the camera; loop on object 1.";
        FULL_ACCESS = 0x0002, "FullAccess", A, "libfuji, vcam", "Full access on a body without remote mode.";
        PC_AUTO_SAVE = 0x0003, "PcAutoSave", A, "FujiAutoSave on X-S10; libfuji, vcam", "PC AutoSave.";
        REMOTE = 0x0006, "Remote", A, "all logs", "Remote-capable body, everything available; written to fall back to neutral.";
        RECEIVE = 0x0008, "Receive", A, "hkr on X-T10", "Receive mode asked by the client.";
        REMOTE_IMAGE_VIEW = 0x000B, "RemoteImageView", A, "log:XT4, log:XT5", "Gallery inside a remote session.";
        NEW_APP = 0x0014, "NewApp", B, "libfuji", "Image view of the newer app.";
    }
}

codes! {
    /// Value written to property DF01: which function is wanted. Source: the fact sheet's section 4.1.
    pub struct FunctionMode(u16) {
        VIEW_PICKED = 0x0001, "ViewPicked", B, "libfuji", "Accept a camera-picked transfer.";
        VIEW_ALL = 0x0002, "ViewAll", A, "libfuji, vcam", "View all images.";
        OLD_REMOTE = 0x0003, "OldRemote", B, "libfuji for PC AutoSave; ptp-ip", "PC AutoSave; remote does not finish with it.";
        UNKNOWN_4 = 0x0004, "UNKNOWN_4", C, "ptp-ip on X-T1: no prompt appears", "Unknown.";
        REMOTE = 0x0005, "Remote", A, "hkr, ptp-ip, gp2, libfuji, logs", "Remote shooting.";
        UNKNOWN_6 = 0x0006, "UNKNOWN_6", C, "a gap in the known numbers", "Unknown.";
        CLIENT_ERROR = 0x0007, "ClientError", C, "libfuji", "The client has an error.";
        RECEIVE = 0x0008, "Receive", A, "hkr, libfuji", "Client asks, the person then picks on the camera.";
        VIEW_IN_CAMERA = 0x0009, "ViewInCamera", C, "libfuji", "View images in the camera.";
        GPS_ASSIST = 0x000A, "GpsAssist", A, "hkr, libfuji", "Location from the client.";
        REMOTE_IMAGE_VIEW = 0x000B, "RemoteImageView", A, "libfuji, logs", "Gallery inside a remote session.";
        SET_GPS = 0x0011, "SetGps", C, "libfuji, untested", "Set a location.";
        LIMITED_TRANSMISSION = 0x0012, "LimitedTransmission", C, "libfuji", "Limited image transmission.";
        FIRMWARE_TRANSFER = 0x0013, "FirmwareTransfer", C, "libfuji", "Firmware; never offered.";
        NEW_APP_VIEW = 0x0014, "NewAppView", B, "libfuji", "Image view of the newer app.";
        RESERVED_RECEIVE_2 = 0x0015, "ReservedReceive2", C, "third party only", "Reserved photo receive 2.0.";
        NEW_APP_LIVE_VIEW = 0x0016, "NewAppLiveView", B, "libfuji", "Live view of the newer app.";
    }
}

codes! {
    /// Why an init was refused. Source: the fact sheet's section 2.3.
    pub struct InitFailReason(u32) {
        DEVICE_BUSY = 0x2019, "DeviceBusy", A, "ptp-ip, hkr", "Busy: another client name is stored, or the search timed out.";
        INVALID_PARAMETER = 0x201D, "InvalidParameter", A, "ptp-ip", "The protocol constant is wrong.";
    }
}
