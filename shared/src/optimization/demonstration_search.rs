//! Demonstrations: worked examples for the prompt, from answers that passed and from cases whose answer is known.
//!
//! Bootstrapping is that of `DSPy` (Khattab et al., "`DSPy`: Compiling Declarative Language Model Calls into Self-Improving
//! Pipelines", 2023): what a model answered well teaches it, or a smaller one, to answer so again.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::candidate::Demonstration;

/// Up to `set_count` different sets of 1 to `most_in_set` demonstrations, drawn with the seed. The first sets are
/// the largest. Within a set answers differ as far as they can, and the most frequent answer is not favoured.
pub(crate) fn demonstration_sets(
    pool: &[Demonstration],
    most_in_set: usize,
    set_count: usize,
    seed: u64,
) -> Vec<Vec<Demonstration>> {
    /// Small pools have fewer sets than are asked for.
    const TRIES_PER_SET: usize = 8;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut seen: Vec<Vec<usize>> = Vec::new();
    let mut sets = Vec::new();
    let largest = most_in_set.min(pool.len());
    for attempt in 0..set_count * TRIES_PER_SET {
        if sets.len() == set_count || largest == 0 {
            break;
        }
        // The largest size first, then one less, and so on, then from the largest again.
        let size = largest - attempt % largest;
        let set = diverse(pool, size, &mut random);
        let mut cases: Vec<usize> = set.iter().map(|demonstration| demonstration.case).collect();
        cases.sort_unstable();
        if !seen.contains(&cases) {
            seen.push(cases);
            sets.push(set);
        }
    }
    sets
}

/// So many of the pool, going round its different answers.
fn diverse(pool: &[Demonstration], size: usize, random: &mut ChaCha8Rng) -> Vec<Demonstration> {
    let mut order: Vec<&Demonstration> = pool.iter().collect();
    order.shuffle(random);
    let mut chosen: Vec<Demonstration> = Vec::new();
    while chosen.len() < size && !order.is_empty() {
        let uses = |demonstration: &Demonstration| {
            chosen.iter().filter(|other| other.example.answer == demonstration.example.answer).count()
        };
        // The first of those whose answer was used least.
        let least =
            order.iter().enumerate().min_by_key(|(_, demonstration)| uses(demonstration)).map(|(index, _)| index);
        let Some(index) = least else { break };
        chosen.push(order.remove(index).clone());
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Example, Variables};

    fn pool(answers: &[&str]) -> Vec<Demonstration> {
        let demonstration = |(case, answer): (usize, &&str)| Demonstration {
            case,
            example: Example { variables: Variables::new(), answer: (*answer).to_owned() },
            is_bootstrapped: true,
        };
        answers.iter().enumerate().map(demonstration).collect()
    }

    #[test]
    fn sets_differ_and_their_answers_are_spread() {
        let pool = pool(&["a", "a", "a", "a", "b", "c"]);
        let sets = demonstration_sets(&pool, 3, 6, 1);
        assert_eq!(sets.len(), 6);
        for set in sets.iter().filter(|set| set.len() == 3) {
            let mut answers: Vec<&str> = set.iter().map(|it| it.example.answer.as_str()).collect();
            answers.sort_unstable();
            assert_eq!(answers, ["a", "b", "c"]);
        }
        assert_eq!(sets.iter().map(Vec::len).take(3).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(sets, demonstration_sets(&pool, 3, 6, 1), "the seed decides");
    }

    #[test]
    fn a_small_pool_gives_fewer_sets_and_an_empty_one_none() {
        assert_eq!(demonstration_sets(&pool(&["a"]), 3, 4, 1).len(), 1);
        assert_eq!(demonstration_sets(&pool(&["a", "b"]), 3, 9, 1).len(), 3);
        assert_eq!(demonstration_sets(&[], 3, 4, 1), Vec::<Vec<Demonstration>>::new());
    }
}
