use std::collections::{HashMap, HashSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Shingles, Similarity, find_families, similarity};
use crate::dataset::preparation::tests::prepared;
use crate::dataset::preparation::{MemoryFile, Preparation, Silent};
use crate::dataset::steps::{Deduplicate, Step};

const ROWS: usize = 20_000;

/// Texts of words as frequent as in a language, most of them changed copies of another: a word less, more or other here
/// and there, up to a quarter of them.
fn texts() -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let word = |random: &mut ChaCha8Rng| {
        // Zipf's law, by the inverse of its distribution over 5000 words.
        let place = (5000_f64.powf(random.random::<f64>()) - 1.0) as u32;
        format!("w{place}")
    };
    let mut texts: Vec<Vec<String>> = Vec::with_capacity(ROWS);
    while texts.len() < ROWS {
        let is_copy = !texts.is_empty() && random.random_bool(0.6);
        if !is_copy {
            let length = random.random_range(5..70);
            texts.push((0..length).map(|_| word(&mut random)).collect());
            continue;
        }
        let mut copy = texts[random.random_range(0..texts.len())].clone();
        let changes = random.random_range(0..=copy.len() / 8 + 1);
        for _ in 0..changes {
            let place = random.random_range(0..copy.len());
            match random.random_range(0..3) {
                0 => copy[place] = word(&mut random),
                1 => copy.insert(place, word(&mut random)),
                _ if copy.len() > 4 => _ = copy.remove(place),
                _ => {}
            }
        }
        texts.push(copy);
    }
    texts.into_iter().map(|words| words.join(" ")).collect()
}

fn prepared_of(texts: &[String]) -> Preparation<MemoryFile> {
    prepared(&texts.iter().map(|text| format!("{{\"text\":\"{text}\"}}\n")).collect::<String>())
}

/// Every pair of rows as alike as that, without MinHash: pairs that share no shingle share nothing.
fn all_pairs(shingles: &[Shingles], least: f64) -> Vec<(u32, u32)> {
    let mut rows_with: HashMap<u32, Vec<u32>> = HashMap::new();
    for (row, set) in shingles.iter().enumerate() {
        for hash in set.hashes() {
            rows_with.entry(*hash).or_default().push(row as u32);
        }
    }
    let mut pairs = Vec::new();
    for (row, set) in shingles.iter().enumerate() {
        let others: HashSet<u32> = set.hashes().iter().flat_map(|hash| &rows_with[hash]).copied().collect();
        let later = others.into_iter().filter(|other| *other > row as u32);
        pairs.extend(
            later.filter(|other| similarity(set, &shingles[*other as usize]) >= least).map(|it| (row as u32, it)),
        );
    }
    pairs
}

/// What is near is found: recall at least 0.98 and precision at least 0.99 against all pairs of 20,000 rows.
#[test]
fn near_duplicates_are_those_of_a_comparison_of_all_with_all() {
    let texts = texts();
    let shingles: Vec<Shingles> = texts.iter().map(|text| Shingles::of_text(text)).collect();
    let least = Similarity::USUAL;
    let pairs = all_pairs(&shingles, least.get());
    assert!(pairs.len() > 5000, "{}", pairs.len());

    let preparation = prepared_of(&texts);
    let mut families = pollster::block_on(find_families(&preparation, least, &Silent)).unwrap();
    let found = pairs.iter().filter(|(one, other)| families.first(*one) == families.first(*other)).count();
    let recall = found as f64 / pairs.len() as f64;

    // What is dropped is as alike as that to a row that stays.
    let mut preparation = preparation;
    let step = Step::Deduplicate(Deduplicate { near: Some(least), ..Deduplicate::default() });
    pollster::block_on(preparation.run(step, &Silent)).unwrap();
    let dropped: Vec<u32> = (0..ROWS as u32).filter(|row| !preparation.rows()[*row as usize].is_kept()).collect();
    let mut right = 0;
    for row in &dropped {
        let (_, like) = preparation.why_dropped(*row).unwrap().unwrap();
        let like = like.unwrap();
        let stays = preparation.rows()[like as usize].is_kept();
        right += usize::from(stays && similarity(&shingles[*row as usize], &shingles[like as usize]) >= least.get());
    }
    let precision = right as f64 / dropped.len() as f64;
    // No two that stay are alike, but for what was not found.
    let is_kept = |row: u32| preparation.rows()[row as usize].is_kept();
    let left = pairs.iter().filter(|(one, other)| is_kept(*one) && is_kept(*other)).count();
    eprintln!(
        "{} pairs, recall {recall:.4}; {} dropped, precision {precision:.4}; {left} pairs left",
        pairs.len(),
        dropped.len()
    );
    assert!(recall >= 0.98 && precision >= 0.99, "recall {recall}, precision {precision}");
    assert!((left as f64) < 0.02 * pairs.len() as f64, "{left}");
}

/// Pairs of texts that share just as much as is looked for, and nothing with the others.
fn pairs_of(least: f64) -> Vec<String> {
    const PAIRS: usize = 1500;
    const SHINGLES: usize = 60;
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let mut texts = Vec::with_capacity(2 * PAIRS);
    for _ in 0..PAIRS {
        let mut words = || (0..SHINGLES + 2).map(|_| format!("w{}", random.random::<u32>())).collect::<Vec<_>>();
        // So many shingles of both that they are that part of all.
        let shared = (2.0 * SHINGLES as f64 * least / (1.0 + least)).ceil() as usize;
        let (one, mut other) = (words(), words());
        other[..shared + 2].clone_from_slice(&one[..shared + 2]);
        texts.extend([one.join(" "), other.join(" ")]);
    }
    texts
}

/// Recall at least 0.98 where it is hardest, whatever similarity is looked for.
#[test]
fn what_is_just_alike_enough_is_found() {
    for least in [0.501, 0.55, 0.65, 0.75, 0.8, 0.9] {
        let texts = pairs_of(least);
        let shingles: Vec<Shingles> = texts.iter().map(|text| Shingles::of_text(text)).collect();
        let pairs = all_pairs(&shingles, least);
        let near = pairs
            .iter()
            .filter(|(one, other)| similarity(&shingles[*one as usize], &shingles[*other as usize]) < least + 0.03);
        assert!(near.count() == pairs.len() && pairs.len() == texts.len() / 2, "{}", pairs.len());
        let least = Similarity::try_from(least).unwrap();
        let mut families = pollster::block_on(find_families(&prepared_of(&texts), least, &Silent)).unwrap();
        let found = pairs.iter().filter(|(one, other)| families.first(*one) == families.first(*other)).count();
        let recall = found as f64 / pairs.len() as f64;
        eprintln!("{} pairs at {}: recall {recall:.4}", pairs.len(), least.get());
        assert!(recall >= 0.98, "{recall} at {}", least.get());
    }
}
