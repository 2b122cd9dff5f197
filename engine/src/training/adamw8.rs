//! `AdamW` that keeps both its moments in bytes (Dettmers et al. 2022): a quarter of the memory. 256 values of a parameter share
//! a scale for each moment, and bytes mean what the dynamic maps of bitsandbytes say. Unlike there, a mean square that is not zero
//! is never rounded to zero: the step is divided by its root, and one parameter with a gradient far smaller than its neighbours'
//! would be thrown away. The same gradients give the same bytes on any number of threads.

use rayon::prelude::*;

use super::Parameters;
use super::dynamic_map::{dynamic_map, nearest, unsigned_dynamic_map};
use super::optimizer::{AdamWSettings, Rates, gradient_norm};

/// Values that share a scale.
const BLOCK: usize = 256;
/// Blocks that a thread takes in one go.
const BLOCKS_AT_ONCE: usize = 64;

/// The optimizer and all that it remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW8 {
    /// How it moves.
    pub settings: AdamWSettings,
    /// Steps that were made.
    pub steps: u64,
    /// Mean gradients.
    pub means: Moments8,
    /// Mean squared gradients.
    pub squares: Moments8,
}

/// A number for each parameter, in a byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments8 {
    /// One for each parameter.
    pub codes: Vec<u8>,
    /// What the meanings of 256 codes of a parameter are multiplied by.
    pub scales: Vec<f32>,
}

impl Moments8 {
    fn zeros(parameters: &Parameters, map: &[f32; 256]) -> Self {
        let blocks = parameters.list.iter().map(|parameter| parameter.range.len().div_ceil(BLOCK)).sum();
        Self { codes: vec![nearest(map, 0.0); parameters.values.len()], scales: vec![0.0; blocks] }
    }
}

impl AdamW8 {
    /// One that has made no step yet.
    pub fn new(settings: AdamWSettings, parameters: &Parameters) -> Self {
        let means = Moments8::zeros(parameters, dynamic_map());
        let squares = Moments8::zeros(parameters, unsigned_dynamic_map());
        Self { settings, steps: 0, means, squares }
    }

    /// Moves the parameters against their gradient, and gives the gradient's length before it was shortened. By one whose
    /// length is no finite number nothing is moved.
    pub fn step(&mut self, parameters: &mut Parameters, learning_rate: f32) -> f64 {
        let norm = gradient_norm(&parameters.gradients);
        if !norm.is_finite() {
            return norm;
        }
        self.steps += 1;
        let rates = self.settings.rates(self.steps, norm, learning_rate);
        let mut first_block = 0;
        for parameter in &parameters.list {
            let range = parameter.range.clone();
            let blocks = first_block..first_block + range.len().div_ceil(BLOCK);
            first_block = blocks.end;
            let values = parameters.values[range.clone()].par_chunks_mut(BLOCK);
            let gradients = parameters.gradients[range.clone()].par_chunks(BLOCK);
            let means = self.means.codes[range.clone()].par_chunks_mut(BLOCK);
            let squares = self.squares.codes[range].par_chunks_mut(BLOCK);
            let means = means.zip(&mut self.means.scales[blocks.clone()]);
            let squares = squares.zip(&mut self.squares.scales[blocks]);
            values.zip(gradients).zip(means.zip(squares)).with_min_len(BLOCKS_AT_ONCE).for_each(
                |((values, gradients), (means, squares))| step_block(&rates, values, gradients, means, squares),
            );
        }
        norm
    }
}

fn step_block(
    rates: &Rates,
    values: &mut [f32],
    gradients: &[f32],
    mut of_means: (&mut [u8], &mut f32),
    mut of_squares: (&mut [u8], &mut f32),
) {
    let (signed, unsigned) = (dynamic_map(), unsigned_dynamic_map());
    let (mut means, mut squares) = ([0.0; BLOCK], [0.0; BLOCK]);
    let (means, squares) = (&mut means[..values.len()], &mut squares[..values.len()]);
    decode(signed, &of_means, means);
    decode(unsigned, &of_squares, squares);
    let moments = means.iter_mut().zip(squares.iter_mut());
    for ((value, gradient), (mean, square)) in values.iter_mut().zip(gradients).zip(moments) {
        rates.apply(value, *gradient, mean, square);
    }
    encode(signed, means, &mut of_means);
    encode(unsigned, squares, &mut of_squares);
    for (code, square) in of_squares.0.iter_mut().zip(squares) {
        *code = (*code).max(u8::from(*square > 0.0));
    }
}

fn decode(map: &[f32; 256], (codes, scale): &(&mut [u8], &mut f32), values: &mut [f32]) {
    for (value, code) in values.iter_mut().zip(codes.iter()) {
        *value = map[usize::from(*code)] * **scale;
    }
}

fn encode(map: &[f32; 256], values: &[f32], (codes, scale): &mut (&mut [u8], &mut f32)) {
    **scale = values.iter().fold(0.0, |largest, value| value.abs().max(largest));
    for (code, value) in codes.iter_mut().zip(values) {
        // A block of zeros has no scale.
        *code = nearest(map, if **scale > 0.0 { value / **scale } else { 0.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::fill_evenly;
    use super::super::{AdamW, Parameters};
    use super::*;

    fn parameters(length: usize) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.add("a".to_owned(), 1, length);
        fill_evenly(1, 0, 1.0, &mut parameters.values);
        parameters
    }

    /// How far from the lowest point of a valley that is a thousand times steeper in some directions than in others.
    fn descend(length: usize, mut step: impl FnMut(&mut Parameters, f32)) -> f32 {
        let mut parameters = parameters(length);
        let mut goal = vec![0.0; length];
        fill_evenly(2, 0, 1.0, &mut goal);
        for number in 0..300 {
            let mut noise = vec![0.0; length];
            fill_evenly(3, number, 0.05, &mut noise);
            for place in 0..length {
                let steepness = 10.0_f32.powi(place as i32 % 4 - 3);
                let away = parameters.values[place] - goal[place] + noise[place];
                parameters.gradients[place] = steepness * away;
            }
            step(&mut parameters, 0.02 * (1.0 - number as f32 / 300.0));
        }
        let squares = parameters.values.iter().zip(&goal).map(|(value, goal)| (value - goal).powi(2));
        (squares.sum::<f32>() / length as f32).sqrt()
    }

    #[test]
    fn it_comes_as_near_as_with_floats_in_a_quarter_of_the_memory() {
        let length = 5000;
        let settings = AdamWSettings { most_gradient_norm: None, ..AdamWSettings::default() };
        let mut floats = AdamW::new(settings, &parameters(length));
        let mut bytes = AdamW8::new(settings, &parameters(length));
        let with_floats = descend(length, |parameters, rate| {
            floats.step(parameters, rate);
        });
        let with_bytes = descend(length, |parameters, rate| {
            bytes.step(parameters, rate);
        });
        assert!(with_floats < 0.05 && with_bytes < 1.5 * with_floats, "{with_bytes}, with floats {with_floats}");
        let size = |moments: &Moments8| moments.codes.len() + 4 * moments.scales.len();
        let size = size(&bytes.means) + size(&bytes.squares);
        assert!((size as f64) < 0.27 * (8 * length) as f64, "{size}");
    }

    /// The formula in double precision, with moments rounded to the nearest meaning after each step.
    #[test]
    fn steps_are_those_of_the_formula() {
        let settings = AdamWSettings { weight_decay: 0.1, ..AdamWSettings::default() };
        let mut parameters = parameters(300);
        let mut optimizer = AdamW8::new(settings, &parameters);
        let mut values: Vec<f64> = parameters.values.iter().map(|value| f64::from(*value)).collect();
        let (mut means, mut squares) = (vec![0.0_f64; 300], vec![0.0_f64; 300]);
        let rounded = |values: &mut [f64], map: &[f32]| {
            for block in values.chunks_mut(256) {
                let scale = block.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
                for value in block {
                    let away = |meaning: &f32| (f64::from(*meaning) * scale - *value).abs();
                    let nearest = map.iter().min_by(|one, other| away(one).total_cmp(&away(other))).unwrap();
                    *value = f64::from(*nearest) * scale;
                }
            }
        };
        for step in 1..=5_i32 {
            fill_evenly(4, step as u32, 0.1 * step as f32, &mut parameters.gradients);
            let norm = optimizer.step(&mut parameters, 0.01);
            for place in 0..300 {
                let gradient = f64::from(parameters.gradients[place]) * (1.0 / (norm + 1e-6)).min(1.0);
                values[place] *= 1.0 - 0.01 * 0.1;
                means[place] = 0.9 * means[place] + 0.1 * gradient;
                squares[place] = 0.999 * squares[place] + 0.001 * gradient * gradient;
                let mean = means[place] / (1.0 - 0.9_f64.powi(step));
                let root = (squares[place] / (1.0 - 0.999_f64.powi(step))).sqrt();
                values[place] -= 0.01 * mean / (root + 1e-8);
            }
            rounded(&mut means, dynamic_map().as_slice());
            // None of them is zero, nor becomes it.
            rounded(&mut squares, &unsigned_dynamic_map()[1..]);
            let off = values.iter().zip(&parameters.values).map(|(one, other)| (one - f64::from(*other)).abs());
            // A moment at the middle between two meanings may be rounded to the other one: few parameters.
            let off: Vec<f64> = off.filter(|off| *off > 1e-6).collect();
            assert!(off.len() < 10 && off.iter().all(|off| *off < 1e-3), "{step}: {off:?}");
        }
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let steps = |threads: usize| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                let mut parameters = parameters(70_000);
                let mut optimizer = AdamW8::new(AdamWSettings::default(), &parameters);
                for step in 0..3 {
                    fill_evenly(5, step, 0.3, &mut parameters.gradients);
                    optimizer.step(&mut parameters, 0.01);
                }
                (optimizer, parameters.values)
            })
        };
        assert_eq!(steps(1), steps(3));
    }
}
