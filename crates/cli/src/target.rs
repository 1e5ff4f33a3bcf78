//! Where single files go: a folder, one file, or standard output. Nothing is ever replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, stdout_trouble};

/// Where files go.
#[derive(Debug)]
pub(crate) enum Target {
    /// Into this folder, under their own names.
    Folder(PathBuf),
    /// One file with this name.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

/// A file that is whole.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where it is; `None` on standard output.
    pub(crate) path: Option<PathBuf>,
    /// Its bytes.
    pub(crate) bytes: u64,
}

impl Target {
    /// Chooses by the flags; makes the folder.
    ///
    /// Fails with [`Trouble::Usage`] where one file should hold several objects or JSON as well.
    pub(crate) fn choose(
        folder: Option<&Path>,
        file: Option<&Path>,
        objects: &[String],
        out: &Output,
    ) -> Result<Self, Trouble> {
        let Some(file) = file else {
            // An empty path is this folder, and is not seen in front of names.
            let folder = folder.unwrap_or_else(|| Path::new(""));
            if !folder.as_os_str().is_empty() {
                fs::create_dir_all(folder)
                    .map_err(|cause| Trouble::storage("make", folder, cause))?;
            }
            return Ok(Self::Folder(folder.to_owned()));
        };
        if objects.len() != 1 {
            let text = "--output takes one object";
            return Err(Trouble::usage(text, "name one object, or use --to DIR"));
        }
        if file != Path::new("-") {
            return Ok(Self::File(file.to_owned()));
        }
        if out.is_json() {
            let text = "--output - and --json cannot share standard output";
            return Err(Trouble::usage(text, "write to a file, or leave --json out"));
        }
        Ok(Self::Stdout)
    }

    /// Opens a file for one object; `name` counts in folders only, and must be no path.
    pub(crate) fn open(&self, name: &str) -> Result<Sink, Trouble> {
        match self {
            Self::Stdout => Ok(Sink { place: Place::Stdout, file: None, bytes: 0 }),
            Self::Folder(folder) => {
                let temporary = folder.join(format!(".{name}.{}.part", std::process::id()));
                let file = create(&temporary)?;
                let place = Place::Folder { folder: folder.clone(), name: name.into(), temporary };
                Ok(Sink { place, file: Some(file), bytes: 0 })
            }
            Self::File(path) => open_file(path),
        }
    }
}

fn create(path: &Path) -> Result<File, Trouble> {
    File::create_new(path).map_err(|cause| Trouble::storage("create", path, cause))
}

/// Devices and pipes such as /dev/null are written to; files must not exist.
fn open_file(path: &Path) -> Result<Sink, Trouble> {
    let sink = |file, mine| {
        let place = Place::File { path: path.to_owned(), mine };
        Sink { place, file: Some(file), bytes: 0 }
    };
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let file = OpenOptions::new().write(true).open(path);
            Ok(sink(file.map_err(|cause| Trouble::storage("write", path, cause))?, false))
        }
        Ok(_) => Err(Trouble::usage(
            format!("{} exists, and nothing is ever replaced", path.display()),
            "choose another name",
        )),
        Err(_) => Ok(sink(create(path)?, true)),
    }
}

/// A file that is being written. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub(crate) struct Sink {
    place: Place,
    file: Option<File>,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Stdout,
    File { path: PathBuf, mine: bool },
    Folder { folder: PathBuf, name: String, temporary: PathBuf },
    Done,
}

impl Sink {
    /// Writes a piece.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        self.bytes += piece.len() as u64;
        match &mut self.file {
            None => io::stdout().write_all(piece).map_err(stdout_trouble),
            Some(file) => file.write_all(piece).map_err(|cause| {
                Trouble::storage("write", self.place.path().unwrap_or_default(), cause)
            }),
        }
    }

    /// Puts the file under its name; a name that is taken gets -2, -3 and so on.
    pub(crate) fn finish(mut self) -> Result<Written, Trouble> {
        let bytes = self.bytes;
        let path = match &self.place {
            Place::Stdout | Place::Done => {
                io::stdout().flush().map_err(stdout_trouble)?;
                None
            }
            Place::File { path, .. } => Some(path.clone()),
            Place::Folder { folder, name, temporary } => Some(place(temporary, folder, name)?),
        };
        self.place = Place::Done;
        Ok(Written { path, bytes })
    }
}

impl Place {
    fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Stdout | Self::Done => None,
            Self::File { path, .. } => Some(path.clone()),
            Self::Folder { temporary, .. } => Some(temporary.clone()),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let unfinished = match &self.place {
            Place::Folder { temporary, .. } => temporary,
            Place::File { path, mine: true } => path,
            _ => return,
        };
        // Half a file must not look like a photo.
        let _ = fs::remove_file(unfinished);
    }
}

/// Gives the file its name without replacing anything, also while others write there.
pub(crate) fn place(temporary: &Path, folder: &Path, name: &str) -> Result<PathBuf, Trouble> {
    let failed = |path: &Path, cause| Trouble::storage("write", path, cause);
    let mut number = first_free(folder, name);
    loop {
        let path = folder.join(numbered(name, number));
        // A link fails where the name is taken; file systems without links take the name first.
        let linked = fs::hard_link(temporary, &path);
        match linked {
            Ok(()) => {
                fs::remove_file(temporary).map_err(|cause| failed(temporary, cause))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(_) => match File::create_new(&path) {
                Ok(_) => {
                    // A name that was taken for nothing would look like a file.
                    let renamed =
                        fs::rename(temporary, &path).inspect_err(|_| drop(fs::remove_file(&path)));
                    renamed.map_err(|cause| failed(&path, cause))?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(failed(&path, cause)),
            },
        }
    }
}

/// The number to begin with, where ten thousand files of one name must not be tried one by one:
/// doubles until a name is free, and halves back to the last that is taken. Numbers that became free
/// between others are not found; that the name is free is known only once it is taken.
fn first_free(folder: &Path, name: &str) -> u32 {
    let is_taken = |number| folder.join(numbered(name, number)).symlink_metadata().is_ok();
    let mut taken = 0;
    let mut free: u32 = 1;
    while is_taken(free) {
        (taken, free) = (free, free.saturating_mul(2));
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_taken(middle) { taken = middle } else { free = middle }
    }
    free
}

fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, extension))) => format!("{stem}-{number}.{extension}"),
        (_, None) => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(target: &Target, content: &[u8]) -> PathBuf {
        let mut sink = target.open("A.JPG").unwrap();
        sink.write(content).unwrap();
        sink.finish().unwrap().path.unwrap()
    }

    #[test]
    fn nothing_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::Folder(folder.path().to_owned());
        let paths: Vec<_> = [b"1", b"2", b"3"].into_iter().map(|c| put(&target, c)).collect();
        let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["A.JPG", "A-2.JPG", "A-3.JPG"]);
        assert_eq!(fs::read(&paths[0]).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        let file = Target::File(paths[0].clone());
        assert!(matches!(file.open("").unwrap_err(), Trouble::Usage { .. }));
    }

    #[test]
    fn many_of_one_name_are_not_counted_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        for number in 1..=1000 {
            assert_eq!(first_free(folder.path(), "A.JPG"), number);
            fs::write(folder.path().join(numbered("A.JPG", number)), "").unwrap();
        }
        let target = Target::Folder(folder.path().to_owned());
        assert!(put(&target, b"1").ends_with("A-1001.JPG"));
        fs::remove_file(folder.path().join("A.JPG")).unwrap();
        assert!(put(&target, b"2").ends_with("A.JPG"));
    }

    #[test]
    fn half_a_file_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        for target in
            [Target::Folder(folder.path().to_owned()), Target::File(folder.path().join("one.jpg"))]
        {
            target.open("A.JPG").unwrap().write(b"half").unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_name_that_was_taken_in_vain_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        place(&folder.path().join("nothing"), folder.path(), "A.JPG").unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn devices_are_written_to() {
        let target = Target::File("/dev/null".into());
        assert_eq!(put(&target, b"abc"), Path::new("/dev/null"));
        assert!(Path::new("/dev/null").exists());
    }
}
