//! How the model answers: where it runs, its system prompt, and how tokens are chosen.

use leptos::prelude::*;
use shared::model_pool::ModelPlace;
use shared::sampling::SamplingParameters;

use crate::components::{Button, ButtonKind, NumberField, Segmented, Slider, TextArea};
use crate::engine_worker::protocol::{Backend, LoadedModel, MemoryFigures};
use crate::quantities;
use crate::stores::Stores;
use crate::stores::engine::EngineStatus;
use crate::stores::settings::SettingsData;

/// How the model answers.
#[component]
pub fn SettingsPanel() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let settings = stores.settings;
    let is_in_browser = settings.part(|data| data.runs_on.as_ref().is_none_or(|it| it.place == ModelPlace::Browser));
    let reset = move |()| {
        settings.change(|data| {
            let defaults = SettingsData::default();
            data.sampling = defaults.sampling;
            data.max_tokens = defaults.max_tokens;
            data.is_seed_random = defaults.is_seed_random;
        });
    };
    view! {
        <div class="panel-section">
            <TextArea
                label="System prompt"
                id="system-prompt"
                value=stores.chat.system_prompt
                on_input=move |text| stores.chat.change_system_prompt(text)
                placeholder="Empty: the model's own default"
                hint="Told to the model before the conversation."
            />
        </div>
        <Show when=move || is_in_browser.get()>
            <div class="panel-section">
                <BackendChoiceControl />
                <LoadedFacts />
            </div>
        </Show>
        <div class="panel-section">
            <SamplingControls />
            <Button kind=ButtonKind::Quiet on_press=reset>"Back to the defaults"</Button>
        </div>
    }
}

/// CPU, WebGPU or the faster one.
#[component]
pub fn BackendChoiceControl() -> impl IntoView {
    use crate::engine_worker::protocol::BackendChoice;
    let stores = expect_context::<Stores>();
    let value = stores.settings.part(|data| {
        match data.backend {
            BackendChoice::Auto => "auto",
            BackendChoice::Cpu => "cpu",
            BackendChoice::Gpu => "gpu",
        }
        .to_owned()
    });
    view! {
        <div class="field">
            <p class="field-label">"Computes on"</p>
            <Segmented
                label="Computes on"
                name="backend"
                options=vec![
                    ("auto".to_owned(), "Fastest".to_owned()),
                    ("gpu".to_owned(), "WebGPU".to_owned()),
                    ("cpu".to_owned(), "CPU".to_owned()),
                ]
                value=value
                on_change=move |choice: String| {
                    stores
                        .settings
                        .change(|data| {
                            data.backend = match choice.as_str() {
                                "cpu" => BackendChoice::Cpu,
                                "gpu" => BackendChoice::Gpu,
                                _ => BackendChoice::Auto,
                            };
                        });
                }
            />
            <p class="field-hint">
                "“Fastest” measures both with a model's first use on this device and remembers the result."
            </p>
        </div>
    }
}

/// What the model in memory is and occupies.
#[component]
fn LoadedFacts() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let facts = move || match stores.engine.status.get() {
        EngineStatus::Ready(loaded) => Some(view! {
            <dl class="stack small">
                <div class="fact">
                    <dt>"Device"</dt>
                    <dd>{device_words(&loaded)}</dd>
                </div>
                <div class="fact">
                    <dt>"Memory of the model"</dt>
                    <dd data-testid="memory">
                        {memory_words(&loaded.memory)}
                    </dd>
                </div>
                {loaded
                    .gpu_problem
                    .map(|problem| view! { <p class="field-hint">{format!("WebGPU is not used: {problem}")}</p> })}
            </dl>
        }),
        _ => None,
    };
    view! { {facts} }
}

#[component]
fn SamplingControls() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let settings = stores.settings;
    let part = move |get: fn(&SamplingParameters) -> f64| {
        let part = settings.part(move |data| get(&data.sampling));
        Signal::derive(move || part.get())
    };
    let change = move |set: fn(&mut SamplingParameters, f64)| {
        move |value: f64| settings.change(|data| set(&mut data.sampling, value))
    };
    let temperature = part(|sampling| round(sampling.temperature));
    let top_p = part(|sampling| round(sampling.top_p));
    let min_p = part(|sampling| round(sampling.min_p));
    let penalty = part(|sampling| round(sampling.repetition_penalty));
    let top_k = settings.part(|data| u64::from(data.sampling.top_k));
    let max_tokens = settings.part(|data| u64::from(data.max_tokens));
    let seed = settings.part(|data| data.sampling.seed);
    let is_seed_random = settings.part(|data| data.is_seed_random);
    view! {
        <Slider
            label="Temperature"
            id="temperature"
            value=temperature
            min=0.0
            max=2.0
            step=0.05
            words=Signal::derive(move || {
                if temperature.get() == 0.0 { "0 · always the likeliest".to_owned() } else { format!("{:.2}", temperature.get()) }
            })
            hint="Higher is more varied, lower more predictable."
            on_change=change(|sampling, value| sampling.temperature = value as f32)
        />
        <Slider
            label="Top-p"
            id="top-p"
            value=top_p
            min=0.05
            max=1.0
            step=0.05
            words=Signal::derive(move || format!("{:.2}", top_p.get()))
            hint="Only the likeliest tokens that together reach this probability."
            on_change=change(|sampling, value| sampling.top_p = value as f32)
        />
        <Slider
            label="Min-p"
            id="min-p"
            value=min_p
            min=0.0
            max=0.5
            step=0.01
            words=Signal::derive(move || if min_p.get() == 0.0 { "off".to_owned() } else { format!("{:.2}", min_p.get()) })
            hint="Only tokens at least this likely, compared with the likeliest."
            on_change=change(|sampling, value| sampling.min_p = value as f32)
        />
        <Slider
            label="Repetition penalty"
            id="repetition-penalty"
            value=penalty
            min=1.0
            max=2.0
            step=0.05
            words=Signal::derive(move || if penalty.get() == 1.0 { "off".to_owned() } else { format!("{:.2}", penalty.get()) })
            hint="Above 1, words that were used become less likely."
            on_change=change(|sampling, value| sampling.repetition_penalty = value as f32)
        />
        <NumberField
            label="Top-k"
            id="top-k"
            value=top_k
            max=100_000
            hint="Only this many of the likeliest tokens; 0 is off."
            on_change=move |value| settings.change(|data| data.sampling.top_k = value as u32)
        />
        <NumberField
            label="Most tokens in an answer"
            id="max-tokens"
            value=max_tokens
            min=1
            max=131_072
            on_change=move |value| settings.change(|data| data.max_tokens = value as u32)
        />
        <div class="field">
            <p class="field-label">"Seed"</p>
            <Segmented
                label="Seed"
                name="seed-kind"
                options=vec![("random".to_owned(), "New each time".to_owned()), ("fixed".to_owned(), "Fixed".to_owned())]
                value=Signal::derive(move || if is_seed_random.get() { "random" } else { "fixed" }.to_owned())
                on_change=move |kind: String| settings.change(|data| data.is_seed_random = kind == "random")
            />
            <p class="field-hint">"The same seed, prompt and settings give the same answer."</p>
        </div>
        <Show when=move || !is_seed_random.get()>
            <NumberField
                label="Seed number"
                id="seed"
                value=seed
                on_change=move |value| settings.change(|data| data.sampling.seed = value)
            />
        </Show>
    }
}

/// `0.95`, not `0.949999988079071`.
fn round(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

/// The CPU's description says that it is one; a GPU's may be any name.
fn device_words(loaded: &LoadedModel) -> String {
    match loaded.backend {
        Backend::Cpu => loaded.device_name.clone(),
        Backend::Gpu => format!("{} · {}", loaded.backend.label(), loaded.device_name),
    }
}

/// On the CPU the context's memory grows with the conversation, and is none at first.
fn memory_words(memory: &MemoryFigures) -> String {
    let all = quantities::bytes(memory.model_bytes());
    if memory.cache_bytes == 0 {
        return all;
    }
    let (weights, context) = (quantities::bytes(memory.weights_bytes), quantities::bytes(memory.cache_bytes));
    format!("{all} ({weights} weights, {context} context)")
}
