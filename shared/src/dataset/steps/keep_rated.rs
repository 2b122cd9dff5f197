//! Dropping rows by how good a person finds them.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use super::edit::check_rating;
use crate::dataset::preparation::{Preparation, PreparationFault, StepWriter, StoredFile};

/// Which ratings keep a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeepRated {
    /// The least rating with which a row stays, from 1 to 5.
    pub at_least: NonZeroU8,
    /// Whether rows stay that nobody rated.
    #[serde(default)]
    pub unrated: bool,
}

impl KeepRated {
    pub(super) fn title(&self) -> String {
        let unrated = if self.unrated { ", and those without a rating" } else { "" };
        format!("Keep rows rated {} or better{unrated}", self.at_least)
    }
}

pub(super) fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &KeepRated,
    writer: &mut StepWriter<'_, F>,
) -> Result<(), PreparationFault> {
    check_rating(step.at_least)?;
    let below = format!("it is rated below {}", step.at_least);
    for (number, row) in preparation.rows().iter().enumerate().filter(|(_, row)| row.is_kept()) {
        match row.rating {
            Some(rating) if rating < step.at_least => writer.drop(number as u32, &below, None)?,
            None if !step.unrated => writer.drop(number as u32, "nobody rated it", None)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::{Silent, tests::prepared};
    use crate::dataset::steps::{Rate, Step};
    use crate::dataset::table::{Query, RatingQuery, find};

    #[test]
    fn rows_are_kept_and_found_by_their_ratings() {
        let rating = |rating: u8| NonZeroU8::new(rating).unwrap();
        let mut preparation = prepared(&"{\"text\":\"a\"}\n".repeat(4));
        for (row, stars) in [(1, 5), (2, 3), (4, 4)] {
            let step = Step::Rate(Rate { row: format!("a.jsonl:{row}"), rating: rating(stars) });
            pollster::block_on(preparation.run(step, &Silent)).unwrap();
        }
        let found = |query| {
            let query = Query { rating: Some(query), ..Query::default() };
            pollster::block_on(find(&preparation, &query, &Silent)).unwrap()
        };
        assert_eq!(found(RatingQuery::AtLeast(rating(4))), [0, 3]);
        assert_eq!(found(RatingQuery::AtMost(rating(4))), [1, 3]);
        assert_eq!(found(RatingQuery::Unrated), [2]);
        let mut kept = |at_least, unrated| {
            let steps = preparation.steps().len();
            let step = Step::KeepRated(KeepRated { at_least: rating(at_least), unrated });
            pollster::block_on(preparation.run(step, &Silent)).map_err(|fault| fault.to_string())?;
            let kept: Vec<bool> = preparation.rows().iter().map(|row| row.is_kept()).collect();
            preparation.rewind(steps).unwrap();
            Ok::<_, String>(kept)
        };
        assert_eq!(kept(4, false).unwrap(), [true, false, false, true]);
        assert_eq!(kept(4, true).unwrap(), [true, false, true, true]);
        assert!(kept(6, true).unwrap_err().contains("from 1 to 5"));
    }
}
