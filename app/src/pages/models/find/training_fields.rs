//! How a model would be trained, as far as memory depends on it.

use leptos::prelude::*;

use super::number_requirement::{NumberRequirement, whole};
use crate::stores::requirements::TrainingPlan;

/// How a model would be trained. An empty field stands for the figure that it shows.
#[component]
pub fn TrainingFields() -> impl IntoView {
    let usual = TrainingPlan::default();
    view! {
        <div class="number-pair">
            <NumberRequirement
                label="Sequence, in tokens"
                id="training-sequence"
                min=1.0
                max=1e6
                placeholder=usual.sequence_tokens.to_string()
                get=|data| differing(data.training.sequence_tokens, TrainingPlan::default().sequence_tokens)
                set=|data, tokens| {
                    data.training.sequence_tokens = tokens.map_or(TrainingPlan::default().sequence_tokens, whole);
                }
            />
            <NumberRequirement
                label="Sequences at once"
                id="training-batch"
                min=1.0
                max=1024.0
                placeholder=usual.sequences_per_batch.to_string()
                get=|data| differing(data.training.sequences_per_batch, TrainingPlan::default().sequences_per_batch)
                set=|data, sequences| {
                    let usual = TrainingPlan::default().sequences_per_batch;
                    data.training.sequences_per_batch = sequences.map_or(usual, whole);
                }
            />
            <NumberRequirement
                label="Rank of adapters"
                id="training-rank"
                min=1.0
                max=1024.0
                placeholder=usual.rank.to_string()
                get=|data| differing(data.training.rank, TrainingPlan::default().rank)
                set=|data, rank| data.training.rank = rank.map_or(TrainingPlan::default().rank, whole)
            />
        </div>
    }
}

/// A figure, unless it is the usual one, which the empty field shows by itself.
fn differing(figure: u32, usual: u32) -> Option<f64> {
    (figure != usual).then_some(f64::from(figure))
}
