//! What the Initiator tells its caller.

use filmwire_codec::init::InitAck;
use filmwire_codec::{DecodeError, InitFailReason, OperationCode, Response, TransactionId};

/// Something the caller must know; taken with [`crate::Initiator::poll_event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The camera said welcome. Transactions may be started; the first one waits for the pause.
    Registered(InitAck),
    /// The camera said not now. The same request goes out again by itself after the pause.
    Refused {
        /// Why.
        reason: InitFailReason,
        /// Which attempt was refused, from 1.
        attempt: u32,
    },
    /// The transaction ended, well or not; its response tells.
    Completed {
        /// Payload of the data phase towards us; empty if there was none.
        data: Vec<u8>,
        /// How it ended.
        response: Response,
    },
    /// Nothing came for the transaction's time. A late answer is thrown away; the caller decides
    /// whether to ask again or to give the session up.
    Silent {
        /// The operation that was not answered.
        operation: OperationCode,
        /// Its transaction.
        transaction: TransactionId,
    },
    /// Nothing came for the init request's time. The connection is of no use.
    InitSilent,
    /// The camera sent what the protocol does not allow. The connection is of no use.
    Broken(Fault),
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A packet or header could not be decoded.
    #[error("the camera sent a packet that cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// The eight bytes that mean error or busy (the fact sheet's section 2.3).
    #[error("the camera said goodbye: it is busy or has an error")]
    Goodbye,
    /// A container that does not belong to the running transaction.
    #[error(
        "the camera sent a container of type {kind} for transaction {found}, expected transaction {expected}"
    )]
    Unexpected {
        /// Its container type.
        kind: u16,
        /// Its transaction id.
        found: u32,
        /// The running one.
        expected: u32,
    },
    /// A container longer than the operation can justify.
    #[error("the camera announced {announced} bytes, at most {allowed} make sense here")]
    TooLong {
        /// What its header said.
        announced: u64,
        /// What the caller allowed.
        allowed: u64,
    },
    /// A container came while nothing was asked.
    #[error("the camera sent {0} bytes unasked")]
    Unasked(usize),
}
