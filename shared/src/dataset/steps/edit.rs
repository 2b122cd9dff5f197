//! What a person does to single rows.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use crate::dataset::formats::{Format, detect};
use crate::dataset::json::Tape;
use crate::dataset::preparation::{Effect, Preparation, PreparationFault, Progress, Pulse, StepWriter, StoredFile};
use crate::dataset::row::Row;

/// Another row in the place of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Edit {
    /// Its name.
    pub row: String,
    /// What it is now: a JSON object in any format.
    pub to: String,
}

/// How good a row is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rate {
    /// Its name.
    pub row: String,
    /// From 1 to 5.
    pub rating: NonZeroU8,
}

/// Rows that a person does not want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DropRows {
    /// Their names.
    pub rows: Vec<String>,
    /// Why.
    #[serde(default = "by_hand")]
    pub reason: String,
}

/// Rows that a person wants back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeepRows {
    /// Their names.
    pub rows: Vec<String>,
}

/// The best rating.
const BEST: u8 = 5;

fn by_hand() -> String {
    "dropped by hand".to_owned()
}

/// A row from what a person wrote.
///
/// # Errors
/// It is none, in words.
pub fn read_edited(text: &str) -> Result<Row, String> {
    let mut tape = Tape::default();
    let value = tape.read(text).map_err(|fault| fault.to_string())?;
    let format: Format = detect(value).ok_or("its fields are those of no format known here")?;
    let row = format.read(value).map_err(|fault| fault.to_string())?;
    match row.sample.own_format().lacks(&row) {
        None => Ok(row),
        Some(lacks) => Err(format!("{} goes with no {lacks}", row.sample.kind())),
    }
}

pub(super) fn edit<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Edit,
    writer: &mut StepWriter<'_, F>,
) -> Result<(), PreparationFault> {
    let number = preparation.row_named(&step.row)?;
    let row = read_edited(&step.to)
        .map_err(|fault| PreparationFault::Refused(format!("what {} should become is no row: {fault}", step.row)))?;
    let origin = preparation.pass().entry(number)?.origin;
    writer.replace(number, origin, &row)
}

/// Makes sure that there is such a rating.
pub(super) fn check_rating(rating: NonZeroU8) -> Result<(), PreparationFault> {
    if rating.get() <= BEST {
        return Ok(());
    }
    Err(PreparationFault::Refused(format!("a rating goes from 1 to {BEST}, not {rating}")))
}

pub(super) fn rate<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Rate,
    writer: &mut StepWriter<'_, F>,
) -> Result<(), PreparationFault> {
    check_rating(step.rating)?;
    writer.mark(preparation.row_named(&step.row)?, Effect::Rate(step.rating))
}

pub(super) async fn drop<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &DropRows,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let rows = rows_named(preparation, &step.rows, pulse).await?;
    rows.into_iter()
        .filter(|row| preparation.rows()[*row as usize].is_kept())
        .try_for_each(|row| writer.drop(row, &step.reason, None))
}

pub(super) async fn keep<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &KeepRows,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let rows = rows_named(preparation, &step.rows, pulse).await?;
    rows.into_iter().filter(|row| !preparation.rows()[*row as usize].is_kept()).try_for_each(|row| writer.keep(row))
}

/// Rows by their names, in order and each once.
async fn rows_named<F: StoredFile>(
    preparation: &Preparation<F>,
    names: &[String],
    pulse: &impl Pulse,
) -> Result<Vec<u32>, PreparationFault> {
    let mut known = preparation.row_names();
    let mut rows = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let progress = Progress { stage: "looking for rows", done: place as u64, total: names.len() as u64 };
        pulse.beat_at(place, progress).await?;
        rows.push(known.find(name)?);
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}
