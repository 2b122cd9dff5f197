//! Dropping rows by a measure.

use serde::{Deserialize, Serialize};

use super::each_kept;
use crate::dataset::measures::Measure;
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StepWriter, StoredFile};

/// Between which values of a measure a row stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Filter {
    /// What is measured.
    pub measure: Measure,
    /// The least value with which a row stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The largest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Filter {
    pub(super) fn title(&self) -> String {
        let bounds = match (self.at_least, self.at_most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "any".to_owned(),
        };
        format!("Keep by {}: {bounds}", self.measure.title())
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Filter,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let title = step.measure.title();
    let (below, above) = (format!("{title} is below the least"), format!("{title} is above the most"));
    each_kept(preparation, "measuring", pulse, |row, _, content| {
        let Some(value) = step.measure.of(&content) else { return Ok(()) };
        if step.at_least.is_some_and(|least| value < least) {
            writer.drop(row, &below, None)
        } else if step.at_most.is_some_and(|most| value > most) {
            writer.drop(row, &above, None)
        } else {
            Ok(())
        }
    })
    .await
}
