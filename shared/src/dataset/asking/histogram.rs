//! How scores are spread, before it is chosen which of them are good enough.

use serde::{Deserialize, Serialize};

use super::interview::interview_rows;
use super::score::{BEST, Score};
use crate::dataset::measures::Histogram;
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StoredFile};

/// How scores are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Rows by their score, from 1 to 5.
    pub histogram: Histogram,
    /// Rows without an answer yet.
    pub open: u64,
    /// Rows whose answer is no score.
    pub without: u64,
}

/// The scores that are known of all kept rows; the step's threshold makes no difference.
///
/// # Errors
/// The storage fails, the step makes no sense, or somebody asked to stop.
pub async fn score_histogram<F: StoredFile>(
    preparation: &Preparation<F>,
    score: &Score,
    pulse: &impl Pulse,
) -> Result<Scores, PreparationFault> {
    let begins: Vec<f64> = (1..=BEST).map(f64::from).collect();
    let histogram = Histogram { counts: vec![0; begins.len()], begins };
    let mut scores = Scores { histogram, open: 0, without: 0 };
    interview_rows(preparation, score, "counting scores", pulse, |row| {
        match row.outcome {
            Some(score) => scores.histogram.add(score.into()),
            None if row.open() > 0 => scores.open += 1,
            None => scores.without += 1,
        }
        Ok(())
    })
    .await?;
    Ok(scores)
}
