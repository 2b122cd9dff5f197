//! Running a chain: what is wrong before it can run, each step's question and answer, stopping and going on.

use leptos::prelude::*;
use shared::prompt::chain::{ChainRun, StepRecord};

use super::view::OpenChain;
use crate::components::{Badge, Button, ButtonKind, Card, Disclosure, IconName, Notice, Tone};
use crate::stores::Stores;

/// Run, stop, go on; and every step as it stands.
#[component]
pub fn RunCard(
    /// The open chain.
    draft: OpenChain,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chains = stores.chains;
    let record = draft.value;
    let faults = Memo::new(move |_| {
        record.with(|record| record.chain.faults().iter().map(ToString::to_string).collect::<Vec<_>>())
    });
    let names = Memo::new(move |_| {
        record.with(|record| record.chain.steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>())
    });
    let is_running = Memo::new(move |_| chains.under_way.with(Option::is_some));
    // How the kept run stands to the chain as it is now.
    let state = Memo::new(move |_| {
        record.with(|record| match (&record.run, record.current_run()) {
            (None, _) => "none",
            (Some(_), None) => "outdated",
            (Some(_), Some(run)) if run.is_complete(&record.chain) => "complete",
            (Some(_), Some(run)) if run.steps.is_empty() => "none",
            (Some(_), Some(_)) => "part",
        })
    });
    let words = move || match state.get() {
        "part" => "Go on",
        "complete" => "Run again",
        _ => "Run",
    };
    let begin = move |()| {
        if state.get_untracked() != "part" {
            record.update(|record| record.run = None);
        }
        chains.go_on(draft);
    };
    view! {
        <aside class="stack preview-panel" aria-label="Run of the chain">
            <Card title="Run">
                {move || {
                    let faults = faults.get();
                    (!faults.is_empty())
                        .then(|| {
                            view! {
                                <Notice tone=Tone::Warning testid="chain-faults">
                                    <p>"Before it can run:"</p>
                                    <ul class="findings">
                                        {faults
                                            .into_iter()
                                            .map(|fault| view! { <li class="is-lines">{fault}</li> })
                                            .collect_view()}
                                    </ul>
                                </Notice>
                            }
                        })
                }}
                <div class="row">
                    <Show
                        when=move || is_running.get()
                        fallback=move || {
                            view! {
                                <Button
                                    kind=ButtonKind::Primary
                                    icon=IconName::Resume
                                    testid="run-chain"
                                    disabled=Signal::derive(move || faults.with(|faults| !faults.is_empty()))
                                    on_press=begin
                                >
                                    {words}
                                </Button>
                            }
                        }
                    >
                        <Button icon=IconName::Stop testid="stop-chain" on_press=move |()| chains.stop()>"Stop"</Button>
                    </Show>
                    <Show when=move || state.get() == "part" && !is_running.get()>
                        <Button
                            kind=ButtonKind::Quiet
                            testid="restart-chain"
                            on_press=move |()| {
                                record.update(|record| record.run = None);
                                chains.go_on(draft);
                            }
                        >
                            "From the beginning"
                        </Button>
                    </Show>
                </div>
                <Show when=move || state.get() == "outdated">
                    <p class="small muted">"The chain or its inputs were changed since these answers."</p>
                </Show>
                {move || {
                    chains
                        .problem
                        .get()
                        .map(|problem| {
                            view! {
                                <Notice tone=Tone::Danger testid="chain-problem">
                                    <p class="is-lines">{problem}</p>
                                </Notice>
                            }
                        })
                }}
            </Card>
            <For each=move || names.get() key=Clone::clone let:name>
                <StepResult draft=draft name=name />
            </For>
        </aside>
    }
}

/// What a step was asked, and what came of it.
#[component]
fn StepResult(draft: OpenChain, name: String) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chains = stores.chains;
    let name = StoredValue::new(name);
    let of_run = move |run: &ChainRun| run.steps.get(&name.get_value()).cloned();
    let kept = Memo::new(move |_| draft.value.with(|record| record.run.as_ref().and_then(of_run)));
    let writing = Memo::new(move |_| {
        chains.under_way.with(|texts| texts.as_ref().and_then(|texts| texts.get(&name.get_value()).cloned()))
    });
    let outcome = Memo::new(move |_| match (writing.with(Option::is_some), kept.get()) {
        (true, _) => "under-way",
        (false, None) => "waiting",
        (false, Some(StepRecord::Done(_))) => "done",
        (false, Some(StepRecord::Failed { .. })) => "failed",
    });
    let badge = move || {
        let (tone, words) = match outcome.get() {
            "under-way" => (Tone::Accent, "writes"),
            "done" => (Tone::Good, "done"),
            "failed" => (Tone::Danger, "failed"),
            _ => (Tone::Neutral, "waits"),
        };
        view! { <Badge tone=tone>{words}</Badge> }
    };
    let body = move || match kept.get() {
        _ if outcome.get() == "under-way" => {
            view! { <pre class="text-block">{move || writing.get().unwrap_or_default()}</pre> }.into_any()
        }
        None => ().into_any(),
        Some(StepRecord::Done(answer)) => {
            let value = match &answer.value {
                serde_json::Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            };
            let asked = question(&answer.prompt);
            view! {
                <pre class="text-block" data-testid="step-answer">{value}</pre>
                <Disclosure summary=move || "What was asked">
                    <pre class="text-block" data-testid="step-question">{asked}</pre>
                </Disclosure>
            }
            .into_any()
        }
        Some(StepRecord::Failed { prompt, written, reason }) => {
            let asked = question(&prompt);
            view! {
                <Notice tone=Tone::Warning testid="step-failure">
                    <p class="is-lines">{reason}</p>
                </Notice>
                {written.map(|written| view! { <pre class="text-block">{written.text}</pre> })}
                {(!asked.is_empty())
                    .then(|| {
                        view! {
                            <Disclosure summary=move || "What was asked">
                                <pre class="text-block">{asked}</pre>
                            </Disclosure>
                        }
                    })}
            }
            .into_any()
        }
    };
    view! {
        <section class="card step-result" data-testid="step-result" data-outcome=move || outcome.get()>
            <div class="row spread">
                <h3>{name.get_value()}</h3>
                {badge}
            </div>
            {body}
            <Show when=move || kept.with(Option::is_some) && chains.under_way.with(Option::is_none)>
                <div class="row">
                    <Button
                        icon=IconName::Again
                        testid="ask-step-again"
                        on_press=move |()| chains.ask_again(draft, &name.get_value())
                    >
                        "Ask again from here"
                    </Button>
                </div>
            </Show>
        </section>
    }
}

/// The turns of a question, as text.
fn question(prompt: &[shared::model_call::ChatMessage]) -> String {
    let turns = prompt.iter().map(|message| format!("{}: {}", message.role, message.content));
    turns.collect::<Vec<_>>().join("\n\n")
}
