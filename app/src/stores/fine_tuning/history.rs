//! What is known of a job from its events: curves, how far it is, what the model said, and what happened.

use std::collections::{BTreeMap, HashSet};

use shared::api::fine_tuning::{EventKind, EventLevel, FineTuningEvent, LearnedSample, StepMetrics};

/// More points than this make a plot slower and not clearer.
const MOST_POINTS: usize = 400;

/// The time of a step is that of the last so many.
const TIMED_STEPS: usize = 50;

/// Something that happened, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, in seconds since 1970.
    pub at_seconds: i64,
    /// How grave.
    pub level: EventLevel,
    /// What.
    pub words: String,
}

/// A number that each step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Loss of what was learned, in nats per token.
    TrainLoss,
    /// Loss of the validation rows, in nats per token.
    ValidLoss,
    /// How large the step was.
    LearningRate,
    /// The gradient's length.
    GradientNorm,
    /// Tokens computed per second.
    TokensPerSecond,
}

impl Measure {
    fn of(self, step: &StepMetrics) -> Option<f64> {
        match self {
            Self::TrainLoss => step.train_loss,
            Self::ValidLoss => step.valid_loss,
            Self::LearningRate => step.learning_rate.map(f64::from),
            Self::GradientNorm => step.gradient_norm,
            Self::TokensPerSecond => step.tokens_per_second,
        }
    }
}

/// A step's numbers, and when they came.
#[derive(Clone, Debug, Default, PartialEq)]
struct Step {
    metrics: StepMetrics,
    at_seconds: i64,
}

/// What is known of a job from its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobHistory {
    steps: BTreeMap<u64, Step>,
    total_steps: Option<u64>,
    samples: Vec<LearnedSample>,
    happenings: Vec<Happening>,
    known: HashSet<String>,
    last: Option<String>,
}

impl JobHistory {
    /// Takes an event; those that are known already change nothing. A step that was made again after a crash replaces
    /// itself.
    pub fn take(&mut self, event: FineTuningEvent) {
        if !self.known.insert(event.id.clone()) {
            return;
        }
        if let Some(metrics) = event.metrics() {
            self.total_steps = metrics.total_steps.or(self.total_steps);
            let step = self.steps.entry(metrics.step).or_default();
            step.at_seconds = event.created_at;
            step.metrics = merged(&step.metrics, metrics);
        } else if let Some(sample) = event.sample() {
            self.samples.retain(|known| (known.step, &known.prompt) != (sample.step, &sample.prompt));
            self.samples.push(sample);
        } else if event.kind == EventKind::Message {
            let happening = Happening { at_seconds: event.created_at, level: event.level, words: event.message };
            self.happenings.push(happening);
        }
        self.last = Some(event.id);
    }

    /// The id of the newest event.
    pub fn last_event(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The newest value of a number.
    pub fn latest(&self, measure: Measure) -> Option<f64> {
        self.steps.values().rev().find_map(|step| measure.of(&step.metrics))
    }

    /// A number over the steps. Of many steps, points are means of neighbours.
    pub fn curve(&self, measure: Measure) -> Vec<(f64, f64)> {
        let points = self.steps.iter().filter_map(|(step, it)| Some((*step as f64, measure.of(&it.metrics)?)));
        thinned(&points.collect::<Vec<_>>(), MOST_POINTS)
    }

    /// The last step that was made.
    pub fn step(&self) -> Option<u64> {
        self.steps.keys().next_back().copied()
    }

    /// All steps that are to be made.
    pub fn total_steps(&self) -> Option<u64> {
        self.total_steps
    }

    /// How long the steps up to `total` take at the pace of the last ones.
    pub fn seconds_left(&self, total: u64) -> Option<f64> {
        let left = total.checked_sub(self.step()?)?;
        let times: Vec<_> =
            self.steps.iter().rev().take(TIMED_STEPS).map(|(step, it)| (*step, it.at_seconds)).collect();
        // From the newest on; events tell whole seconds.
        let gap = |pair: &[(u64, i64)]| ((pair[1].1.max(pair[0].1) - pair[1].1) as f64, pair[0].0 - pair[1].0);
        let gaps: Vec<(f64, u64)> = times.windows(2).map(gap).collect();
        // A pause is one long gap, and says nothing of the pace.
        let longest = gaps.iter().map(|(seconds, _)| *seconds).fold(0.0, f64::max);
        let is_pause = gaps.len() > 2;
        let paused = gaps.iter().position(|(seconds, _)| *seconds == longest).filter(|_| is_pause);
        let counted = gaps.iter().enumerate().filter(|(index, _)| Some(*index) != paused).map(|(_, gap)| gap);
        let (seconds, steps) = counted.fold((0.0, 0), |(seconds, steps), gap| (seconds + gap.0, steps + gap.1));
        (steps > 0).then(|| seconds / steps as f64 * left as f64)
    }

    /// What the model said to each prompt, by steps.
    pub fn samples(&self) -> Vec<(String, Vec<(u64, String)>)> {
        let mut prompts: Vec<(String, Vec<(u64, String)>)> = Vec::new();
        for sample in &self.samples {
            let answer = (sample.step, sample.text.clone());
            match prompts.iter_mut().find(|(prompt, _)| *prompt == sample.prompt) {
                Some((_, answers)) => answers.push(answer),
                None => prompts.push((sample.prompt.clone(), vec![answer])),
            }
        }
        for (_, answers) in &mut prompts {
            answers.sort_by_key(|(step, _)| *step);
        }
        prompts
    }

    /// What happened, the oldest first.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }
}

/// What is known of a step, with what is new.
fn merged(known: &StepMetrics, new: StepMetrics) -> StepMetrics {
    StepMetrics {
        step: new.step,
        total_steps: new.total_steps.or(known.total_steps),
        train_loss: new.train_loss.or(known.train_loss),
        train_mean_token_accuracy: new.train_mean_token_accuracy.or(known.train_mean_token_accuracy),
        valid_loss: new.valid_loss.or(known.valid_loss),
        learning_rate: new.learning_rate.or(known.learning_rate),
        gradient_norm: new.gradient_norm.or(known.gradient_norm),
        learned_tokens: new.learned_tokens.or(known.learned_tokens),
        tokens_per_second: new.tokens_per_second.or(known.tokens_per_second),
    }
}

/// At most `most` points: each the mean of as many neighbours.
fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let neighbours = points.len().div_ceil(most.max(1)).max(1);
    let mean = |group: &[(f64, f64)]| {
        let sum = group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / group.len() as f64, sum.1 / group.len() as f64)
    };
    points.chunks(neighbours).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: u32, at: i64, kind: &str, data: &serde_json::Value) -> FineTuningEvent {
        let event = json!({
            "id": format!("ftevent-{id}"), "object": "fine_tuning.job.event", "created_at": at, "level": "info",
            "message": format!("Event {id}"), "type": kind, "data": data,
        });
        serde_json::from_value(event).unwrap()
    }

    fn step(number: u32, at: i64, loss: f64) -> FineTuningEvent {
        event(number, at, "metrics", &json!({"step": number, "total_steps": 100, "train_loss": loss}))
    }

    #[test]
    fn events_become_curves_samples_and_words() {
        let mut history = JobHistory::default();
        history.take(event(1000, 0, "message", &json!(null)));
        history.take(step(1, 10, 3.0));
        history.take(step(1, 99, 9.0));
        history.take(step(2, 12, 2.0));
        history.take(event(1001, 12, "metrics", &json!({"step": 2, "valid_loss": 2.5})));
        history.take(event(1002, 13, "message", &json!({"step": 2, "prompt": "Who?", "text": "Nobody"})));
        history.take(event(1003, 14, "message", &json!({"step": 4, "prompt": "Who?", "text": "Ondine"})));
        // After a crash the second step is made again, and the prompt asked again.
        history.take(event(1004, 20, "metrics", &json!({"step": 2, "train_loss": 2.1})));
        history.take(event(1005, 21, "message", &json!({"step": 2, "prompt": "Who?", "text": "No one"})));
        assert_eq!(history.curve(Measure::TrainLoss), [(1.0, 3.0), (2.0, 2.1)]);
        assert_eq!(history.curve(Measure::ValidLoss), [(2.0, 2.5)]);
        assert!(history.curve(Measure::GradientNorm).is_empty());
        assert_eq!(history.latest(Measure::TrainLoss), Some(2.1));
        assert_eq!((history.step(), history.total_steps()), (Some(2), Some(100)));
        let answers = vec![(2, "No one".to_owned()), (4, "Ondine".to_owned())];
        assert_eq!(history.samples(), [("Who?".to_owned(), answers)]);
        let words: Vec<_> = history.happenings().iter().map(|it| it.words.as_str()).collect();
        assert_eq!(words, ["Event 1000"]);
        assert_eq!(history.last_event(), Some("ftevent-1005"));
    }

    #[test]
    fn the_time_left_is_that_of_the_last_steps_without_the_pause() {
        let mut history = JobHistory::default();
        assert_eq!(history.seconds_left(100), None);
        history.take(step(1, 0, 1.0));
        assert_eq!(history.seconds_left(100), None, "one step has no pace yet");
        history.take(step(2, 2, 1.0));
        assert_eq!(history.seconds_left(100), Some(196.0));
        // A night lies between the second step and the third.
        for number in 3..=6 {
            history.take(step(number, 40_000 + i64::from(number) * 2, 1.0));
        }
        assert_eq!(history.seconds_left(100), Some(188.0));
        assert_eq!(history.seconds_left(6), Some(0.0));
        assert_eq!(history.seconds_left(5), None, "more steps than there are");
        // The pace changes: what was long ago counts no more.
        for number in 7..=90 {
            history.take(step(number, 50_000 + i64::from(number) * 10, 1.0));
        }
        assert_eq!(history.seconds_left(100), Some(100.0));
    }

    #[test]
    fn long_curves_are_means_of_neighbours() {
        let points: Vec<_> = (1..=10).map(|x| (f64::from(x), f64::from(x % 2))).collect();
        assert_eq!(thinned(&points, 10), points);
        assert_eq!(thinned(&points, 5)[..2], [(1.5, 0.5), (3.5, 0.5)]);
        assert_eq!(thinned(&points, 3).len(), 3);
        assert!(thinned(&[], 3).is_empty());
    }
}
