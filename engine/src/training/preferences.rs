//! Learning to prefer one answer over another: direct preference optimization (DPO, Rafailov et al. 2023).

/// What a model makes of a pair of answers to one prompt, of which the first is to be preferred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preference {
    /// -log sigmoid(`chosen_reward` - `rejected_reward`): equation 7 of the paper.
    pub loss: f64,
    /// `beta` times how much more probable the preferred answer became than it is to the base, in nats.
    pub chosen_reward: f64,
    /// The same of the other answer.
    pub rejected_reward: f64,
}

impl Preference {
    /// From the log-probabilities of both answers, the preferred one first: the model's and the base's.
    pub(super) fn of(model: [f64; 2], base: [f64; 2], beta: f32) -> Self {
        let beta = f64::from(beta);
        let [chosen_reward, rejected_reward] = [0, 1].map(|answer| beta * (model[answer] - base[answer]));
        Self { loss: softplus(rejected_reward - chosen_reward), chosen_reward, rejected_reward }
    }

    /// Whether the model prefers what it is to prefer, more than the base does.
    pub fn is_right(&self) -> bool {
        self.chosen_reward > self.rejected_reward
    }

    /// How `loss` changes with what is lacking in the log-probability of each of the two answers.
    pub(super) fn slopes(&self, beta: f32) -> [f32; 2] {
        let wrong = 1.0 / (1.0 + (self.chosen_reward - self.rejected_reward).exp());
        let slope = (f64::from(beta) * wrong) as f32;
        [slope, -slope]
    }
}

/// log(1 + exp(x)), for any x.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_slopes_are_those_of_the_paper() {
        let base = [-12.0, -9.0];
        let at = |model| Preference::of(model, base, 0.25);
        let undecided = at(base);
        assert!((undecided.loss - std::f64::consts::LN_2).abs() < 1e-12 && !undecided.is_right());
        let model = [-10.0, -9.5];
        let preference = at(model);
        assert!((preference.loss + (1.0_f64 / (1.0 + (-0.625_f64).exp())).ln()).abs() < 1e-12 && preference.is_right());
        for answer in 0..2 {
            let moved = |step: f64| {
                let mut model = model;
                model[answer] -= step;
                at(model).loss
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - f64::from(preference.slopes(0.25)[answer])).abs() < 1e-7, "{answer}");
        }
        // Nothing overflows.
        assert_eq!(at([-1e6, 0.0]).loss, 0.25 * (1e6 - 12.0 + 9.0));
        assert_eq!(at([0.0, -1e6]).loss, 0.0);
    }
}
