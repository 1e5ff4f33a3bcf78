//! The permissive persona: what a peer written for USB asks.

use filmwire_codec::container::{encode_command, encode_data_header};
use filmwire_codec::dataset::{DeviceInfo, DevicePropDesc, ObjectInfo, StorageInfo};
use filmwire_codec::{OperationCode, Reader, TransactionId};
use filmwire_sim::Persona;
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec, Number};
use tokio::io::AsyncWriteExt;

use crate::support::{Client, client};

const ALL: u32 = 0xFFFF_FFFF;

fn camera() -> Simulator {
    let mut card =
        Card::generated(&GenerateSpec { photos: 2, films: 1, ..GenerateSpec::default() });
    card.set_number(Number { folder: 101, file: 1 });
    card.shoot_pair();
    Simulator::new(Persona::builtin("permissive").unwrap(), card)
}

async fn handles(client: &mut Client, format: u32, parent: u32) -> Vec<u32> {
    let answer = client.run(0x1007, &[ALL, format, parent]).await;
    Reader::new(answer.payload()).array_u32("handles").unwrap()
}

async fn info(client: &mut Client, handle: u32) -> ObjectInfo {
    ObjectInfo::decode(client.run(0x1008, &[handle]).await.payload()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn device_info_names_the_vendor_extension() {
    let camera = camera();
    let mut client = client(&camera).await;
    client.init().await.unwrap();
    client.init().await.unwrap();
    let info = client.run(0x1001, &[]).await;
    let info = DeviceInfo::decode(info.payload()).unwrap();
    assert_eq!((info.vendor_extension, info.model.to_text().as_str()), (14, "X-T4"));
    assert_eq!(client.run(0x1002, &[1]).await.code, 0x2001);
    assert_eq!(client.run(0x1004, &[]).await.payload(), [1, 0, 0, 0, 1, 0, 0, 0x10]);
    let storage = client.run(0x1005, &[0x1000_0001]).await;
    let storage = StorageInfo::decode(storage.payload()).unwrap();
    assert_eq!((storage.storage_type, storage.access), (4, 1));
    assert_eq!(client.run(0x1005, &[2]).await.code, 0x2008);
}

#[tokio::test(start_paused = true)]
async fn folders_are_a_tree() {
    let camera = camera();
    let mut client = client(&camera).await;
    client.open().await;
    let top = handles(&mut client, 0, ALL).await;
    assert_eq!(top.len(), 1);
    let dcim = info(&mut client, top[0]).await;
    assert_eq!((dcim.name.to_text().as_str(), dcim.format.0, dcim.parent.0), ("DCIM", 0x3001, 0));
    let folders = handles(&mut client, 0, top[0]).await;
    let mut seen = Vec::new();
    for &folder in &folders {
        let described = info(&mut client, folder).await;
        assert_eq!((described.parent.0, described.association_type), (top[0], 1));
        for file in handles(&mut client, 0, folder).await {
            let file = info(&mut client, file).await;
            assert_eq!(file.parent.0, folder);
            seen.push(format!("{}/{}", described.name, file.name));
        }
    }
    let wanted = [
        "100_FUJI/DSCF0001.JPG",
        "100_FUJI/DSCF0002.JPG",
        "100_FUJI/DSCF0003.MOV",
        "101_FUJI/DSCF0001.RAF",
        "101_FUJI/DSCF0001.JPG",
    ];
    assert_eq!(seen, wanted);
    assert_eq!(handles(&mut client, 0x300D, 0).await.len(), 1);
    assert_eq!(handles(&mut client, 0, 0).await.len(), 8);
    assert_eq!(client.run(0x1006, &[ALL, 0x3801, 0]).await.params, [3]);
}

#[tokio::test(start_paused = true)]
async fn whole_objects_and_descriptors() {
    let camera = camera();
    let mut client = client(&camera).await;
    client.open().await;
    let whole = client.run(0x1009, &[3]).await;
    let size = info(&mut client, 3).await.size_bytes as usize;
    assert_eq!(whole.payload().len(), size);
    assert!(client.fetch(3, size, 10_000).await == whole.payload());
    let desc = client.run(0x1014, &[0xD02A]).await;
    let desc = DevicePropDesc::decode(&mut Reader::new(desc.payload())).unwrap();
    assert_eq!(desc.property.0, 0xD02A);
    assert_eq!(client.run(0x1014, &[0xD999]).await.code, 0x200A);
    assert_eq!(client.run(0x1015, &[0xD999]).await.code, 0x200A);
}

#[tokio::test(start_paused = true)]
async fn command_and_data_may_come_apart() {
    let camera = camera();
    let mut client = client(&camera).await;
    client.open().await;
    let (code, id) = (OperationCode::SET_DEVICE_PROP_VALUE, TransactionId(2));
    client.transaction = 2;
    client.stream.write_all(&encode_command(code, id, &[0xDF01])).await.unwrap();
    for byte in encode_data_header(code, id, 2).into_iter().chain([5, 0]) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        client.stream.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(client.answer().await.unwrap().code, 0x2001);
    assert_eq!(client.get(0xDF01).await.payload(), [5, 0]);
}
