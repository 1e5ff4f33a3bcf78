//! Fetches the newest photo into this folder:
//! `cargo run -p filmwire-camera --example newest -- [HOST[:PORT]]`.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;

use filmwire_camera::{Address, Camera, GetPartialObject, ObjectHandle, Options, TcpNetwork};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    let camera = Camera::connect(TcpNetwork::new(address), Options::default()).await?;
    if camera.object_count() == 0 {
        println!("the card is empty");
        return Ok(());
    }
    camera.set_real_sizes(true).await?;
    // Classic ways list the newest object first, the newer way the oldest.
    let is_last = camera.info().quirks.oldest_first;
    let object = ObjectHandle(if is_last { camera.object_count() } else { 1 });
    let info = camera.object_info(object).await?;
    // A name from a camera is never used as a path, and nothing is replaced.
    let name: String = info
        .name
        .to_text()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
        .collect();
    let mut file = File::create_new(format!("newest-{name}"))?;
    let mut offset = 0;
    while offset < info.size_bytes {
        let max_bytes = GetPartialObject::PIECE_BYTES.min(info.size_bytes - offset);
        let piece = camera.read_part(GetPartialObject { object, offset, max_bytes }).await?;
        if piece.is_empty() {
            return Err(format!("the photo ended after {offset} bytes").into());
        }
        file.write_all(&piece)?;
        offset += piece.len() as u32;
    }
    println!("{name}: {offset} bytes");
    camera.leave().await;
    Ok(())
}
