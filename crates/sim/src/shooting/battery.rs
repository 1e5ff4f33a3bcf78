//! A battery that runs down, by time or by pictures.

use std::time::Duration;

use filmwire_codec::DevicePropCode as Prop;
use tokio::time::Instant;

use crate::camera::Camera;

/// The level below one that a body tells (fact sheet 6.3); `None` if that was the last.
fn below(code: u16, level: u32) -> Option<u32> {
    // New packs count 11 to 6, older ones 4 to 1, an X-T1 from 3 to 0 in 5001.
    let last = match level {
        _ if Prop(code) == Prop::BATTERY_LEVEL => 0,
        6.. => 6,
        _ => 1,
    };
    (level > last).then(|| level - 1)
}

impl Camera {
    /// Takes off the battery what time and pictures have cost, and switches off when it is empty.
    pub(super) fn drain(&mut self, now: Instant) {
        let due = self.steps_due(now);
        while self.battery.drained < due {
            self.battery.drained += 1;
            let Some(&(code, level)) = self.battery_entries().first() else { return };
            let Some(level) = below(code, level) else {
                self.on_air = false;
                return;
            };
            self.battery.level = Some(level);
            self.battery.changes += 1;
        }
    }

    /// Steps of the battery that were used since the camera was made.
    fn steps_due(&self, now: Instant) -> u64 {
        let switches = &self.persona.shooting;
        let since = now.saturating_duration_since(self.made);
        let by_time = match Duration::from_secs(switches.battery_step_s) {
            Duration::ZERO => 0,
            step => (since.as_millis() / step.as_millis()) as u64,
        };
        let taken = u64::from(self.shooting.taken);
        let by_pictures = taken.checked_div(u64::from(switches.battery_step_shots)).unwrap_or(0);
        by_time + by_pictures
    }

    /// Puts in another battery: what was used before no longer counts.
    pub(crate) fn set_battery(&mut self, level: u32, now: Instant) {
        self.battery.level = Some(level);
        self.battery.changes += 1;
        self.battery.drained = self.steps_due(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_down_to_critical_and_then_off() {
        let run = |code, mut level| {
            let mut met = vec![level];
            while let Some(next) = below(code, level) {
                level = next;
                met.push(level);
            }
            met
        };
        assert_eq!(run(0xD242, 11), [11, 10, 9, 8, 7, 6]);
        assert_eq!(run(0xD242, 4), [4, 3, 2, 1]);
        assert_eq!(run(0x5001, 3), [3, 2, 1, 0]);
    }
}
