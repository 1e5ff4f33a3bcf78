//! Headers, parameters and init packets: decoding never panics, and what decodes encodes to the
//! same bytes where the packet says everything.

#![no_main]

use filmwire_codec::container::{
    ContainerHeader, HEADER_BYTES, MAX_PARAMS, decode_params, encode_command,
};
use filmwire_codec::init::{INIT_ACK_BYTES, INIT_REQUEST_BYTES, InitAnswer, InitRequest};
use filmwire_codec::{OperationCode, TransactionId};
use libfuzzer_sys::fuzz_target;

/// UTF-16 units of the name field that carry text, as the field's layout says.
const REQUEST_NAME_UNITS: usize = 26;
const ACK_NAME_UNITS: usize = 19;

fuzz_target!(|input: &[u8]| {
    header(input);
    init_request(input);
    init_answer(input);
});

fn header(input: &[u8]) {
    let Ok(header) = ContainerHeader::decode(input) else { return };
    assert_eq!(header.encode(), input[..HEADER_BYTES]);
    let params = decode_params(&input[HEADER_BYTES..]);
    assert!(params.len() <= MAX_PARAMS);
    let wire = encode_command(OperationCode(header.code), header.transaction, &params);
    let again = ContainerHeader::decode(&wire).expect("an encoded command decodes");
    assert_eq!((again.length as usize, again.code), (wire.len(), header.code));
    assert_eq!(again.transaction, TransactionId(header.transaction.0));
    assert_eq!(decode_params(&wire[HEADER_BYTES..]), params);
}

fn init_request(input: &[u8]) {
    let Ok(request) = InitRequest::decode(input) else { return };
    let wire = request.encode();
    assert_eq!(wire.len(), INIT_REQUEST_BYTES);
    let again = InitRequest::decode(&wire).expect("an encoded request decodes");
    assert_eq!((again.constant, again.guid), (request.constant, request.guid));
    if fits(&request.name, REQUEST_NAME_UNITS) {
        assert_eq!(again, request);
        assert_eq!(again.encode(), wire);
    }
}

fn init_answer(input: &[u8]) {
    match InitAnswer::decode(input) {
        Ok(InitAnswer::Ack(ack)) => {
            let wire = ack.encode();
            assert_eq!(wire.len(), INIT_ACK_BYTES);
            let again = InitAnswer::decode(&wire).expect("an encoded ack decodes");
            assert!(!fits(&ack.name, ACK_NAME_UNITS) || again == InitAnswer::Ack(ack));
        }
        Ok(InitAnswer::Fail(fail)) => {
            let wire = fail.encode();
            assert_eq!(input[4..wire.len()], wire[4..]);
            assert!(InitAnswer::decode(&wire) == Ok(InitAnswer::Fail(fail)));
        }
        Err(error) => assert!(error.offset <= input.len(), "{error}"),
    }
}

fn fits(name: &str, units: usize) -> bool {
    name.encode_utf16().count() <= units
}
