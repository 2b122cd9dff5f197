//! What can be done to the rows of a preparation, one kind of step per file. A step says what becomes of each row, and the
//! same rows and the same step always give the same.

mod ask;
mod balance;
mod chance;
mod check;
mod deduplicate;
mod deduplicate_by_meaning;
mod descendants;
mod drop_leaks;
mod edit;
mod filter;
mod keep_rated;
mod noise;
mod split;

use serde::{Deserialize, Serialize};

pub use self::balance::Balance;
pub use self::deduplicate::{Deduplicate, Preferred};
pub use self::drop_leaks::DropLeaks;
pub use self::edit::{DropRows, Edit, KeepRows, Rate, read_edited};
pub use self::filter::Filter;
pub use self::keep_rated::KeepRated;
pub use self::noise::{Noise, NoiseKind};
pub use self::split::Split;

pub(super) use self::chance::Chance;

use super::asking::{BackTranslation, Meaning, Paraphrase, PromptVariation, Questions, Score, Task};
use super::checks::Check;
use super::preparation::{Entry, Part, Preparation, PreparationFault, Progress, Pulse, StepWriter, StoredFile};
use super::row::Row;
use crate::model_pool::ModelReference;

/// Something that is done to all rows, or to some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Mends what a check finds, where it can.
    Repair(Check),
    /// Drops the rows in which a check finds something.
    Drop(Check),
    /// Drops rows that say what others say.
    Deduplicate(Deduplicate),
    /// Drops rows by a measure.
    Filter(Filter),
    /// Drops rows by how good a person finds them.
    KeepRated(KeepRated),
    /// Drops rows of classes that have too many.
    Balance(Balance),
    /// Puts another row in the place of one.
    Edit(Edit),
    /// Says how good a row is.
    Rate(Rate),
    /// Drops rows chosen by hand.
    DropRows(DropRows),
    /// Takes rows back that were dropped.
    KeepRows(KeepRows),
    /// Makes rows with the noise of people's typing.
    Noise(Noise),
    /// Makes questions and answers out of texts, by a model.
    Questions(Questions),
    /// Makes rows in other words, by a model.
    Paraphrase(Paraphrase),
    /// Makes rows out of what comes back from a translation, by a model.
    BackTranslate(BackTranslation),
    /// Makes rows that ask in another manner, by a model.
    VaryPrompts(PromptVariation),
    /// Drops rows that a model does not find good enough.
    Score(Score),
    /// Drops rows that mean what others mean, by a model.
    DeduplicateByMeaning(Meaning),
    /// Shares the rows out to training, validation and test.
    Split(Split),
    /// Drops rows of the training part that are known from the others.
    DropLeaks(DropLeaks),
}

impl Step {
    /// What it does, in words.
    pub fn title(&self) -> String {
        match self {
            Self::Repair(check) => format!("Repair: {}", check.title()),
            Self::Drop(check) => format!("Drop: {}", check.title()),
            Self::Deduplicate(step) => step.title(),
            Self::Filter(step) => step.title(),
            Self::KeepRated(step) => step.title(),
            Self::Balance(step) => step.title(),
            Self::Edit(step) => format!("Edit {}", step.row),
            Self::Rate(step) => format!("Rate {} with {}", step.row, step.rating),
            Self::DropRows(step) => format!("Drop {}: {}", counted(step.rows.len(), "row"), step.reason),
            Self::KeepRows(step) => format!("Take back {}", counted(step.rows.len(), "row")),
            Self::Noise(step) => step.title(),
            Self::Questions(step) => step.title(),
            Self::Paraphrase(step) => step.title(),
            Self::BackTranslate(step) => step.title(),
            Self::VaryPrompts(step) => step.title(),
            Self::Score(step) => step.title(),
            Self::DeduplicateByMeaning(step) => step.title(),
            Self::Split(step) => step.title(),
            Self::DropLeaks(step) => step.title(),
        }
    }

    /// The model that it needs answers of; most steps need none.
    pub fn asked_model(&self) -> Option<&ModelReference> {
        match self {
            Self::Questions(step) => Some(step.model()),
            Self::Paraphrase(step) => Some(step.model()),
            Self::BackTranslate(step) => Some(step.model()),
            Self::VaryPrompts(step) => Some(step.model()),
            Self::Score(step) => Some(step.model()),
            Self::DeduplicateByMeaning(step) => Some(step.model()),
            _ => None,
        }
    }

    /// Whether that model is asked where texts point, and not for texts.
    pub fn asks_for_directions(&self) -> bool {
        matches!(self, Self::DeduplicateByMeaning(_))
    }
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("one {noun}") } else { format!("{count} {noun}s") }
}

/// Computes a step.
pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Step,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    match step {
        Step::Repair(check) => check::repair(preparation, check, writer, pulse).await,
        Step::Drop(check) => check::drop(preparation, check, writer, pulse).await,
        Step::Deduplicate(step) => deduplicate::run(preparation, step, writer, pulse).await,
        Step::Filter(step) => filter::run(preparation, step, writer, pulse).await,
        Step::KeepRated(step) => keep_rated::run(preparation, step, writer),
        Step::Balance(step) => balance::run(preparation, step, writer, pulse).await,
        Step::Edit(step) => edit::edit(preparation, step, writer),
        Step::Rate(step) => edit::rate(preparation, step, writer),
        Step::DropRows(step) => edit::drop(preparation, step, writer, pulse).await,
        Step::KeepRows(step) => edit::keep(preparation, step, writer, pulse).await,
        Step::Noise(step) => noise::run(preparation, step, writer, pulse).await,
        Step::Questions(step) => ask::questions(preparation, step, writer, pulse).await,
        Step::Paraphrase(step) => ask::rewrite(preparation, step, writer, pulse).await,
        Step::BackTranslate(step) => ask::rewrite(preparation, step, writer, pulse).await,
        Step::VaryPrompts(step) => ask::rewrite(preparation, step, writer, pulse).await,
        Step::Score(step) => ask::score(preparation, step, writer, pulse).await,
        Step::DeduplicateByMeaning(step) => deduplicate_by_meaning::run(preparation, step, writer, pulse).await,
        Step::Split(step) => split::run(preparation, step, writer, pulse).await,
        Step::DropLeaks(step) => drop_leaks::run(preparation, step, writer, pulse).await,
    }
}

/// Gives every kept row to `take`, in order.
pub(super) async fn each_kept<F: StoredFile>(
    preparation: &Preparation<F>,
    stage: &'static str,
    pulse: &impl Pulse,
    take: impl FnMut(u32, Entry, Row) -> Result<(), PreparationFault>,
) -> Result<(), PreparationFault> {
    each_kept_of(preparation, None, stage, pulse, take).await
}

/// Gives every kept row of a part, or of all, to `take`, in order.
///
/// # Errors
/// No row is in the part.
pub(super) async fn each_kept_of<F: StoredFile>(
    preparation: &Preparation<F>,
    part: Option<Part>,
    stage: &'static str,
    pulse: &impl Pulse,
    mut take: impl FnMut(u32, Entry, Row) -> Result<(), PreparationFault>,
) -> Result<(), PreparationFault> {
    let mut pass = preparation.pass();
    let rows = preparation.rows().len() as u32;
    let is_meant = |row: &u32| {
        let state = preparation.rows()[*row as usize];
        state.is_kept() && (part.is_none() || state.part == part)
    };
    if let Some(part) = part
        && !(0..rows).any(|row| is_meant(&row))
    {
        return Err(PreparationFault::Refused(format!(
            "only rows of the part {} are meant, and none is in it; split the rows first, or leave `part` out",
            part.name()
        )));
    }
    let kept = (0..rows).filter(is_meant);
    for (place, row) in kept.enumerate() {
        pulse.beat_at(place, Progress { stage, done: u64::from(row), total: u64::from(rows) }).await?;
        let (entry, content) = pass.row(row)?;
        take(row, entry, content)?;
    }
    Ok(())
}
