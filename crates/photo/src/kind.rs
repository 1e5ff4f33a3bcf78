//! What a file is, by its first bytes or by its name.

use std::fmt;

use crate::boxes;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A JPEG.
    Jpeg,
    /// Fujifilm's raw file.
    Raf,
    /// A photo in HEIF; Fujifilm calls its files `.HIF`.
    Heif,
    /// A film: MOV or MP4.
    Film,
}

/// Brands of HEIF files. Source: ISO/IEC 23008-12, its annexes; Reported: nom-exif's table.
const HEIF_BRANDS: [&[u8; 4]; 10] =
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"];

impl Kind {
    /// What the first bytes say; 64 are enough. `None` for anything else.
    #[must_use]
    pub fn of_head(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0xFF, 0xD8]) {
            return Some(Self::Jpeg);
        }
        if head.starts_with(b"FUJIFILMCCD-RAW ") {
            return Some(Self::Raf);
        }
        let name = head.get(4..8)?.first_chunk()?;
        if !boxes::is_first(name) {
            return None;
        }
        let brands = boxes::brands(head);
        let is_heif = brands.as_chunks().0.iter().any(|brand| HEIF_BRANDS.contains(&brand));
        Some(if is_heif { Self::Heif } else { Self::Film })
    }

    /// What a file name's extension says, case apart.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "raf" => Some(Self::Raf),
            "hif" | "heif" | "heic" => Some(Self::Heif),
            "mov" | "mp4" => Some(Self::Film),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jpeg => "JPEG",
            Self::Raf => "RAF",
            Self::Heif => "HEIF",
            Self::Film => "film",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_kind() {
        let kinds: [(&[u8], Option<Kind>); 9] = [
            (b"\xFF\xD8\xFF\xE1", Some(Kind::Jpeg)),
            (b"FUJIFILMCCD-RAW 0201", Some(Kind::Raf)),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Some(Kind::Film)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0miafheix", Some(Kind::Heif)),
            // The major brand may be of a later kind; one compatible brand is enough.
            (b"\0\0\0\x14ftyp1pic\0\0\0\0heix", Some(Kind::Heif)),
            // What follows the box is no brand.
            (b"\0\0\0\x10ftypmp42\0\0\0\0heic", Some(Kind::Film)),
            (b"\0\0\0\x08wide\0\0\0\x08mdat", Some(Kind::Film)),
            (b"hello world", None),
            (b"", None),
        ];
        for (head, kind) in kinds {
            assert_eq!(Kind::of_head(head), kind, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn names_tell_the_kind() {
        assert_eq!(Kind::of_name("DSCF0001.JPG"), Some(Kind::Jpeg));
        assert_eq!(Kind::of_name("a.b.Hif"), Some(Kind::Heif));
        assert_eq!(Kind::of_name("DSCF0001.XMP"), None);
        assert_eq!(Kind::of_name("JPG"), None);
    }
}
