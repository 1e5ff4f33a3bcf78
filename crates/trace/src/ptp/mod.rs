//! From bytes in order to packets of the protocol, transactions, and words.

pub(crate) mod fields;
pub(crate) mod frame;
pub(crate) mod judge;
pub(crate) mod pair;
pub(crate) mod words;

pub use frame::KEPT_BYTES;
pub use pair::MOST_OPEN;
