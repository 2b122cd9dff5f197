//! What models answered about the rows of a preparation.

use std::collections::BTreeMap;
use std::io::Write;

use super::super::asking::{Answer, RequestKey};
use super::journal::FileHash;
use super::storage::StoredFile;
use super::{Effect, Preparation, PreparationFault, Progress, Pulse};

/// Answers that were written beside a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedAnswers {
    /// How many.
    pub count: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Their hash, as `xxh128sum` prints it.
    pub xxh128: String,
}

impl<F: StoredFile> Preparation<F> {
    /// How many answers there are.
    pub fn answer_count(&self) -> u32 {
        self.answers.count()
    }

    /// Lines among the answers that are none; what they were to answer is asked again.
    pub fn answers_passed_over(&self) -> u64 {
        self.answers.passed_over()
    }

    /// The answer to a request and its number, where there is one.
    ///
    /// # Errors
    /// The storage fails.
    pub fn answer_to(&self, key: RequestKey) -> Result<Option<(u32, Answer)>, PreparationFault> {
        Ok(self.answers.find(&self.files.answers, key)?)
    }

    /// Keeps answers, and returns once they are safe: how many are new. They stay, whatever steps are done or taken back.
    ///
    /// # Errors
    /// The storage fails.
    pub fn record_answers(&mut self, answers: &[Answer]) -> Result<u32, PreparationFault> {
        Ok(self.answers.append(&self.files.answers, answers)?)
    }

    /// Writes the answers that steps used, in the order of their keys: the same steps give the same bytes, whoever asked
    /// in whatever order. `None`, and nothing is written, where no step used any.
    ///
    /// # Errors
    /// The storage or the output fails, or somebody asked to stop.
    pub async fn write_used_answers(
        &self,
        output: &mut impl Write,
        pulse: &impl Pulse,
    ) -> Result<Option<UsedAnswers>, PreparationFault> {
        let mut numbers = Vec::new();
        for step in 0..self.steps.len() {
            self.for_each_change(step, |change| {
                if let Effect::Use { answer } = change.effect {
                    numbers.push(answer);
                }
                true
            })?;
        }
        numbers.sort_unstable();
        numbers.dedup();
        let mut by_key = BTreeMap::new();
        for number in numbers {
            by_key
                .insert(self.answers.key_of(number).ok_or(PreparationFault::Damaged("an answer is missing"))?, number);
        }
        let mut hash = FileHash::default();
        for (done, number) in by_key.values().enumerate() {
            pulse.beat(Progress { stage: "writing answers", done: done as u64, total: by_key.len() as u64 }).await?;
            let line = self.answers.numbered(&self.files.answers, *number)?.to_json_line();
            hash.add(line.as_bytes());
            output.write_all(line.as_bytes())?;
        }
        let (bytes, xxh128) = (hash.bytes(), hash.to_text());
        Ok((!by_key.is_empty()).then_some(UsedAnswers { count: by_key.len() as u64, bytes, xxh128 }))
    }
}
