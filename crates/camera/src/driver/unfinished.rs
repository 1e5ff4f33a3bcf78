//! Which object was begun and not read to its end.

use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::{OperationCode, ResponseCode};
use filmwire_session::Request;

use super::Reply;

/// The camera counts the bytes read of each object; so do we.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// Handle and size of the last ObjectInfo.
    known: Option<(u32, u32)>,
    /// Handle of the object that was begun.
    begun: Option<u32>,
}

impl Unfinished {
    /// True if the request is about another object than the one that was begun.
    pub(super) fn blocks(&self, request: &Request) -> bool {
        is_about_object(request.code)
            && self.begun.is_some_and(|begun| request.params.first() != Some(&begun))
    }

    pub(super) fn forget(&mut self) {
        self.begun = None;
    }

    pub(super) fn note(&mut self, code: OperationCode, params: &[u32], reply: &Reply) {
        if reply.response.code != ResponseCode::OK {
            return;
        }
        match (code, params) {
            (OperationCode::GET_OBJECT_INFO, &[handle, ..]) => {
                let size = ObjectInfo::decode(&reply.data).map(|info| (handle, info.size_bytes));
                self.known = size.ok();
            }
            (OperationCode::GET_PARTIAL_OBJECT, &[handle, offset, max, ..]) => {
                let sent = reply.data.len() as u64;
                let end = u64::from(offset) + sent;
                let short = sent < u64::from(max);
                let at_size = self
                    .known
                    .is_some_and(|(known, size)| known == handle && u64::from(size) == end);
                self.begun = (!short && !at_size).then_some(handle);
            }
            _ => {}
        }
    }
}

/// Operations that a camera ignores while another object is unfinished.
pub(super) fn is_about_object(code: OperationCode) -> bool {
    [
        OperationCode::GET_OBJECT_INFO,
        OperationCode::GET_THUMB,
        OperationCode::GET_PARTIAL_OBJECT,
        OperationCode::GET_OBJECT,
    ]
    .contains(&code)
}

#[cfg(test)]
mod tests {
    use filmwire_codec::{Response, TransactionId};

    use super::*;

    fn request(code: OperationCode, params: &[u32]) -> Request {
        let silence = std::time::Duration::ZERO;
        Request { code, params: params.to_vec(), payload: None, most_bytes: 0, silence }
    }

    fn reply(data: Vec<u8>) -> Reply {
        let (code, transaction) = (ResponseCode::OK, TransactionId(1));
        let response = Response { code, transaction, params: Vec::new() };
        Reply { data, response, sent: std::time::Instant::now() }
    }

    fn info(size_bytes: u32) -> Reply {
        let mut data = Vec::new();
        ObjectInfo { size_bytes, ..ObjectInfo::default() }.encode(&mut data);
        reply(data)
    }

    #[test]
    fn another_object_is_blocked_until_the_first_was_read_to_its_end() {
        let part = OperationCode::GET_PARTIAL_OBJECT;
        let mut unfinished = Unfinished::default();
        unfinished.note(OperationCode::GET_OBJECT_INFO, &[1], &info(8));
        unfinished.note(part, &[1, 0, 4], &reply(vec![0; 4]));
        assert!(unfinished.blocks(&request(OperationCode::GET_OBJECT_INFO, &[2])));
        assert!(!unfinished.blocks(&request(part, &[1, 4, 4])));
        assert!(!unfinished.blocks(&request(OperationCode::GET_DEVICE_PROP_VALUE, &[0xD212])));
        unfinished.note(part, &[1, 4, 4], &reply(vec![0; 4]));
        assert!(!unfinished.blocks(&request(OperationCode::GET_OBJECT_INFO, &[2])));
    }

    #[test]
    fn a_short_piece_ends_the_object() {
        let mut unfinished = Unfinished::default();
        unfinished.note(OperationCode::GET_PARTIAL_OBJECT, &[1, 0, 4], &reply(vec![0; 3]));
        assert!(!unfinished.blocks(&request(OperationCode::GET_THUMB, &[2])));
    }
}
