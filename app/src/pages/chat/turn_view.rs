//! One turn: its text, what one can do with it, and how the answer went.

use leptos::html;
use leptos::prelude::*;
use shared::model_call::FinishReason;
use wasm_bindgen_futures::spawn_local;

use crate::app::loading_words;
use crate::browser::clipboard;
use crate::components::{Button, ButtonKind, IconButton, IconName, MarkdownView, Notice, ProgressBar, Tone};
use crate::engine_worker::protocol::LoadStage;
use crate::quantities;
use crate::stores::Stores;
use crate::stores::conversation::{AnswerFigures, Outcome, Speaker, Turn};
use crate::stores::engine::EngineStatus;

/// One turn.
#[component]
pub fn TurnView(
    /// Which one.
    turn: Turn,
) -> impl IntoView {
    match turn.speaker {
        Speaker::User => view! { <UserTurn turn=turn /> }.into_any(),
        Speaker::Assistant => view! { <AssistantTurn turn=turn /> }.into_any(),
    }
}

#[component]
fn UserTurn(turn: Turn) -> impl IntoView {
    let is_editing = RwSignal::new(false);
    view! {
        <article class="turn turn-user" aria-label="You" data-testid="turn-user">
            <Show
                when=move || is_editing.get()
                fallback=move || {
                    view! {
                        <div class="turn-text">{move || turn.text.get()}</div>
                        <div class="turn-foot">
                            <CopyButton text=turn.text />
                            <IconButton
                                icon=IconName::Edit
                                label="Edit and ask again"
                                class="is-small"
                                testid="edit"
                                on_press=move |()| is_editing.set(true)
                            />
                        </div>
                    }
                }
            >
                <EditTurn turn=turn is_editing=is_editing />
            </Show>
        </article>
    }
}

#[component]
fn EditTurn(turn: Turn, is_editing: RwSignal<bool>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let text = RwSignal::new(turn.text.get_untracked());
    let element = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            // A field that can't take the focus can still be clicked.
            let _ = element.focus();
        }
    });
    let is_empty = Signal::derive(move || text.with(|text| text.trim().is_empty()));
    let save = move |()| {
        if !is_empty.get_untracked() {
            is_editing.set(false);
            stores.chat.edit(turn.key, text.get_untracked().trim_end().to_owned());
        }
    };
    view! {
        <div class="turn-edit">
            <textarea
                class="input text-area"
                aria-label="Your message"
                data-testid="edit-text"
                rows="4"
                node_ref=element
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        is_editing.set(false);
                    } else if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                        save(());
                    }
                }
            ></textarea>
            <div class="row">
                <Button kind=ButtonKind::Quiet on_press=move |()| is_editing.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary testid="edit-save" disabled=is_empty on_press=save>
                    "Ask again"
                </Button>
            </div>
        </div>
    }
}

#[component]
fn AssistantTurn(turn: Turn) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let outcome_name = move || {
        turn.outcome.with(|outcome| match outcome {
            Outcome::UnderWay { .. } => "under-way",
            Outcome::Finished { .. } => "finished",
            Outcome::Stopped => "stopped",
            Outcome::Failed { .. } => "failed",
        })
    };
    let is_under_way = Memo::new(move |_| turn.outcome.with(|outcome| matches!(outcome, Outcome::UnderWay { .. })));
    let is_empty = Memo::new(move |_| turn.text.with(String::is_empty));
    let is_last =
        Memo::new(move |_| stores.chat.turns.with(|turns| turns.last().is_some_and(|last| last.key == turn.key)));
    view! {
        <article
            class="turn turn-assistant"
            aria-label="Answer"
            aria-busy=move || is_under_way.get().to_string()
            data-testid="turn-assistant"
            data-outcome=outcome_name
        >
            <Show when=move || is_under_way.get() && is_empty.get()>
                <Waiting turn=turn />
            </Show>
            <MarkdownView text=turn.text />
            {move || failure(&turn.outcome.get())}
            <div class="turn-foot">
                <Show when=move || !is_under_way.get()>
                    <CopyButton text=turn.text />
                    <Show when=move || is_last.get()>
                        <IconButton
                            icon=IconName::Again
                            label="Answer again"
                            class="is-small"
                            testid="answer-again"
                            on_press=move |()| stores.chat.answer_again()
                        />
                    </Show>
                    <span class="turn-figures" data-testid="turn-figures">
                        {move || figures(&turn.outcome.get())}
                    </span>
                </Show>
            </div>
        </article>
    }
}

/// What happens before the first word: the model loads, or reads the prompt.
#[component]
fn Waiting(turn: Turn) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let loading = Memo::new(move |_| match stores.engine.status.get() {
        EngineStatus::Loading { stage, .. } => Some(stage),
        _ => None,
    });
    let words = Signal::derive(move || match (loading.get(), turn.outcome.get()) {
        (Some(stage), _) => loading_words(stage),
        (None, Outcome::UnderWay { prefill: Some((done, total)) }) if total > 64 => {
            format!("Reading {} of {} tokens", quantities::grouped(done.into()), quantities::grouped(total.into()))
        }
        _ => "Thinking".to_owned(),
    });
    let fraction = Signal::derive(move || match loading.get() {
        Some(Some(LoadStage::Reading { done_bytes, total_bytes, .. })) => {
            Some(done_bytes as f64 / total_bytes.max(1) as f64)
        }
        _ => None,
    });
    view! {
        <div class="chat-load">
            <p class="turn-wait">
                <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
                <span>{move || words.get()}</span>
            </p>
            <Show when=move || loading.get().is_some()>
                <ProgressBar label=words fraction=fraction />
            </Show>
        </div>
    }
}

fn failure(outcome: &Outcome) -> Option<impl IntoView + use<>> {
    match outcome {
        Outcome::Failed { message } => {
            let message = message.clone();
            Some(view! { <Notice tone=Tone::Danger testid="turn-failure"><p>{message}</p></Notice> })
        }
        _ => None,
    }
}

fn figures(outcome: &Outcome) -> Vec<impl IntoView + use<>> {
    let parts = match outcome {
        Outcome::Finished { reason, figures } => finished_parts(*reason, figures),
        Outcome::Stopped => vec!["Stopped".to_owned()],
        _ => Vec::new(),
    };
    parts.into_iter().map(|part| view! { <span>{part}</span> }).collect()
}

fn finished_parts(reason: FinishReason, figures: &AnswerFigures) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(speed) = figures.usage.decode_tokens_per_second() {
        parts.push(format!("{} tokens/s", quantities::rate(speed)));
    }
    parts.push(format!("first token {}", quantities::seconds(figures.first_token_seconds)));
    parts.push(format!("{} tokens", quantities::grouped(figures.usage.completion_tokens.into())));
    if reason == FinishReason::Length {
        parts.push("cut at the length limit".to_owned());
    }
    parts.push(figures.answered_by.clone());
    parts
}

#[component]
fn CopyButton(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let was_copied = RwSignal::new(false);
    let copy = move |()| {
        spawn_local(async move {
            if clipboard::copy(&text.get_untracked()).await {
                was_copied.set(true);
                gloo_timers::future::TimeoutFuture::new(1500).await;
                // The turn may be gone by now.
                let _ = was_copied.try_set(false);
            }
        });
    };
    view! {
        <IconButton
            icon=Signal::derive(move || if was_copied.get() { IconName::Check } else { IconName::Copy })
            label=Signal::derive(move || if was_copied.get() { "Copied" } else { "Copy" }.to_owned())
            class="is-small"
            testid="copy"
            on_press=copy
        />
    }
}
