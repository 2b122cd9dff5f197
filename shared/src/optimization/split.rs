//! Which cases are searched on and which are held out.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::evaluation::Case;

/// The fewest cases that can be split.
pub(crate) const FEWEST_CASES: usize = 4;

/// Cases by their place in the suite. Nothing is in both lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// For the search, in an order of which every beginning has each tag in proportion.
    pub(crate) search: Vec<usize>,
    /// For the proof at the end, never looked at before.
    pub(crate) held_out: Vec<usize>,
}

impl Split {
    /// Holds out about `held_out_fraction` of the cases of each combination of tags, at least 2 cases in all, and leaves
    /// at least 2. `None` with fewer than [`FEWEST_CASES`]. The same seed gives the same split.
    pub(crate) fn new(cases: &[Case], held_out_fraction: f64, seed: u64) -> Option<Self> {
        if cases.len() < FEWEST_CASES {
            return None;
        }
        let mut groups: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
        for (index, case) in cases.iter().enumerate() {
            groups.entry(&case.tags).or_default().push(index);
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for group in groups.values_mut() {
            group.shuffle(&mut random);
        }
        let wanted = (cases.len() as f64 * held_out_fraction).round() as usize;
        let held_out_count = wanted.clamp(2, cases.len() - 2);

        // Every so-manieth case, counted through one group after the other: each gets its share, rounded.
        let mut held_out = Vec::with_capacity(held_out_count);
        let mut search_groups = Vec::with_capacity(groups.len());
        let mut position = 0;
        for group in groups.values() {
            let mut kept = Vec::new();
            for &case in group {
                let is_held_out =
                    (position + 1) * held_out_count / cases.len() > position * held_out_count / cases.len();
                if is_held_out {
                    held_out.push(case)
                } else {
                    kept.push(case)
                }
                position += 1;
            }
            search_groups.push(kept);
        }
        Some(Self { search: interleave(&search_groups), held_out })
    }
}

/// Members of all groups, each group spread evenly over the whole.
fn interleave(groups: &[Vec<usize>]) -> Vec<usize> {
    let mut placed: Vec<(f64, usize)> = Vec::new();
    for group in groups {
        let spread = |(index, &case): (usize, &usize)| ((index as f64 + 0.5) / group.len() as f64, case);
        placed.extend(group.iter().enumerate().map(spread));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, case)| case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cases(tags: &[u8]) -> Vec<Case> {
        tags.iter().map(|tag| Case { tags: vec![format!("tag {tag}")], ..Case::default() }).collect()
    }

    proptest! {
        #[test]
        fn every_case_is_in_one_list_and_each_tag_has_its_share_of_both(
            tags in prop::collection::vec(0..4_u8, 4..60), fraction in 0.2..0.8_f64, seed: u64,
        ) {
            let cases = cases(&tags);
            let split = Split::new(&cases, fraction, seed).unwrap();
            let mut all = [split.search.clone(), split.held_out.clone()].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..cases.len()).collect::<Vec<_>>());
            let held_out_share = split.held_out.len() as f64 / cases.len() as f64;
            for tag in 0..4 {
                let count = |list: &[usize]| list.iter().filter(|&&case| tags[case] == tag).count() as f64;
                let size = tags.iter().filter(|&&it| it == tag).count() as f64;
                prop_assert!((count(&split.held_out) - size * held_out_share).abs() <= 1.0);
                // Half of the search list has half of the tag's search cases.
                let half = split.search.len() / 2;
                let expected = count(&split.search) * half as f64 / split.search.len() as f64;
                prop_assert!((count(&split.search[..half]) - expected).abs() <= 2.0);
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let cases = cases(&[0; 30]);
        assert_eq!(Split::new(&cases, 0.4, 7), Split::new(&cases, 0.4, 7));
        assert_ne!(Split::new(&cases, 0.4, 7), Split::new(&cases, 0.4, 8));
        assert_eq!(Split::new(&cases, 0.4, 7).unwrap().held_out.len(), 12);
        assert_eq!(Split::new(&cases[..3], 0.4, 7), None);
    }
}
