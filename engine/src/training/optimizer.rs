//! AdamW (Loshchilov & Hutter 2019), as PyTorch computes it, over one flat list of parameters.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{AdamW8, Parameters};
use crate::error::EngineError;

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
        let rates = self.settings.rates(self.steps, norm, learning_rate);
        let values = parameters.values.par_chunks_mut(CHUNK).zip(parameters.gradients.par_chunks(CHUNK));
        let moments = self.means.par_chunks_mut(CHUNK).zip(self.squares.par_chunks_mut(CHUNK));
        values.zip(moments).for_each(|((values, gradients), (means, squares))| {
            let all = values.iter_mut().zip(gradients).zip(means.iter_mut().zip(squares));
            for ((value, gradient), (mean, square)) in all {
                rates.apply(value, *gradient, mean, square);
            }
        });
        norm
    }
}

/// The numbers of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub(super) settings: AdamWSettings,
    /// What the gradient is multiplied by.
    pub(super) shortened: f32,
    /// The learning rate, corrected for means that begin at zero.
    pub(super) step_size: f32,
    /// The same correction of the root of the mean squares.
    pub(super) root: f32,
    /// What decay leaves of a parameter.
    pub(super) kept: f32,
}

impl AdamWSettings {
    /// Those of step `step`, the first of which is 1, for a gradient of length `norm`.
    pub(super) fn rates(&self, step: u64, norm: f64, learning_rate: f32) -> Rates {
        // As PyTorch's `clip_grad_norm_`.
        let shortened = self.most_gradient_norm.map_or(1.0, |most| (f64::from(most) / (norm + 1e-6)).min(1.0)) as f32;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Rates {
            settings: *self,
            shortened,
            step_size: (f64::from(learning_rate) / correction(self.beta1)) as f32,
            root: correction(self.beta2).sqrt() as f32,
            kept: 1.0 - learning_rate * self.weight_decay,
        }
    }
}

impl Rates {
    /// Moves one parameter.
    #[inline(always)]
    pub(super) fn apply(&self, value: &mut f32, gradient: f32, mean: &mut f32, square: &mut f32) {
        let AdamWSettings { beta1, beta2, epsilon, .. } = self.settings;
        let gradient = gradient * self.shortened;
        *mean += (gradient - *mean) * (1.0 - beta1);
        *square = *square * beta2 + gradient * gradient * (1.0 - beta2);
        *value = *value * self.kept - self.step_size * *mean / (square.sqrt() / self.root + epsilon);
    }
}

/// The length of the whole gradient. The sum's order is the same with any number of threads.
pub(super) fn gradient_norm(gradients: &[f32]) -> f64 {
    let sum_of = |chunk: &[f32]| chunk.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>();
    let sums: Vec<f64> = gradients.par_chunks(CHUNK).map(sum_of).collect();
    sums.iter().sum::<f64>().sqrt()
}

/// How much memory the moments of `AdamW` take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moments {
    /// Eight bytes for each parameter.
    #[default]
    Floats,
    /// A quarter of that: see [`AdamW8`].
    Bytes,
}

/// What moves the parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimizer {
    /// With moments in floats.
    AdamW(AdamW),
    /// With moments in bytes.
    AdamW8(AdamW8),
}

impl Optimizer {
    /// One that has made no step yet.
    pub fn new(moments: Moments, settings: AdamWSettings, parameters: &Parameters) -> Self {
        match moments {
            Moments::Floats => Self::AdamW(AdamW::new(settings, parameters)),
            Moments::Bytes => Self::AdamW8(AdamW8::new(settings, parameters)),
        }
    }

    /// See [`AdamW::step`].
    pub fn step(&mut self, parameters: &mut Parameters, learning_rate: f32) -> f64 {
        match self {
            Self::AdamW(optimizer) => optimizer.step(parameters, learning_rate),
            Self::AdamW8(optimizer) => optimizer.step(parameters, learning_rate),
        }
    }

    /// Steps that were made.
    pub fn steps(&self) -> u64 {
        match self {
            Self::AdamW(optimizer) => optimizer.steps,
            Self::AdamW8(optimizer) => optimizer.steps,
        }
    }

    /// All that it remembers but its settings and its steps, for [`with_state`](Self::with_state): first what belongs to the
    /// means, then to the squares, each as little-endian floats or as codes with their scales behind them.
    pub fn state(&self) -> Vec<u8> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        match self {
            Self::AdamW(optimizer) => [bytes(&optimizer.means), bytes(&optimizer.squares)].concat(),
            Self::AdamW8(AdamW8 { means, squares, .. }) => {
                [means.codes.clone(), bytes(&means.scales), squares.codes.clone(), bytes(&squares.scales)].concat()
            }
        }
    }

    /// Goes on after `steps` steps with what [`state`](Self::state) gave then.
    ///
    /// # Errors
    /// `state` is not as long as that of an optimizer of its kind for as many parameters.
    pub fn with_state(mut self, steps: u64, state: &[u8]) -> Result<Self, EngineError> {
        let mut rest = state;
        let mut take = |place: Place<'_>| -> Result<(), EngineError> {
            let (length, size) = match &place {
                Place::Floats(values) => (values.len(), 4),
                Place::Codes(codes) => (codes.len(), 1),
            };
            let wrong = || EngineError::Malformed(format!("{} bytes are not the optimizer's state", state.len()));
            let (own, behind) = rest.split_at_checked(length * size).ok_or_else(wrong)?;
            rest = behind;
            match place {
                Place::Codes(codes) => codes.copy_from_slice(own),
                Place::Floats(values) => {
                    for (value, four) in values.iter_mut().zip(own.chunks_exact(4)) {
                        *value = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
                    }
                }
            }
            Ok(())
        };
        match &mut self {
            Self::AdamW(optimizer) => {
                optimizer.steps = steps;
                take(Place::Floats(&mut optimizer.means))?;
                take(Place::Floats(&mut optimizer.squares))?;
            }
            Self::AdamW8(optimizer) => {
                optimizer.steps = steps;
                for moments in [&mut optimizer.means, &mut optimizer.squares] {
                    take(Place::Codes(&mut moments.codes))?;
                    take(Place::Floats(&mut moments.scales))?;
                }
            }
        }
        if rest.is_empty() {
            Ok(self)
        } else {
            Err(EngineError::Malformed(format!("{} bytes are more than the optimizer's state", state.len())))
        }
    }
}

/// Where a part of a state goes.
enum Place<'a> {
    Floats(&'a mut [f32]),
    Codes(&'a mut [u8]),
}

#[cfg(test)]
mod tests {
    use super::super::random::fill_evenly;
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

    #[test]
    fn it_goes_on_from_its_state() {
        for moments in [Moments::Floats, Moments::Bytes] {
            let mut parameters = Parameters::default();
            parameters.add("a".to_owned(), 7, 100);
            let new = Optimizer::new(moments, AdamWSettings::default(), &parameters);
            let mut optimizer = new.clone();
            for step in 0..3 {
                fill_evenly(5, step, 0.3, &mut parameters.gradients);
                optimizer.step(&mut parameters, 0.01);
            }
            let state = optimizer.state();
            assert_eq!(new.clone().with_state(optimizer.steps(), &state).unwrap(), optimizer);
            assert!(new.clone().with_state(3, &state[1..]).is_err());
            assert!(new.with_state(3, &[&state[..], &[0]].concat()).is_err());
        }
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
