//! `get`: some objects, into a folder, a file or standard output.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Camera, Error, GetPartialObject};
use filmwire_codec::ObjectFormatCode;
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use crate::object::{self, Listed};
use crate::target::{Target, Written};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;

/// Fetch some objects by handle or name
///
/// A name stands for the first object called so, in the order of `filmwire ls`. Files are checked
/// for their size and never replace another: a second one gets -2 before its extension. The library
/// is not asked and not told; for that there is `filmwire sync`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire get 1 2 3 --to photos
  filmwire get DSCF0012.JPG --output - | exiftool -")]
pub(crate) struct GetArgs {
    /// Handles or file names, as `filmwire ls` shows them
    #[arg(value_name = "HANDLE|NAME", required = true)]
    objects: Vec<String>,
    /// Put the files into this folder [default: this one]
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    to: Option<PathBuf>,
    /// Write one object to this file, which must not exist, or to standard output (-)
    #[arg(short, long, value_name = "FILE|-")]
    output: Option<PathBuf>,
    /// Have the camera make photos smaller (1776 x 1184) before it sends them
    #[arg(long)]
    reduced: bool,
}

/// Runs the verb.
pub(crate) async fn run(args: &GetArgs, context: &Context<'_>) -> Result<Exit> {
    let out = &context.out;
    let target = Target::choose(args.to.as_deref(), args.output.as_deref(), &args.objects, out)?;
    let config = context.config(&SettingFlags::default())?;
    let camera = context.connect(&config, Default::default()).await?;
    if args.reduced {
        camera.set_reduced(true).await?;
    } else {
        camera.set_real_sizes(true).await?;
    }
    let (found, missing) = object::find(&camera, &args.objects, out).await?;
    out.show_bars();
    out.with_bars(|bars| bars.expect(found.len() as u64));
    let mut totals = Totals { failed: missing, ..Totals::default() };
    for listed in &found {
        if args.reduced && listed.info.format != ObjectFormatCode::EXIF_JPEG {
            out.warn(&format!("{}: only photos are made smaller", listed.name()));
        }
        match fetch(&camera, listed, &target, context).await {
            Ok(written) => totals.add(&written),
            Err(error) => totals.fail(error, listed, context)?,
        }
    }
    out.hide_bars();
    if args.reduced {
        // The camera forgets it with the session too.
        let _ = camera.set_reduced(false).await;
    }
    camera.leave().await;
    totals.print(context)?;
    Ok(if totals.failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

/// What became of the objects.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) fetched: u64,
    pub(crate) failed: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    /// Counts a file that is whole.
    pub(crate) fn add(&mut self, written: &Written) {
        self.fetched += 1;
        self.bytes += written.bytes;
    }

    /// Counts an object that failed alone; passes on what ends everything.
    pub(crate) fn fail(
        &mut self,
        error: anyhow::Error,
        listed: &Listed,
        context: &Context<'_>,
    ) -> Result<()> {
        let alone = matches!(
            error.downcast_ref::<Error>(),
            Some(Error::Refused { .. } | Error::Unreadable { .. } | Error::Short { .. })
        ) || matches!(error.downcast_ref(), Some(Trouble::Failed { .. }));
        if !alone {
            return Err(error);
        }
        self.failed += 1;
        let (name, reason) = (listed.name(), text::tame(&error.to_string()));
        context.out.warn(&format!("{name}: {reason}"));
        let handle = listed.handle.0;
        Ok(context
            .out
            .json("failed", json!({ "handle": handle, "name": name, "reason": reason }))?)
    }

    /// Says the totals.
    pub(crate) fn print(&self, context: &Context<'_>) -> Result<(), Trouble> {
        let Self { fetched, failed, bytes } = self;
        let failures = if *failed > 0 { format!(", {failed} failed") } else { String::new() };
        let files = text::count(*fetched, "file", "files");
        context.out.note(&format!("{files}, {}{failures}", text::bytes(*bytes)));
        let line = json!({ "fetched": fetched, "failed": failed, "bytes": bytes });
        context.out.json("summary", line)
    }
}

/// Fetches one object piece by piece, each written as it comes, and checks the size.
async fn fetch(
    camera: &Camera,
    listed: &Listed,
    target: &Target,
    context: &Context<'_>,
) -> Result<Written> {
    let size = listed.info.size_bytes;
    let name = listed.file_name();
    let mut file = target.open(&name)?;
    context.out.with_bars(|bars| bars.begin(&name, size.into(), 0));
    let mut drawn = Instant::now();
    let mut offset = 0;
    while offset < size {
        let max_bytes = GetPartialObject::PIECE_BYTES.min(size - offset);
        let object = listed.handle;
        let piece = camera.read_part(GetPartialObject { object, offset, max_bytes }).await?;
        if piece.is_empty() {
            break;
        }
        file.write(&piece)?;
        // No piece is longer than asked for, so that this ends at `size`.
        offset += piece.len() as u32;
        if drawn.elapsed().as_millis() >= 50 {
            context.out.with_bars(|bars| bars.advance(offset.into(), size.into()));
            drawn = Instant::now();
        }
    }
    context.out.with_bars(|bars| bars.end(offset.into()));
    if offset != size {
        let text = format!("the camera sent {offset} of {size} bytes");
        return Err(Trouble::failed(text, "run again").into());
    }
    let written = file.finish()?;
    tell(listed, &written, context)?;
    Ok(written)
}

/// Tells of a file that is whole.
pub(crate) fn tell(
    listed: &Listed,
    written: &Written,
    context: &Context<'_>,
) -> Result<(), Trouble> {
    let Some(path) = &written.path else { return Ok(()) };
    context.out.say(&path.display().to_string())?;
    context.out.json(
        "file",
        json!({
            "handle": listed.handle.0,
            "name": listed.info.name.to_text(),
            "path": path.display().to_string(),
            "size": written.bytes,
        }),
    )
}
