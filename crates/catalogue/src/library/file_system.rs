//! Which file systems a catalogue may live on.

use std::path::Path;

use crate::Error;

/// Returns the name of the network file system with this magic number, or none for a local one.
///
/// FUSE counts as network: sshfs and rclone cannot be told from local FUSE file systems by number,
/// and a catalogue in the state folder is right for both.
/// Source: Linux `include/uapi/linux/magic.h` and the file systems' own headers.
#[must_use]
pub const fn network_file_system(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B => "SMB",
        0xFF53_4D42 => "CIFS",
        0xFE53_4D42 => "SMB2",
        0x0102_1997 => "9p",
        0x6573_5546 => "FUSE",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564C => "NCP",
        0x00C3_6400 => "Ceph",
        0x0BD0_0BD0 => "Lustre",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        _ => return None,
    })
}

/// Returns the network file system `path` is on, or none.
#[cfg(target_os = "linux")]
pub(super) fn network_at(path: &Path) -> Result<Option<&'static str>, Error> {
    let stat = rustix::fs::statfs(path)
        .map_err(|e| Error::io("cannot ask for the file system of", path, e.into()))?;
    // The width and sign of the field differ between machines; the numbers have 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, trivial_numeric_casts)]
    let magic = stat.f_type as u32;
    Ok(network_file_system(magic))
}

/// Other systems are not asked; the option to say it by hand remains.
#[cfg(not(target_os = "linux"))]
pub(super) fn network_at(_path: &Path) -> Result<Option<&'static str>, Error> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_numbers_are_known_and_local_ones_pass() {
        let network = [(0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB2")];
        for (magic, name) in network.into_iter().chain([(0x0102_1997, "9p"), (0x6573_5546, "FUSE")])
        {
            assert_eq!(network_file_system(magic), Some(name));
        }
        // ext4, tmpfs, btrfs, XFS, overlay, vfat, exFAT, ZFS, F2FS
        let local = [
            0xEF53,
            0x0102_1994,
            0x9123_683E,
            0x5846_5342,
            0x794C_7630,
            0x4D44,
            0x2011_BAB0,
            0x2FC1_2FC1,
            0xF2F5_2010,
        ];
        for magic in local {
            assert_eq!(network_file_system(magic), None, "{magic:#x}");
        }
    }
}
