//! Sidecars: what other programs write beside a photo, such as `DSCF0001.xmp`.
//!
//! filmwire writes none. It leaves them alone, and gives the name a sidecar belongs to to no other
//! photo, so that edits never end up at the wrong picture.

/// Endings of sidecars of common raw converters.
const SIDECARS: [&str; 4] = ["xmp", "pp3", "dop", "on1"];
/// Endings of photos and films.
const PHOTOS: [&str; 7] = ["jpg", "jpeg", "raf", "heif", "hif", "mov", "mp4"];

/// True if the name has the ending of a sidecar.
#[must_use]
pub fn is_sidecar(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| SIDECARS.contains(&ending.as_str()))
}

/// True if a sidecar for a photo at `path` lies there and no photo of that name: the sidecar
/// belongs to a photo that is gone. `exists` tells if something is on disk at a path.
#[must_use]
pub fn has_foreign_sidecar(path: &str, exists: &dyn Fn(&str) -> bool) -> bool {
    let folder_end = path.rfind('/').map_or(0, |slash| slash + 1);
    let stem = match path.get(folder_end..).and_then(|name| name.rfind('.')) {
        Some(dot) if dot > 0 => path.get(..folder_end + dot).unwrap_or(path),
        _ => path,
    };
    let beside = |base: &str, endings: &[&str]| {
        endings.iter().any(|ending| {
            exists(&format!("{base}.{ending}"))
                || exists(&format!("{base}.{}", ending.to_ascii_uppercase()))
        })
    };
    (beside(stem, &SIDECARS) || beside(path, &SIDECARS)) && !beside(stem, &PHOTOS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(path: &str, on_disk: &[&str]) -> bool {
        has_foreign_sidecar(path, &|path| on_disk.contains(&path))
    }

    #[test]
    fn a_sidecar_without_its_photo_keeps_the_name() {
        assert!(foreign("2026/A.JPG", &["2026/A.xmp"]));
        assert!(foreign("2026/A.JPG", &["2026/A.XMP"]));
        assert!(foreign("2026/A.JPG", &["2026/A.JPG.pp3"]));
        assert!(!foreign("2026/A.JPG", &["2026/A.xmp", "2026/A.RAF"]), "it is the RAF's");
        assert!(!foreign("2026/A.JPG", &["A.xmp", "2026/B.xmp"]));
        assert!(foreign("A", &["A.xmp"]));
    }

    #[test]
    fn sidecars_are_known_by_their_ending() {
        assert!(is_sidecar("2026/A.JPG.Xmp"));
        assert!(!is_sidecar("2026/xmp") && !is_sidecar("A.JPG"));
    }
}
