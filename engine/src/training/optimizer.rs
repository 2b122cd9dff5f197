//! AdamW (Loshchilov & Hutter 2019), as PyTorch computes it, over one flat list of parameters.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Parameters;

/// Parameters that are moved or summed by one thread in one go: the order of additions does not depend on the threads.
const CHUNK: usize = 1 << 14;

/// How AdamW moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdamWSettings {
    /// How much of the mean gradient stays at each step.
    pub beta1: f32,
    /// How much of the mean squared gradient stays.
    pub beta2: f32,
    /// Added to the root of the latter.
    pub epsilon: f32,
    /// What each step takes away of each parameter, times the learning rate.
    pub weight_decay: f32,
    /// The gradient's length is at most this; without it, it is as it is.
    pub most_gradient_norm: Option<f32>,
}

impl Default for AdamWSettings {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, most_gradient_norm: Some(1.0) }
    }
}

/// The optimizer and all that it remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// How it moves.
    pub settings: AdamWSettings,
    /// Steps that were made.
    pub steps: u64,
    /// Mean gradients, one for each parameter.
    pub means: Vec<f32>,
    /// Mean squared gradients.
    pub squares: Vec<f32>,
}

impl AdamW {
    /// One that has made no step yet.
    pub fn new(settings: AdamWSettings, parameters: &Parameters) -> Self {
        let zeros = || vec![0.0; parameters.values.len()];
        Self { settings, steps: 0, means: zeros(), squares: zeros() }
    }

    /// Moves the parameters against their gradient, and gives the gradient's length before it was shortened. By one whose
    /// length is no finite number nothing is moved.
    pub fn step(&mut self, parameters: &mut Parameters, learning_rate: f32) -> f64 {
        let norm = gradient_norm(&parameters.gradients);
        if !norm.is_finite() {
            return norm;
        }
        self.steps += 1;
        let AdamWFactors { shortened, beta1, beta2, epsilon, step_size, root, kept } =
            self.factors(norm, learning_rate);
        let values = parameters.values.par_chunks_mut(CHUNK).zip(parameters.gradients.par_chunks(CHUNK));
        let moments = self.means.par_chunks_mut(CHUNK).zip(self.squares.par_chunks_mut(CHUNK));
        values.zip(moments).for_each(|((values, gradients), (means, squares))| {
            let all = values.iter_mut().zip(gradients).zip(means.iter_mut().zip(squares));
            for ((value, gradient), (mean, square)) in all {
                let gradient = gradient * shortened;
                *mean += (gradient - *mean) * (1.0 - beta1);
                *square = *square * beta2 + gradient * gradient * (1.0 - beta2);
                *value = *value * kept - step_size * *mean / (square.sqrt() / root + epsilon);
            }
        });
        norm
    }

    /// What the step that `steps` counts last multiplies with, where the gradient's length is `norm`.
    pub(super) fn factors(&self, norm: f64, learning_rate: f32) -> AdamWFactors {
        let AdamWSettings { beta1, beta2, epsilon, weight_decay, most_gradient_norm } = self.settings;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(self.steps as f64);
        AdamWFactors {
            // As PyTorch's `clip_grad_norm_`.
            shortened: most_gradient_norm.map_or(1.0, |most| (f64::from(most) / (norm + 1e-6)).min(1.0)) as f32,
            beta1,
            beta2,
            epsilon,
            step_size: (f64::from(learning_rate) / correction(beta1)) as f32,
            root: correction(beta2).sqrt() as f32,
            kept: 1.0 - learning_rate * weight_decay,
        }
    }
}

/// What one step multiplies with.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdamWFactors {
    /// Gradients.
    pub(super) shortened: f32,
    pub(super) beta1: f32,
    pub(super) beta2: f32,
    pub(super) epsilon: f32,
    /// The learning rate, corrected for means that begin at zero.
    pub(super) step_size: f32,
    /// The same correction of the root of the mean squares.
    pub(super) root: f32,
    /// What is left of a parameter by its decay.
    pub(super) kept: f32,
}

/// The length of the whole gradient. The sum's order is the same with any number of threads.
fn gradient_norm(gradients: &[f32]) -> f64 {
    let sum_of = |chunk: &[f32]| chunk.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>();
    let sums: Vec<f64> = gradients.par_chunks(CHUNK).map(sum_of).collect();
    sums.iter().sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_that_is_no_number_moves_nothing() {
        let mut parameters = Parameters::default();
        parameters.add("a".to_owned(), 1, 2);
        parameters.values = vec![1.0, -2.0];
        parameters.gradients = vec![0.5, f32::NAN];
        let mut optimizer = AdamW::new(AdamWSettings::default(), &parameters);
        let before = optimizer.clone();
        assert!(!optimizer.step(&mut parameters, 0.01).is_finite());
        assert_eq!((optimizer, parameters.values), (before, vec![1.0, -2.0]));
    }

    /// What `torch.optim.AdamW` and `clip_grad_norm_` of PyTorch give, by their documented formulas in double precision.
    #[test]
    fn steps_are_those_of_the_formula() {
        let settings = AdamWSettings { weight_decay: 0.1, ..AdamWSettings::default() };
        let mut parameters = Parameters::default();
        parameters.add("a".to_owned(), 1, 3);
        parameters.values = vec![1.0, -2.0, 0.5];
        let mut optimizer = AdamW::new(settings, &parameters);
        let (mut values, mut means, mut squares) = ([1.0_f64, -2.0, 0.5], [0.0_f64; 3], [0.0_f64; 3]);
        for step in 1..=5_i32 {
            let gradients = [0.3_f64, -4.0, 0.01].map(|gradient| gradient * f64::from(step));
            parameters.gradients = gradients.iter().map(|gradient| *gradient as f32).collect();
            let norm = gradients.iter().map(|gradient| gradient * gradient).sum::<f64>().sqrt();
            assert!((optimizer.step(&mut parameters, 0.01) - norm).abs() < 1e-6 * norm);
            for place in 0..3 {
                let gradient = gradients[place] / (norm + 1e-6);
                values[place] *= 1.0 - 0.01 * 0.1;
                means[place] = 0.9 * means[place] + 0.1 * gradient;
                squares[place] = 0.999 * squares[place] + 0.001 * gradient * gradient;
                let mean = means[place] / (1.0 - 0.9_f64.powi(step));
                let root = (squares[place] / (1.0 - 0.999_f64.powi(step))).sqrt();
                values[place] -= 0.01 * mean / (root + 1e-8);
                assert!((f64::from(parameters.values[place]) - values[place]).abs() < 1e-6, "{step} {place}");
            }
        }
    }
}
