//! How it learns: what most people choose.

use leptos::prelude::*;
use shared::api::fine_tuning::MethodKind;

use super::more_options::MoreOptions;
use crate::components::{Card, OptionalNumberField, Segmented, TextField};
use crate::stores::Stores;
use crate::stores::fine_tuning::TrainingChoices;

/// A choice that is a whole number, for a field.
pub(super) fn whole(
    choices: RwSignal<TrainingChoices>,
    get: fn(&TrainingChoices) -> Option<u64>,
    set: fn(&mut TrainingChoices, Option<u64>),
) -> (Signal<Option<f64>>, impl Fn(Option<f64>) + Copy + Send + Sync + 'static) {
    let value = Signal::derive(move || choices.with(get).map(|number| number as f64));
    let take = move |number: Option<f64>| {
        // Half a row is none: what is between two numbers is the nearer one.
        choices.update(|choices| set(choices, number.map(|number| number.round() as u64)));
    };
    (value, take)
}

/// As [`whole`] gives it, within 32 bits.
pub(super) fn narrow(number: Option<u64>) -> Option<u32> {
    number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// How it learns.
#[component]
pub fn Options() -> impl IntoView {
    let choices = expect_context::<Stores>().fine_tuning.choices;
    let output = Signal::derive(move || choices.with(|it| if it.is_full() { "full" } else { "adapter" }).to_owned());
    let is_dpo = Memo::new(move |_| choices.with(|it| it.method == MethodKind::Dpo));
    let (epochs, set_epochs) = whole(choices, |it| it.epochs.map(u64::from), |it, number| it.epochs = narrow(number));
    let (batch, set_batch) =
        whole(choices, |it| it.batch_size.map(u64::from), |it, number| it.batch_size = narrow(number));
    let (seed, set_seed) = whole(choices, |it| it.seed.map(u64::from), |it, number| it.seed = narrow(number));
    let set_rate =
        move |rate: Option<f64>| choices.update(|it| it.options.learning_rate = rate.map(|rate| rate as f32));
    let rate_hint = "How far each step goes. More learns faster and forgets more. Left out: 0.0002 for an adapter and \
                     0.00002 for all weights, a tenth of that for preferences.";
    view! {
        <Card title="How it learns">
            <Segmented
                label="What is learned of a row"
                name="tune-method"
                options=vec![
                    ("supervised".to_owned(), "Its answers".to_owned()),
                    ("dpo".to_owned(), "The better of two answers".to_owned()),
                ]
                value=Signal::derive(move || if is_dpo.get() { "dpo" } else { "supervised" }.to_owned())
                on_change=move |key: String| {
                    let method = if key == "dpo" { MethodKind::Dpo } else { MethodKind::Supervised };
                    choices.update(|it| it.method = method);
                }
            />
            <Segmented
                label="What changes in the model"
                name="tune-output"
                options=vec![
                    ("adapter".to_owned(), "Adapter (LoRA)".to_owned()),
                    ("full".to_owned(), "All weights".to_owned()),
                ]
                value=output
                on_change=move |key: String| choices.update(|it| it.options.full = (key == "full").then_some(true))
            />
            <p class="small muted">
                {move || match output.get().as_str() {
                    "full" => "Every weight may change. That takes several times the memory, and what comes of it is as large as the model.",
                    _ => "A small addition to the model: little memory, a file of some megabytes, and the model itself stays as it is.",
                }}
            </p>
            <div class="form-grid">
                <OptionalNumberField
                    label="Times that every row is seen"
                    id="tune-epochs"
                    value=epochs
                    min=1.0
                    max=50.0
                    placeholder="auto"
                    hint="Epochs. Left out: about 3, more where there are few rows."
                    on_input=set_epochs
                />
                <OptionalNumberField
                    label="Rows of one step"
                    id="tune-batch"
                    value=batch
                    min=1.0
                    max=256.0
                    placeholder="auto"
                    hint="The batch size. Few rows learn in smaller, noisier steps. Left out: 4 to 32, by how many rows there are."
                    on_input=set_batch
                />
                <OptionalNumberField
                    label="Learning rate"
                    id="tune-rate"
                    value=Signal::derive(move || choices.with(|it| it.options.learning_rate.map(decimal)))
                    max=1.0
                    placeholder="auto"
                    hint=rate_hint
                    on_input=set_rate
                />
                <TextField
                    label="Suffix"
                    id="tune-suffix"
                    value=Signal::derive(move || choices.with(|it| it.suffix.clone()))
                    placeholder="none"
                    hint="A part of the new model's name, to know it by: letters, digits, - _ and ."
                    on_input=move |suffix| choices.update(|it| it.suffix = suffix)
                />
                <OptionalNumberField
                    label="Seed"
                    id="tune-seed"
                    value=seed
                    max=f64::from(u32::MAX)
                    placeholder="a new one"
                    hint="Same rows, same choices and same seed: the same model, to the last byte."
                    on_input=set_seed
                />
            </div>
            <MoreOptions />
        </Card>
    }
}

/// A single-precision number as it was typed: `0.0002`, not the `0.00019999999494757503` that it is in double precision.
pub(super) fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
