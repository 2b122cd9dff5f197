//! How fast models answered on this person's devices: measured with every answer, kept in this browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::catalog::{CalendarDate, Speed};
use shared::model_call::GenerationUsage;
use shared::model_pool::ModelReference;

use crate::browser::{clock, local_storage};

const KEY: &str = "speeds";
/// So many answers of a model on a device tell its speed; older ones make room.
const MOST_ANSWERS: usize = 9;

/// Answers of one model on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedAnswers {
    /// The model and its place.
    pub model: ModelReference,
    /// What computed it.
    pub device: String,
    /// Counts and times, the oldest first.
    pub usages: Vec<GenerationUsage>,
    /// The day of the last one.
    pub on: CalendarDate,
}

/// How fast models answered.
#[derive(Clone, Copy)]
pub struct SpeedStore {
    /// The one that answered last comes last.
    answers: RwSignal<Vec<TimedAnswers>>,
}

impl SpeedStore {
    /// Reads what was kept, and keeps what changes.
    pub fn load() -> Self {
        let answers = RwSignal::new(local_storage::load::<Vec<TimedAnswers>>(KEY).unwrap_or_default());
        Effect::new(move |_| {
            if let Err(error) = answers.with(|answers| local_storage::save(KEY, answers)) {
                leptos::logging::warn!("measured speeds are not kept: {error}");
            }
        });
        Self { answers }
    }

    /// Notes an answer of today.
    pub fn note(self, model: &ModelReference, device: &str, usage: GenerationUsage) {
        let today = clock::today();
        self.answers.update(|answers| note(answers, model, device, usage, today));
    }

    /// How fast `model` was where it answered last; `None` where it has not run yet. Tracked.
    pub fn of(self, model: &ModelReference) -> Option<Speed> {
        self.answers.with(|answers| {
            let timed = answers.iter().rev().find(|timed| timed.model == *model)?;
            Speed::measured(&timed.usages, &timed.device, timed.on)
        })
    }
}

fn note(
    answers: &mut Vec<TimedAnswers>,
    model: &ModelReference,
    device: &str,
    usage: GenerationUsage,
    on: CalendarDate,
) {
    let place = answers.iter().position(|timed| timed.model == *model && timed.device == device);
    let mut timed = match place {
        Some(place) => answers.remove(place),
        None => TimedAnswers { model: model.clone(), device: device.to_owned(), usages: Vec::new(), on },
    };
    timed.on = on;
    timed.usages.push(usage);
    let surplus = timed.usages.len().saturating_sub(MOST_ANSWERS);
    timed.usages.drain(..surplus);
    answers.push(timed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answers_on_a_device_are_kept() {
        let mut answers = Vec::new();
        let (model, other) = (ModelReference::browser("a"), ModelReference::browser("b"));
        let on = "2026-11-26".parse().unwrap();
        let usage = |decode_seconds| GenerationUsage {
            prompt_tokens: 10,
            completion_tokens: 11,
            prefill_seconds: 1.0,
            decode_seconds,
            ..GenerationUsage::default()
        };
        for seconds in 1..=20 {
            note(&mut answers, &model, "CPU", usage(f64::from(seconds)), on);
        }
        note(&mut answers, &other, "CPU", usage(1.0), on);
        note(&mut answers, &model, "GPU", usage(0.5), on);
        let devices: Vec<&str> = answers.iter().map(|timed| timed.device.as_str()).collect();
        assert_eq!(devices, ["CPU", "CPU", "GPU"]);
        let seconds: Vec<f64> = answers[0].usages.iter().map(|usage| usage.decode_seconds).collect();
        assert_eq!(seconds, [12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0]);
    }
}
