//! What a body is like when it is shot with from afar. Where the fact sheet ends, we chose: grade C.

use serde::{Deserialize, Serialize};

use super::{Code, FailureSignal, SideSockets};
use crate::light::Light;

/// The switches `shooting.*`. A persona file names those that differ from the default, which is
/// what hkr and ptp-ip tell of their bodies where they tell anything (fact sheet 6.3 and 8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shooting {
    /// Settings of D212 that 0x1016 may write; the others change on the body or by steps.
    /// A: 5005, 500C, 5012, D001, D02A (fact sheet 8.4); that no other may, chosen.
    pub writable: Vec<Code>,
    /// Response to writing another one. C: unknown, chosen.
    pub write_refused: u16,
    /// Response to a value that 0x902B does not list. C: unknown, chosen.
    pub value_refused: u16,
    /// Response to a step that the mode of the body does not have, such as of the shutter speed in
    /// aperture priority; nothing changes. C: hkr looks at D212 alone, chosen.
    pub idle_step: u16,
    /// Settings that a dial or ring of the body rules, such as D02A on one with an ISO dial: their
    /// descriptors are get-only, writes are refused and steps idle. C: none; all descriptors printed
    /// of an X-T1 but that of 5001 say writable, whatever dials it has (ptp-ip).
    pub dials: Vec<Code>,
    /// Steps go the other way: 1 is down. C: the direction is judged by the loops of hkr's program.
    pub steps_reversed: bool,
    /// 0x902D moves the aperture. Without it, it has no effect (mz on an X-T100).
    pub aperture_steps: bool,
    /// Least and greatest F-number of the lens, times 100. C: chosen.
    pub apertures: (u16, u16),
    /// Slowest and fastest shutter speed, as D240 tells them. C: chosen.
    pub shutters: (u32, u32),
    /// Exposure mode that the body is set to, as 500E tells it; 0: as `remote_list` has it.
    pub program: u16,
    /// Pictures the card still takes; 0: as `remote_list` has it.
    pub pictures_remaining: u32,
    /// Bytes the card holds: pictures remain as the space does, and it fills with what is taken.
    /// 0: as `pictures_remaining` says. C: chosen, D229 is a number of pictures only.
    pub card_bytes: u64,
    /// Seconds of movie the card still takes; 0: as `remote_list` has it.
    pub movie_seconds_remaining: u32,
    /// What becomes of the sockets of events and live view. B: libfuji opens them once a session.
    pub side_sockets: SideSockets,
    /// Also takes the release that programs use over USB: 500D, D207, D208 and, read alone, D209.
    /// C: whether any of it works in phone mode is untested (fact sheet 8.5).
    pub usb_release: bool,
    /// The self-timer delays a capture from afar. C: unknown, chosen.
    pub self_timer: bool,
    /// Time focusing takes. C: chosen.
    pub focus_ms: u64,
    /// Time from the end of the exposure to its events. C: chosen.
    pub preview_ms: u64,
    /// How a capture that fails is told. C: unknown 12.1.6, chosen.
    pub failure: FailureSignal,
    /// D21B when focus was not found. C: the codes' meaning is unknown 12.1.4, chosen.
    pub focus_error: u16,
    /// D21B when the card is full. C: unknown 12.1.4, chosen.
    pub card_error: u16,
    /// So many seconds cost one step of the battery; 0: none.
    pub battery_step_s: u64,
    /// So many captures cost one step of the battery; 0: none.
    pub battery_step_shots: u32,
    /// Frames of live view in a second, 1 to 1000. C: unknown 12.1.5, chosen.
    pub live_fps: u32,
    /// The light on the scene; see [`Light`] for how it is written.
    pub light: Light,
}

impl Default for Shooting {
    fn default() -> Self {
        Self {
            writable: [0x5005, 0x500C, 0x5012, 0xD001, 0xD02A].map(Code).to_vec(),
            write_refused: 0x200F,
            value_refused: 0x201C,
            idle_step: 0x2001,
            dials: Vec::new(),
            steps_reversed: false,
            aperture_steps: true,
            apertures: (140, 1600),
            shutters: (30_000, 0x8000_0000 | 4_000_000),
            program: 0,
            pictures_remaining: 0,
            card_bytes: 0,
            movie_seconds_remaining: 0,
            side_sockets: SideSockets::Once,
            usb_release: false,
            self_timer: true,
            focus_ms: 0,
            preview_ms: 0,
            failure: FailureSignal::DeviceError,
            focus_error: 1,
            card_error: 2,
            battery_step_s: 0,
            battery_step_shots: 0,
            live_fps: 15,
            light: Light::default(),
        }
    }
}
