//! What models see of the prompt, side by side, while it is written.

use leptos::prelude::*;
use shared::model_call::{ChatMessage, Prompt};
use shared::model_pool::{ModelPlace, ModelReference};
use shared::optimization::most_tokens_in;
use shared::prompt::{Preview, PreviewToken};
use wasm_bindgen_futures::spawn_local;

use super::page::OpenPrompt;
use super::preview_cost::PreviewCost;
use crate::components::{Badge, Card, Disclosure, IconButton, IconName, Notice, Tone};
use crate::model_calls::preview::preview;
use crate::pages::model_select::ModelSelect;
use crate::quantities;
use crate::stores::Stores;
use crate::stores::catalogue::title_with_place;

/// Tokens that are drawn; more would make typing slow, and nobody reads them.
const MOST_SHOWN_TOKENS: usize = 600;

/// The filled-in prompt as each chosen model sees it.
#[component]
pub fn PreviewPanel(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let models = stores.prompts.preview_models;
    let messages = Memo::new(move |_| {
        draft.value.with(|prompt| prompt.template.render(&prompt.values).map_err(|error| error.to_string()))
    });
    let add = move |model: Option<ModelReference>| {
        if let Some(model) = model {
            models.update(|models| {
                if !models.contains(&model) {
                    models.push(model);
                }
            });
        }
    };
    let shown = Memo::new(move |_| stores.prompts.models_to_preview(stores));
    view! {
        <aside
            class="stack preview-panel"
            class:is-stale=move || messages.with(Result::is_err)
            aria-label="What models see"
        >
            {move || {
                messages
                    .get()
                    .err()
                    .map(|fault| {
                        view! {
                            <Notice tone=Tone::Warning testid="preview-fault">
                                <p class="as-typed is-code">{fault}</p>
                            </Notice>
                        }
                    })
            }}
            <For
                each=move || shown.get()
                key=ToString::to_string
                children=move |model| {
                    let is_external = model.external().is_some();
                    view! {
                        <Card class="preview">
                            <PreviewHeading model=model.clone() />
                            {if is_external {
                                view! { <ExternalPreview model=model messages=messages /> }.into_any()
                            } else {
                                view! { <ModelPreview model=model messages=messages /> }.into_any()
                            }}
                        </Card>
                    }
                }
            />
            <ModelSelect
                id="preview-model"
                none="See it as another model does …"
                value=Signal::derive(|| None)
                on_change=add
            />
        </aside>
    }
}

/// The model's name, and a way to leave it out.
#[component]
fn PreviewHeading(model: ModelReference) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let words = {
        let model = model.clone();
        move || title_with_place(stores.companion, &model)
    };
    let is_only = Memo::new(move |_| stores.prompts.preview_models.with(|models| models.len() < 2));
    let remove = move |()| stores.prompts.preview_models.update(|models| models.retain(|it| *it != model));
    view! {
        <div class="row spread">
            <strong>{words}</strong>
            <Show when=move || !is_only.get()>
                <IconButton icon=IconName::Close label="Leave this model out" class="is-small" on_press=remove.clone() />
            </Show>
        </div>
    }
}

/// What is known of a prompt for a model of somebody else's: the most tokens that it can have, and what they cost. Nothing
/// is sent anywhere for it.
#[component]
fn ExternalPreview(
    /// The model.
    model: ModelReference,
    /// What it is asked, or why that can't be filled in.
    messages: Memo<Result<Vec<ChatMessage>, String>>,
) -> impl IntoView {
    let most_tokens = Memo::new(move |_| {
        messages.with(|messages| {
            messages.as_ref().ok().map(|messages| u64::from(most_tokens_in(&Prompt::Chat(messages.clone()))))
        })
    });
    let model = StoredValue::new(model);
    move || {
        most_tokens.get().map(|tokens| {
            view! {
                <div class="row">
                    <Badge tone=Tone::Accent>
                        <span data-testid="preview-count">
                            {format!("at most {} tokens", quantities::grouped(tokens))}
                        </span>
                    </Badge>
                </div>
                <PreviewCost model=model.get_value() tokens=tokens is_upper_bound=true />
                <p class="small muted">
                    "The exact text and tokens are known where the model runs only: its chat template and vocabulary are \
                     not here. Vocabularies of today make no more tokens than a text has bytes, usually a quarter of them. \
                     Nothing is sent until you ask the model."
                </p>
            }
        })
    }
}

#[component]
fn ModelPreview(
    /// The model.
    model: ModelReference,
    /// What it is asked, or why that can't be filled in.
    messages: Memo<Result<Vec<ChatMessage>, String>>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let seen = RwSignal::new(None::<Result<Preview, String>>);
    let asked = StoredValue::new(0_u64);
    let to_ask = model.clone();
    Effect::new(move |_| {
        let Ok(messages) = messages.get() else { return };
        if to_ask.place == ModelPlace::Companion {
            // It may come back.
            stores.companion.status.track();
        }
        let number = asked.get_value() + 1;
        asked.set_value(number);
        let (worker, model) = (stores.engine.client(), to_ask.clone());
        spawn_local(async move {
            let found = preview(&worker, &model, messages).await;
            // An answer to an older text may come last.
            if asked.try_get_value() == Some(number) {
                seen.set(Some(found));
            }
        });
    });
    move || match seen.get() {
        None => view! { <p class="muted small">"Reading the model's vocabulary …"</p> }.into_any(),
        Some(Err(problem)) => view! {
            <Notice tone=Tone::Warning>
                <p>{problem}</p>
            </Notice>
        }
        .into_any(),
        Some(Ok(preview)) => preview_view(model.clone(), preview).into_any(),
    }
}

fn preview_view(model: ModelReference, preview: Preview) -> impl IntoView {
    let count = preview.tokens.len();
    let special = preview.tokens.iter().filter(|token| token.is_special).count();
    let words = format!("{} tokens, {special} of them marks", quantities::grouped(count as u64));
    let left_out = count.saturating_sub(MOST_SHOWN_TOKENS);
    let ids = preview.tokens.iter().map(|token| token.id.to_string()).collect::<Vec<_>>().join(" ");
    view! {
        <div class="row">
            <Badge tone=Tone::Accent>
                <span data-testid="preview-count">{words}</span>
            </Badge>
        </div>
        <PreviewCost model=model tokens=count as u64 />
        <div class="tokens" data-testid="preview-tokens">
            {preview.tokens.into_iter().take(MOST_SHOWN_TOKENS).map(token_view).collect_view()}
            {(left_out > 0).then(|| view! { <span class="muted small">{format!("… and {left_out} more")}</span> })}
        </div>
        <Disclosure summary=move || "The exact text">
            <pre class="text-block" data-testid="preview-text">{preview.text}</pre>
        </Disclosure>
        <Disclosure summary=move || "Token ids">
            <pre class="text-block" data-testid="preview-ids">{ids}</pre>
        </Disclosure>
    }
}

fn token_view(token: PreviewToken) -> impl IntoView {
    let class = if token.is_special { "token is-special" } else { "token" };
    let ends_line = token.text.ends_with('\n');
    // Spaces and line breaks are part of tokens, and are to be seen.
    let text = token.text.replace('\n', "⏎").replace('\t', "⇥");
    view! {
        <span class=class title=token.id.to_string()>{text}</span>
        {ends_line.then(|| view! { <br /> })}
    }
}
