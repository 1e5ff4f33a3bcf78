//! Makes a gallery of all JPEG files in a folder: `gallery FROM TO TITLE`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use filmwire_gallery::{CopyOptions, Entry, Gallery, Settings, copies};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().ok_or("gallery FROM TO TITLE");
    let (from, to, title) = (PathBuf::from(word()?), PathBuf::from(word()?), word()?);
    for folder in ["photos", "thumbs", "days", "months"] {
        fs::create_dir_all(to.join(folder))?;
    }
    let mut entries = Vec::new();
    for (number, file) in fs::read_dir(from)?.enumerate() {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let made = match copies(&fs::read(file.path())?, &CopyOptions::default()) {
            Ok(made) => made,
            Err(cause) => {
                eprintln!("{name}: {cause}");
                continue;
            }
        };
        let (photo, thumb) = (format!("photos/{number}.jpg"), format!("thumbs/{number}.jpg"));
        fs::write(to.join(&photo), &made.photo.jpeg)?;
        fs::write(to.join(&thumb), &made.thumb.jpeg)?;
        let (width, height) = (made.photo.width, made.photo.height);
        let key = number.to_string();
        entries.push(Entry { key, photo, thumb, width, height, name, ..Entry::default() });
    }
    let gallery = Gallery::new(Settings { title, url: None }, entries);
    if let Some(latest) = gallery.latest() {
        fs::copy(to.join(&latest.photo), to.join("latest.jpg"))?;
    }
    for page in gallery.pages() {
        fs::write(to.join(page.path()), gallery.render(&page))?;
    }
    Ok(())
}
