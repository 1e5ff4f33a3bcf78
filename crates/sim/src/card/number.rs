//! File and folder numbers as the camera counts them.
//!
//! Source: CIPA DC-009 (DCF), directory numbers 100 to 999 and file numbers 0001 to 9999; the
//! names `100_FUJI`, `DSCF` and `_DSF` (Adobe RGB) are those of Fujifilm bodies.

/// Folder and file number of one photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// Folder number, 100 to 999.
    pub folder: u16,
    /// File number, 1 to 9999.
    pub file: u16,
}

impl Number {
    /// What a fresh card begins with.
    pub const FIRST: Self = Self { folder: 100, file: 1 };

    /// The number after this one: 9999 is followed by 0001 in the next folder, and the last
    /// folder by the first (a real camera stops there; a card without end is of more use here).
    pub fn next(self) -> Self {
        match self {
            Self { folder, file } if file < 9999 => Self { folder, file: file + 1 },
            Self { folder, .. } if folder < 999 => Self { folder: folder + 1, file: 1 },
            _ => Self::FIRST,
        }
    }

    /// The folder's name, for example `100_FUJI`.
    pub fn folder_name(self) -> String {
        format!("{:03}_FUJI", self.folder)
    }

    /// The file's name, for example `DSCF0001.JPG`, or `_DSF0001.JPG` in Adobe RGB.
    pub fn file_name(self, adobe_rgb: bool, extension: &str) -> String {
        let prefix = if adobe_rgb { "_DSF" } else { "DSCF" };
        format!("{prefix}{:04}.{extension}", self.file)
    }
}
