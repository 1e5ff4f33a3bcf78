//! `ls`: what is on the card.

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use crate::object::{self, Listed, format_name};
use filmwire_program::exit::Exit;
use filmwire_program::output::text;

/// List what is on the card
///
/// One line an object: handle, when it was taken by the camera's clock, true size in bytes, format,
/// name. Handles shift when photos come and go. RAF files, a second slot and bytes past 4 GiB are
/// not shown by cameras in this mode.
#[derive(Debug, Args)]
#[command(after_help = "Example: filmwire ls --json | jq -r 'select(.kind == \"object\") | .name'")]
pub(crate) struct LsArgs {}

/// Runs the verb.
pub(crate) async fn run(_: &LsArgs, context: &Context<'_>) -> Result<Exit> {
    let out = &context.out;
    let config = context.config(&SettingFlags::default())?;
    let camera = context.connect(&config, Default::default()).await?;
    camera.set_real_sizes(true).await?;
    let (mut listed, mut bytes, mut refused) = (0, 0, 0);
    object::walk(&camera, |handle, info| {
        let Some(info) = info else {
            refused += 1;
            let reason = "the camera would not tell what it is";
            out.warn(&format!("object {handle}: {reason}"));
            let line = json!({ "handle": handle.0, "name": handle.to_string(), "reason": reason });
            out.json("failed", line)?;
            return Ok(ControlFlow::Continue(()));
        };
        let object = Listed { handle, info };
        listed += 1;
        bytes += u64::from(object.info.size_bytes);
        if out.is_json() {
            out.json("object", object.json())?;
        } else {
            out.data(&row(&object))?;
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    camera.leave().await;
    let count = text::count(listed, "object", "objects");
    out.note(&format!("{count}, {}", text::bytes(bytes)));
    out.json("summary", json!({ "objects": listed, "bytes": bytes, "failed": refused }))?;
    Ok(if refused == 0 { Exit::Done } else { Exit::SomeFailed })
}

fn row(object: &Listed) -> String {
    format!(
        "{:>6}  {:<19}  {:>10}  {:<4}  {}",
        object.handle.0,
        text::date(object.info.captured()),
        object.info.size_bytes,
        format_name(object.info.format),
        object.name(),
    )
}
