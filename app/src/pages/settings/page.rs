//! The Settings page: appearance, where models compute, what is kept in this browser.

use leptos::prelude::*;
use shared::model_pool::{ModelPlace, ModelReference};
use wasm_bindgen_futures::spawn_local;

use super::providers::ProvidersCard;
use crate::browser::read_file;
use crate::browser::save_file::save_text;
use crate::components::{
    Badge, Button, ButtonKind, Card, Confirm, FileButton, Notice, PageHeader, Segmented, Select, SelectGroup,
    SelectOption, Tone,
};
use crate::engine_worker::protocol::{Backend, Measurement, SpeedFigures};
use crate::pages::chat::BackendChoiceControl;
use crate::quantities;
use crate::stores::Stores;
use crate::stores::conversation;
use crate::stores::settings::Theme;

/// The Settings page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! {
        <div class="page">
            <PageHeader
                title="Settings"
                lead="Kept in this browser, except external APIs: the companion keeps those."
            />
            <AppearanceCard />
            <ComputingCard />
            <ProvidersCard />
            <BackupCard />
            <AboutCard />
        </div>
    }
}

#[component]
fn AppearanceCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let theme = stores.settings.part(|data| data.theme.name().to_owned());
    view! {
        <Card title="Appearance">
            <Segmented
                label="Appearance"
                name="theme"
                options=vec![
                    ("system".to_owned(), "Like the system".to_owned()),
                    ("light".to_owned(), "Light".to_owned()),
                    ("dark".to_owned(), "Dark".to_owned()),
                ]
                value=theme
                on_change=move |name: String| {
                    stores.settings.change(|data| data.theme = Theme::from_name(&name));
                }
            />
        </Card>
    }
}

#[component]
fn ComputingCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let context = stores.settings.part(|data| data.context_tokens.to_string());
    view! {
        <Card
            title="Computing in this browser"
            lead="Models run in a worker of their own, so the page stays quick while they think."
        >
            <BackendChoiceControl />
            <div class="field">
                <label class="field-label" for="context-tokens">"Longest context"</label>
                <Select
                    id="context-tokens"
                    groups=Signal::derive(context_choices)
                    value=context
                    on_change=move |value: String| {
                        if let Ok(tokens) = value.parse() {
                            stores.settings.change(|data| data.context_tokens = tokens);
                        }
                    }
                />
                <p class="field-hint">
                    "How many tokens of a conversation the model can see at once. Longer takes more memory; a model's \
                     own limit applies as well."
                </p>
            </div>
            <GpuLine />
            <Measurements />
        </Card>
    }
}

fn context_choices() -> Vec<SelectGroup> {
    let options = [1024_u64, 2048, 4096, 8192, 16_384, 32_768]
        .map(|tokens| SelectOption::new(tokens.to_string(), format!("{} tokens", quantities::grouped(tokens))));
    vec![SelectGroup { heading: String::new(), options: options.into() }]
}

/// Which GPU there is; asked only when the person wants to know, because it starts the engine.
#[component]
fn GpuLine() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let answer = RwSignal::new(None::<Result<(String, bool), String>>);
    let ask = move |()| {
        spawn_local(async move {
            let gpu = stores.engine.describe_gpu().await;
            answer.set(Some(gpu.map(|gpu| (gpu.name, gpu.is_software))));
        });
    };
    view! {
        {move || match answer.get() {
            None => {
                view! {
                    <div class="row">
                        <Button on_press=ask testid="check-gpu">"Check WebGPU on this device"</Button>
                    </div>
                }
                    .into_any()
            }
            Some(Ok((name, is_software))) => {
                view! {
                    <Notice tone=if is_software { Tone::Warning } else { Tone::Good }>
                        <p>
                            {if is_software {
                                format!(
                                    "WebGPU works, but without a graphics chip behind it ({name}); the CPU is usually faster.",
                                )
                            } else {
                                format!("WebGPU works: {name}")
                            }}
                        </p>
                    </Notice>
                }
                    .into_any()
            }
            Some(Err(problem)) => {
                view! {
                    <Notice tone=Tone::Warning>
                        <p>{problem}</p>
                    </Notice>
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Measurements() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let measurements = stores.settings.part(|data| data.measurements.clone());
    let forget = move |()| {
        stores.settings.change(|data| data.measurements.clear());
        // The model in memory was chosen by what is forgotten now.
        let chosen = stores.settings.now(|data| data.runs_on.clone());
        spawn_local(async move {
            stores.engine.unload().await;
            if let Some(ModelReference { place: ModelPlace::Browser, name }) = chosen
                && let Err(failure) = stores.engine.ensure_loaded(&name).await
            {
                stores.toaster.warn(failure.message);
            }
        });
    };
    let row = |found: Measurement| {
        let speed = |speed: SpeedFigures| {
            format!(
                "{} / {}",
                quantities::rate(speed.prefill_tokens_per_second),
                quantities::rate(speed.decode_tokens_per_second),
            )
        };
        let is_chosen = |backend: Backend| found.chosen == backend;
        let chosen = || view! { <Badge tone=Tone::Accent>"used"</Badge> };
        view! {
            <tr>
                <td>{found.model.clone()}</td>
                <td>{speed(found.cpu)} " " {is_chosen(Backend::Cpu).then(chosen)}</td>
                <td>{speed(found.gpu)} " " {is_chosen(Backend::Gpu).then(chosen)}</td>
                <td class="muted">{found.adapter.clone()}</td>
            </tr>
        }
    };
    view! {
        <Show when=move || measurements.with(|measurements| !measurements.is_empty())>
            <div class="stack">
                <div class="table-scroll">
                    <table class="table" data-testid="measurements">
                        <caption class="visually-hidden">"Measured speeds"</caption>
                        <thead>
                            <tr>
                                <th>"Model"</th>
                                <th>"CPU, tokens/s read / written"</th>
                                <th>"WebGPU, tokens/s read / written"</th>
                                <th>"GPU"</th>
                            </tr>
                        </thead>
                        <tbody>{move || measurements.get().into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
                <div class="row">
                    <Button testid="measure-again" on_press=forget>"Measure again"</Button>
                </div>
            </div>
        </Show>
    }
}

/// Everything in one file, and back.
#[component]
fn BackupCard() -> impl IntoView {
    const MOST_FILE_BYTES: f64 = 1e9;
    let stores = expect_context::<Stores>();
    let report = RwSignal::new(None::<Result<String, String>>);
    let export = move |()| {
        spawn_local(async move {
            let saved = match stores.workspace.export(conversation::to_documents()).await {
                Ok(text) => save_text("quern-workspace.json", "application/json", &text),
                Err(error) => Err(error.to_string()),
            };
            report.set(saved.err().map(Err));
        });
    };
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            let imported = async {
                let text = read_file::text(&file, MOST_FILE_BYTES).await?;
                let here = conversation::to_documents();
                stores.workspace.import(&text, here, conversation::add_document).await
            };
            let outcome = imported.await.map(|report| {
                format!(
                    "{} came in, {} of them as copies because another of that name is here; {} were here already.",
                    report.added_count, report.copied_count, report.same_count
                )
            });
            stores.chat.entries.set(conversation::entries());
            report.set(Some(outcome));
        });
    };
    view! {
        <Card
            title="Everything in one file"
            lead="Prompts, evaluations, runs, searches and conversations: to keep elsewhere, or to take to another browser. Model files are not in it. An import overwrites nothing."
        >
            <div class="row">
                <Button testid="export-workspace" on_press=export>"Export everything"</Button>
                <FileButton id="import-workspace" accept=".json" words="Import" on_file=import />
            </div>
            {move || {
                report
                    .get()
                    .map(|outcome| {
                        let (tone, words) = match outcome {
                            Ok(words) => (Tone::Good, words),
                            Err(words) => (Tone::Danger, words),
                        };
                        view! {
                            <Notice tone=tone testid="import-report">
                                <p>{words}</p>
                            </Notice>
                        }
                    })
            }}
        </Card>
    }
}

#[component]
fn AboutCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_asking = RwSignal::new(false);
    let forget_chats = move |()| {
        is_asking.set(false);
        for entry in stores.chat.entries.get_untracked() {
            stores.chat.delete(&entry.id);
        }
        stores.toaster.say("All conversations were deleted.");
    };
    let count = move || stores.chat.entries.with(Vec::len);
    view! {
        <Card
            title="What is kept"
            lead="Prompts, evaluations, conversations, settings and model files stay in this browser. Nothing is sent anywhere, except messages to a companion when you choose one of its models, and through it to an external API when you choose one of those."
        >
            <div class="row">
                <Button
                    kind=ButtonKind::Danger
                    disabled=Signal::derive(move || count() == 0)
                    on_press=move |()| is_asking.set(true)
                >
                    "Delete all conversations"
                </Button>
            </div>
        </Card>
        <Confirm
            open=is_asking
            title="Delete all conversations?"
            explanation=Signal::derive(move || {
                format!("{} conversations are removed from this browser for good.", count())
            })
            keep="Keep them"
            act="Delete"
            testid="confirm-delete-conversations"
            on_confirm=forget_chats
        />
    }
}
