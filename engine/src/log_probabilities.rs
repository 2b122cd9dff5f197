//! How probable tokens were: from rows of logits to log-probabilities.

use shared::model_call::{TokenLogProbability, TopToken};
use shared::tokenizer::Tokenizer;

/// How probable a token was at its place, at temperature 1 and before any filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Score {
    /// The token.
    pub(crate) token: u32,
    /// Natural logarithm of its probability.
    log_probability: f32,
    /// The most probable tokens and theirs, the most probable first, the lower id first among equals.
    top: Vec<(u32, f32)>,
}

impl Score {
    /// Scores `token` by the logits `[vocabulary]` at its place, with the `top` most probable tokens.
    pub(crate) fn of(token: u32, logits: &[f32], top: usize) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Tens of thousands of small terms: a sum in f32 would lose the last digits.
        let sum: f64 = logits.iter().map(|logit| f64::from((logit - largest).exp())).sum();
        let normalizer = f64::from(largest) + sum.ln();
        let log_probability = |logit: f32| (f64::from(logit) - normalizer) as f32;
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(top + 1);
        for (id, &logit) in logits.iter().enumerate() {
            if best.len() < top || best.last().is_some_and(|&(_, least)| logit > least) {
                let at = best.partition_point(|&(_, other)| other >= logit);
                best.insert(at, (id as u32, logit));
                best.truncate(top);
            }
        }
        Self {
            token,
            log_probability: log_probability(logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY)),
            top: best.into_iter().map(|(id, logit)| (id, log_probability(logit))).collect(),
        }
    }

    /// Whether it tells at least `top` of the most probable tokens.
    pub(crate) fn tells(&self, top: usize) -> bool {
        self.top.len() >= top
    }

    /// For callers, with `top` of the most probable tokens.
    pub(crate) fn describe(&self, tokenizer: &Tokenizer, top: usize) -> TokenLogProbability {
        let described =
            |&(id, log_probability): &(u32, f32)| TopToken { id: Some(id), text: text(tokenizer, id), log_probability };
        TokenLogProbability {
            id: Some(self.token),
            text: text(tokenizer, self.token),
            log_probability: Some(self.log_probability),
            top: self.top.iter().take(top).map(described).collect(),
        }
    }
}

/// A prompt's first token, which nothing precedes.
pub(crate) fn first_token(tokenizer: &Tokenizer, id: u32) -> TokenLogProbability {
    TokenLogProbability { id: Some(id), text: text(tokenizer, id), log_probability: None, top: Vec::new() }
}

fn text(tokenizer: &Tokenizer, id: u32) -> String {
    tokenizer.decode_with_special(&[id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_the_best_come_first() {
        let logits = [1.0_f32, 3.0, -2.0, 3.0, 0.5];
        let scores: Vec<Score> = (0..5).map(|token| Score::of(token, &logits, 3)).collect();
        let sum: f32 = scores.iter().map(|score| score.log_probability.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        let ids: Vec<u32> = scores[0].top.iter().map(|&(id, _)| id).collect();
        assert_eq!(ids, [1, 3, 0]);
        assert_eq!(scores[0].top[0].1, scores[1].log_probability);
        assert!((scores[2].log_probability - scores[1].log_probability + 5.0).abs() < 1e-6);
        assert!(Score::of(0, &logits, 0).top.is_empty());
    }
}
