//! Identifiers of ISO 15740, as newtypes so that no call has three bare integers.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u32);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// Chosen by the Initiator for each transaction, echoed in data, response and capture events.
    #[doc(alias = "TransactionID")]
    TransactionId;
    /// Chosen by the Initiator when it opens a session. Cameras accept 0 and 1.
    #[doc(alias = "SessionID")]
    SessionId;
    /// A store of the camera; `0x10000001` is the only one seen in phone mode.
    #[doc(alias = "StorageID")]
    StorageId;
    /// An object on the card. In phone modes 1..=N, and it shifts when objects come and go.
    ObjectHandle;
}
