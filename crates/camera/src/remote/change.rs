//! Writing and stepping settings until the camera reports what was wanted.

use std::time::Duration;

use filmwire_codec::DevicePropCode as Prop;
use filmwire_codec::dataset::CurrentState;
use filmwire_codec::operation::{
    SetDevicePropValue, StepDirection, StepExposureBias, StepFNumber, StepShutterSpeed,
};
use filmwire_codec::value::{CommandDial, ExposureProgram};
use tokio::time::Instant;

use super::obstacle::{NotReached, Obstacle};
use super::setting::{Change, Setting};
use super::stepper::{Step, Stepper, is_near, stops};
use super::{Choices, Remote, change_of, choices};
use crate::error::Error;

/// Between two reads of 0xD212 while a change is awaited. As libfuji polls (section 1.4).
const POLL_PAUSE: Duration = Duration::from_millis(100);
/// How long the camera may take to report a change. Chosen: clients read 0xD212 at once and find
/// it there, and a person waits this long for every change that does not come.
const CHANGE_WAIT: Duration = Duration::from_secs(2);

/// How a value was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The camera had it already; nothing was sent.
    Already,
    /// It was written.
    Written,
    /// It was stepped to, in so many steps.
    Stepped(u32),
}

/// A value that the camera reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// What it had before, as bits; `None` if the camera did not tell.
    pub before: Option<u32>,
    /// What it has now, as bits. Of a stepped setting it may be another rounding of what was wanted.
    pub actual: u32,
    /// How it came there.
    pub means: Means,
}

impl Remote {
    /// Sets a value, and returns once the camera reports it in 0xD212.
    ///
    /// What can be written is written once, and must be in the camera's list if that has one; it must
    /// be there if 0xD212 tells no value now. The others are stepped, at most 100 times. Fails with [`Error::NotReached`], which says what
    /// there is now and why; with [`Error::Forbidden`] unless [`crate::Allow::settings`] lets it
    /// pass; with link trouble. Cancel-safe: the camera may then stand between the two values.
    pub async fn set(&self, setting: &'static Setting, wanted: u32) -> Result<Reached, Error> {
        let list = self.camera.refresh().await?;
        let attempt = Attempt { remote: self, setting, wanted };
        match change_of(setting, self.descriptor(setting.property)) {
            Change::Written => attempt.write(&list).await,
            Change::Stepped => attempt.step(&list).await,
            _ => Err(attempt.failed(&list, 0, Obstacle::NotSettable)),
        }
    }
}

/// One value on its way.
struct Attempt<'a> {
    remote: &'a Remote,
    setting: &'static Setting,
    wanted: u32,
}

impl Attempt<'_> {
    async fn write(&self, list: &CurrentState) -> Result<Reached, Error> {
        let property = self.setting.property;
        let before = list.value(property);
        if before == Some(self.wanted) {
            return Ok(Reached { before, actual: self.wanted, means: Means::Already });
        }
        match self.remote.descriptor(property).map(choices) {
            Some(Choices::Listed(listed)) if !listed.contains(&self.wanted) => {
                return Err(self.failed(list, 0, Obstacle::NotListed(listed)));
            }
            // The entries of the state list differ between programs (the fact sheet's section 6.1):
            // what the camera lists is written, and may be told afterwards.
            Some(Choices::Listed(_)) => {}
            _ if before.is_none() => {
                return Err(self.failed(list, 0, Obstacle::NotTold(program(list))));
            }
            _ => {}
        }
        let Some(kind) = self.setting.kind() else {
            return Err(self.failed(list, 0, Obstacle::NotSettable));
        };
        let Some(value) = kind.value(self.wanted) else {
            return Err(self.failed(list, 0, Obstacle::TooWide));
        };
        let operation = SetDevicePropValue { property, value };
        if let Err(error) = self.remote.camera.run(&operation, 0).await {
            return Err(self.refused(error, list, 0));
        }
        let list = self.wait_until(|value| value == Some(self.wanted)).await?;
        match list.value(property) {
            Some(actual) if actual == self.wanted => {
                Ok(Reached { before, actual, means: Means::Written })
            }
            _ => Err(self.failed(&list, 0, Obstacle::NoEffect)),
        }
    }

    async fn step(&self, list: &CurrentState) -> Result<Reached, Error> {
        let Some((before, at)) = self.place(list) else {
            return Err(self.failed(list, 0, self.not_told(list)));
        };
        let Some(goal) = stops(self.setting.property, self.wanted) else {
            return Err(self.failed(list, 0, Obstacle::NotSettable));
        };
        if is_near(self.setting.property, at, goal) {
            return Ok(Reached { before: Some(before), actual: before, means: Means::Already });
        }
        if let Some(listed) = self.list_without(goal) {
            return Err(self.failed(list, 0, Obstacle::NotListed(listed)));
        }
        let mut stepper = Stepper::new(self.setting.property, goal, at);
        let (mut list, mut left) = (list.clone(), before);
        loop {
            if let Err(error) = self.send_step(stepper.direction()).await {
                return Err(self.refused(error, &list, stepper.steps()));
            }
            stepper.sent();
            list = self.wait_until(|value| value != Some(left)).await?;
            let Some((actual, now)) = self.place(&list) else {
                return Err(self.failed(&list, stepper.steps(), self.not_told(&list)));
            };
            let step = if actual == left { stepper.stayed() } else { stepper.came_to(now) };
            let obstacle = match step {
                Step::Reached => {
                    let means = Means::Stepped(stepper.steps());
                    return Ok(Reached { before: Some(before), actual, means });
                }
                Step::On => {
                    left = actual;
                    continue;
                }
                Step::AtEnd => {
                    list = self.step_back(&mut stepper, &list, actual).await?;
                    self.stuck(&list)
                }
                Step::Stuck => self.stuck(&list),
                Step::PassedOver => Obstacle::PassedOver(left),
                Step::Astray => Obstacle::Astray,
                Step::TooMany => Obstacle::TooManySteps,
            };
            return Err(self.failed(&list, stepper.steps(), obstacle));
        }
    }

    /// Takes back the step that tried the other way, so that what failed changes nothing.
    async fn step_back(
        &self,
        stepper: &mut Stepper,
        list: &CurrentState,
        left: u32,
    ) -> Result<CurrentState, Error> {
        if let Err(error) = self.send_step(stepper.direction()).await {
            return Err(self.refused(error, list, stepper.steps()));
        }
        stepper.sent();
        self.wait_until(|value| value != Some(left)).await
    }

    /// The camera's list, if it has one and the goal is not in it. Bodies list the exposure bias.
    fn list_without(&self, goal: f64) -> Option<Vec<u32>> {
        let property = self.setting.property;
        let Choices::Listed(listed) = self.remote.descriptor(property).map(choices)? else {
            return None;
        };
        let there =
            |&bits: &u32| stops(property, bits).is_some_and(|at| is_near(property, at, goal));
        (!listed.iter().any(there)).then_some(listed)
    }

    /// The value that the camera tells, as bits and in stops; `None` where it tells none.
    fn place(&self, list: &CurrentState) -> Option<(u32, f64)> {
        let bits = list.value(self.setting.property)?;
        Some((bits, stops(self.setting.property, bits)?))
    }

    async fn send_step(&self, direction: StepDirection) -> Result<(), Error> {
        let camera = &self.remote.camera;
        match self.setting.property {
            Prop::SHUTTER_SPEED => camera.run(&StepShutterSpeed(direction), 0).await,
            Prop::F_NUMBER => camera.run(&StepFNumber(direction), 0).await,
            _ => camera.run(&StepExposureBias(direction), 0).await,
        }
    }

    /// Reads 0xD212 until the value is as wanted or the time is over, and returns the last list.
    async fn wait_until(
        &self,
        is_there: impl Fn(Option<u32>) -> bool,
    ) -> Result<CurrentState, Error> {
        let start = Instant::now();
        loop {
            let list = self.remote.camera.refresh().await?;
            let value = list.value(self.setting.property);
            if is_there(value) || start.elapsed() >= CHANGE_WAIT {
                return Ok(list);
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
    }

    /// Why the camera tells no value: its program, if that has the camera choose.
    fn not_told(&self, list: &CurrentState) -> Obstacle {
        match program(list) {
            Some(program) if self.is_chosen_by_camera(program) => Obstacle::Program(program),
            program => Obstacle::NotTold(program),
        }
    }

    /// Why a step changed nothing.
    fn stuck(&self, list: &CurrentState) -> Obstacle {
        let dial = list.value(Prop::COMMAND_DIAL).map(|bits| CommandDial(bits as u16));
        let ends = match self.setting.property {
            Prop::SHUTTER_SPEED => [CommandDial::SHUTTER_AT_END, CommandDial::BOTH_AT_END],
            Prop::F_NUMBER => [CommandDial::APERTURE_AT_END, CommandDial::BOTH_AT_END],
            _ => return Obstacle::NoEffect,
        };
        match (dial, program(list)) {
            (Some(dial), _) if ends.contains(&dial) => Obstacle::DialAtEnd(dial),
            (_, Some(program)) if self.is_chosen_by_camera(program) => Obstacle::Program(program),
            _ => Obstacle::NoEffect,
        }
    }

    /// True in a program whose name says that the camera chooses the value.
    fn is_chosen_by_camera(&self, program: ExposureProgram) -> bool {
        let camera_chooses_all = [ExposureProgram::PROGRAM, ExposureProgram::AUTO];
        match self.setting.property {
            Prop::SHUTTER_SPEED => {
                camera_chooses_all.contains(&program)
                    || program == ExposureProgram::APERTURE_PRIORITY
            }
            Prop::F_NUMBER => {
                camera_chooses_all.contains(&program)
                    || program == ExposureProgram::SHUTTER_PRIORITY
            }
            _ => false,
        }
    }

    /// A refusal is an obstacle like others; what is left of the run may still work.
    fn refused(&self, error: Error, list: &CurrentState, steps: u32) -> Error {
        match error {
            Error::Refused { response, .. } => {
                self.failed(list, steps, Obstacle::Refused(response))
            }
            error => error,
        }
    }

    fn failed(&self, list: &CurrentState, steps: u32, obstacle: Obstacle) -> Error {
        let (setting, wanted) = (self.setting, self.wanted);
        let actual = list.value(setting.property);
        Box::new(NotReached { setting, wanted, actual, steps, obstacle }).into()
    }
}

fn program(list: &CurrentState) -> Option<ExposureProgram> {
    list.value(Prop::EXPOSURE_PROGRAM).map(|bits| ExposureProgram(bits as u16))
}
