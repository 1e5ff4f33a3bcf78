//! The rules themselves: what the fact sheet says of the wire.

use filmwire_codec::code::Grade;

use crate::record::Side;

/// Something the fact sheet says that a client or a camera does or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name for programs; it stays the same.
    pub code: &'static str,
    /// Who keeps it, or breaks it.
    pub by: Side,
    /// Section of the fact sheet on Wi-Fi.
    pub section: &'static str,
    /// How sure the fact sheet is.
    pub grade: Grade,
    /// What is right, in a sentence.
    pub says: &'static str,
}

macro_rules! rules {
    ($($name:ident = $code:literal, $by:ident, $section:literal, $grade:ident, $says:literal;)*) => {
        $(pub(super) const $name: &Rule = &Rule {
            code: $code,
            by: Side::$by,
            section: $section,
            grade: Grade::$grade,
            says: $says,
        };)*

        /// Every rule whose breach is called out: those of clients first, in the order of a session.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    INIT_FIRST = "init-first", Client, "2", A, "a client's first packet is an init request";
    INIT_LENGTH = "init-length", Client, "2.1", A, "an init request has 82 bytes";
    INIT_CONSTANT = "init-constant", Client, "2.1", A, "the third word of an init request is 0x8F53E4F2";
    INIT_NAME = "init-name", Client, "2.1", A, "the client's name has at most 26 characters and a zero behind them";
    EARLY_COMMAND = "early-command", Client, "4.3", A, "commands come after the ack";
    EARLY_OPEN = "early-open", Client, "1.4", B, "OpenSession comes 50 ms after the ack or later: some bodies do not answer it sooner";
    NO_OPEN = "no-open", Client, "4.3", A, "OpenSession comes before other operations";
    OPEN_ID = "open-id", Client, "3.3", A, "transaction ids of a connection begin with 0 or 1";
    ID_ORDER = "id-order", Client, "3.3", A, "transaction ids grow by one";
    ID_RESERVED = "id-reserved", Client, "3.3", A, "transaction id 0xFFFFFFFF is not used";
    SECOND_COMMAND = "second-command", Client, "3.2", A, "a command comes after the response to the one before, or long after there was none";
    PARAM_COUNT = "param-count", Client, "5", A, "a command has as many parameters as its operation";
    DATA_CODE = "data-code", Client, "3.2", C, "the client's data has the code of its operation";
    DATA_ID = "data-id", Client, "3.2", A, "the client's data has the id of its command";
    DATA_MISSING = "data-missing", Client, "3.2", A, "SetDevicePropValue is followed by its data";
    DATA_UNASKED = "data-unasked", Client, "3.2", A, "only commands of writing operations are followed by data, and by one container";
    VALUE_SIZE = "value-size", Client, "3.2", A, "a value is written in its property's exact size";
    VERSION_BEFORE_MODE = "version-before-mode", Client, "4.2", B, "0xDF01 is written before a version";
    VERSION_TOO_LOW = "version-too-low", Client, "4.2", A, "no version is written below what the camera reports";
    REMOTE_MODE = "remote-mode", Client, "4.12", A, "0xDF01 is 5, or 22 with the new app, when the remote function is started";
    REMOTE_VERSION = "remote-version", Client, "4.12", A, "0xDF24, or 0xDF2A with the new app, is written before the remote function is started";
    REMOTE_FIRST = "remote-first", Client, "5", A, "shooting operations need the remote function to run";
    GALLERY_FIRST = "gallery-first", Client, "4.7", B, "0xDF01 becomes 11 after the remote function was started and ended";
    TERMINATE_ID = "terminate-id", Client, "3.3", A, "what ends a function names the transaction that started it";
    STEP_VALUE = "step-value", Client, "5.2", A, "a step is 1 or 0";
    FOCUS_AGAIN = "focus-again", Client, "8.3", B, "focus is released before its point moves";
    PREVIEW_SKIPPED = "preview-skipped", Client, "8.2", A, "the preview is fetched before the next picture is taken";
    INFO_BEFORE_THUMB = "info-before-thumb", Client, "5.1", A, "GetThumb comes after GetObjectInfo of the same object where 0xDF24 reads above 0x20006";
    PIECE_SIZE = "piece-size", Client, "9.3", A, "a piece has at most 1 MiB: larger ones were never tried over Wi-Fi";
    AFTER_CLOSE = "after-close", Client, "9.6", A, "nothing but the goodbye follows CloseSession";
    AFTER_GOODBYE = "after-goodbye", Client, "9.6", A, "no command follows the goodbye";
    GOODBYE_MISSING = "goodbye-missing", Client, "9.6", A, "a client says goodbye before it closes the connection";
    SIDE_SPEECH = "side-speech", Client, "1.3", A, "the client says nothing where events and live view come";

    ACK_LENGTH = "ack-length", Camera, "2.2", A, "an init ack has 68 bytes";
    ACK_NUMBER = "ack-number", Camera, "2.2", A, "the connection number of an init ack is 0";
    ACK_GUID = "ack-guid", Camera, "2.2", A, "all cameras have one and the same GUID";
    ANSWER_UNASKED = "answer-unasked", Camera, "3.3", A, "data and responses have the id of a command";
    SECOND_RESPONSE = "second-response", Camera, "3.2", A, "a command has one response";
    CAMERA_DATA_CODE = "camera-data-code", Camera, "3.1", A, "the camera's data has the code of its operation";
    CAMERA_DATA_MISSING = "camera-data-missing", Camera, "3.2", A, "a reading operation has a data container before its response, if an empty one";
    CAMERA_DATA_UNASKED = "camera-data-unasked", Camera, "3.2", A, "only reading operations are answered with data, and with one container";
    PIECE_COUNT = "piece-count", Camera, "9.3", A, "the one parameter of GetPartialObject's response is the number of bytes sent";
    PIECE_LONGER = "piece-longer", Camera, "5.1", A, "a piece is no longer than was asked for";
    STATE_SIZE = "state-size", Camera, "12.2", A, "0xDF00 and 0xDF01 are read as two bytes";
    VERSION_SIZE = "version-size", Camera, "4.2", A, "a version is read as four bytes, or as none";
    BROKEN_OBJECT_INFO = "broken-object-info", Camera, "5.3", A, "an ObjectInfo has the standard's form";
    BROKEN_STATE_LIST = "broken-state-list", Camera, "6.1", A, "0xD212 is a count and so many codes with values";
    BROKEN_CAPABILITIES = "broken-capabilities", Camera, "6.2", A, "0x902B gives a count and so many descriptors with their lengths";
    THUMB_JPEG = "thumb-jpeg", Camera, "5.1", A, "a thumbnail is a bare JPEG";
    PREVIEW_JPEG = "preview-jpeg", Camera, "8.2", A, "a preview is a JPEG from its first byte on";
    PREVIEW_SIZE = "preview-size", Camera, "7", A, "parameter 2 of event 0xC001 is the size of the preview";
    EVENT_SESSION = "event-session", Camera, "7", A, "the third word of an event is 1";
    EVENT_REPEAT = "event-repeat", Camera, "7", A, "parameter 1 of an event repeats its transaction id";
    EVENT_ORDER = "event-order", Camera, "8.2", A, "of a picture 0xC004 comes before 0xC001";
    FRAME_JPEG = "frame-jpeg", Camera, "8.6", A, "a packet of live view is a JPEG from byte 18 on, unless it tells of extra bytes";
}
