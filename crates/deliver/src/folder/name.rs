//! Names at the target.

use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// What names of our own begin with.
const OURS: &str = ".filmwire";

/// Returns where a path is below a root; refuses paths that lead out of it or to our own files.
pub(super) fn below(root: &Path, path: &str) -> Result<PathBuf, Fault> {
    let fits = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.starts_with(OURS)
            && !part.contains(['\\', '\0'])
    };
    if !path.split('/').all(fits) {
        return Err(Fault::permanent(format!("{path:?} is no path for a target")));
    }
    Ok(path.split('/').fold(root.to_owned(), |folder, part| folder.join(part)))
}

/// Returns the path with a number before its extension; the first has none.
pub(super) fn numbered(path: &str, number: u32) -> String {
    if number == 1 {
        return path.to_owned();
    }
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    match path.rfind('.') {
        Some(dot) if dot > name_at => {
            let (stem, extension) = path.split_at(dot);
            format!("{stem}-{number}{extension}")
        }
        _ => format!("{path}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let root = Path::new("/nas");
        assert_eq!(below(root, "2016/A.JPG").unwrap(), Path::new("/nas/2016/A.JPG"));
        let bad = ["", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", "a\\b", "a\0b"];
        for path in bad.into_iter().chain([".filmwire-target", "a/.filmwire-1.part", ".filmwire/x"])
        {
            assert!(below(root, path).is_err(), "{path}");
        }
    }

    #[test]
    fn numbers_go_before_the_extension() {
        assert_eq!(numbered("d.x/A.JPG", 1), "d.x/A.JPG");
        assert_eq!(numbered("d.x/A.JPG", 2), "d.x/A-2.JPG");
        assert_eq!(numbered("d.x/A", 3), "d.x/A-3");
        assert_eq!(numbered(".hidden", 2), ".hidden-2");
        assert_eq!(numbered("a.b.c", 2), "a.b-2.c");
    }
}
