//! How it learns: what few people need to choose.

use leptos::prelude::*;
use shared::api::fine_tuning::{MethodKind, Scheduler, TrainingOptions};

use super::options::{decimal, narrow, whole};
use crate::components::{
    Checkbox, Disclosure, Field, OptionalNumberField, Select, SelectGroup, SelectOption, TextArea,
};
use crate::stores::Stores;
use crate::stores::fine_tuning::TrainingChoices;

/// What few people need to choose.
#[component]
pub fn MoreOptions() -> impl IntoView {
    let choices = expect_context::<Stores>().fine_tuning.choices;
    let is_adapter = Memo::new(move |_| choices.with(|it| !it.is_full()));
    let is_dpo = Memo::new(move |_| choices.with(|it| it.method == MethodKind::Dpo));
    view! {
        <Disclosure summary=|| "More options" testid="more-options">
            <Show when=move || is_adapter.get()>
                <AdapterOptions choices=choices />
            </Show>
            <Show when=move || is_dpo.get()>
                <OptionalNumberField
                    label="Beta"
                    id="tune-beta"
                    value=Signal::derive(move || choices.with(|it| it.beta))
                    max=2.0
                    placeholder="auto"
                    hint="How dear it is to go away from the model as it was: more keeps closer to it. Left out: 0.1."
                    on_input=move |beta| choices.update(|it| it.beta = beta)
                />
            </Show>
            <PaceOptions choices=choices />
            <MemoryOptions choices=choices />
            <SampleOptions choices=choices />
        </Disclosure>
    }
}

/// The shape of an adapter.
#[component]
fn AdapterOptions(choices: RwSignal<TrainingChoices>) -> impl IntoView {
    let (rank, set_rank) =
        whole(choices, |it| it.options.rank.map(u64::from), |it, number| it.options.rank = narrow(number));
    let set_alpha = move |alpha: Option<f64>| choices.update(|it| it.options.alpha = alpha.map(|alpha| alpha as f32));
    let is_target = move |name: &str| {
        choices.with(|it| it.options.targets.as_ref().is_none_or(|all| all.iter().any(|it| it == name)))
    };
    let choose = move |name: &'static str, is_on: bool| {
        let targets = TrainingOptions::TARGETS;
        let chosen =
            untrack(|| targets.into_iter().filter(|target| if *target == name { is_on } else { is_target(target) }));
        let chosen: Vec<String> = untrack(|| chosen.map(str::to_owned).collect());
        // All of them is what is taken where nothing is said; none would be no adapter.
        let is_choice = !chosen.is_empty() && chosen.len() < targets.len();
        choices.update(|it| it.options.targets = is_choice.then_some(chosen));
    };
    let boxes = TrainingOptions::TARGETS.map(|name| {
        view! {
            <Checkbox
                id=format!("tune-target-{name}")
                checked=Signal::derive(move || is_target(name))
                on_change=move |is_on| choose(name, is_on)
            >
                {name}
            </Checkbox>
        }
    });
    view! {
        <div class="form-grid">
            <OptionalNumberField
                label="Rank"
                id="tune-rank"
                value=rank
                min=1.0
                max=256.0
                placeholder="16"
                hint="How much an adapter can hold. A fact or a tone needs 8; a new skill may need 64."
                on_input=set_rank
            />
            <OptionalNumberField
                label="Alpha"
                id="tune-alpha"
                value=Signal::derive(move || choices.with(|it| it.options.alpha.map(decimal)))
                placeholder="auto"
                hint="How strongly an adapter counts, against its rank. Left out: twice the rank."
                on_input=set_alpha
            />
        </div>
        <Checkbox
            id="tune-rslora"
            checked=Signal::derive(move || choices.with(|it| it.options.rslora == Some(true)))
            on_change=move |is_on: bool| choices.update(|it| it.options.rslora = is_on.then_some(true))
        >
            "Keep a large rank as strong as a small one (rsLoRA)"
        </Checkbox>
        <fieldset class="field choices">
            <legend class="field-label">"Matrices of each layer that get an adapter"</legend>
            <div class="row">{boxes.collect_view()}</div>
        </fieldset>
    }
}

/// How fast it learns, and how often something is looked at.
#[component]
fn PaceOptions(choices: RwSignal<TrainingChoices>) -> impl IntoView {
    let schedulers = [
        ("", "To nothing, evenly (linear)"),
        ("cosine", "To nothing, along a wave (cosine)"),
        ("constant", "It stays (constant)"),
    ];
    let groups = vec![SelectGroup {
        heading: String::new(),
        options: schedulers.map(|(key, words)| SelectOption::new(key, words)).into(),
    }];
    let scheduler = Signal::derive(move || {
        choices
            .with(|it| match it.options.scheduler {
                None | Some(Scheduler::Linear) => "",
                Some(Scheduler::Cosine) => "cosine",
                Some(Scheduler::Constant) => "constant",
            })
            .to_owned()
    });
    let choose = move |key: String| {
        let scheduler = match key.as_str() {
            "cosine" => Some(Scheduler::Cosine),
            "constant" => Some(Scheduler::Constant),
            _ => None,
        };
        choices.update(|it| it.options.scheduler = scheduler);
    };
    let (warmup, set_warmup) =
        whole(choices, |it| it.options.warmup_steps, |it, number| it.options.warmup_steps = number);
    let (kept, set_kept) =
        whole(choices, |it| it.options.checkpoint_steps, |it, number| it.options.checkpoint_steps = number);
    let (measured, set_measured) =
        whole(choices, |it| it.options.validation_steps, |it, number| it.options.validation_steps = number);
    view! {
        <div class="form-grid">
            <Field label="How the learning rate falls" control_id="tune-scheduler">
                <Select id="tune-scheduler" groups=groups value=scheduler on_change=choose />
            </Field>
            <OptionalNumberField
                label="Warm-up steps"
                id="tune-warmup"
                value=warmup
                placeholder="auto"
                hint="Steps until the learning rate is at its highest. Left out: 3 % of all."
                on_input=set_warmup
            />
            <OptionalNumberField
                label="Steps between checkpoints"
                id="tune-checkpoints"
                value=kept
                min=1.0
                placeholder="auto"
                hint="After a power cut it goes on from the last one. Left out: one for each epoch, and every 100 steps."
                on_input=set_kept
            />
            <OptionalNumberField
                label="Steps between measurements"
                id="tune-measurements"
                value=measured
                min=1.0
                placeholder="auto"
                hint="Of the loss on rows that are not learned. Left out: ten in all."
                on_input=set_measured
            />
        </div>
    }
}

/// What it takes in memory and in time.
#[component]
fn MemoryOptions(choices: RwSignal<TrainingChoices>) -> impl IntoView {
    let (longest, set_longest) = whole(
        choices,
        |it| it.options.sequence_tokens.map(u64::from),
        |it, number| it.options.sequence_tokens = narrow(number),
    );
    let (packed, set_packed) = whole(
        choices,
        |it| it.options.packed_tokens.map(u64::from),
        |it, number| it.options.packed_tokens = narrow(number),
    );
    view! {
        <div class="form-grid">
            <OptionalNumberField
                label="Longest row in tokens"
                id="tune-sequence"
                value=longest
                min=8.0
                max=1_048_576.0
                placeholder="2048"
                hint="What is longer is cut at its end, and the job says how many rows were. Less needs less memory."
                on_input=set_longest
            />
            <OptionalNumberField
                label="Tokens computed at once"
                id="tune-packed"
                value=packed
                min=8.0
                max=1_048_576.0
                placeholder="auto"
                hint="Short rows are packed one behind another up to this, and never see each other. Less needs less memory."
                on_input=set_packed
            />
        </div>
        <Checkbox
            id="tune-recompute"
            checked=Signal::derive(move || choices.with(|it| it.options.recompute != Some(false)))
            on_change=move |is_on: bool| choices.update(|it| it.options.recompute = (!is_on).then_some(false))
        >
            "Compute parts of each layer twice: about half the memory for a third more work"
        </Checkbox>
    }
}

/// What the model is asked while it learns.
#[component]
fn SampleOptions(choices: RwSignal<TrainingChoices>) -> impl IntoView {
    let lines = move || choices.with(|it| it.options.sample_prompts.clone().unwrap_or_default().join("\n"));
    let take = move |text: String| {
        // A line that was just begun is empty, and stays.
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        choices.update(|it| it.options.sample_prompts = (!text.is_empty()).then_some(lines));
    };
    view! {
        <TextArea
            label="Questions to ask while it learns"
            id="tune-samples"
            value=Signal::derive(lines)
            hint="One a line, at most 8. The model answers them at each checkpoint, and you see what it has learned."
            on_input=take
        />
    }
}
