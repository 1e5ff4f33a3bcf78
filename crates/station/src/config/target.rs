//! Targets in the configuration: what all have, and which kind each is.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use filmwire_catalogue::{Choice, FileFacts};
use filmwire_deliver::{Exec, ExecOptions, FileTarget, Naming, Quiet, Target, Usage};
use filmwire_ingest::{BadTemplate, Template};
use filmwire_program::exit::Trouble;
use filmwire_program::file::{Source, Table};
use serde::Deserialize;
use toml::Spanned;

use super::choice::ChoiceEntry;
use super::way::{
    Around, ExecEntry, FolderEntry, FtpEntry, RcloneEntry, S3Entry, SftpEntry, SmbEntry, StoreWay,
    WebDavEntry, WebhookEntry, WebhookWay,
};

/// What every target has.
#[derive(Debug, Deserialize)]
struct CommonEntry {
    kind: Kind,
    #[serde(default)]
    choose: ChoiceEntry,
    limit_kib_s: Option<NonZeroU32>,
    quiet: Option<Spanned<String>>,
    name_template: Option<Spanned<String>>,
}

/// What every place that keeps files has.
#[derive(Debug, Deserialize)]
struct UsageEntry {
    #[serde(default)]
    make: bool,
    proof: Option<ProofWord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Folder,
    Webdav,
    Sftp,
    Smb,
    Ftp,
    S3,
    Rclone,
    Exec,
    Webhook,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProofWord {
    ReadBack,
    Size,
}

/// A target as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct TargetConfig {
    /// How it is reached.
    pub(crate) way: TargetWay,
    /// What it is to get.
    pub(crate) choice: Choice,
    /// How many bytes may go to it in a second; none if there is no limit.
    pub(crate) limit: Option<NonZeroU64>,
    /// When it is left alone.
    pub(crate) quiet: Option<Quiet>,
    /// What photos are called there, if not as in the library.
    pub(crate) template: Option<Template>,
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub(crate) enum TargetWay {
    /// A place that keeps files.
    Files(StoreWay, Usage),
    /// A program.
    Exec(ExecOptions),
    /// A website.
    Webhook(WebhookWay),
}

impl TargetWay {
    /// What brings files there. `owner` names our temporary files. Reads secrets.
    pub(super) fn open(&self, owner: &str) -> Result<Arc<dyn Target>, Trouble> {
        Ok(match self {
            Self::Files(way, usage) => Arc::new(FileTarget::new(way.open()?, *usage, owner)),
            Self::Exec(options) => Arc::new(Exec::new(options.clone())),
            Self::Webhook(way) => Arc::new(way.open()?),
        })
    }
}

impl TargetConfig {
    /// Takes a table for a target.
    pub(super) fn of(
        name: &str,
        mut table: Table<'_>,
        source: &Source<'_>,
        around: &Around<'_>,
    ) -> Result<Self, Trouble> {
        let at = table.start();
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(source.wrong(at, "a target's name must not be empty"));
        }
        let common: CommonEntry = source.take(table.split(&[
            "kind",
            "choose",
            "limit_kib_s",
            "quiet",
            "name_template",
        ]))?;
        let wrong = |text| source.wrong(at, text);
        let read_usage = |table: &mut Table<'_>| -> Result<Usage, Trouble> {
            let usage: UsageEntry = source.take(table.split(&["make", "proof"]))?;
            Ok(Usage { make: usage.make, read_back: usage.proof != Some(ProofWord::Size) })
        };
        let files = |way: Result<StoreWay, _>, usage| way.map(|way| TargetWay::Files(way, usage));
        let way = match common.kind {
            Kind::Exec => source.take::<ExecEntry>(table)?.check().map(TargetWay::Exec),
            Kind::Webhook => {
                Ok(TargetWay::Webhook(source.take::<WebhookEntry>(table)?.check(around)))
            }
            Kind::Folder => {
                let usage = read_usage(&mut table)?;
                files(source.take::<FolderEntry>(table)?.check(around), usage)
            }
            Kind::Webdav => {
                let usage = read_usage(&mut table)?;
                files(source.take::<WebDavEntry>(table)?.check(around), usage)
            }
            Kind::Sftp => {
                let usage = read_usage(&mut table)?;
                files(source.take::<SftpEntry>(table)?.check(around), usage)
            }
            Kind::Smb => {
                let usage = read_usage(&mut table)?;
                files(source.take::<SmbEntry>(table)?.check(around), usage)
            }
            Kind::Ftp => {
                let usage = read_usage(&mut table)?;
                files(source.take::<FtpEntry>(table)?.check(around), usage)
            }
            Kind::S3 => {
                let usage = read_usage(&mut table)?;
                files(source.take::<S3Entry>(table)?.check(around), usage)
            }
            Kind::Rclone => {
                let usage = read_usage(&mut table)?;
                files(source.take::<RcloneEntry>(table)?.check(around), usage)
            }
        };
        let way = way.map_err(wrong)?;
        if common.limit_kib_s.is_some() && matches!(way, TargetWay::Exec(_)) {
            return Err(wrong("limit_kib_s is not for programs, which send by themselves"));
        }
        let kib = NonZeroU64::new(1024);
        let limit = common.limit_kib_s.map(NonZeroU64::from).zip(kib);
        let limit = limit.map(|(limit, kib)| limit.saturating_mul(kib));
        let quiet = common.quiet.map(|hours| {
            let parsed: Result<Quiet, _> = hours.as_ref().parse();
            parsed.map_err(|error| source.wrong(hours.span().start, &error.to_string()))
        });
        let (choice, quiet) = (common.choose.check(source)?, quiet.transpose()?);
        let template = common.name_template.map(|text| read_template(&text, source)).transpose()?;
        Ok(Self { way, choice, limit, quiet, template })
    }

    /// What photos are called there, if not as in the library.
    pub(super) fn naming(&self) -> Option<Naming> {
        let template = self.template.clone()?;
        Some(Arc::new(move |path: &str, facts: &FileFacts| template.path_of(path, facts)))
    }
}

fn read_template(text: &Spanned<String>, source: &Source<'_>) -> Result<Template, Trouble> {
    let wrong = |why: &str| source.wrong(text.span().start, why);
    let template: Template =
        text.as_ref().parse().map_err(|e: BadTemplate| wrong(&e.to_string()))?;
    match template.names_camera() {
        // A file of the library may have come from several, or from none.
        true => Err(wrong("{camera} is not known here; {model} is")),
        false => Ok(template),
    }
}
