//! How large the steps are, step by step.

use serde::{Deserialize, Serialize};

/// A learning rate that rises during the warm-up and then falls, as transformers' schedules of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Schedule {
    /// The learning rate at its highest.
    pub peak: f32,
    /// Steps until then.
    pub warmup_steps: u64,
    /// All steps.
    pub steps: u64,
    /// How it falls.
    pub decay: Decay,
}

/// How a learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// It stays.
    Constant,
    /// To nothing, by the same amount each step.
    Linear,
    /// To nothing, along half a wave (Loshchilov & Hutter 2017).
    Cosine,
}

impl Schedule {
    /// The learning rate of a step; the first is 0.
    pub fn learning_rate(&self, step: u64) -> f32 {
        let peak = f64::from(self.peak);
        let rate = if step < self.warmup_steps {
            peak * step as f64 / self.warmup_steps as f64
        } else {
            let falling = self.steps.saturating_sub(self.warmup_steps).max(1);
            let progress = ((step - self.warmup_steps) as f64 / falling as f64).min(1.0);
            match self.decay {
                Decay::Constant => peak,
                Decay::Linear => peak * (1.0 - progress),
                Decay::Cosine => peak * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            }
        };
        rate as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let rates = |decay| {
            let schedule = Schedule { peak: 1.0, warmup_steps: 2, steps: 6, decay };
            (0..8).map(|step| schedule.learning_rate(step)).collect::<Vec<_>>()
        };
        assert_eq!(rates(Decay::Constant), [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(rates(Decay::Linear), [0.0, 0.5, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
        let cosine = rates(Decay::Cosine);
        assert!((cosine[3] - 0.853_553_4).abs() < 1e-6 && cosine[6] == 0.0, "{cosine:?}");
        let all_at_once = Schedule { peak: 1.0, warmup_steps: 0, steps: 0, decay: Decay::Linear };
        assert_eq!(all_at_once.learning_rate(0), 1.0);
    }
}
