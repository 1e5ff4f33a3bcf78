//! When the library's own copies may be freed.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use filmwire_deliver::Usage;
use filmwire_program::exit::Trouble;
use filmwire_program::file::Source;
use serde::Deserialize;
use toml::Spanned;

use super::target::{TargetConfig, TargetWay};

/// Time to notice that something is wrong with a target.
const MIN_AGE_DAYS: u32 = 30;
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PruneEntry {
    targets: Vec<Spanned<String>>,
    copies: Option<Spanned<NonZeroU32>>,
    min_age_days: Option<u32>,
}

/// When copies may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PruneConfig {
    /// Names of the targets whose copies count.
    pub(crate) targets: Vec<String>,
    /// How many of them must have a photo.
    pub(crate) copies: NonZeroU32,
    /// How long a photo stays at least.
    pub(crate) min_age: Duration,
}

impl PruneEntry {
    pub(super) fn check(
        self,
        targets: &BTreeMap<String, TargetConfig>,
        source: &Source<'_>,
    ) -> Result<PruneConfig, Trouble> {
        let mut names: Vec<String> = Vec::new();
        for name in self.targets {
            let wrong = |text: &str| source.wrong(name.span().start, text);
            match targets.get(name.as_ref()).map(|target| &target.way) {
                Some(TargetWay::Files(_, Usage { read_back: true, .. })) => {}
                Some(TargetWay::Reduced(_)) => {
                    return Err(wrong("smaller copies are no reason to free a photo"));
                }
                Some(_) => return Err(wrong("only a target that is read back counts as a copy")),
                None => return Err(wrong("no target of that name is configured")),
            }
            if names.contains(name.as_ref()) {
                return Err(wrong("each target counts once"));
            }
            names.push(name.into_inner());
        }
        let all = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let copies = match self.copies {
            Some(copies) if copies.as_ref().get() > all => {
                let text = format!("{all} targets cannot hold {} copies", copies.as_ref());
                return Err(source.wrong(copies.span().start, &text));
            }
            Some(copies) => Some(copies.into_inner()),
            None => NonZeroU32::new(all),
        };
        let copies = copies.ok_or_else(|| source.wrong(0, "[prune] names no targets"))?;
        let days = self.min_age_days.unwrap_or(MIN_AGE_DAYS);
        Ok(PruneConfig { targets: names, copies, min_age: DAY.saturating_mul(days) })
    }
}

impl PruneConfig {
    /// What it means, in words.
    pub(crate) fn words(&self) -> String {
        let (copies, days) = (self.copies, self.min_age.as_secs() / DAY.as_secs());
        format!("after {days} days, with {copies} copies at {}", self.targets.join(", "))
    }
}
