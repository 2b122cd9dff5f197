//! `similar`: the answer means about the same as one of several texts.

use super::graders::Graders;
use super::observation::{JudgeError, Observation};
use crate::evaluation::metrics::cosine::cosine_similarity;

pub(super) async fn observe(
    answer: &str,
    texts: Vec<String>,
    least: f64,
    graders: &Graders,
) -> Result<Observation, JudgeError> {
    let mut all = vec![answer.to_owned()];
    all.extend(texts);
    let similarities = similarities_to_first(all, graders).await?;
    let best = similarities.into_iter().fold(f64::NEG_INFINITY, f64::max);
    Ok(Observation::at_least("the similarity", best, least))
}

/// The cosine of the first text's embedding with each of the others'.
pub(super) async fn similarities_to_first(texts: Vec<String>, graders: &Graders) -> Result<Vec<f64>, JudgeError> {
    let vectors = graders.embed(texts).await?;
    let Some((first, others)) = vectors.split_first() else { return Ok(Vec::new()) };
    others
        .iter()
        .map(|other| {
            cosine_similarity(first, other).ok_or_else(|| {
                JudgeError::new("the embedding model gave an empty vector, or vectors of different lengths")
            })
        })
        .collect()
}
