//! Rows that mean the same: those whose directions have a small angle between them.
//!
//! Up to some thousand rows all are compared with all. Of more, candidates are found by random hyperplanes: each gives
//! rows a bit by the side that they are on, and rows close to each other are on the same side of most (Charikar,
//! "Similarity estimation techniques from rounding algorithms", 2002). Everything that decides is integers, so that the
//! same rows are found everywhere.

use std::collections::HashMap;

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use super::families::Families;
use super::near::Similarity;
use crate::dataset::preparation::{PreparationFault, Progress, Pulse};

/// So many are compared all with all.
const MOST_COMPARED_WITH_ALL: usize = 4_096;

/// Hyperplanes that there are; every way of grouping takes some of them.
const PLANES: usize = 256;

/// Ways of grouping rows by the sides that they are on, for angles as small as usual and for wider ones.
const TABLES: usize = 64;
const TABLES_FOR_WIDE_ANGLES: usize = 192;
const WIDE_BELOW: f64 = 0.9;

/// Rows of a group that others are compared with. So many that are all unlike share a group by chance only.
const MOST_LEADERS: usize = 1000;

/// Rows between two beats.
const BEAT: usize = 64;

/// What rows mean.
#[derive(Clone, Debug, Default)]
pub struct Meanings {
    dimensions: usize,
    /// 8-bit values in 16 bits: processors multiply and add pairs of those at once, three times as fast.
    values: Vec<i16>,
    /// The squares of their lengths.
    squares: Vec<f64>,
    rows: Vec<u32>,
    places: HashMap<u32, u32>,
}

impl Meanings {
    /// Adds a row's direction; false where it has another number of dimensions than the others, so that they can't be
    /// compared.
    #[must_use]
    pub fn add(&mut self, row: u32, direction: &[i8]) -> bool {
        if self.rows.is_empty() {
            self.dimensions = direction.len();
        }
        if direction.len() != self.dimensions {
            return false;
        }
        let place = self.rows.len();
        self.values.extend(direction.iter().map(|value| i16::from(*value)));
        self.rows.push(row);
        let direction = self.direction(place);
        self.squares.push(f64::from(dot(direction, direction)));
        self.places.insert(row, place as u32);
        true
    }

    /// The cosine of the angle between two rows' directions; `None` where one of them has none.
    pub fn similarity(&self, one: u32, other: u32) -> Option<f64> {
        let (one, other) = (*self.places.get(&one)?, *self.places.get(&other)?);
        Some(self.cosine(one as usize, other as usize))
    }

    /// Joins rows that are as alike as that, directly or through others, among so many rows.
    ///
    /// # Errors
    /// Somebody asked to stop.
    pub async fn find_families(
        &self,
        rows: u32,
        least: Similarity,
        pulse: &impl Pulse,
    ) -> Result<Families, PreparationFault> {
        let mut families = Families::new(rows);
        let distinct = self.distinct(&mut families);
        if distinct.len() <= MOST_COMPARED_WITH_ALL {
            self.compare_all(&distinct, least, &mut families, pulse).await?;
        } else {
            self.compare_near(&distinct, least, &mut families, pulse).await?;
        }
        Ok(families)
    }

    /// Places of directions of which each is there once; rows that share one are joined.
    fn distinct(&self, families: &mut Families) -> Vec<u32> {
        let mut first_with = HashMap::new();
        let mut distinct = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            let bytes: Vec<u8> = self.direction(place).iter().map(|value| *value as u8).collect();
            match first_with.entry(xxh3_128(&bytes)) {
                std::collections::hash_map::Entry::Occupied(first) => families.join(*first.get(), *row),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(*row);
                    distinct.push(place as u32);
                }
            }
        }
        distinct
    }

    async fn compare_all(
        &self,
        places: &[u32],
        least: Similarity,
        families: &mut Families,
        pulse: &impl Pulse,
    ) -> Result<(), PreparationFault> {
        for (number, place) in places.iter().enumerate() {
            if number % BEAT == 0 {
                pulse.beat(progress("comparing meanings", number, places.len())).await?;
            }
            for other in &places[..number] {
                if self.cosine(*place as usize, *other as usize) >= least.get() {
                    families.join(self.rows[*place as usize], self.rows[*other as usize]);
                }
            }
        }
        Ok(())
    }

    async fn compare_near(
        &self,
        places: &[u32],
        least: Similarity,
        families: &mut Families,
        pulse: &impl Pulse,
    ) -> Result<(), PreparationFault> {
        let tables = if least.get() < WIDE_BELOW { TABLES_FOR_WIDE_ANGLES } else { TABLES };
        // Groups of some ten rows, were rows spread evenly.
        let bits = (places.len().ilog2() - 3).min(24);
        let sides = self.sides(places, pulse).await?;
        let mut groups: Vec<u64> = Vec::with_capacity(places.len());
        for table in 0..tables {
            let planes: Vec<usize> = (0..bits).map(|bit| plane_of(table, bit)).collect();
            groups.clear();
            groups.extend(sides.iter().zip(places).map(|(sides, place)| {
                let key = planes.iter().fold(0, |key, plane| key << 1 | sides.of(*plane));
                key << 32 | u64::from(*place)
            }));
            pulse.beat(progress("comparing meanings", table, tables)).await?;
            groups.sort_unstable();
            let mut looked_at = 0_usize;
            for group in groups.chunk_by(|one, other| one >> 32 == other >> 32).filter(|group| group.len() > 1) {
                // Rows of the group that are alike no earlier one of it: each row is compared with those only.
                let mut leaders: Vec<u32> = Vec::new();
                for place in group.iter().map(|it| *it as u32) {
                    let row = self.rows[place as usize];
                    let family = families.first(row);
                    if leaders.iter().any(|leader| families.first(self.rows[*leader as usize]) == family) {
                        continue;
                    }
                    let alike =
                        leaders.iter().find(|leader| self.cosine(place as usize, **leader as usize) >= least.get());
                    match alike {
                        Some(leader) => families.join(row, self.rows[*leader as usize]),
                        None if leaders.len() < MOST_LEADERS => leaders.push(place),
                        None => {}
                    }
                    looked_at += 1;
                    if looked_at.is_multiple_of(BEAT * 16) {
                        pulse.beat(progress("comparing meanings", table, tables)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// On which side of every plane each direction is.
    async fn sides(&self, places: &[u32], pulse: &impl Pulse) -> Result<Vec<Sides>, PreparationFault> {
        let sum = self.sum(places);
        let planes: Vec<Plane> = (0..PLANES).map(|number| Plane::new(number as u64, &sum)).collect();
        let mut all = Vec::with_capacity(places.len());
        for (number, place) in places.iter().enumerate() {
            if number % BEAT == 0 {
                pulse.beat(progress("looking at meanings", number, places.len())).await?;
            }
            let direction = self.direction(*place as usize);
            let mut sides = Sides::default();
            for (plane, value) in planes.iter().enumerate() {
                sides.0[plane / 64] |= u64::from(value.has_on_its_side(direction, places.len())) << (plane % 64);
            }
            all.push(sides);
        }
        Ok(all)
    }

    /// All directions added up: where they point to together. Models have all texts on one side, and hyperplanes are to go
    /// through their middle.
    fn sum(&self, places: &[u32]) -> Vec<i64> {
        let mut sum = vec![0_i64; self.dimensions];
        for place in places {
            for (sum, value) in sum.iter_mut().zip(self.direction(*place as usize)) {
                *sum += i64::from(*value);
            }
        }
        sum
    }

    fn direction(&self, place: usize) -> &[i16] {
        &self.values[place * self.dimensions..][..self.dimensions]
    }

    /// Of the same direction exactly 1, which the product of two lengths would miss by rounding.
    fn cosine(&self, one: usize, other: usize) -> f64 {
        let product = f64::from(dot(self.direction(one), self.direction(other)));
        let square = product * product / (self.squares[one] * self.squares[other]);
        square.sqrt().copysign(product)
    }
}

/// A bit for each plane.
#[derive(Clone, Copy, Default)]
struct Sides([u64; PLANES / 64]);

impl Sides {
    fn of(&self, plane: usize) -> u64 {
        self.0[plane / 64] >> (plane % 64) & 1
    }
}

/// The plane that is so many-th in a way of grouping.
fn plane_of(table: usize, bit: u32) -> usize {
    (xxh3_64_with_seed(&bit.to_le_bytes(), table as u64) % PLANES as u64) as usize
}

/// A plane through the middle of all directions, by what is at right angles to it.
struct Plane {
    normal: Vec<i16>,
    /// What all directions together have along it.
    of_sum: i64,
}

impl Plane {
    fn new(number: u64, sum: &[i64]) -> Self {
        // About a normal distribution, as a sum of four even ones: then no direction is preferred.
        let random = |dimension: usize| {
            let bytes = xxh3_64_with_seed(&(dimension as u64).to_le_bytes(), number).to_le_bytes();
            let total: i16 = bytes[..4].iter().map(|byte| i16::from(*byte)).sum();
            (total - 510) / 4
        };
        let normal: Vec<i16> = (0..sum.len()).map(random).collect();
        let of_sum = normal.iter().zip(sum).map(|(value, sum)| i64::from(*value) * sum).sum();
        Self { normal, of_sum }
    }

    fn has_on_its_side(&self, direction: &[i16], count: usize) -> bool {
        i64::from(dot(&self.normal, direction)) * count as i64 > self.of_sum
    }
}

/// At most 2^16 products below 2^14: they fit.
fn dot(one: &[i16], other: &[i16]) -> i32 {
    one.iter().zip(other).map(|(one, other)| i32::from(*one) * i32::from(*other)).sum()
}

fn progress(stage: &'static str, done: usize, total: usize) -> Progress {
    Progress { stage, done: done as u64, total: total as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::Silent;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const DIMENSIONS: usize = 96;

    /// Directions as of a model that has all texts on one side, many of them near an earlier one.
    fn meanings(rows: u32, of_same: f64) -> Meanings {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut meanings = Meanings::default();
        let mut all: Vec<Vec<f32>> = Vec::new();
        for row in 0..rows {
            let mut noise = |scale: f32| -> Vec<f32> {
                let mut normal = || (0..6).map(|_| random.random::<f32>() - 0.5).sum::<f32>();
                (0..DIMENSIONS).map(|_| normal() * scale).collect()
            };
            let fresh = noise(1.0);
            // Between the very same and something else, so that many pairs are about as alike as is asked for.
            let scale = 0.9 * (row % 17) as f32 / 17.0;
            let change = noise(scale);
            let is_copy = row > 0 && f64::from(row % 1000) < 1000.0 * of_same;
            let vector: Vec<f32> = if is_copy {
                let of = &all[random.random_range(0..all.len())];
                of.iter().zip(change).map(|(value, change)| value + change).collect()
            } else {
                fresh.into_iter().map(|value| value + 0.6).collect()
            };
            let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let direction: Vec<i8> = vector.iter().map(|value| (value / largest * 127.0).round() as i8).collect();
            assert!(meanings.add(row, &direction));
            all.push(vector);
        }
        meanings
    }

    /// Recall at least 0.98 against a comparison of all with all, for usual and for wide angles.
    #[test]
    fn rows_that_mean_the_same_are_those_of_a_comparison_of_all_with_all() {
        const ROWS: u32 = 5_000;
        let meanings = meanings(ROWS, 0.4);
        let places: Vec<u32> = (0..ROWS).collect();
        let mut near = Vec::new();
        for one in 0..ROWS {
            let cosines = (0..one).map(|other| (one, other, meanings.cosine(one as usize, other as usize)));
            near.extend(cosines.filter(|(_, _, cosine)| *cosine >= 0.85));
        }
        for least in [0.95, 0.85] {
            let least = Similarity::try_from(least).unwrap();
            let alike = near.iter().filter(|(_, _, cosine)| *cosine >= least.get());
            let pairs: Vec<(u32, u32)> = alike.map(|(one, other, _)| (*one, *other)).collect();
            assert!(pairs.len() > 1000, "{}", pairs.len());
            let mut families = Families::new(ROWS);
            pollster::block_on(meanings.compare_near(&places, least, &mut families, &Silent)).unwrap();
            let found = pairs.iter().filter(|(one, other)| families.first(*one) == families.first(*other)).count();
            let recall = found as f64 / pairs.len() as f64;
            eprintln!("{} pairs {} alike, recall {recall:.4}", pairs.len(), least.get());
            assert!(recall >= 0.98, "{} alike: recall {recall}", least.get());

            // Nothing is joined that a comparison of all with all does not join.
            let mut exact = Families::new(ROWS);
            pairs.iter().for_each(|(one, other)| exact.join(*one, *other));
            for row in 0..ROWS {
                let first = families.first(row);
                assert_eq!(exact.first(row), exact.first(first), "{row} and {first}");
            }
        }
    }

    #[test]
    fn the_very_same_is_found_at_any_size_and_other_models_are_told() {
        let mut meanings = meanings(20, 0.0);
        let direction: Vec<i8> = meanings.direction(3).iter().map(|value| *value as i8).collect();
        assert!(meanings.add(30, &direction) && !meanings.add(31, &direction[1..]));
        let mut families = pollster::block_on(meanings.find_families(40, Similarity::USUAL, &Silent)).unwrap();
        assert_eq!(families.members().iter().find(|family| family.contains(&30)).unwrap()[0], families.first(3));
        assert_eq!(meanings.similarity(3, 30), Some(1.0));
        assert_eq!(meanings.similarity(3, 31), None);
    }
}
