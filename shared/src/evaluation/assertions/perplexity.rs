//! `perplexity`: the model was sure enough of its answer.

use super::observation::{JudgeError, Observation};
use crate::evaluation::Answer;
use crate::evaluation::metrics::perplexity::perplexity;

pub(super) fn observe(answer: &Answer, most: Option<f64>) -> Result<Observation, JudgeError> {
    let Some(value) = answer.log_probabilities.as_deref().and_then(perplexity) else {
        return Err(JudgeError::new(
            "there are no log-probabilities of this answer to take the perplexity from; choose a model that tells \
             them, or leave the check out",
        ));
    };
    Ok(match most {
        Some(most) => Observation::at_most("the perplexity", (value, format!("{value:.2}")), (most, most.to_string())),
        None => Observation::whether(true, format!("the perplexity is {value:.2}")),
    })
}
