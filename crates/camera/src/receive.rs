//! Taking what the person at the camera sends.
//!
//! Source: the fact sheet's sections 4.5 (pictures picked before we came; libfuji, hkr) and 4.6
//! (receive mode, asked for by us; hkr's capture of an X-T10). In both the next picture is object
//! 1; once its last byte was read the next one takes its place. After the last the camera hangs up
//! and switches itself off, and that looks like a lost connection.

use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::operation::GetPartialObject;
use filmwire_codec::{CameraState, DevicePropCode, FunctionMode, ObjectHandle, ResponseCode};
use tokio::time::Instant;

use crate::camera::{Camera, CameraInfo};
use crate::error::Error;
use crate::opening::{access, gallery, open_session, read_versions};
use crate::options::{Notice, Options};
use crate::quirk::{Quirks, Versions};
use crate::state::Stats;

/// The picture that is handed over.
const PICTURE: ObjectHandle = ObjectHandle(1);
/// Between two reads of 0xD212 while the person chooses. Reported: libfuji.
const POLL_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// How it came that pictures are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveMode {
    /// The person picked pictures before we came: DF00=1, answered with DF01=1.
    Picked,
    /// We asked with DF01=8; the person picks then.
    Asked,
}

/// A camera that sends what its person picked, one picture after the other.
///
/// Call [`Receiver::next`], read the picture to its end with [`Receiver::read_part`], and call
/// `next` again until it says `None`. A picture that is not read to its end keeps the camera from
/// going on to the next.
pub struct Receiver {
    camera: Camera,
    mode: ReceiveMode,
    choice: std::time::Duration,
    chosen: bool,
    taken: u32,
    current: Option<Current>,
}

/// The picture that is being read.
#[derive(Debug, Clone, Copy)]
struct Current {
    size_bytes: u32,
    read_to: u32,
}

impl Receiver {
    pub(crate) async fn open(mut camera: Camera, options: &Options) -> Result<Self, Error> {
        open_session(&camera).await?;
        let state = access::wait_for_access(&camera, options).await?;
        let mode = match state {
            CameraState::PICKED => {
                // No versions are exchanged here.
                access::write_mode(&camera, FunctionMode::VIEW_PICKED, options).await?;
                camera.refresh().await?;
                ReceiveMode::Picked
            }
            CameraState::PC_AUTO_SAVE => {
                let text = "the camera is in PC AutoSave; choose its wireless communication";
                return Err(Error::NotOffered(text.into()));
            }
            _ => {
                let versions = read_versions(&camera).await?;
                ask(&mut camera, versions, options).await?;
                options.notices.tell(Notice::PickPictures);
                ReceiveMode::Asked
            }
        };
        let chosen = mode == ReceiveMode::Picked;
        let choice = options.waits.choice;
        Ok(Self { camera, mode, choice, chosen, taken: 0, current: None })
    }

    /// What the camera said of itself. The versions are read in [`ReceiveMode::Asked`] only.
    pub fn info(&self) -> &CameraInfo {
        self.camera.info()
    }

    /// How it came that pictures are sent.
    pub fn mode(&self) -> ReceiveMode {
        self.mode
    }

    /// Pictures read to their end so far.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// What was asked so far.
    pub fn stats(&self) -> Stats {
        self.camera.stats()
    }

    /// The next picture; its size is the true one. Waits until the person has chosen, at most as
    /// long as [`crate::Waits::choice`].
    ///
    /// `None` once the camera hung up, fell silent or left the mode between two pictures. **That
    /// it was the last one is not told**: a camera that went out of reach looks the same.
    ///
    /// Fails with [`Error::NotPicked`] if nothing was chosen in time, [`Error::Short`] if the last
    /// picture was not read to its end, or with link trouble before the first picture. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<ObjectInfo>, Error> {
        if let Some(Current { size_bytes, read_to }) = self.current {
            let (sent, announced) = (u64::from(read_to), u64::from(size_bytes));
            return Err(Error::Short { object: PICTURE.0, sent, announced });
        }
        if !self.chosen {
            self.wait_for_choice().await?;
        }
        match self.look().await {
            Ok(info) => {
                if let Some(info) = &info {
                    self.begin(info);
                }
                Ok(info)
            }
            Err(error) if error.is_link_trouble() && self.taken > 0 => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn wait_for_choice(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            self.camera.refresh().await?;
            let state = self.camera.state();
            let flag = state.value(DevicePropCode::SELECTED_IMAGES_MODE);
            let ready = [CameraState::RECEIVE, CameraState::PICKED].map(Some);
            if ready.contains(&state.camera_state()) && flag == Some(1) {
                self.chosen = true;
                return Ok(());
            }
            let waited = start.elapsed();
            if waited >= self.choice {
                return Err(Error::NotPicked { waited });
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
    }

    /// The start list comes again with each picture; a camera that left the mode is through.
    async fn look(&self) -> Result<Option<ObjectInfo>, Error> {
        self.camera.refresh().await?;
        let state = self.camera.state().camera_state();
        if ![CameraState::RECEIVE, CameraState::PICKED].map(Some).contains(&state) {
            return Ok(None);
        }
        match self.camera.object_info(PICTURE).await {
            Ok(info) => Ok(Some(info)),
            Err(Error::Refused { response: ResponseCode::INVALID_OBJECT_HANDLE, .. })
                if self.taken > 0 =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn begin(&mut self, info: &ObjectInfo) {
        self.current = Some(Current { size_bytes: info.size_bytes, read_to: 0 });
        // A picture of no bytes has no last one to be read.
        self.end_if_read();
    }

    fn end_if_read(&mut self) {
        if self.current.is_some_and(|current| current.read_to >= current.size_bytes) {
            self.current = None;
            self.taken += 1;
        }
    }

    /// Reads part of the present picture, in order; at most 1 MiB. A piece ends at the picture's
    /// end: what is asked for beyond it is cut off, because the camera takes a short last request
    /// for the end. Empty if there is no picture, or the camera sent nothing.
    ///
    /// Fails with link trouble if the camera is gone. Cancel-safe, but then what was read is lost
    /// and must be asked for again.
    pub async fn read_part(&mut self, offset: u32, max_bytes: u32) -> Result<Vec<u8>, Error> {
        let Some(current) = self.current else { return Ok(Vec::new()) };
        let left = current.size_bytes.saturating_sub(offset);
        let max_bytes = max_bytes.min(left).min(GetPartialObject::PIECE_BYTES);
        if max_bytes == 0 {
            return Ok(Vec::new());
        }
        let asked = GetPartialObject { object: PICTURE, offset, max_bytes };
        let piece = self.camera.read_part(asked).await?;
        let end = offset.saturating_add(piece.len() as u32);
        self.current = Some(Current { read_to: current.read_to.max(end), ..current });
        self.end_if_read();
        Ok(piece)
    }

    /// Reads the whole picture into memory; for small ones.
    ///
    /// Fails with [`Error::Short`] if the camera sends fewer bytes than it announced. Not
    /// cancel-safe: what was read is lost, but the connection stays in order.
    pub async fn read(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(Current { size_bytes, .. }) = self.current {
            let offset = bytes.len() as u32;
            let piece = self.read_part(offset, GetPartialObject::PIECE_BYTES).await?;
            if piece.is_empty() {
                let (sent, announced) = (u64::from(offset), u64::from(size_bytes));
                return Err(Error::Short { object: PICTURE.0, sent, announced });
            }
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    /// Leaves as [`Camera::leave`] does; a camera that hung up needs no leaving.
    pub async fn leave(self) {
        self.camera.leave().await;
    }
}

/// Asks for receive mode: DF01=8, then the version DF21 is read and written.
async fn ask(camera: &mut Camera, versions: Versions, options: &Options) -> Result<(), Error> {
    if !versions.contains_key(&DevicePropCode::RECEIVE_VERSION) {
        let text = "it has no receive mode, and no pictures were picked; on the camera choose pictures to send first, then run again";
        return Err(Error::NotOffered(text.into()));
    }
    camera.set_info(versions, Quirks::default(), Vec::new());
    access::write_mode(camera, FunctionMode::RECEIVE, options).await?;
    gallery::exchange_version(camera, DevicePropCode::RECEIVE_VERSION).await
}
