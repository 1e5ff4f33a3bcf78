//! What a body is like when it is shot with from afar. Where the fact sheet ends, we chose: grade C.

use serde::{Deserialize, Serialize};

use super::Code;

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
    /// Time focusing takes. C: chosen.
    pub focus_ms: u64,
}

impl Default for Shooting {
    fn default() -> Self {
        Self {
            writable: [0x5005, 0x500C, 0x5012, 0xD001, 0xD02A].map(Code).to_vec(),
            write_refused: 0x200F,
            value_refused: 0x201C,
            idle_step: 0x2001,
            aperture_steps: true,
            apertures: (140, 1600),
            shutters: (30_000, 0x8000_0000 | 4_000_000),
            program: 0,
            pictures_remaining: 0,
            focus_ms: 0,
        }
    }
}
