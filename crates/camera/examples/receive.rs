//! Takes what the person at the camera sends, into this folder:
//! `cargo run -p filmwire-camera --example receive -- [HOST[:PORT]]`.
//!
//! Choose pictures on the camera and send them, before or after this was started.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;

use filmwire_camera::{Address, Camera, Departures, Options, TcpNetwork, is_resized};

const PIECE_BYTES: u32 = 1 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    let network = TcpNetwork::new(address);
    let departures = Departures::default();
    let mut receiver = Camera::connect_receive(network, Options::default(), &departures).await?;
    while let Some(info) = receiver.next().await? {
        // A name from a camera is never used as a path, and nothing is replaced.
        let name = info.name.to_text();
        let plain: String =
            name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
        let mut file = File::create_new(format!("received-{plain}"))?;
        let mut offset = 0;
        while offset < info.size_bytes {
            let piece = receiver.read_part(offset, PIECE_BYTES).await?;
            if piece.is_empty() {
                return Err(format!("{plain} ended after {offset} bytes").into());
            }
            file.write_all(&piece)?;
            offset += piece.len() as u32;
        }
        let kind = if is_resized(&info) { "resized by the camera" } else { "original" };
        println!("{plain}: {offset} bytes, {kind}");
    }
    // The camera hung up. Whether that was the last picture it does not tell.
    println!("ended after {} pictures", receiver.taken());
    receiver.leave().await;
    departures.wait().await;
    Ok(())
}
