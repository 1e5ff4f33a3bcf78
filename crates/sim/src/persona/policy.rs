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
policy! {
    /// What a persona file was made from, best first.
    Faithful {
        /// A real log or printed bytes of this body, replayed or compared in the tests.
        Log,
        /// Values that a project's working code tells of this body.
        Code,
        /// A few facts of this body, the rest of one of its age.
        Class,
        /// Nothing of this body but its name, or chosen by us.
        Guess,
    }
}
policy! {
    /// What surplus parameters or bytes meet. An X-T1 ignores both (ptp-ip).
    Surplus {
        /// They are ignored.
        Ignore,
        /// The operation is refused: 0x201D for parameters, 0x201C for a value.
        Refuse,
        /// The operation is never answered.
        Silence,
    }
}
policy! {
    /// What OpenSession in an open session gives.
    SecondOpen {
        /// 0x201E.
        AlreadyOpen,
        /// OK, and the session goes on.
        Ok,
        /// No answer.
        Silence,
    }
}
policy! {
    /// What makes a picked picture give way to the next (fact sheet 4.5).
    PickedNext {
        /// Its last byte was sent.
        LastByte,
        /// Its last byte was sent in answer to a request for other than 0x100000 bytes (vcam).
        ShortPiece,
    }
}
policy! {
    /// What follows the last picked picture, at the next command.
    AfterPicked {
        /// The camera hangs up and is off the air until switched on again (libfuji).
        Off,
        /// The camera hangs up and takes the next client.
        Stay,
    }
}
policy! {
    /// How a capture that fails is told: without focus, with a full card. What real bodies do is
    /// unknown (fact sheet 12.1.6): chosen by us.
    FailureSignal {
        /// Answered OK; no events come, and D21B is not 0 until the next try.
        DeviceError,
        /// Answered OK, and no events come.
        NoEvents,
        /// Answered with 0x2019, as over USB (gp2).
        Busy,
    }
}
policy! {
    /// The sockets of events and live view. That leaving the remote function leaves them open is
    /// libfuji's word (fact sheet 8.6); it opens them once a session, and what a body does to one
    /// that opens them again is unknown.
    SideSockets {
        /// They outlive the remote function, and each port takes more at any time of the session.
        Many,
        /// They outlive the remote function; each port takes one in a session, then listens no more.
        Once,
        /// They end when the function is left (DF00 = 6), and the next 0x101C listens anew.
        Renewed,
        /// They end when the function is left, and no more are taken in that session.
        Lost,
    }
}
policy! {
    /// Size in ObjectInfo of an object past 32 bits; real bodies: unknown (fact sheet 12.1.9).
    HugeSize {
        /// 0xFFFFFFFF.
        Max,
        /// The low 32 bits.
        Wrap,
        /// 0.
        Zero,
    }
}
policy! {
    /// What the newer path's own operations answer: their payloads are unknown (fact sheet
    /// 12.1.8), so each of these is a guess.
    NewerAnswers {
        /// An empty data container and OK.
        EmptyOk,
        /// An empty data container and 0x2005.
        Refuse,
        /// No answer.
        Silence,
        /// A payload made up by us; the journal marks it.
        Guess,
    }
}
