//! What a row means, as a direction: rows that point the same way say the same, in whatever words.

use serde::{Deserialize, Serialize};

use super::Task;
use super::answer::Direction;
use super::interview::Interview;
use crate::dataset::duplicates::Similarity;
use crate::dataset::preparation::{Origin, PreparationFault};
use crate::dataset::row::Row;
use crate::dataset::steps::Preferred;
use crate::model_pool::ModelReference;

/// Drops rows that mean the same as another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Meaning {
    /// The model that says where texts point (an embedding model).
    pub model: ModelReference,
    /// The cosine of the angle below which two rows mean the same.
    #[serde(default = "usual_similarity")]
    pub similarity: Similarity,
    /// Which of them stays.
    #[serde(default)]
    pub keep: Preferred,
}

fn usual_similarity() -> Similarity {
    Similarity::USUAL_OF_MEANINGS
}

impl Meaning {
    /// What it does, in words.
    pub fn title(&self) -> String {
        format!("Drop rows that mean the same as another ({} alike, {})", self.similarity.get(), self.model)
    }
}

impl Task for Meaning {
    /// Where the row points, and the model that said it.
    type Outcome = (Direction, String);

    fn model(&self) -> &ModelReference {
        &self.model
    }

    fn of_row(
        &self,
        _: Origin,
        row: &Row,
        interview: &mut Interview<'_>,
    ) -> Result<Option<(Direction, String)>, PreparationFault> {
        let mut all = String::new();
        row.sample.for_each_text(&mut |text| {
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(text);
        });
        // Models point nowhere of an empty text.
        if all.trim().is_empty() { Ok(None) } else { interview.direction(&self.model, all) }
    }
}
