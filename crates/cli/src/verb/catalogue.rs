//! `catalogue`: what we have and where it is.

mod adopt;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_catalogue::{
    Camera, CameraId, Create, Error, Finding, FindingKind, Library, ObjectFilter, ObjectRow, State,
    check,
};
use filmwire_codec::DateTime;
use filmwire_ingest::mark_known;
use serde_json::{Value, json};

use crate::config::{Config, SettingFlags};
use crate::context::Context;
use crate::verb::sync::report::Report;
use crate::verb::sync::{base_options, connector, open_library};
use filmwire_program::clock;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::{Output, text};

/// Look at and mend what the library knows
#[derive(Debug, Args)]
pub(crate) struct CatalogueArgs {
    /// The folder of the library [env: FILMWIRE_TO] [default: filmwire in your pictures folder]
    #[arg(long, value_name = "DIR", global = true)]
    to: Option<PathBuf>,
    #[command(subcommand)]
    verb: CatalogueVerb,
}

#[derive(Debug, Subcommand)]
enum CatalogueVerb {
    /// List what cameras showed, and what became of it
    List(FilterArgs),
    /// Compare the catalogue with the files on disk; exit code 8 if something is wrong
    Check {
        /// Read every file and compare its SHA-256 too
        #[arg(long)]
        deep: bool,
    },
    /// Take in photos that no camera sent: those in the library's folder, or a card reader's
    ///
    /// A photo with the same content is then not stored a second time. Makes a library of a folder
    /// that is none yet. A RAF is joined with its JPEG: the one of its name that was taken within 2
    /// seconds of it, by the same body where both tell a serial number.
    #[command(after_help = "Examples:
  filmwire catalogue adopt                        what lies in the library's folder, where it lies
  filmwire catalogue adopt --from /media/card     copy in what the library does not have")]
    Adopt {
        /// A folder inside the library, named from there or from here [default: all of it]
        #[arg(conflicts_with = "from")]
        dir: Option<PathBuf>,
        /// Copy in the photos of this folder outside the library, such as a card; it is only read
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Take what is on the camera's card for known: only later photos are fetched
    MarkKnown,
    /// Forget objects, so that the next sync fetches them again
    #[command(after_help = "Example: filmwire catalogue forget 'DSCF00*' --state failed")]
    Forget {
        #[command(flatten)]
        filter: FilterArgs,
        /// Forget everything, where no name, state or date chooses
        #[arg(long)]
        all: bool,
    },
    /// Copy the catalogue to a new file
    BackUp {
        /// The copy; must not exist
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
struct FilterArgs {
    /// Names on the camera; *, ? and [..] stand for others
    name: Option<String>,
    /// Only these: seen, fetching, publishing, published, known, skipped, failed, damaged
    #[arg(long, value_name = "STATE,..", value_delimiter = ',')]
    state: Vec<State>,
    /// Only what was taken at or after this, by the camera's clock: 2026-05-01 or 2026-05-01T12:30
    #[arg(long, value_name = "DATE", value_parser = crate::verb::sync::date)]
    since: Option<DateTime>,
}

impl FilterArgs {
    fn filter(&self) -> ObjectFilter {
        ObjectFilter {
            states: self.state.clone(),
            name: self.name.clone(),
            since: self.since.map(|date| date.to_string()),
            ..ObjectFilter::default()
        }
    }

    fn chooses(&self) -> bool {
        self.name.is_some() || !self.state.is_empty() || self.since.is_some()
    }
}

/// Rows read at a time.
const PAGE: u32 = 500;

/// Runs the verb.
pub(crate) async fn run(args: CatalogueArgs, context: &Context<'_>) -> Result<Exit> {
    let flags = SettingFlags { to: args.to, ..SettingFlags::default() };
    let config = context.config(&flags)?;
    let create = match args.verb {
        CatalogueVerb::Adopt { from: None, .. } => Create::Here,
        CatalogueVerb::Adopt { .. } | CatalogueVerb::MarkKnown => Create::IfMissingOrEmpty,
        _ => Create::Never,
    };
    let folder = match &args.verb {
        CatalogueVerb::Adopt { from: Some(from), .. } => {
            Some(adopt::folder_outside(&config, from)?)
        }
        CatalogueVerb::Adopt { dir, .. } => Some(adopt::folder_inside(&config, dir.as_deref())?),
        _ => None,
    };
    let library = open_library(&config, create, context)?;
    match args.verb {
        CatalogueVerb::List(filter) => list(&library, &filter.filter(), &context.out),
        CatalogueVerb::Check { deep } => run_check(library, deep, context).await,
        CatalogueVerb::Adopt { from, .. } => {
            let folder = folder.unwrap_or_else(|| library.root().to_owned());
            adopt::run(library, folder, from.is_some(), &config, context).await
        }
        CatalogueVerb::MarkKnown => run_mark_known(&library, &config, context).await,
        CatalogueVerb::Forget { filter, all } => forget(&library, &filter, all, context),
        CatalogueVerb::BackUp { file } => back_up(&library, &file, &context.out),
    }
}

fn list(library: &Library, filter: &ObjectFilter, out: &Output) -> Result<Exit> {
    let catalogue = library.catalogue()?;
    let cameras = catalogue.cameras()?;
    let mut filter = ObjectFilter { limit: Some(PAGE), ..filter.clone() };
    let mut listed: u64 = 0;
    loop {
        let page = catalogue.objects(&filter)?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        listed += page.len() as u64;
        for row in &page {
            match out.is_json() {
                true => out.json("entry", entry(row, &cameras))?,
                false => out.data(&line(row))?,
            }
        }
    }
    let count = text::count(listed, "object", "objects");
    out.note(&format!("{count}; library {} in {}", library.id(), library.root().display()));
    out.json("summary", json!({ "objects": listed }))?;
    Ok(Exit::Done)
}

fn line(row: &ObjectRow) -> String {
    let date = row.key.capture_date.as_deref().and_then(DateTime::parse);
    let what = row.path.as_deref().or(row.reason.as_deref()).unwrap_or_default();
    format!(
        "{:>6}  {:<9}  {:<19}  {:>10}  {:<12}  {}",
        row.id.0,
        row.state.as_str(),
        text::date(date),
        row.key.size,
        text::tame(&row.key.name),
        text::tame(what),
    )
}

fn entry(row: &ObjectRow, cameras: &[Camera]) -> Value {
    let key = |id: CameraId| cameras.iter().find(|camera| camera.id == id).map(|found| &found.key);
    json!({
        "id": row.id.0,
        "camera": key(row.camera),
        "name": row.key.name,
        "date": row.key.capture_date,
        "size": row.key.size,
        "format": format!("{:#06X}", row.key.format),
        "rendition": row.key.rendition.as_str(),
        "state": row.state.as_str(),
        "reason": row.reason,
        "tries": row.tries,
        "path": row.path,
        "sha256": row.sha256.map(|sha256| text::hex(&sha256)),
        "serial": row.exif_serial,
    })
}

/// Checks in a thread of its own, so that it can be interrupted; it changes nothing.
async fn run_check(library: Library, deep: bool, context: &Context<'_>) -> Result<Exit> {
    let checking = tokio::task::spawn_blocking(move || check_beside(&library, deep));
    let (findings, holder) = tokio::select! {
        findings = checking => findings??,
        () = context.interrupt.stop.asked() => {
            let cure = "run the check again; it changed nothing".to_owned();
            return Err(Trouble::Interrupted { cure }.into());
        }
    };
    let out = &context.out;
    if let Some(holder) = &holder {
        out.note(&format!(
            "A run is under way ({}); what it has half-way is left out",
            text::tame(holder)
        ));
    }
    let faults = findings.iter().filter(|finding| finding.kind.is_fault()).count();
    findings.iter().try_for_each(|finding| tell_finding(finding, out))?;
    let others = findings.len() - faults;
    out.say(&match (faults, others) {
        (0, 0) => "Catalogue and disk agree.".to_owned(),
        (0, others) => format!("Catalogue and disk agree; {others} worth knowing."),
        (faults, _) => text::count(faults as u64, "mismatch", "mismatches"),
    })?;
    out.json(
        "summary",
        json!({
            "deep": deep,
            "run_under_way": holder.is_some(),
            "faults": faults,
            "others": others,
        }),
    )?;
    Ok(if faults == 0 { Exit::Done } else { Exit::Mismatch })
}

/// Checks, also beside a run: what that has half-way is no finding. Says who runs, too.
fn check_beside(library: &Library, deep: bool) -> Result<(Vec<Finding>, Option<String>), Error> {
    // A run may begin, or end, while files are read.
    let before = holder(library);
    let mut findings = check(library, deep)?;
    let holder = before.or_else(|| holder(library));
    if holder.is_some() {
        let passing = [FindingKind::Leftover, FindingKind::OpenIntent];
        findings.retain(|finding| !passing.contains(&finding.kind));
    }
    Ok((findings, holder))
}

/// Who works on the library. One that cannot be locked for another reason is held by nobody.
fn holder(library: &Library) -> Option<String> {
    match library.lock() {
        Err(Error::Locked { holder }) => Some(holder),
        _ => None,
    }
}

fn tell_finding(finding: &Finding, out: &Output) -> Result<(), Trouble> {
    let path = text::tame(finding.path.as_deref().unwrap_or_default());
    let mark = if finding.kind.is_fault() { "!" } else { " " };
    out.say(&format!(
        "{mark} {:<16} {path}  {}",
        finding.kind.as_str(),
        text::tame(&finding.text)
    ))?;
    out.say(&format!("  {:<16} {}", "", finding.kind.cure()))?;
    out.json(
        "finding",
        json!({
            "finding": finding.kind.as_str(),
            "fault": finding.kind.is_fault(),
            "path": finding.path,
            "object": finding.object.map(|object| object.0),
            "text": finding.text,
            "help": finding.kind.cure(),
        }),
    )
}

async fn run_mark_known(library: &Library, config: &Config, context: &Context<'_>) -> Result<Exit> {
    let _lock = library.lock()?;
    let mut report = Report::new(context, false, "catalogue mark-known");
    let connect = connector(config, context);
    let options = base_options(config);
    let stop = &context.interrupt.stop;
    let result =
        mark_known(&connect, library, &options, stop, &mut |event| report.tell(event)).await;
    match result {
        Ok(summary) => report.conclude(&summary, library.root()),
        Err(error) => {
            let exit = failure::report(&error.into(), &context.out);
            report.conclude_failed(exit, library.root())?;
            Ok(exit)
        }
    }
}

fn forget(
    library: &Library,
    filter: &FilterArgs,
    all: bool,
    context: &Context<'_>,
) -> Result<Exit> {
    if !all && !filter.chooses() {
        let text = "nothing says what to forget";
        return Err(Trouble::usage(text, "name objects, --state or --since, or say --all").into());
    }
    let _lock = library.lock()?;
    let exists = |path: &str| library.exists(path);
    let now = clock::now()();
    let forgotten = library.catalogue()?.forget(&filter.filter(), &exists, now)?;
    context.out.say(&format!("{} forgotten", text::count(forgotten, "object", "objects")))?;
    context.out.json("summary", json!({ "forgotten": forgotten }))?;
    let named = filter.name.as_ref().filter(|name| !name.contains(['*', '?', '[']));
    match named {
        Some(name) if forgotten == 0 => {
            let text = format!("no object called {name:?} was forgotten");
            Err(Trouble::failed(text, "`filmwire catalogue list` shows what there is").into())
        }
        _ => Ok(Exit::Done),
    }
}

fn back_up(library: &Library, file: &Path, out: &Output) -> Result<Exit> {
    library.catalogue()?.back_up(file)?;
    out.say(&format!("The catalogue was copied to {}", file.display()))?;
    out.json("summary", json!({ "path": file.display().to_string() }))?;
    Ok(Exit::Done)
}
