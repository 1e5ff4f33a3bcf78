//! A camera whose remote function runs: what is set on it, changing it, and taking pictures.
//!
//! Settings are read from 0xD212 and nowhere else: an X-T1 in remote mode answers 0 to direct reads
//! of most of them (the fact sheet's section 6.3). What they may become is in the list of 0x902B.

mod change;
pub(crate) mod event;
mod focus;
pub(crate) mod live_view;
mod obstacle;
mod pending;
mod setting;
mod shot;
mod shutter;
mod stepper;
mod visit;

use std::sync::Arc;

use filmwire_codec::DevicePropCode;
use filmwire_codec::dataset::{
    Capabilities, CurrentState, DevicePropDesc, DevicePropValue, Form, PropAccess,
};

use tokio::sync::Mutex;

use crate::camera::{Camera, CameraInfo};
use crate::error::Error;
use crate::opening::remote::Started;
use shutter::Shutter;

pub use change::{Means, Reached};
pub use focus::{FocusLock, FocusObstacle};
pub use live_view::{Frame, LiveView, Tally};
pub use obstacle::{NotReached, Obstacle};
pub use setting::{Change, SETTINGS, Setting};
pub use shot::{Mishap, NotTaken, Picture, Shot};
pub use shutter::Armed;
pub(crate) use shutter::MOST_PREVIEW_BYTES;
pub use visit::Visit;

/// A camera in its remote function.
///
/// 1. [`Camera::connect_remote`] registers, waits for OK, starts the function.
/// 2. Methods of this type read and change settings, and take pictures; clones share the
///    connection. The body's own controls are dead meanwhile.
/// 3. [`Remote::leave`] ends the function and leaves as [`Camera::leave`] does; so does dropping
///    the last clone.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use filmwire_camera::{Address, Allow, Camera, Departures, Options, Setting, TcpNetwork};
///
/// let network = TcpNetwork::new(Address::default());
/// let allow = Allow { settings: true, ..Allow::default() };
/// let options = Options { allow, ..Options::default() };
/// let remote = Camera::connect_remote(network, options, &Departures::default()).await?;
/// let iso = Setting::named("iso").ok_or("no such setting")?;
/// let reached = remote.set(iso, iso.parse("400")?).await?;
/// println!("the camera has {}", iso.text(reached.actual));
/// remote.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Remote {
    camera: Camera,
    capabilities: Arc<Capabilities>,
    shutter: Arc<Mutex<Shutter>>,
}

/// What a setting may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choices {
    /// The camera does not tell, or what it tells is no use.
    NotTold,
    /// One of these, as bits.
    Listed(Vec<u32>),
    /// From the first to the second, as bits.
    Range(u32, u32),
}

/// One setting as the camera has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The property that tells it.
    pub property: DevicePropCode,
    /// What it is; `None` if nobody knows.
    pub setting: Option<&'static Setting>,
    /// Its value as bits, zero-extended; `None` if the camera lists it but does not tell it now.
    pub bits: Option<u32>,
    /// What it may become.
    pub choices: Choices,
    /// How it can be changed.
    pub change: Change,
}

impl Reading {
    /// The word for a value of this setting.
    pub fn text(&self, bits: u32) -> String {
        setting::text(self.property, bits)
    }
}

impl Remote {
    pub(crate) fn new(camera: Camera, capabilities: Capabilities, started: Started) -> Self {
        let shutter = Arc::new(Mutex::new(Shutter::new(started)));
        Self { camera, capabilities: Arc::new(capabilities), shutter }
    }

    /// What the camera said of itself.
    pub fn info(&self) -> &CameraInfo {
        self.camera.info()
    }

    /// The connection, for operations that are not about settings.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// The camera's list of what can be set (0x902B); empty if it did not tell one.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Reads every setting the camera reports: those with a name in the order of [`SETTINGS`], then
    /// those nobody knows. The list of a body changes with its exposure program.
    ///
    /// Fails with link trouble. Cancel-safe.
    pub async fn settings(&self) -> Result<Vec<Reading>, Error> {
        let list = self.camera.refresh().await?;
        let known = SETTINGS.iter().map(|setting| setting.property);
        let told = list.entries.iter().map(|entry| entry.property);
        let listed = self.capabilities.items.iter().map(|item| item.property);
        let mut strange: Vec<_> =
            told.chain(listed).filter(|&property| Setting::of(property).is_none()).collect();
        strange.sort_unstable();
        strange.dedup();
        let readings = known.chain(strange).filter_map(|property| self.reading(property, &list));
        Ok(readings.collect())
    }

    /// `None` if the camera neither tells nor lists the property.
    fn reading(&self, property: DevicePropCode, list: &CurrentState) -> Option<Reading> {
        let (bits, descriptor) = (list.value(property), self.descriptor(property));
        if bits.is_none() && descriptor.is_none() {
            return None;
        }
        let setting = Setting::of(property);
        let change = setting.map_or(Change::Unknown, |setting| change_of(setting, descriptor));
        let choices = descriptor.map_or(Choices::NotTold, choices);
        Some(Reading { property, setting, bits, choices, change })
    }

    fn descriptor(&self, property: DevicePropCode) -> Option<&DevicePropDesc> {
        self.capabilities.items.iter().find(|item| item.property == property)
    }

    /// Opens the stream of live view, once a connection. See [`LiveView`].
    ///
    /// Fails with [`Error::NoLiveView`] if the port does not open or was opened before, or with link
    /// trouble. Cancel-safe, but the one opening may be used up then.
    pub async fn live_view(&self) -> Result<LiveView, Error> {
        let seen = self.camera.open_live_view().await?;
        Ok(LiveView::new(self.clone(), seen, self.camera.waits.live_view))
    }

    /// Ends the remote function, closes the session, says goodbye and hangs up, in bounded time.
    /// Cancel-safe: the leaving goes on by itself.
    pub async fn leave(self) {
        self.camera.leave().await;
    }
}

/// How a setting can be changed on this body. That a value is read only says nothing of its steps,
/// which are operations of their own.
fn change_of(setting: &Setting, descriptor: Option<&DevicePropDesc>) -> Change {
    let is_read_only = descriptor.is_some_and(|descriptor| descriptor.access == PropAccess::GET);
    match setting.change {
        Change::Written if is_read_only => Change::Body,
        change => change,
    }
}

/// The values of a descriptor.
///
/// Those of the f-number are left out: an X-T1 and an X-T4 list the same seven whatever lens is on
/// (the fact sheet's section 6.2).
fn choices(descriptor: &DevicePropDesc) -> Choices {
    if descriptor.property == DevicePropCode::F_NUMBER {
        return Choices::NotTold;
    }
    match &descriptor.form {
        Form::Enumeration(values) if !values.is_empty() => {
            Choices::Listed(values.iter().filter_map(bits).collect())
        }
        Form::Range { min, max, .. } => match (bits(min), bits(max)) {
            (Some(min), Some(max)) => Choices::Range(min, max),
            _ => Choices::NotTold,
        },
        _ => Choices::NotTold,
    }
}

fn bits(value: &DevicePropValue) -> Option<u32> {
    match value {
        DevicePropValue::Number { bits, .. } => Some(*bits),
        DevicePropValue::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use filmwire_codec::dataset::DataType;

    use super::*;

    /// The get-only flag says that a value cannot be written; steps are operations of their own.
    #[test]
    fn a_read_only_descriptor_takes_away_writing_alone() {
        let descriptor = |access| {
            let value = DevicePropValue::Number { data_type: DataType::UINT16, bits: 0 };
            let property = DevicePropCode::WHITE_BALANCE;
            let (default, current) = (value.clone(), value);
            let data_type = DataType::UINT16;
            DevicePropDesc { property, data_type, access, default, current, form: Form::None }
        };
        let (get, set) = (descriptor(PropAccess::GET), descriptor(PropAccess::GET_SET));
        for (key, without, read_only) in [
            ("wb", Change::Written, Change::Body),
            ("bias", Change::Stepped, Change::Stepped),
            ("focus-point", Change::FocusLock, Change::FocusLock),
            ("battery", Change::State, Change::State),
        ] {
            let setting = Setting::named(key).unwrap();
            assert_eq!(change_of(setting, None), without, "{key}");
            assert_eq!(change_of(setting, Some(&set)), without, "{key}");
            assert_eq!(change_of(setting, Some(&get)), read_only, "{key}");
        }
    }
}
