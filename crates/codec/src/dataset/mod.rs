//! Datasets: what travels in data phases.

mod current_state;
mod device_info;
mod event;
mod live_view;
mod object_info;
mod property_desc;
mod storage_info;

pub use current_state::{CurrentState, StateEntry};
pub use device_info::DeviceInfo;
pub use event::EventDataset;
pub use live_view::LiveViewHeader;
pub use object_info::ObjectInfo;
pub use property_desc::{
    Capabilities, DataType, DevicePropDesc, DevicePropValue, Form, PropAccess,
};
pub use storage_info::StorageInfo;
