//! Logits and cross-entropy of some tokens at a time: all logits are never held at once (as Hsu et al. 2024 do it).

use rayon::prelude::*;

use super::attention::largest;
use crate::cpu::lanes::{InstructionSet, Lanes, for_each_instruction_set};
use crate::cpu::math;

/// Logits that are held at once, at the least those of a few tokens.
const MOST_LOGITS: usize = 1 << 23;
const FEWEST_TOKENS: usize = 16;

/// Tokens whose logits are held at once.
pub(in super::super) fn tokens_at_once(vocabulary: usize) -> usize {
    (MOST_LOGITS / vocabulary).max(FEWEST_TOKENS)
}

for_each_instruction_set! {
    /// Turns a token's logits into the derivative of `scale` times its loss by them. `loss` is the loss itself: what is lacking
    /// in the target's log-probability.
    fn row(logits: &mut [f32], target: usize, scale: f32, loss: &mut f32) = row_body
}

#[inline(always)]
fn row_body<L: Lanes>(logits: &mut [f32], target: usize, scale: f32, loss: &mut f32) {
    let largest = largest(logits);
    let wanted = logits[target] - largest;
    let mut sums = [0.0_f32; 16];
    let mut chunks = logits.chunks_exact_mut(16);
    for chunk in &mut chunks {
        for lane in 0..16 {
            chunk[lane] = math::exp(chunk[lane] - largest);
            sums[lane] += chunk[lane];
        }
    }
    let mut total = 0.0;
    for logit in chunks.into_remainder() {
        *logit = math::exp(*logit - largest);
        total += *logit;
    }
    total += sums.iter().sum::<f32>();
    let factor = scale / total;
    logits.iter_mut().for_each(|logit| *logit *= factor);
    logits[target] -= scale;
    *loss = total.ln() - wanted;
}

/// The same of several tokens, each with its scale; gives their losses.
pub(super) fn rows(set: InstructionSet, logits: &mut [f32], targets: &[u32], scales: &[f32]) -> Vec<f32> {
    let columns = logits.len() / targets.len().max(1);
    logits
        .par_chunks_exact_mut(columns.max(1))
        .zip(targets.par_iter().zip(scales))
        .map(|(logits, (target, scale))| {
            let mut loss = 0.0;
            row(set, logits, *target as usize, *scale, &mut loss);
            loss
        })
        .collect()
}
