//! Listing, fetching, thumbnails and receiving without async:
//! `cargo run -p filmwire-camera --example blocking -- list|newest|thumbs|receive [HOST[:PORT]]`.
//!
//! Files are written into this folder; none is replaced.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;

use filmwire_camera::blocking::{Camera, Receiver};
use filmwire_camera::{Address, ObjectHandle, Options};

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let mut words = std::env::args().skip(1);
    let work = words.next().unwrap_or_default();
    let address = match words.next() {
        Some(text) => text.parse()?,
        None => Address::default(),
    };
    if work == "receive" {
        return receive(Receiver::connect(address, Options::default())?);
    }
    let camera = Camera::connect(address, Options::default())?;
    match work.as_str() {
        "list" => list(&camera)?,
        "newest" => newest(&camera)?,
        "thumbs" => thumbs(&camera)?,
        _ => println!("{} objects; say list, newest, thumbs or receive", camera.objects().count()),
    }
    camera.leave();
    Ok(())
}

fn list(camera: &Camera) -> Done {
    camera.set_real_sizes(true)?;
    for object in camera.objects() {
        let info = camera.object_info(object)?;
        println!("{object:>5} {:>10} {} {}", info.size_bytes, info.capture_date, info.name);
    }
    Ok(())
}

/// The newest objects first, whatever order the camera lists them in.
fn newest_first(camera: &Camera) -> Vec<ObjectHandle> {
    let mut objects: Vec<_> = camera.objects().collect();
    if camera.info().quirks.oldest_first {
        objects.reverse();
    }
    objects
}

fn newest(camera: &Camera) -> Done {
    let Some(&object) = newest_first(camera).first() else { return Ok(()) };
    camera.set_real_sizes(true)?;
    let info = camera.object_info(object)?;
    let bytes = camera.read_object(object, info.size_bytes)?;
    write(&format!("newest-{}", plain(&info.name.to_text())), &bytes)
}

fn thumbs(camera: &Camera) -> Done {
    for object in newest_first(camera).into_iter().take(10) {
        if let Some(jpeg) = camera.thumb(object)? {
            write(&format!("thumb-{object}.jpg"), &jpeg)?;
        }
    }
    Ok(())
}

fn receive(mut receiver: Receiver) -> Done {
    while let Some(info) = receiver.next()? {
        let bytes = receiver.read()?;
        write(&format!("received-{}", plain(&info.name.to_text())), &bytes)?;
    }
    receiver.leave();
    Ok(())
}

/// A name from a camera is never used as a path.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect()
}

fn write(name: &str, bytes: &[u8]) -> Done {
    File::create_new(name)?.write_all(bytes)?;
    println!("{name}: {} bytes", bytes.len());
    Ok(())
}
