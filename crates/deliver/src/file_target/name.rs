//! Names at the target.

use crate::fault::Fault;

/// What names of our own begin with.
const OURS: &str = ".filmwire";

/// Returns a path that stays below the root; refuses those that lead out of it or to our own files.
pub(crate) fn checked(path: &str) -> Result<&str, Fault> {
    let fits = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.starts_with(OURS)
            && !part.contains(|c: char| c == '\\' || c.is_control())
    };
    match path.split('/').all(fits) {
        true => Ok(path),
        false => Err(Fault::permanent(format!("{path:?} is no path for a target"))),
    }
}

/// The folder a path is in; the root is empty.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of a name in a folder.
pub(super) fn inside(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Returns the path with a number before its extension; the first has none.
pub(crate) fn numbered(path: &str, number: u32) -> String {
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
        assert_eq!(checked("2016/A.JPG").unwrap(), "2016/A.JPG");
        let bad =
            ["", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", "a\\b", "a\0b", "a\r\nb"];
        for path in bad.into_iter().chain([".filmwire-target", "a/.filmwire-1.part", ".filmwire/x"])
        {
            assert!(checked(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_is_a_folder_and_a_name() {
        assert_eq!((folder_of("a/b/c"), folder_of("c")), ("a/b", ""));
        assert_eq!((inside("a/b", "c"), inside("", "c")), ("a/b/c".to_owned(), "c".to_owned()));
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
