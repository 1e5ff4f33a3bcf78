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

/// What is asked for: that nothing is replaced, and the name from the share's root.
fn information(name: &str) -> Vec<u8> {
    let name: Vec<u8> = encode_path(name).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = vec![0; 16];
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend(name);
    bytes
}
