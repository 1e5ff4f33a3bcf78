//! `thumb`: thumbnails of some objects.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use filmwire_camera::Camera;

use crate::config::SettingFlags;
use crate::context::Context;
use crate::object::{self, Listed};
use crate::target::{Target, Written};
use crate::verb::get::{Totals, tell};
use filmwire_program::exit::{Exit, Trouble};

/// Fetch the thumbnails of some objects by handle or name
///
/// Thumbnails are small JPEG files, named like the object with -thumb.jpg at the end. Files never
/// replace another.
#[derive(Debug, Args)]
#[command(after_help = "Example: filmwire thumb 1 2 3 --to thumbnails")]
pub(crate) struct ThumbArgs {
    /// Handles or file names, as `filmwire ls` shows them
    #[arg(value_name = "HANDLE|NAME", required = true)]
    objects: Vec<String>,
    /// Put the files into this folder [default: this one]
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    to: Option<PathBuf>,
    /// Write one thumbnail to this file, which must not exist, or to standard output (-)
    #[arg(short, long, value_name = "FILE|-")]
    output: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) async fn run(args: &ThumbArgs, context: &Context<'_>) -> Result<Exit> {
    let out = &context.out;
    let target = Target::choose(args.to.as_deref(), args.output.as_deref(), &args.objects, out)?;
    let config = context.config(&SettingFlags::default())?;
    let camera = context.connect(&config, Default::default()).await?;
    let (found, missing) = object::find(&camera, &args.objects, out).await?;
    let mut totals = Totals { failed: missing, ..Totals::default() };
    for listed in &found {
        match fetch(&camera, listed, &target).await {
            Ok(written) => {
                tell(listed, &written, context)?;
                totals.add(&written);
            }
            Err(error) => totals.fail(error, listed, context)?,
        }
    }
    camera.leave().await;
    totals.print(context)?;
    Ok(if totals.failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

async fn fetch(camera: &Camera, listed: &Listed, target: &Target) -> Result<Written> {
    let Some(bytes) = camera.thumb(listed.handle).await? else {
        return Err(Trouble::failed("the camera has no thumbnail of it", "").into());
    };
    let name = listed.file_name();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let mut file = target.open(&format!("{stem}-thumb.jpg"))?;
    file.write(&bytes)?;
    Ok(file.finish()?)
}
