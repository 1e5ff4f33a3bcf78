//! Sessions: packets in both directions, each read by what came before it.

use filmwire_codec::container::{ContainerHeader, ContainerType};
use filmwire_codec::init::GOODBYE;
use filmwire_codec::{DevicePropCode, OperationCode, TransactionId};

use crate::example::Bytes;
use crate::packet::{self, Decoded, Field};

/// The operation that waits for its data or response.
struct Open {
    operation: OperationCode,
    transaction: TransactionId,
    property: Option<DevicePropCode>,
    /// A data container came or went; there is one at most.
    has_data: bool,
}

/// Decodes the packets of a session, and fails where one breaks the order of the protocol.
pub(crate) fn decode(packets: &[Bytes]) -> Result<Vec<Vec<Field>>, String> {
    let mut open: Option<Open> = None;
    let mut all = Vec::new();
    for packet in packets {
        let (fields, again) = one(packet, &mut open)?;
        if again != packet.wire {
            return Err(format!("{:02X?} encoded again is {again:02X?}", packet.wire));
        }
        all.push(fields);
    }
    match open {
        Some(open) => Err(format!("{} is not answered", open.operation)),
        None => Ok(all),
    }
}

fn one(packet: &Bytes, open: &mut Option<Open>) -> Result<Decoded, String> {
    let (to_camera, wire) = (packet.direction == Some('>'), packet.wire.as_slice());
    if packet.direction.is_none() {
        return Err("a line before the first > or <".to_owned());
    }
    // Types of registration packets are u32, so their upper half, a container's code, is 0.
    if wire.len() > 8 && wire[6..8] == [0, 0] {
        return match (to_camera, wire[4]) {
            (true, 1) => packet::init_request(wire),
            (false, 2) => packet::init_answer("init-ack", wire),
            (false, 5) => packet::init_answer("init-fail", wire),
            _ => Err(format!("{wire:02X?} is no registration")),
        };
    }
    if wire == GOODBYE {
        return packet::decode("goodbye", wire);
    }
    let header = ContainerHeader::decode(wire).map_err(|error| error.to_string())?;
    match (to_camera, header.kind) {
        (true, ContainerType::COMMAND) => {
            if let Some(open) = open {
                return Err(format!("{} is not answered", open.operation));
            }
            let operation = OperationCode(header.code);
            let names_a_property = [
                OperationCode::GET_DEVICE_PROP_VALUE,
                OperationCode::SET_DEVICE_PROP_VALUE,
                OperationCode::GET_DEVICE_PROP_DESC,
            ]
            .contains(&operation);
            let property = names_a_property.then(|| u16::from_le_bytes([wire[12], wire[13]]));
            let (transaction, property) = (header.transaction, property.map(DevicePropCode));
            *open = Some(Open { operation, transaction, property, has_data: false });
            packet::command(wire)
        }
        (_, ContainerType::DATA) => {
            let open = open.as_mut().ok_or("data without a command")?;
            let fits = header.code == open.operation.0 && header.transaction == open.transaction;
            if !fits || std::mem::replace(&mut open.has_data, true) {
                return Err(format!("data of {header:?} in {}", open.operation));
            }
            packet::data(wire, open.property)
        }
        (false, ContainerType::RESPONSE) => {
            let open = open.take().ok_or("a response without a command")?;
            if header.transaction != open.transaction {
                return Err(format!("a response of {header:?} to {}", open.operation));
            }
            packet::response(wire)
        }
        _ => Err(format!("{header:?} in this direction")),
    }
}
