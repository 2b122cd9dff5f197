//! Steps that a model decides: they are done once all that they ask is answered.

use super::descendants::Descendants;
use crate::dataset::asking::{Interviewed, Questions, Score, Task, interview_rows};
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StepWriter, StoredFile};
use crate::dataset::row::Row;

/// Whether all is answered.
#[derive(Default)]
pub(super) struct Answered {
    open: u64,
}

impl Answered {
    /// Notes what a row's answers are; false once one is missing, because then nothing will be done.
    pub(super) fn note<F: StoredFile, T>(
        &mut self,
        row: &Interviewed<T>,
        writer: &mut StepWriter<'_, F>,
    ) -> Result<bool, PreparationFault> {
        self.open += row.open() as u64;
        if self.open > 0 {
            return Ok(false);
        }
        row.unused.iter().for_each(|reason| writer.note_unused(reason));
        row.used.iter().try_for_each(|answer| writer.note_used(row.row, *answer))?;
        Ok(true)
    }

    /// Refuses what is not answered.
    pub(super) fn all(self, task: &impl Task) -> Result<(), PreparationFault> {
        match self.open {
            0 => Ok(()),
            open => Err(PreparationFault::Unanswered { open, model: task.model().clone() }),
        }
    }
}

/// Makes questions out of texts.
pub(super) async fn questions<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Questions,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut descendants = Descendants::of(preparation)?;
    let mut answered = Answered::default();
    interview_rows(preparation, step, "making questions", pulse, |text| {
        if !answered.note(&text, writer)? || text.used.is_empty() {
            return Ok(());
        }
        let name = preparation.name_of(text.entry.origin)?;
        let pairs = text.outcome.unwrap_or_default();
        let reason = if pairs.is_empty() { "no question came of the text" } else { "questions were made of the text" };
        for pair in pairs {
            if let Some(origin) = descendants.next(text.entry.origin) {
                writer.add(text.row, origin, &Questions::to_row(pair, &text.content, &name))?;
            }
        }
        if step.keep_texts { Ok(()) } else { writer.drop(text.row, reason, None) }
    })
    .await?;
    answered.all(step)
}

/// Makes copies of rows in which the person says it in another way.
pub(super) async fn rewrite<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &impl Task<Outcome = Vec<Row>>,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut descendants = Descendants::of(preparation)?;
    let mut answered = Answered::default();
    interview_rows(preparation, step, "making copies", pulse, |row| {
        if !answered.note(&row, writer)? {
            return Ok(());
        }
        for copy in row.outcome.unwrap_or_default() {
            if let Some(origin) = descendants.next(row.entry.origin) {
                writer.add(row.row, origin, &copy)?;
            }
        }
        Ok(())
    })
    .await?;
    answered.all(step)
}

/// Drops rows that are not good enough. Those without a score stay, and are counted.
pub(super) async fn score<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Score,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut answered = Answered::default();
    interview_rows(preparation, step, "looking at scores", pulse, |row| {
        if !answered.note(&row, writer)? {
            return Ok(());
        }
        match row.outcome {
            Some(score) if score < step.at_least => {
                let reason = format!("it is scored {score}, and {} is the least: {}", step.at_least, step.criterion);
                writer.drop(row.row, reason.trim(), None)
            }
            _ => Ok(()),
        }
    })
    .await?;
    answered.all(step)
}
