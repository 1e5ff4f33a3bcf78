//! The choices a persona makes.

use serde::{Deserialize, Serialize};

macro_rules! policy {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }
    };
}

policy! {
    /// How the body behaves until OK is pressed, by generation (fact sheet 2.4).
    OkPolicy {
        /// The client is known: nothing to press.
        None,
        /// Init fails with 0x2019 and the connection stays open.
        InitFail,
        /// D212 reports DF00 = 0.
        StateWait,
        /// The reply to the write of DF01 is held back.
        HeldReply,
    }
}
policy! {
    /// What a second client meets. What real bodies do is unknown (fact sheet 12.1.11): chosen by us.
    SecondClient {
        /// Connected, and answered once the first has left.
        Wait,
        /// Connected and never answered.
        Ignore,
        /// Closed at once.
        Refuse,
    }
}
policy! {
    /// What a version below the body's own does. The camera shows "previous version"; what it
    /// answers is unknown (fact sheet 12.1.10): chosen by us.
    VersionTooLow {
        /// Taken as it is.
        Accept,
        /// Answered OK, but the function never starts: 0x101C is busy, the gallery stays shut.
        NoFunction,
        /// Never answered, and nothing after it.
        Silence,
        /// Answered with 0x200F.
        AccessDenied,
    }
}
policy! {
    /// What property writes in the wrong order do.
    WrongOrder {
        /// Nothing.
        Accept,
        /// The write is never answered, and nothing after it.
        Silence,
        /// The write is answered OK, the next write never, and nothing after it (log:XT20).
        DeadAtNextWrite,
    }
}
policy! {
    /// What reading a shooting setting by 0x1015 gives.
    SettingReads {
        /// Zeros, as an X-T1 does in remote mode.
        Zero,
        /// The value.
        Value,
    }
}
policy! {
    /// What reading an unknown property gives.
    UnknownRead {
        /// An empty data container and OK (log:XT2, log:XT20).
        EmptyOk,
        /// An empty data container and 0x200A, as over USB.
        NotSupported,
    }
}
policy! {
    /// Which object is handle 1.
    HandleOrder {
        /// The newest.
        NewestFirst,
        /// The oldest.
        OldestFirst,
    }
}
policy! {
    /// What GetDeviceInfo answers.
    DeviceInfoPolicy {
        /// An empty data container and OK (gp2 on X-T4).
        Empty,
        /// The standard dataset.
        Standard,
    }
}
