//! How the next token is chosen: the parameters and the reference sampler every backend must match.
//!
//! Sampling is `argmax(logit / temperature + gumbel(seed, position, token))` over the tokens that the filters
//! keep. Adding Gumbel noise and taking the largest draws exactly from the softmax (Gumbel-max, Maddison et al.
//! 2014), needs no sum over the vocabulary, and is the same plain arithmetic in Rust and in WGSL. The noise is a
//! function of (seed, position, token) alone, so the same seed gives the same text wherever the logits agree.

use serde::{Deserialize, Serialize};

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingParameters {
    /// 0 takes the most probable token; higher is more varied. At most 2 is useful.
    pub temperature: f32,
    /// Keep only this many of the most probable tokens; 0 keeps all.
    pub top_k: u32,
    /// Keep the fewest most probable tokens whose probabilities add up to this; 1 keeps all.
    pub top_p: f32,
    /// Keep tokens at least this fraction as probable as the most probable one; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of tokens seen in the context; 1 is off (Keskar et al. 2019).
    pub repetition_penalty: f32,
    /// Same seed, same text.
    pub seed: u64,
}

impl Default for SamplingParameters {
    fn default() -> Self {
        Self { temperature: 0.7, top_k: 0, top_p: 0.95, min_p: 0.0, repetition_penalty: 1.0, seed: 0 }
    }
}

impl SamplingParameters {
    /// The most probable token each time.
    pub const GREEDY: Self =
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repetition_penalty: 1.0, seed: 0 };

    /// Checks every field's range.
    ///
    /// # Errors
    /// The first field out of range, by its wire name.
    pub fn validate(&self) -> Result<(), InvalidSampling> {
        let in_range = |field, value: f32, low: f32, high: f32| {
            if (low..=high).contains(&value) { Ok(()) } else { Err(InvalidSampling { field, value, low, high }) }
        };
        in_range("temperature", self.temperature, 0.0, 2.0)?;
        in_range("top_p", self.top_p, f32::MIN_POSITIVE, 1.0)?;
        in_range("min_p", self.min_p, 0.0, 1.0)?;
        in_range("repetition_penalty", self.repetition_penalty, 0.1, 10.0)
    }

    /// True where the choice does not depend on the seed.
    pub fn is_greedy(&self) -> bool {
        self.temperature <= 0.0
    }
}

/// A sampling parameter out of its range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; it must be between {low} and {high}")]
pub struct InvalidSampling {
    /// The parameter's wire name.
    pub field: &'static str,
    /// What was asked for.
    pub value: f32,
    /// The least allowed.
    pub low: f32,
    /// The most allowed.
    pub high: f32,
}

/// Below this distance (in units of the scaled logits) from the best, a token's share of the softmax is lost in
/// f32 rounding: e^-25 * 262,144 tokens is under 4e-6.
const NEGLIGIBLE: f32 = 25.0;

/// The largest value [`gumbel`] returns: -ln(-ln(1 - 2^-24)), rounded up.
const LARGEST_GUMBEL: f32 = 16.64;

/// Chooses tokens and remembers which ones the context holds (for the repetition penalty).
#[derive(Clone, Debug)]
pub struct Sampler {
    parameters: SamplingParameters,
    seen: Vec<bool>, // [vocabulary]
    scratch: Vec<f32>,
}

impl Sampler {
    /// A sampler over a vocabulary of `vocabulary_size` tokens with an empty context.
    pub fn new(parameters: SamplingParameters, vocabulary_size: usize) -> Self {
        Self { parameters, seen: vec![false; vocabulary_size], scratch: Vec::new() }
    }

    /// Notes that the context holds `token`.
    pub fn observe(&mut self, token: u32) {
        if let Some(seen) = self.seen.get_mut(token as usize) {
            *seen = true;
        }
    }

    /// Chooses the token at `position` (its index in the sequence). `logits` is `[vocabulary]` and is changed by the
    /// penalty.
    pub fn choose(&mut self, logits: &mut [f32], position: u32) -> u32 {
        if self.parameters.repetition_penalty != 1.0 {
            penalize(logits, &self.seen, self.parameters.repetition_penalty);
        }
        let best = argmax(logits);
        let chosen = if self.parameters.is_greedy() {
            best
        } else {
            let threshold = keep_threshold(logits, &self.parameters, &mut self.scratch);
            sample(logits, best, threshold, &self.parameters, position)
        };
        self.observe(chosen);
        chosen
    }
}

/// The index of the largest logit, the lowest one of equals. NaN never wins.
pub fn argmax(logits: &[f32]) -> u32 {
    let mut best = 0;
    let mut best_logit = f32::NEG_INFINITY;
    for (index, &logit) in logits.iter().enumerate() {
        if logit > best_logit {
            best = index;
            best_logit = logit;
        }
    }
    best as u32
}

fn penalize(logits: &mut [f32], seen: &[bool], penalty: f32) {
    for (logit, _) in logits.iter_mut().zip(seen).filter(|(_, seen)| **seen) {
        *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
    }
}

/// The smallest logit that top-k, then top-p, then min-p keep; tokens tied with it are kept.
fn keep_threshold(logits: &[f32], parameters: &SamplingParameters, scratch: &mut Vec<f32>) -> f32 {
    let largest = logits[argmax(logits) as usize];
    let mut threshold = f32::NEG_INFINITY;
    let all = parameters.top_k == 0 || parameters.top_k as usize >= logits.len();
    if !all || parameters.top_p < 1.0 {
        scratch.clear();
        let lowest = largest - NEGLIGIBLE * parameters.temperature;
        scratch.extend(logits.iter().copied().filter(|&logit| logit >= lowest));
        scratch.sort_unstable_by(|a, b| b.total_cmp(a));
        if !all {
            scratch.truncate(parameters.top_k as usize);
        }
        if parameters.top_p < 1.0 {
            let weight = |logit: &f32| ((logit - largest) / parameters.temperature).exp();
            let total: f32 = scratch.iter().map(weight).sum();
            let mut cumulative = 0.0;
            let kept = scratch.iter().position(|logit| {
                cumulative += weight(logit);
                cumulative >= parameters.top_p * total
            });
            scratch.truncate(kept.map_or(scratch.len(), |index| index + 1));
        }
        threshold = scratch.last().copied().unwrap_or(largest);
    }
    if parameters.min_p > 0.0 {
        threshold = threshold.max(largest + parameters.temperature * parameters.min_p.ln());
    }
    threshold
}

fn sample(logits: &[f32], best: u32, threshold: f32, parameters: &SamplingParameters, position: u32) -> u32 {
    let noisy = |token: u32| logits[token as usize] / parameters.temperature + gumbel(parameters.seed, position, token);
    let mut chosen = best;
    let mut chosen_score = noisy(best);
    for (token, &logit) in logits.iter().enumerate() {
        // Most tokens can't win whatever their noise is; the two logarithms are the cost here.
        let can_win = logit / parameters.temperature + LARGEST_GUMBEL > chosen_score;
        if logit >= threshold && can_win {
            let score = noisy(token as u32);
            if score > chosen_score {
                chosen = token as u32;
                chosen_score = score;
            }
        }
    }
    chosen
}

/// Standard Gumbel noise as a function of its three arguments; `sampling.wgsl` has its twin.
pub fn gumbel(seed: u64, position: u32, token: u32) -> f32 {
    let key = mix(seed as u32 ^ mix((seed >> 32) as u32 ^ mix(position.wrapping_add(0x9e37_79b9))));
    let bits = mix(key ^ mix(token.wrapping_add(0x85eb_ca6b)));
    // 23 bits and a half: exact in f32, never 0 and never 1.
    let uniform = ((bits >> 9) as f32 + 0.5) / 8_388_608.0;
    -(-uniform.ln()).ln()
}

/// A well-mixed 32-bit permutation (Wellons, "Prospecting for hash functions": lowbias32).
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequencies(parameters: SamplingParameters, logits: &[f32]) -> Vec<f32> {
        let mut counts = vec![0.0; logits.len()];
        let draws = 20_000;
        for position in 0..draws {
            let mut sampler = Sampler::new(parameters, logits.len());
            counts[sampler.choose(&mut logits.to_vec(), position) as usize] += 1.0 / draws as f32;
        }
        counts
    }

    #[track_caller]
    fn check(parameters: SamplingParameters, probabilities: &[f32], expected: &[f32]) {
        let logits: Vec<f32> = probabilities.iter().map(|p: &f32| p.ln()).collect();
        for (token, (got, want)) in frequencies(parameters, &logits).iter().zip(expected).enumerate() {
            assert!((got - want).abs() < 0.012, "token {token}: drawn {got}, expected {want}");
        }
    }

    const ALL: SamplingParameters = SamplingParameters { temperature: 1.0, seed: 7, ..SamplingParameters::GREEDY };

    #[test]
    fn frequencies_follow_the_softmax() {
        check(ALL, &[0.5, 0.3, 0.15, 0.05], &[0.5, 0.3, 0.15, 0.05]);
        // Temperature 0.5 squares the probabilities.
        check(SamplingParameters { temperature: 0.5, ..ALL }, &[0.6, 0.3, 0.1], &[0.7826, 0.1957, 0.0217]);
    }

    #[test]
    fn filters_keep_what_they_say() {
        let p = [0.1, 0.5, 0.05, 0.35];
        check(SamplingParameters { top_k: 2, ..ALL }, &p, &[0.0, 0.588, 0.0, 0.412]);
        check(SamplingParameters { top_p: 0.9, ..ALL }, &p, &[0.105, 0.526, 0.0, 0.368]);
        check(SamplingParameters { min_p: 0.5, ..ALL }, &p, &[0.0, 0.588, 0.0, 0.412]);
        check(SamplingParameters { top_p: 0.01, ..ALL }, &p, &[0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_tokens() {
        let logits: Vec<f32> = (0..1757).map(|token| (token as f32 * 0.37).sin()).collect();
        let draw = |seed| {
            let mut sampler = Sampler::new(SamplingParameters { seed, ..ALL }, logits.len());
            (0..50).map(|position| sampler.choose(&mut logits.clone(), position)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1), draw(1 << 32 | 1), "the upper half of the seed counts");
    }

    #[test]
    fn the_shortcut_for_hopeless_tokens_changes_nothing() {
        let logits: Vec<f32> = (0..1757).map(|token| ((token * 7919) % 1757) as f32 / 60.0).collect();
        for position in 0..500 {
            let noisy = |token: usize| logits[token] + gumbel(7, position, token as u32);
            let brute = (0..logits.len()).max_by(|&a, &b| noisy(a).total_cmp(&noisy(b))).unwrap();
            assert_eq!(sample(&logits, argmax(&logits), f32::NEG_INFINITY, &ALL, position), brute as u32);
        }
    }

    #[test]
    fn a_repeated_token_is_less_likely() {
        let penalty = SamplingParameters { repetition_penalty: 2.0, ..SamplingParameters::GREEDY };
        let mut sampler = Sampler::new(penalty, 3);
        assert_eq!(sampler.choose(&mut [3.0, 2.0, -1.0], 0), 0);
        assert_eq!(sampler.choose(&mut [3.0, 2.0, -1.0], 1), 1);
        assert_eq!(sampler.choose(&mut [-1.0, -1.1, -1.5], 2), 2);
    }

    #[test]
    fn equal_logits_go_to_the_lowest_index_and_nan_never_wins() {
        assert_eq!(argmax(&[1.0, 2.0, 2.0]), 1);
        assert_eq!(argmax(&[f32::NAN, 1.0, f32::NAN]), 1);
    }

    #[test]
    fn out_of_range_parameters_are_named() {
        let hot = SamplingParameters { temperature: 3.0, ..ALL };
        assert_eq!(hot.validate().unwrap_err().to_string(), "temperature is 3; it must be between 0 and 2");
        let nan = SamplingParameters { top_p: f32::NAN, ..ALL };
        assert_eq!(nan.validate().unwrap_err().field, "top_p");
    }
}
