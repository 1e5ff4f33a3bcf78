//! Where input is collected: a small buffer for headers, and the payload being filled.
//!
//! Payload bytes are read straight into the vector the caller gets, so that a piece of 1 MiB is
//! not copied. Nothing is reserved beyond what the caller allowed for the transaction.

use bytes::BufMut;
use bytes::buf::Limit;

use filmwire_codec::container::{ContainerHeader, HEADER_BYTES};
use filmwire_codec::init::{GOODBYE, INIT_FAIL_BYTES};

use crate::event::Fault;

/// Headers and small containers are read in one go up to this many bytes.
const STAGING_BYTES: usize = 4096;
/// How far a payload may be overread, so that the response comes with its last bytes.
const OVERREAD_BYTES: usize = 64;
/// Longest init answer that makes sense; the real ones have 12 and 68 bytes.
const MOST_INIT_BYTES: usize = 256;

/// Input not yet made into containers.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    staging: Vec<u8>,
    filling: Option<Filling>,
    skip_bytes: usize,
}

#[derive(Debug)]
struct Filling {
    header: ContainerHeader,
    payload: Vec<u8>,
}

impl Inbox {
    /// Space for the next read; whatever was put there is then told by [`Inbox::received`].
    pub(crate) fn space(&mut self) -> Limit<&mut Vec<u8>> {
        match &mut self.filling {
            Some(filling) => {
                let left = filling.header.payload_bytes().saturating_sub(filling.payload.len());
                (&mut filling.payload).limit(left + OVERREAD_BYTES)
            }
            None => {
                self.staging.reserve(STAGING_BYTES);
                (&mut self.staging).limit(STAGING_BYTES)
            }
        }
    }

    /// Moves what was read too far back to the staging buffer.
    pub(crate) fn received(&mut self) {
        if let Some(filling) = &mut self.filling {
            let wanted = filling.header.payload_bytes();
            if filling.payload.len() > wanted {
                self.staging.extend(filling.payload.drain(wanted..));
            }
        }
        if self.skip_bytes > 0 {
            let gone = self.skip_bytes.min(self.staging.len());
            self.staging.drain(..gone);
            self.skip_bytes -= gone;
        }
    }

    /// True if nothing was received that was not taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.staging.is_empty() && self.filling.is_none()
    }

    /// Bytes waiting.
    pub(crate) fn len(&self) -> usize {
        self.staging.len()
    }

    /// Takes a complete packet with a u32 length in front, as of an init answer.
    pub(crate) fn take_init(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let Some(&[a, b, c, d]) = self.staging.first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if self.staging.starts_with(&GOODBYE) {
            return Err(Fault::Goodbye);
        }
        if length > MOST_INIT_BYTES {
            let (announced, allowed) = (length as u64, MOST_INIT_BYTES as u64);
            return Err(Fault::TooLong { announced, allowed });
        }
        // A shorter length cannot be an answer; decoding the packet says so.
        let length = length.max(GOODBYE.len().min(INIT_FAIL_BYTES));
        if self.staging.len() < length {
            return Ok(None);
        }
        Ok(Some(self.staging.drain(..length).collect()))
    }

    /// Reads the next container header without taking its payload.
    pub(crate) fn take_header(&mut self) -> Result<Option<ContainerHeader>, Fault> {
        if self.staging.starts_with(&GOODBYE) {
            return Err(Fault::Goodbye);
        }
        if self.filling.is_some() || self.skip_bytes > 0 || self.staging.len() < HEADER_BYTES {
            return Ok(None);
        }
        let header = ContainerHeader::decode(&self.staging)?;
        self.staging.drain(..HEADER_BYTES);
        Ok(Some(header))
    }

    /// Starts to collect the payload behind `header`.
    pub(crate) fn fill(&mut self, header: ContainerHeader) {
        let wanted = header.payload_bytes();
        let mut payload = Vec::with_capacity(wanted + OVERREAD_BYTES);
        let here = wanted.min(self.staging.len());
        payload.extend(self.staging.drain(..here));
        self.filling = Some(Filling { header, payload });
    }

    /// Takes the container being filled once it is complete.
    pub(crate) fn take_filled(&mut self) -> Option<(ContainerHeader, Vec<u8>)> {
        let Filling { header, payload } = self
            .filling
            .take_if(|filling| filling.payload.len() >= filling.header.payload_bytes())?;
        Some((header, payload))
    }

    /// Throws the payload behind a header away, as it comes.
    pub(crate) fn skip(&mut self, header: ContainerHeader) {
        self.skip_bytes = header.payload_bytes();
        self.received();
    }

    /// Turns a payload that is being filled into one that is thrown away.
    pub(crate) fn abandon_filling(&mut self) {
        if let Some(filling) = self.filling.take() {
            self.skip_bytes = filling.header.payload_bytes().saturating_sub(filling.payload.len());
        }
    }
}
