//! Writes the thumbnails of the newest ten objects into this folder, without async:
//! `cargo run -p filmwire-camera --example thumbs -- [HOST[:PORT]]`.

use std::error::Error;

use filmwire_camera::{Address, Options, blocking};

fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    let camera = blocking::Camera::connect(address, Options::default())?;
    let mut objects: Vec<_> = camera.objects().collect();
    if camera.info().quirks.oldest_first {
        objects.reverse();
    }
    for object in objects.into_iter().take(10) {
        match camera.thumb(object)? {
            Some(jpeg) => {
                std::fs::write(format!("thumb-{}.jpg", object.0), &jpeg)?;
                println!("object {}: {} bytes", object.0, jpeg.len());
            }
            None => println!("object {}: no thumbnail", object.0),
        }
    }
    camera.leave();
    Ok(())
}
