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
use super::reduced::{PhotosEntry, ReducedWay};
use super::site::{SiteEntry, SiteWay};
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
    Site,
}

/// Where the files of a site go.
#[derive(Debug, Deserialize)]
struct ToEntry {
    kind: Kind,
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
    /// A place that keeps files, and gets smaller copies.
    Reduced(ReducedWay),
    /// A program.
    Exec(ExecOptions),
    /// An address of the user's.
    Webhook(WebhookWay),
    /// A gallery.
    Site(SiteWay),
}

impl TargetWay {
    /// What brings files there. `owner` names our temporary files, `publisher` us for ever. Reads
    /// secrets.
    pub(super) fn open(&self, owner: &str, publisher: &str) -> Result<Arc<dyn Target>, Trouble> {
        Ok(match self {
            Self::Files(way, usage) => Arc::new(FileTarget::new(way.open()?, *usage, owner)),
            Self::Reduced(way) => Arc::new(way.open(owner)?),
            Self::Exec(options) => Arc::new(Exec::new(options.clone())),
            Self::Webhook(way) => Arc::new(way.open()?),
            Self::Site(way) => Arc::new(way.open(owner, publisher)?),
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
        let way = match common.kind {
            Kind::Exec => source.take::<ExecEntry>(table)?.check().map(TargetWay::Exec),
            Kind::Webhook => {
                Ok(TargetWay::Webhook(source.take::<WebhookEntry>(table)?.check(around)))
            }
            Kind::Site => {
                let Some(mut to) = source.inner(&mut table, "to")? else {
                    return Err(wrong("write where the site is put: to = { kind = ... }"));
                };
                let ToEntry { kind } = source.take(to.split(&["kind"]))?;
                let (to, usage) = files(kind, to, source, around)?;
                source.take::<SiteEntry>(table)?.check(to, usage).map(TargetWay::Site)
            }
            kind => {
                let photos: PhotosEntry = source.take(table.split(&["photos", "size"]))?;
                let (way, usage) = files(kind, table, source, around)?;
                photos.check().map(|size| match size {
                    Some(size) => TargetWay::Reduced(ReducedWay::new(way, usage, size)),
                    None => TargetWay::Files(way, usage),
                })
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
        let choose = match way {
            TargetWay::Site(_) => common.choose.of_site(source)?,
            TargetWay::Reduced(_) => common.choose.of_reduced(source)?,
            _ => common.choose,
        };
        let (choice, quiet) = (choose.check(source)?, quiet.transpose()?);
        if common.name_template.is_some() && matches!(way, TargetWay::Site(_)) {
            return Err(wrong("name_template is not for sites, which name files by their content"));
        }
        let template = common.name_template.map(|text| read_template(&text, source)).transpose()?;
        Ok(Self { way, choice, limit, quiet, template })
    }

    /// Whether it gets smaller copies, and nothing of what none are made of.
    pub(crate) fn gets_copies(&self) -> bool {
        matches!(self.way, TargetWay::Reduced(_) | TargetWay::Site(_))
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

/// Takes a table for a place that keeps files.
fn files(
    kind: Kind,
    mut table: Table<'_>,
    source: &Source<'_>,
    around: &Around<'_>,
) -> Result<(StoreWay, Usage), Trouble> {
    let at = table.start();
    let usage: UsageEntry = source.take(table.split(&["make", "proof"]))?;
    let usage = Usage { make: usage.make, read_back: usage.proof != Some(ProofWord::Size) };
    let way = match kind {
        Kind::Folder => source.take::<FolderEntry>(table)?.check(around),
        Kind::Webdav => source.take::<WebDavEntry>(table)?.check(around),
        Kind::Sftp => source.take::<SftpEntry>(table)?.check(around),
        Kind::Smb => source.take::<SmbEntry>(table)?.check(around),
        Kind::Ftp => source.take::<FtpEntry>(table)?.check(around),
        Kind::S3 => source.take::<S3Entry>(table)?.check(around),
        Kind::Rclone => source.take::<RcloneEntry>(table)?.check(around),
        Kind::Exec | Kind::Webhook | Kind::Site => {
            Err("a site is put where files are kept: folder, webdav, sftp, smb, ftp, s3 or rclone")
        }
    };
    Ok((way.map_err(|text| source.wrong(at, text))?, usage))
}
