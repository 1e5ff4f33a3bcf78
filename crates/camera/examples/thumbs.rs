//! Writes the thumbnails of the newest ten objects into this folder:
//! `cargo run -p filmwire-camera --example thumbs -- [HOST[:PORT]]`.

use std::error::Error;

use filmwire_camera::{Address, Camera, ObjectHandle, Options, TcpNetwork};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    let camera = Camera::connect(TcpNetwork::new(address), Options::default()).await?;
    let mut objects: Vec<_> = (1..=camera.object_count()).map(ObjectHandle).collect();
    // Classic ways list the newest object first, the newer way the oldest.
    if camera.info().quirks.oldest_first {
        objects.reverse();
    }
    for object in objects.into_iter().take(10) {
        match camera.thumb(object).await? {
            Some(jpeg) => {
                std::fs::write(format!("thumb-{}.jpg", object.0), &jpeg)?;
                println!("object {}: {} bytes", object.0, jpeg.len());
            }
            None => println!("object {}: no thumbnail", object.0),
        }
    }
    camera.leave().await;
    Ok(())
}
