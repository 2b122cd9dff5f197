//! Examples that mean about what is asked, and not all the same.

use crate::evaluation::metrics::cosine::cosine_similarity;

/// Up to `count` of `vectors`, the first one most like `question`: maximal marginal relevance (Carbonell and Goldstein
/// 1998). `diversity` from 0 to 1 is how much likeness to those chosen before counts against one. Vectors without a
/// direction, or of another length, count as unlike all others.
pub fn most_similar(question: &[f32], vectors: &[Vec<f32>], count: usize, diversity: f64) -> Vec<usize> {
    let diversity = if diversity.is_nan() { 0.0 } else { diversity.clamp(0.0, 1.0) };
    let likeness = |one: &[f32], other: &[f32]| cosine_similarity(one, other).unwrap_or(-1.0);
    let relevance: Vec<f64> = vectors.iter().map(|vector| likeness(question, vector)).collect();
    // The likeness of each to the one most like it among those chosen.
    let mut redundancy = vec![f64::NEG_INFINITY; vectors.len()];
    let mut left: Vec<usize> = (0..vectors.len()).collect();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let worth = |index: usize| match redundancy[index] {
            // Nothing is chosen yet.
            f64::NEG_INFINITY => relevance[index],
            redundancy => (1.0 - diversity) * relevance[index] - diversity * redundancy,
        };
        // Of those alike, the first.
        let best = (0..left.len()).rev().max_by(|&one, &other| worth(left[one]).total_cmp(&worth(left[other])));
        let Some(best) = best else { break };
        let next = left.remove(best);
        for &index in &left {
            redundancy[index] = redundancy[index].max(likeness(&vectors[next], &vectors[index]));
        }
        chosen.push(next);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diversity_passes_over_what_is_chosen_already() {
        let at = |degrees: f32| vec![degrees.to_radians().cos(), degrees.to_radians().sin()];
        let vectors = vec![at(50.0), at(10.0), at(12.0), at(-40.0), vec![0.0, 0.0]];
        let question = at(0.0);
        assert_eq!(most_similar(&question, &vectors, 9, 0.0), [1, 2, 3, 0, 4]);
        // By hand: after 10°, the worth of 12° is (cos 12° - cos 2°) / 2 < 0, of -40° (cos 40° - cos 50°) / 2 > 0.
        assert_eq!(most_similar(&question, &vectors, 2, 0.5), [1, 3]);
        assert!(most_similar(&question, &[], 2, 0.5).is_empty());
    }
}
