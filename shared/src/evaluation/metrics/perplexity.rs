//! How surprised a model is by a text.

/// The exponential of the mean negative log-probability per token: 1 where every token was certain, and about as many
/// as there are equally likely ones otherwise. `None` without tokens. Logarithms are natural.
pub fn perplexity(log_probabilities: &[f32]) -> Option<f64> {
    if log_probabilities.is_empty() {
        return None;
    }
    let sum: f64 = log_probabilities.iter().map(|&value| f64::from(value)).sum();
    Some((-sum / log_probabilities.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_number_of_equally_likely_tokens() {
        assert!((perplexity(&[(0.125_f32).ln(); 5]).unwrap() - 8.0).abs() < 1e-5);
        assert_eq!(perplexity(&[0.0, 0.0]), Some(1.0));
        assert_eq!(perplexity(&[]), None);
    }
}
