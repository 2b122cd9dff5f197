//! What must still be asked before a step can be done.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Task;
use super::interview::interview_rows;
use super::request::{Request, RequestKey};
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StoredFile};
use crate::dataset::steps::Step;

/// What must still be asked before a step can be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenRequests {
    /// The first of them, with the keys that their answers are kept by.
    pub requests: Vec<(RequestKey, Request)>,
    /// How many there are, with those that will only be made once others are answered.
    pub open: u64,
    /// Requests with an answer.
    pub answered: u64,
}

/// Finds the requests of a step that have no answer, and gives the first of them. A step that asks nobody has none.
///
/// # Errors
/// The storage fails, the step makes no sense, or somebody asked to stop.
pub async fn open_requests<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Step,
    most: usize,
    pulse: &impl Pulse,
) -> Result<OpenRequests, PreparationFault> {
    match step {
        Step::Questions(task) => of_task(preparation, task, most, pulse).await,
        Step::Paraphrase(task) => of_task(preparation, task, most, pulse).await,
        Step::BackTranslate(task) => of_task(preparation, task, most, pulse).await,
        Step::VaryPrompts(task) => of_task(preparation, task, most, pulse).await,
        Step::Score(task) => of_task(preparation, task, most, pulse).await,
        Step::DeduplicateByMeaning(task) => of_task(preparation, task, most, pulse).await,
        _ => Ok(OpenRequests::default()),
    }
}

async fn of_task<F: StoredFile>(
    preparation: &Preparation<F>,
    task: &impl Task,
    most: usize,
    pulse: &impl Pulse,
) -> Result<OpenRequests, PreparationFault> {
    let mut found = OpenRequests::default();
    let (mut keys, mut answers) = (HashSet::new(), HashSet::<u32>::new());
    interview_rows(preparation, task, "looking for what to ask", pulse, |row| {
        answers.extend(&row.used);
        for open in row.open {
            let key = open.request.key();
            if keys.insert(key) {
                found.open += 1 + open.follow_ups;
                if found.requests.len() < most {
                    found.requests.push((key, open.request));
                }
            }
        }
        Ok(())
    })
    .await?;
    found.answered = answers.len() as u64;
    Ok(found)
}
