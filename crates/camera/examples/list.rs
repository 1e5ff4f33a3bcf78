//! Lists what is on a card: `cargo run -p filmwire-camera --example list -- [HOST[:PORT]]`.

use std::error::Error;

use filmwire_camera::{Address, Camera, Notice, Notices, ObjectHandle, Options, TcpNetwork};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    let notices = Notices::new(|notice| {
        if let Notice::PressOk(_) = notice {
            eprintln!("press OK on the camera");
        }
    });
    let options = Options { notices, ..Options::default() };
    let camera = Camera::connect(TcpNetwork::new(address), options).await?;
    println!("{}: {} objects", camera.info().model, camera.object_count());
    camera.set_real_sizes(true).await?;
    for handle in (1..=camera.object_count()).map(ObjectHandle) {
        let info = camera.object_info(handle).await?;
        println!("{handle:>5} {:>10} {} {}", info.size_bytes, info.capture_date, info.name);
    }
    camera.leave().await;
    Ok(())
}
