//! Response codes.

use super::codes;

codes! {
    /// The Responder's answer. Source: ISO 15740, and the fact sheet's section 3.5.
    pub struct ResponseCode(u16) {
        UNDEFINED = 0x2000, "Undefined", C, "ISO 15740", "Undefined.";
        OK = 0x2001, "OK", A, "all logs", "Done.";
        GENERAL_ERROR = 0x2002, "GeneralError", B, "ISO 15740", "Failed without a better word.";
        SESSION_NOT_OPEN = 0x2003, "SessionNotOpen", B, "ISO 15740", "OpenSession must come first.";
        INVALID_TRANSACTION_ID = 0x2004, "InvalidTransactionID", C, "ISO 15740", "Transaction id refused.";
        OPERATION_NOT_SUPPORTED = 0x2005, "OperationNotSupported", B, "ISO 15740", "The Responder does not know the operation.";
        PARAMETER_NOT_SUPPORTED = 0x2006, "ParameterNotSupported", C, "ISO 15740", "A parameter is not supported.";
        INCOMPLETE_TRANSFER = 0x2007, "IncompleteTransfer", C, "ISO 15740", "The data phase was cut short.";
        INVALID_STORAGE_ID = 0x2008, "InvalidStorageID", B, "ISO 15740", "No such store.";
        INVALID_OBJECT_HANDLE = 0x2009, "InvalidObjectHandle", A, "log:XT4, log:XT5", "No such object.";
        DEVICE_PROP_NOT_SUPPORTED = 0x200A, "DevicePropNotSupported", B, "USB; vcam for unknown sets", "No such property.";
        INVALID_OBJECT_FORMAT_CODE = 0x200B, "InvalidObjectFormatCode", C, "ISO 15740", "Format refused.";
        STORE_FULL = 0x200C, "StoreFull", C, "ISO 15740", "The card is full.";
        OBJECT_WRITE_PROTECTED = 0x200D, "ObjectWriteProtected", C, "ISO 15740", "The object is protected.";
        STORE_READ_ONLY = 0x200E, "StoreReadOnly", C, "ISO 15740", "The store is read-only.";
        ACCESS_DENIED = 0x200F, "AccessDenied", B, "ISO 15740; our simulator's guard", "Not allowed.";
        NO_THUMBNAIL_PRESENT = 0x2010, "NoThumbnailPresent", B, "vcam in PC AutoSave", "The object has no thumbnail.";
        STORE_NOT_AVAILABLE = 0x2013, "StoreNotAvailable", C, "ISO 15740", "The store is not available.";
        SPECIFICATION_BY_FORMAT_UNSUPPORTED = 0x2014, "SpecificationByFormatUnsupported", C, "ISO 15740", "Cannot filter by format.";

        CAPTURE_ALREADY_TERMINATED = 0x2018, "CaptureAlreadyTerminated", C, "libpict, name only", "The capture had ended before.";
        DEVICE_BUSY = 0x2019, "DeviceBusy", A, "hkr, ptp-ip, libfuji", "Busy: init refused, a menu is open, or no focus.";
        INVALID_PARENT_OBJECT = 0x201A, "InvalidParentObject", C, "ISO 15740", "No such association.";
        INVALID_DEVICE_PROP_FORMAT = 0x201B, "InvalidDevicePropFormat", C, "ISO 15740", "Value of the wrong form.";
        INVALID_DEVICE_PROP_VALUE = 0x201C, "InvalidDevicePropValue", C, "ISO 15740", "Value refused.";
        INVALID_PARAMETER = 0x201D, "InvalidParameter", A, "ptp-ip", "A parameter or the protocol constant is wrong.";
        SESSION_ALREADY_OPEN = 0x201E, "SessionAlreadyOpen", B, "libfuji", "Counts as success of OpenSession.";
        TRANSACTION_CANCELLED = 0x201F, "TransactionCancelled", C, "ISO 15740", "Cancelled.";
    }
}
