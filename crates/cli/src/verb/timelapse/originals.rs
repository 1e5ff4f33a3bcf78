//! Originals for the library, fetched as `sync` does it while no frame is due.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use clap::{Args, ValueEnum};
use filmwire_camera::{Camera, Error as CameraError};
use filmwire_catalogue::{Create, Error as CatalogueError, Library};
use filmwire_ingest::{Event, SkipReason, Stop, Summary, SyncOptions, sync_lent};
use filmwire_program::exit::{self, Exit, Trouble, words};
use filmwire_program::output::{Output, text};
use filmwire_shoot::timelapse::{End, Errand, Fetched, Originals, Outcome};
use tokio::sync::oneshot;

use crate::config::{Config, SettingFlags};
use crate::context::Context;
use crate::verb::sync::{base_options, library_root, open_library, report, totals};

#[derive(Debug, Args)]
#[command(next_help_heading = "Originals")]
pub(super) struct OriginalsArgs {
    /// Fetch new originals into the library, as `sync` does: at the end, or in pauses of a minute and
    /// more as well [default: none; with --to, --name-template or --only end]
    #[arg(long, value_enum, value_name = "WHEN")]
    fetch: Option<Fetch>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fetch {
    /// They stay on the card
    None,
    /// After the last frame
    End,
    /// In pauses of a minute and more, and after the last frame
    Pauses,
}

impl OriginalsArgs {
    /// What the settings come to.
    pub(super) fn config(&self, context: &Context<'_>) -> Result<Config> {
        Ok(context.config(&self.settings)?)
    }

    fn when(&self) -> Result<Fetch, Trouble> {
        let SettingFlags { to, name_template, only, .. } = &self.settings;
        let names_files = to.is_some() || name_template.is_some() || !only.is_empty();
        let usual = if names_files { Fetch::End } else { Fetch::None };
        let fetch = self.fetch.unwrap_or(usual);
        if fetch == Fetch::None && names_files {
            let text = "with --fetch none there is no file for --to, --name-template and --only";
            return Err(Trouble::usage(text, "leave them out, or fetch at the --fetch end"));
        }
        Ok(fetch)
    }

    /// Who is to fetch; `None` if nobody is. A library that cannot be opened is told now, and not
    /// after a night.
    pub(super) fn shelf(&self, config: &Config, context: &Context<'_>) -> Result<Option<Shelf>> {
        let fetch = self.when()?;
        if fetch == Fetch::None {
            return Ok(None);
        }
        let root = library_root(config)?;
        let library = open_library(config, Create::IfMissingOrEmpty, context)?;
        match library.lock() {
            Ok(lock) => drop(lock),
            // Who has it now is done with it long before the end of a night; frames cannot be had again.
            Err(CatalogueError::Locked { holder }) => {
                let text = "originals are fetched once it is free";
                context.out.warn(&format!("the library is in use by {holder}; {text}"));
            }
            Err(error) => return Err(error.into()),
        }
        let desk = Desk {
            library: Arc::new(library),
            options: base_options(config),
            out: context.out.clone(),
            last: Arc::new(Mutex::new(None)),
        };
        Ok(Some(Shelf { desk, root, in_pauses: fetch == Fetch::Pauses }))
    }
}

/// Fetches into a library. Between visits others may work on it.
pub(super) struct Shelf {
    desk: Desk,
    root: PathBuf,
    in_pauses: bool,
}

impl Shelf {
    pub(super) fn originals(&self) -> Originals<'_> {
        Originals { errand: self, in_pauses: self.in_pauses }
    }

    /// The code of what was fetched, as `sync` would end with; tells what to do about the rest.
    pub(super) fn exit(&self, outcome: &Outcome, out: &Output) -> Exit {
        let Some(fetched) = &outcome.fetched else {
            if outcome.end == End::Finished {
                // Also where another library than the one before is named now.
                let root = self.root.display();
                out.note(&format!(
                    "Nothing to fetch: every frame that was taken was fetched before; \
                     `filmwire sync --to {root}` looks at the whole card"
                ));
            }
            return Exit::Done;
        };
        let exit = match self.desk.last() {
            Some(exit) if fetched.is_whole || exit != Exit::Done => exit,
            // Nobody was there.
            _ if !fetched.is_whole => Exit::NoCamera,
            _ => Exit::Done,
        };
        if exit != Exit::Done {
            let root = self.root.display();
            out.note(&format!(
                "the same command, or `filmwire sync --to {root}`, fetches the originals that are left"
            ));
        }
        exit
    }
}

impl Errand for Shelf {
    fn begin(&self, gallery: Camera, stop: oneshot::Receiver<()>) -> oneshot::Receiver<Fetched> {
        let (told, done) = oneshot::channel();
        let desk = self.desk.clone();
        desk.note(None);
        tokio::spawn(async move {
            let mut new = 0;
            let worked = desk.work(&gallery, stop, &mut new).await;
            let (exit, fetched) = ended(worked, new);
            desk.note(Some(exit));
            // A run that did not wait is told nothing.
            let _ = told.send(fetched);
        });
        done
    }

    fn not_let_in(&self, error: &CameraError) {
        self.desk.note(Some(exit::of_camera(error)));
    }
}

#[derive(Clone)]
struct Desk {
    library: Arc<Library>,
    options: SyncOptions,
    out: Output,
    /// How the last visit ended.
    last: Arc<Mutex<Option<Exit>>>,
}

impl Desk {
    fn last(&self) -> Option<Exit> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, exit: Option<Exit>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = exit;
    }

    /// Fetches what is new until it is asked to stop; `new` counts along.
    async fn work(
        &self,
        gallery: &Camera,
        asked: oneshot::Receiver<()>,
        new: &mut u64,
    ) -> Result<Summary> {
        let library = Arc::clone(&self.library);
        // A disk that stalls must not hold up who shoots.
        let _lock = tokio::task::spawn_blocking(move || library.lock()).await??;
        let (stopper, stop) = Stop::new();
        let mut tell = |event: Event| {
            *new += u64::from(matches!(event, Event::Published(_)));
            self.tell(&event);
        };
        let mut work =
            std::pin::pin!(sync_lent(gallery, &self.library, &self.options, &stop, &mut tell));
        tokio::select! {
            done = &mut work => return Ok(done?),
            _ = asked => stopper.stop(),
        }
        Ok(work.await?)
    }

    /// Tells what became of files. Whoever does not read any more misses it; the run goes on.
    fn tell(&self, event: &Event) {
        let out = &self.out;
        let told = match event {
            Event::Published(done) => {
                let note = if done.damaged { "  broken on the card itself" } else { "" };
                let path = text::tame(&done.path);
                out.say(&format!("                     {path}  {}{note}", text::bytes(done.size)))
            }
            Event::Failed { name, reason } => {
                out.warn(&format!("{}: {}", text::tame(name), text::tame(reason)));
                Ok(())
            }
            Event::Warning(warning) => {
                out.warn(&text::tame(warning));
                Ok(())
            }
            Event::Skipped { name, reason: SkipReason::TooLarge, .. } => {
                let name = text::tame(name);
                out.warn(&format!("{name}: past 4 GiB, out of reach; it stays on the card"));
                Ok(())
            }
            _ => return,
        };
        let told = told.and_then(|()| match report::line(event) {
            Some((kind, body)) => out.json(kind, body),
            None => Ok(()),
        });
        drop(told);
    }
}

/// What a visit came to, for the run and as an exit code.
fn ended(worked: Result<Summary>, new: u64) -> (Exit, Fetched) {
    match worked {
        Ok(summary) => {
            // One that was given up is no reason to go there again.
            let is_whole = !summary.interrupted && summary.stopped.is_none() && summary.failed == 0;
            let error = summary.stopped.map(|_| {
                "the camera's battery is critical; the rest was left on the card".to_owned()
            });
            let fetched = Fetched { new: summary.new, failed: summary.failed, is_whole, error };
            (totals::exit_of(&summary), fetched)
        }
        Err(error) => {
            let (said, _) = words(&error);
            let fetched = Fetched { new, error: Some(said), ..Fetched::default() };
            (Exit::of(&error), fetched)
        }
    }
}
