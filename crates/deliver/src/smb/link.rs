//! A second name for a file.

use smb2::msg::set_info::{InfoType, SetInfoRequest};
use smb2::types::status::NtStatus;
use smb2::types::{Command, FileId};
use smb2::{Error, ErrorKind, encode_path};

use super::connect::Link;

/// MS-FSCC 2.4: the class of what gives a file another name.
const FILE_LINK_INFORMATION: u8 = 11;

impl Link {
    /// Gives a file a second name, if nothing has that. Returns false if the server refuses it for
    /// another reason than that: disks without links are told of in many words.
    pub(super) async fn add_name(&mut self, path: &str, name: &str) -> Result<bool, Error> {
        let (file, _) = self.tree.open_file(&mut self.wire, path).await?;
        let added = self.ask_for_name(file, name).await;
        // Whatever becomes of that, the name is given or it is not.
        let _ = self.tree.close_handle(&mut self.wire, file).await;
        judge(added)
    }

    async fn ask_for_name(&self, file_id: FileId, name: &str) -> Result<(), Error> {
        let request = SetInfoRequest {
            info_type: InfoType::File,
            file_info_class: FILE_LINK_INFORMATION,
            additional_information: 0,
            file_id,
            buffer: information(name),
        };
        let command = Command::SetInfo;
        let answer = self.wire.execute(command, &request, Some(self.tree.tree_id)).await?;
        match answer.header.status {
            NtStatus::SUCCESS => Ok(()),
            status => Err(Error::Protocol { status, command }),
        }
    }
}

/// What an answer means for [`Link::add_name`].
fn judge(added: Result<(), Error>) -> Result<bool, Error> {
    match added {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Err(cause),
        Err(Error::Protocol { status, .. }) => {
            tracing::debug!("no second name for a file: {status:?}; it is renamed");
            Ok(false)
        }
        Err(cause) => Err(cause),
    }
}

/// What is asked for: that nothing is replaced, and the name from the share's root.
fn information(name: &str) -> Vec<u8> {
    let name: Vec<u8> = encode_path(name).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = vec![0; 16];
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend(name);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_replaced_and_the_name_is_the_share_s() {
        // MS-FSCC 2.4.27.2: ReplaceIfExists and 7 reserved bytes, RootDirectory, FileNameLength.
        let mut bytes = vec![0; 16];
        bytes.extend([6, 0, 0, 0]);
        bytes.extend([b'd', 0, b'\\', 0, 0xe4, 0]);
        assert_eq!(information("d/\u{e4}"), bytes);
    }

    #[test]
    fn only_a_name_that_is_taken_is_not_given_in_another_way() {
        let refused = |status| Err(Error::Protocol { status, command: Command::SetInfo });
        assert!(matches!(judge(Ok(())), Ok(true)));
        assert!(judge(refused(NtStatus::OBJECT_NAME_COLLISION)).is_err());
        for status in
            [NtStatus::ACCESS_DENIED, NtStatus::NOT_SUPPORTED, NtStatus::INVALID_DEVICE_REQUEST]
        {
            assert!(matches!(judge(refused(status)), Ok(false)), "{status:?}");
        }
        assert!(judge(Err(Error::Disconnected)).is_err());
    }
}
