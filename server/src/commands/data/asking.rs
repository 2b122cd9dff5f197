//! Who answers what a recipe's steps ask, and the file beside the recipe in which answers are kept: it is the
//! preparation's own file of answers, so that nothing is kept twice and nothing is lost.

use std::cell::OnceCell;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use shared::dataset::asking::{ask, open_requests};
use shared::dataset::preparation::{FileHash, Preparation, Progress, Pulse};
use shared::dataset::recipe::{Recipe, RecipeAnswers};
use shared::dataset::steps::Step;
use shared::model_pool::{ModelPool, ModelReference};

use super::super::opening::models_named;
use super::disk_file::DiskFile;
use crate::arguments::RunArguments;
use crate::config::Config;
use crate::model_calls::NamedModels;
use crate::terminal::{Interrupt, StageBar, note};

/// Requests that are looked for at a time: those of a million rows would fill the memory.
const MOST_REQUESTS: usize = 2000;

/// Who answers.
pub(super) struct Asking<'a> {
    config: &'a Config,
    arguments: &'a RunArguments,
    recipe: &'a Recipe,
    path: PathBuf,
    models: OnceCell<NamedModels>,
}

impl<'a> Asking<'a> {
    /// As the arguments say; `folder` is the recipe's.
    pub(super) fn new(config: &'a Config, arguments: &'a RunArguments, recipe: &'a Recipe, folder: &Path) -> Self {
        let path = folder.join(recipe.answers_name());
        Self { config, arguments, recipe, path, models: OnceCell::new() }
    }

    /// The file of answers.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn is_wanted(&self) -> bool {
        let RunArguments { ask, model, embedder, .. } = self.arguments;
        *ask || model.is_some() || embedder.is_some()
    }

    /// The file of answers, which is the recipe's; `None` where there is none and none is needed.
    pub(super) async fn open_file(&self, bar: &StageBar) -> Result<Option<DiskFile>> {
        if self.recipe.steps.iter().all(|step| step.asked_model().is_none()) {
            return Ok(None);
        }
        let opening = || format!("opening the answers in {}", self.path.display());
        let mut file = if self.is_wanted() {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path);
            let file = file.with_context(opening)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    bail!("another process asks models for {} just now; wait for it or end it", self.path.display())
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(opening),
            }
            file
        } else if self.recipe.answers.is_some() || self.path.exists() {
            File::open(&self.path).with_context(opening)?
        } else {
            return Ok(None);
        };
        self.check(&mut file, bar).await?;
        Ok(Some(DiskFile::kept(file)))
    }

    /// Holds the file to what the recipe was made with.
    async fn check(&self, file: &mut File, bar: &StageBar) -> Result<()> {
        let Some(RecipeAnswers { name, bytes: Some(bytes), xxh128: Some(expected) }) = &self.recipe.answers else {
            return Ok(());
        };
        let found = file.metadata().with_context(|| format!("looking at {name}"))?.len();
        if found < *bytes {
            bail!("{name} has {found} bytes; the recipe was made with {bytes}, and answers are only ever added");
        }
        let hash = FileHash::of(Read::by_ref(file).take(*bytes), *bytes, bar).await;
        let Ok(hash) = hash else { bail!("stopped") };
        let found = hash.with_context(|| format!("reading {name}"))?.to_text();
        if found != *expected {
            bail!(
                "the first {bytes} bytes of {name} have the hash {found}; the recipe was made with {expected}. The same \
                 bytes come of the same answers only"
            );
        }
        Ok(())
    }

    /// Asks all that a step wants to know and that has no answer, where that is wanted. Each answer is in the file before
    /// the next is waited for.
    pub(super) async fn ask(
        &self,
        preparation: &mut Preparation<DiskFile>,
        step: &Step,
        bar: &StageBar,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let Some(reference) = self.model_of(step).filter(|_| self.is_wanted()) else { return Ok(()) };
        let kept = |asked: u64| format!("{asked} new answers are in {}", self.path.display());
        let mut asked = 0_u64;
        loop {
            let open = open_requests(preparation, step, MOST_REQUESTS, bar).await?;
            if open.requests.is_empty() {
                break;
            }
            let total = asked + open.open;
            let model = self.models().await?.model(&reference)?;
            if asked == 0 {
                note(&format!("{}: asking {} for {total} answers", step.title(), reference.name));
            }
            let before = asked;
            let given = ask(open.requests, model, reference.name.clone(), self.arguments.at_a_time.into());
            futures::pin_mut!(given);
            loop {
                let given = tokio::select! {
                    biased;
                    () = interrupt.pressed() => bail!("stopped; {}, and the same command goes on", kept(asked)),
                    given = given.next() => given,
                };
                let Some(given) = given else { break };
                let given = given.with_context(|| format!("asking {}; {}", reference.name, kept(asked)))?;
                asked += u64::from(preparation.record_answers(&given)?);
                bar.beat(Progress { stage: "asking", done: asked, total })
                    .await
                    .map_err(|_| anyhow::anyhow!("stopped"))?;
            }
            if asked == before {
                bail!("{} answers nothing that was asked", reference.name);
            }
        }
        if asked > 0 {
            note(&format!("  {}", kept(asked)));
        }
        Ok(())
    }

    /// The model that is asked for a step: the recipe's, or the one that takes its place.
    fn model_of(&self, step: &Step) -> Option<ModelReference> {
        let RunArguments { model, embedder, .. } = self.arguments;
        let instead = if step.asks_for_directions() { embedder } else { model };
        let of_recipe = step.asked_model()?.clone();
        Some(
            instead.as_ref().map_or(of_recipe, |name| name.parse().unwrap_or_else(|_| ModelReference::companion(name))),
        )
    }

    /// All models that may be asked, made ready when the first of them is.
    async fn models(&self) -> Result<&NamedModels> {
        if let Some(models) = self.models.get() {
            return Ok(models);
        }
        let references: Vec<ModelReference> = self.recipe.steps.iter().filter_map(|step| self.model_of(step)).collect();
        let names = references.iter().map(|reference| reference.name.as_str());
        let models = models_named(self.config, names, self.arguments.accept_licence).await?;
        Ok(self.models.get_or_init(|| models))
    }
}
