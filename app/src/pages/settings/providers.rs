//! External APIs: addresses that the companion asks models of, with the person's key.

use leptos::prelude::*;
use shared::api::providers::ProviderEntry;
use wasm_bindgen_futures::spawn_local;

use super::provider_form::{Edited, ProviderDialog};
use crate::components::{Badge, Button, ButtonKind, Card, Dialog, IconButton, IconName, Notice, Tone, open_while};
use crate::stores::Stores;
use crate::stores::providers::destination_words;

/// So many models of a provider are named; the others are counted.
const MOST_NAMED_MODELS: usize = 6;

/// External APIs.
#[component]
pub fn ProvidersCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let edited = RwSignal::new(None::<Edited>);
    let removed = RwSignal::new(None::<String>);
    view! {
        <Card
            title="External APIs"
            lead="Models of OpenAI, OpenRouter, Mistral or any other address with OpenAI's API. What you ask such a model leaves this device, with the messages before it, and goes to its address; nothing goes there unless you choose one."
        >
            <Show when=move || stores.companion.is_connected() fallback=NeedsCompanion>
                {move || {
                    stores
                        .providers
                        .problem
                        .get()
                        .map(|problem| {
                            view! {
                                <Notice tone=Tone::Danger>
                                    <p>{problem}</p>
                                </Notice>
                            }
                        })
                }}
                <ul class="items" data-testid="providers">
                    <For
                        each=move || stores.providers.entries.get()
                        key=|entry| format!("{entry:?}")
                        children=move |entry| view! { <ProviderItem entry=entry edited=edited removed=removed /> }
                    />
                </ul>
                <Show when=move || stores.providers.can_change.get() fallback=ChangedElsewhere>
                    <div class="row">
                        <Button
                            icon=IconName::Plus
                            testid="add-provider"
                            on_press=move |()| edited.set(Some(Edited::New))
                        >
                            "Add an external API"
                        </Button>
                    </div>
                </Show>
            </Show>
        </Card>
        <ProviderDialog edited=edited />
        <RemoveDialog removed=removed />
    }
}

/// Why nothing can be added now, and what to do.
#[component]
fn NeedsCompanion() -> impl IntoView {
    view! {
        <Notice testid="providers-need-companion">
            <p>
                "This needs the companion: a key is kept there, in a file that only you can read, and never in a page. \
                 Start it in a terminal with " <code>"quern serve"</code> ", then open the address that it prints."
            </p>
        </Notice>
    }
}

/// Why nothing can be changed here, and what to do.
#[component]
fn ChangedElsewhere() -> impl IntoView {
    view! {
        <p class="small muted">
            "They are changed on the companion's own machine only: open this page there, or run " <code>"quern providers"</code>
            " in a terminal."
        </p>
    }
}

#[component]
fn ProviderItem(
    entry: ProviderEntry,
    edited: RwSignal<Option<Edited>>,
    removed: RwSignal<Option<String>>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let (tone, key) = if entry.has_key { (Tone::Good, "key kept on the companion") } else { (Tone::Neutral, "no key") };
    let kept = StoredValue::new(entry.clone());
    let name = move || kept.with_value(|entry| entry.name.clone());
    view! {
        <li class="item" data-testid=format!("provider-{}", entry.name)>
            <div class="item-about">
                <div class="row">
                    <strong>{entry.name.clone()}</strong>
                    <Badge tone=tone>{key}</Badge>
                </div>
                <p class="small muted is-breakable">{entry.base_url.clone()} ": " {destination_words(&entry)}</p>
                <p class="small is-breakable">{offered_words(&entry.models)}</p>
            </div>
            <Show when=move || stores.providers.can_change.get()>
                <div class="item-tools">
                    <IconButton
                        icon=IconName::Edit
                        label=format!("Change {}", name())
                        testid="change-provider"
                        on_press=move |()| edited.set(Some(Edited::Existing(kept.get_value())))
                    />
                    <IconButton
                        icon=IconName::Delete
                        label=format!("Remove {}", name())
                        testid="remove-provider"
                        on_press=move |()| removed.set(Some(name()))
                    />
                </div>
            </Show>
        </li>
    }
}

/// Which models are offered, in words.
fn offered_words(models: &[String]) -> String {
    if models.is_empty() {
        return "No model is offered yet: change it to choose some.".to_owned();
    }
    let named = models.iter().take(MOST_NAMED_MODELS).cloned().collect::<Vec<_>>().join(", ");
    match models.len().saturating_sub(MOST_NAMED_MODELS) {
        0 => format!("Offered: {named}"),
        others => format!("Offered: {named} and {others} more"),
    }
}

/// Asks before anything is removed.
#[component]
fn RemoveDialog(removed: RwSignal<Option<String>>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let open = open_while(removed);
    let problem = RwSignal::new(None::<String>);
    let title = Signal::derive(move || format!("Remove {}?", removed.get().unwrap_or_default()));
    let remove = move |()| {
        let Some(name) = removed.get_untracked() else { return };
        problem.set(None);
        spawn_local(async move {
            match stores.providers.remove(&name).await {
                Ok(()) => {
                    open.set(false);
                    stores.toaster.say(format!("{name} and its key were removed."));
                }
                Err(message) => problem.set(Some(message)),
            }
        });
    };
    Effect::new(move |_| {
        if !open.get() {
            problem.set(None);
        }
    });
    view! {
        <Dialog open=open title=title>
            <p>
                "The companion deletes its key. Chats, prompts and evaluations that use its models stay, but can't ask \
                 them any more."
            </p>
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Danger>
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
            <div class="dialog-actions">
                <Button kind=ButtonKind::Quiet on_press=move |()| open.set(false)>"Keep it"</Button>
                <Button kind=ButtonKind::Danger testid="confirm-remove-provider" on_press=remove>"Remove"</Button>
            </div>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_offered_models_are_named() {
        let models: Vec<String> = (1..=8).map(|number| format!("m{number}")).collect();
        assert_eq!(offered_words(&models[..2]), "Offered: m1, m2");
        assert_eq!(offered_words(&models), "Offered: m1, m2, m3, m4, m5, m6 and 2 more");
        assert!(offered_words(&[]).starts_with("No model"));
    }
}
