//! What was wrong with bytes from the other side.

/// Bytes that could not be decoded: which field, at which byte, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} at byte {offset}: {problem}")]
pub struct DecodeError {
    /// The field being read, in the words of the standard.
    pub field: &'static str,
    /// Offset of the field in bytes, counted from the start of the decoded input.
    pub offset: usize,
    /// What was wrong with it.
    pub problem: Problem,
}

/// Why a field could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The input ended before the field did.
    #[error("needs {needed} bytes, {left} are left")]
    TooShort {
        /// Bytes the field takes.
        needed: usize,
        /// Bytes the input still had.
        left: usize,
    },
    /// A length or value that the protocol does not allow here.
    #[error("{found:#X} is not allowed here, expected {expected}")]
    Value {
        /// What was read.
        found: u64,
        /// What would have been right.
        expected: &'static str,
    },
    /// The camera announced another length than it sent.
    #[error("{announced} bytes announced, {actual} came")]
    Length {
        /// What the header or a parameter said.
        announced: u64,
        /// What was there.
        actual: u64,
    },
}
