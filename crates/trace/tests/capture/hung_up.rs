//! A camera that ends the connection in place of an answer is told from a capture that ends.

use filmwire_codec::container::{encode_command, encode_response};
use filmwire_codec::init::{GOODBYE, InitAck, InitRequest};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use filmwire_trace::capture::LinkType;

use crate::session::{Wire, decode, transactions};

const FIN: u8 = 0x11;
const RST: u8 = 0x14;

/// Whether the camera hung up in place of each answer, by how a session ends.
fn hung_up(end: impl FnOnce(&mut Wire)) -> Vec<bool> {
    let mut wire = Wire::new(7, 55740);
    wire.put(true, 0x02, &[]);
    wire.put(false, 0x12, &[]);
    wire.say(true, &InitRequest::new("somebody").encode());
    wire.say(false, &InitAck::new("X-T9").encode());
    wire.say(true, &encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[1]));
    wire.say(false, &encode_response(ResponseCode::OK, TransactionId(1), &[]));
    end(&mut wire);
    let (records, _) = decode(LinkType::RAW, &wire.packets);
    transactions(&records).iter().map(|told| told.hung_up).collect()
}

fn ask(wire: &mut Wire, id: u32) {
    let code = OperationCode::GET_DEVICE_PROP_VALUE;
    wire.say(true, &encode_command(code, TransactionId(id), &[0xD212]));
}

#[test]
fn a_camera_that_leaves_in_place_of_an_answer_hung_up() {
    for flags in [FIN, RST] {
        let ends = hung_up(|wire| {
            ask(wire, 2);
            wire.put(false, flags, &[]);
            wire.say(true, &GOODBYE);
            wire.put(true, FIN, &[]);
        });
        assert_eq!(ends, [false, true], "{flags:#x}");
    }
    // The command was on its way when the camera left; of two the later is what it left at.
    let late = hung_up(|wire| {
        wire.put(false, FIN, &[]);
        ask(wire, 2);
        ask(wire, 3);
        wire.put(true, RST, &[]);
    });
    assert_eq!(late, [false, false, true]);
}

#[test]
fn nobody_hung_up_where_the_client_left_or_the_capture_ends() {
    let client = hung_up(|wire| {
        ask(wire, 2);
        wire.put(true, FIN, &[]);
        wire.put(false, FIN, &[]);
    });
    let cut = hung_up(|wire| ask(wire, 2));
    // The answer may be in what is lost.
    let lost = hung_up(|wire| {
        ask(wire, 2);
        wire.put(false, 0x18, &[0; 20]);
        wire.packets.pop();
        wire.put(false, FIN, &[]);
        wire.put(true, FIN, &[]);
    });
    let answered = hung_up(|wire| wire.put(false, FIN, &[]));
    assert_eq!([client, cut, lost], [[false; 2]; 3]);
    assert_eq!(answered, [false]);
}
