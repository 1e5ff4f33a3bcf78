//! Targets in the configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::Choice;
use filmwire_deliver::store::Store;
use filmwire_deliver::{Exec, ExecOptions, FileTarget, Folder, Target, Usage};
use filmwire_program::exit::Trouble;
use filmwire_program::file::Source;
use serde::Deserialize;
use toml::Spanned;

/// How long a program may take for a file if nothing else is said.
pub(super) const LIMIT: Duration = Duration::from_secs(600);

/// A target; which fields belong to it depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetEntry {
    kind: Kind,
    path: Option<Spanned<String>>,
    make: Option<Spanned<bool>>,
    proof: Option<Spanned<ProofWord>>,
    command: Option<Spanned<Vec<String>>>,
    limit_s: Option<Spanned<u64>>,
    #[serde(default)]
    choose: ChoiceEntry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Folder,
    Exec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProofWord {
    ReadBack,
    Size,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceEntry {
    #[serde(default)]
    kinds: Vec<Spanned<String>>,
    #[serde(default)]
    cameras: Vec<String>,
    min_rating: Option<u8>,
    since: Option<Spanned<String>>,
    #[serde(default)]
    resized: bool,
}

/// A target as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct TargetConfig {
    /// How it is reached.
    pub(crate) way: TargetWay,
    /// What it is to get.
    pub(crate) choice: Choice,
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub(crate) enum TargetWay {
    /// A place that keeps files.
    Files(StoreWay, Usage),
    /// A program.
    Exec(ExecOptions),
}

/// Where a place that keeps files is.
#[derive(Debug, Clone)]
pub(crate) enum StoreWay {
    /// A folder or mounted share.
    Folder(PathBuf),
}

impl StoreWay {
    fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Folder(root) => Arc::new(Folder::new(root.clone())),
        }
    }
}

impl TargetWay {
    /// What brings files there. `owner` names our temporary files.
    pub(super) fn open(&self, owner: &str) -> Arc<dyn Target> {
        match self {
            Self::Files(way, usage) => Arc::new(FileTarget::new(way.open(), *usage, owner)),
            Self::Exec(options) => Arc::new(Exec::new(options.clone())),
        }
    }
}

impl TargetEntry {
    pub(super) fn check(
        self,
        name: &str,
        at: usize,
        source: &Source<'_>,
        expand: &dyn Fn(&str) -> PathBuf,
    ) -> Result<TargetConfig, Trouble> {
        let starts = [
            ("path", self.path.as_ref().map(|v| v.span().start)),
            ("make", self.make.as_ref().map(|v| v.span().start)),
            ("proof", self.proof.as_ref().map(|v| v.span().start)),
            ("command", self.command.as_ref().map(|v| v.span().start)),
            ("limit_s", self.limit_s.as_ref().map(|v| v.span().start)),
        ];
        let (word, allowed) = match self.kind {
            Kind::Folder => ("folder", &["path", "make", "proof"][..]),
            Kind::Exec => ("exec", &["command", "limit_s"][..]),
        };
        for (field, start) in starts {
            if let Some(start) = start.filter(|_| !allowed.contains(&field)) {
                let text = format!("{field} is nothing for a target of kind {word:?}");
                return Err(source.wrong(start, &text));
            }
        }
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(source.wrong(at, "a target's name must not be empty"));
        }
        let missing = |field: &str| {
            source.wrong(at, &format!("target {name} of kind {word:?} needs {field}"))
        };
        let usage = Usage {
            make: self.make.is_some_and(Spanned::into_inner),
            read_back: self.proof.map(Spanned::into_inner) != Some(ProofWord::Size),
        };
        let way = match self.kind {
            Kind::Folder => {
                let path = self.path.filter(|path| !path.as_ref().is_empty());
                let root = expand(path.ok_or_else(|| missing("path"))?.as_ref());
                TargetWay::Files(StoreWay::Folder(root), usage)
            }
            Kind::Exec => {
                let argv = self.command.map(Spanned::into_inner).unwrap_or_default();
                if argv.first().is_none_or(String::is_empty) {
                    return Err(missing("command"));
                }
                let limit = self.limit_s.map(|limit| Duration::from_secs(limit.into_inner()));
                TargetWay::Exec(ExecOptions { argv, limit: limit.unwrap_or(LIMIT) })
            }
        };
        Ok(TargetConfig { way, choice: self.choose.check(source)? })
    }
}

impl ChoiceEntry {
    fn check(self, source: &Source<'_>) -> Result<Choice, Trouble> {
        const KINDS: [&str; 4] = ["jpeg", "raf", "heif", "film"];
        for kind in &self.kinds {
            if !KINDS.contains(&kind.as_ref().as_str()) {
                let text =
                    format!("{:?} is no kind; choose from jpeg, raf, heif, film", kind.as_ref());
                return Err(source.wrong(kind.span().start, &text));
            }
        }
        let since = self.since.map(|since| {
            // As the catalogue has it: digits, with a T before the time.
            let digits: String = since.as_ref().chars().filter(char::is_ascii_digit).collect();
            let is_date = since.as_ref().chars().all(|c| c.is_ascii_digit() || c == '-');
            match digits.len() == 8 && is_date {
                true => Ok(digits),
                false => {
                    Err(source.wrong(since.span().start, "write a date such as \"2026-05-01\""))
                }
            }
        });
        Ok(Choice {
            kinds: self.kinds.into_iter().map(Spanned::into_inner).collect(),
            cameras: self.cameras,
            min_rating: self.min_rating,
            since: since.transpose()?,
            resized: self.resized,
        })
    }
}
