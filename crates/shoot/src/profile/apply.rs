//! Setting what a profile has, until the camera reports it.

use filmwire_camera::{Change, Error, Means, NotReached, Remote};

use super::{Compared, Kept, Profile};

/// Times that the settings are gone through: one may move another that was set before it, as where
/// the flash bounds the shutter speed, and most cameras do not say so.
const ROUNDS: u32 = 2;

/// What came of one setting of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What the profile has.
    pub kept: Kept,
    /// What the camera had before, as bits; `None` if it did not tell.
    pub before: Option<u32>,
    /// What the camera has in the end, as bits, read after everything was set; `None` if it does not
    /// tell.
    pub actual: Option<u32>,
    /// What was done.
    pub outcome: Outcome,
}

impl Applied {
    /// True if the camera has what the profile has.
    pub fn is_reached(&self) -> bool {
        matches!(self.outcome, Outcome::Reached(_))
    }
}

/// What was done for a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The camera has it, by these means.
    Reached(Means),
    /// It has another value.
    Failed(Problem),
}

/// Why the camera does not have what a profile has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Only the person at the body can set it.
    Body,
    /// It was tried.
    NotReached(Box<NotReached>),
    /// It was reached, and moved again when others were set.
    Moved,
}

impl Problem {
    /// Why, in words.
    pub fn cause(&self) -> String {
        match self {
            Self::Body => "it can be set on the body only".to_owned(),
            Self::NotReached(what) => what.cause(),
            Self::Moved => "it was set, and moved again when others were set".to_owned(),
        }
    }

    /// What the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Body => {
                "set it on the body; its controls are dead until filmwire has left, which it has when this run ends"
            }
            Self::NotReached(what) => what.cure(),
            Self::Moved => "set the body as it was when the profile was saved, and apply again",
        }
    }
}

impl Profile {
    /// Sets what is not as the profile has it, in the order of [`super::KEPT`], and says what the
    /// camera has in the end. What cannot be reached does not keep the others from being tried.
    ///
    /// Fails with link trouble, and with [`Error::Forbidden`] unless
    /// [`filmwire_camera::Allow::settings`] lets it pass. Cancel-safe: some settings are set then.
    pub async fn apply(&self, remote: &Remote) -> Result<Vec<Applied>, Error> {
        let mut compared = self.compare(&remote.settings().await?);
        let mut applied: Vec<_> = compared.iter().map(begin).collect();
        for _ in 0..ROUNDS {
            let mut tried = false;
            for (applied, compared) in applied.iter_mut().zip(&compared) {
                if needs_setting(compared) {
                    applied.outcome = set(remote, applied).await?;
                    tried = true;
                }
            }
            if !tried {
                break;
            }
            compared = self.compare(&remote.settings().await?);
        }
        for (applied, compared) in applied.iter_mut().zip(&compared) {
            end(applied, compared);
        }
        Ok(applied)
    }
}

fn needs_setting(compared: &Compared) -> bool {
    let Compared { kept, change, .. } = *compared;
    let is_settable = match change {
        Change::Written => true,
        Change::Stepped => kept.setting.can_be_asked_for(kept.bits),
        _ => false,
    };
    !compared.is_same() && is_settable
}

/// What holds before anything was set.
fn begin(compared: &Compared) -> Applied {
    let Compared { kept, actual, .. } = *compared;
    let outcome = match compared.is_same() {
        true => Outcome::Reached(Means::Already),
        // What cannot be asked for, such as a shutter speed that the camera chooses, is a matter of
        // the body's dials.
        false => Outcome::Failed(Problem::Body),
    };
    Applied { kept, before: actual, actual, outcome }
}

async fn set(remote: &Remote, applied: &Applied) -> Result<Outcome, Error> {
    let Kept { setting, bits } = applied.kept;
    match remote.set(setting, bits).await {
        Ok(reached) => Ok(Outcome::Reached(reached.means)),
        Err(Error::NotReached(what)) => Ok(Outcome::Failed(Problem::NotReached(what))),
        Err(error) => Err(error),
    }
}

/// What holds once everything was set: what the camera reports then, whatever it reported before.
fn end(applied: &mut Applied, compared: &Compared) {
    applied.actual = compared.actual;
    match (compared.is_same(), &applied.outcome) {
        (true, Outcome::Failed(_)) => applied.outcome = Outcome::Reached(Means::Already),
        (false, Outcome::Reached(_)) => applied.outcome = Outcome::Failed(Problem::Moved),
        _ => {}
    }
}
