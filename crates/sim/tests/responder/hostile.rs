//! A client that sends nonsense must not bring the camera down.

use filmwire_codec::container::encode_command;
use filmwire_codec::init::InitRequest;
use filmwire_codec::{OperationCode, TransactionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, timeout};

use crate::support::{Client, client, simulator};

/// A small generator of our own, so that a failure can be repeated by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % sides
    }
}

/// Operations that make sense, with parameters that may not; then some bytes are flipped.
fn nonsense(dice: &mut Dice) -> Vec<u8> {
    let known = OperationCode::KNOWN;
    let mut bytes = Vec::new();
    for id in 2..2 + dice.roll(8) as u32 {
        let operation = known[dice.roll(known.len() as u64) as usize].code as u16;
        let numbers = [0, 1, 2, 3, 0xD212, 0xDF01, 0x4000_0000, 0x4000_0001, u32::MAX];
        let param = |dice: &mut Dice| numbers[dice.roll(numbers.len() as u64) as usize];
        let params: Vec<u32> = (0..dice.roll(6)).map(|_| param(dice)).collect();
        bytes.extend(encode_command(OperationCode(operation), TransactionId(id), &params));
    }
    for _ in 0..dice.roll(4) {
        let at = dice.roll(bytes.len().max(1) as u64) as usize;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = dice.roll(256) as u8;
        }
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn nonsense_never_brings_the_camera_down() {
    for persona in ["X-A2", "X-T5", "permissive"] {
        let camera = simulator(persona, 2);
        for seed in 0..150 {
            let mut dice = Dice(seed);
            let mut stream = camera.connect().unwrap();
            let mut first = InitRequest::new("nonsense").encode();
            if dice.roll(8) == 0 {
                first[dice.roll(82) as usize] = dice.roll(256) as u8;
            }
            stream.write_all(&first).await.unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
            let open = encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[1]);
            // The camera may have closed by now; it is the next client that counts.
            let _ = stream.write_all(&open).await;
            let _ = stream.write_all(&nonsense(&mut dice)).await;
            let mut answer = Vec::new();
            let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
            drop(stream);
            camera.wait_idle().await;
        }
        let mut sane: Client = client(&camera).await;
        sane.open().await;
        assert!(sane.try_run(0x1015, &[0xD212]).await.is_some(), "{persona}");
        assert_eq!(camera.connections(), 151);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_four_gigabytes_takes_no_memory() {
    let camera = simulator("X-A2", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.send(0x1016, &[0xDF01], None).await;
    let header = [0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0x16, 0x10, 2, 0, 0, 0];
    client.stream.write_all(&header).await.unwrap();
    let megabyte = vec![0; 1 << 20];
    for _ in 0..8 {
        client.stream.write_all(&megabyte).await.unwrap();
    }
    assert!(timeout(Duration::from_secs(1), client.answer()).await.is_err());
    drop(client);
    camera.wait_idle().await;
}
