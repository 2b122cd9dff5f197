//! One external API, added or changed in a dialog.

use leptos::prelude::*;
use shared::api::providers::{ProviderChange, ProviderEntry};
use wasm_bindgen_futures::spawn_local;

use super::provider_models::ModelChoices;
use crate::components::{
    Button, ButtonKind, Checkbox, Dialog, Field, Menu, Notice, SecretField, SelectGroup, SelectOption, TextField, Tone,
    open_while,
};
use crate::stores::Stores;
use crate::stores::providers::name_fault;

/// Addresses that many people use: what to call them, their title, where they are.
const WELL_KNOWN: [(&str, &str, &str); 4] = [
    ("openai", "OpenAI", "https://api.openai.com/v1"),
    ("openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
    ("mistral", "Mistral", "https://api.mistral.ai/v1"),
    ("local", "A server on the companion's machine", "http://127.0.0.1:8000/v1"),
];

/// Which one is edited.
#[derive(Clone, Debug, PartialEq)]
pub enum Edited {
    /// One that is not there yet.
    New,
    /// One that the companion knows.
    Existing(ProviderEntry),
}

/// The dialog; open while there is something to edit.
#[component]
pub fn ProviderDialog(
    /// Which one.
    edited: RwSignal<Option<Edited>>,
) -> impl IntoView {
    let open = open_while(edited);
    let title = Signal::derive(move || match edited.get() {
        Some(Edited::Existing(entry)) => format!("External API: {}", entry.name),
        _ => "Add an external API".to_owned(),
    });
    view! {
        <Dialog open=open title=title testid="provider-dialog">
            {move || edited.get().map(|edited| view! { <ProviderForm edited=edited on_done=move |()| open.set(false) /> })}
        </Dialog>
    }
}

/// What is typed. The key is here until it is sent, and nowhere else in the page.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    address: RwSignal<String>,
    key: RwSignal<String>,
    forgets_key: RwSignal<bool>,
    offered: RwSignal<Vec<String>>,
    /// What the companion has of it.
    kept: RwSignal<Option<ProviderEntry>>,
}

impl Draft {
    fn of(edited: Edited) -> Self {
        let kept = match edited {
            Edited::New => None,
            Edited::Existing(entry) => Some(entry),
        };
        let of_kept = |get: fn(&ProviderEntry) -> String| kept.as_ref().map(get).unwrap_or_default();
        Self {
            name: RwSignal::new(of_kept(|entry| entry.name.clone())),
            address: RwSignal::new(of_kept(|entry| entry.base_url.clone())),
            key: RwSignal::new(String::new()),
            forgets_key: RwSignal::new(false),
            offered: RwSignal::new(kept.as_ref().map(|entry| entry.models.clone()).unwrap_or_default()),
            kept: RwSignal::new(kept),
        }
    }

    /// Hands it to the companion, which keeps the key; the page forgets it.
    async fn save(self, stores: Stores) -> Result<ProviderEntry, String> {
        let name = self.name.get_untracked().trim().to_owned();
        if self.kept.with_untracked(Option::is_none) {
            if let Some(fault) = name_fault(&name) {
                return Err(fault);
            }
            if stores.providers.entries.with_untracked(|entries| entries.iter().any(|entry| entry.name == name)) {
                return Err(format!("There is an external API called {name} already; choose another name."));
            }
        }
        let typed = self.key.get_untracked().trim().to_owned();
        let key =
            if self.forgets_key.get_untracked() { Some(String::new()) } else { (!typed.is_empty()).then_some(typed) };
        let base_url = self.address.get_untracked().trim().to_owned();
        let change = ProviderChange { base_url, key, models: self.offered.get_untracked() };
        let entry = stores.providers.change(&name, change).await?;
        self.key.set(String::new());
        self.forgets_key.set(false);
        self.address.set(entry.base_url.clone());
        self.kept.set(Some(entry.clone()));
        Ok(entry)
    }
}

#[component]
fn ProviderForm(edited: Edited, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let draft = Draft::of(edited);
    let problem = RwSignal::new(None::<String>);
    let is_waiting = RwSignal::new(false);
    let known = RwSignal::new(draft.offered.get_untracked());
    let is_kept = Memo::new(move |_| draft.kept.with(Option::is_some));
    let has_key = Memo::new(move |_| draft.kept.with(|kept| kept.as_ref().is_some_and(|entry| entry.has_key)));
    let cannot_send = Signal::derive(move || {
        is_waiting.get()
            || draft.name.with(|name| name.trim().is_empty())
            || draft.address.with(|address| address.trim().is_empty())
    });
    let save = move |()| {
        is_waiting.set(true);
        problem.set(None);
        spawn_local(async move {
            match draft.save(stores).await {
                Ok(entry) => {
                    stores.toaster.say(saved_words(&entry));
                    // The dialog may have been closed since.
                    on_done.try_run(());
                }
                Err(message) => show(problem, message),
            }
            is_waiting.try_set(false);
        });
    };
    let ask = move |()| {
        is_waiting.set(true);
        problem.set(None);
        spawn_local(async move {
            let found = async {
                let entry = draft.save(stores).await?;
                stores.providers.models_of(&entry.name).await
            };
            match found.await {
                Ok(models) if models.is_empty() => {
                    show(problem, "It answered that it has no models. Type the ids of those that you know.".to_owned());
                }
                Ok(models) => {
                    known.try_update(|known| merge(known, models));
                }
                Err(message) => show(problem, message),
            }
            is_waiting.try_set(false);
        });
    };
    let choose_well_known = move |address: String| {
        if let Some((name, ..)) = WELL_KNOWN.iter().find(|(_, _, known)| *known == address)
            && !is_kept.get_untracked()
        {
            draft.name.set((*name).to_owned());
        }
        draft.address.set(address);
    };
    view! {
        <Menu
            id="well-known-provider"
            aria_label="A well-known address"
            heading="A well-known address …"
            groups=Signal::derive(well_known)
            on_choose=choose_well_known
        />
        <Show
            when=move || is_kept.get()
            fallback=move || {
                view! {
                    <TextField
                        id="provider-name"
                        label="Name"
                        placeholder="openai"
                        hint="Its models are named with it: openai/gpt-x. Prices are found if a table calls the provider so too."
                        value=draft.name
                        on_input=move |text| draft.name.set(text)
                    />
                }
            }
        >
            <p class="small muted">{move || format!("Its models are named {}/…", draft.name.get())}</p>
        </Show>
        <TextField
            id="provider-address"
            label="Address"
            placeholder="https://api.openai.com/v1"
            hint="Where its API begins, usually with /v1 at the end. https, or http on the companion's own machine."
            value=draft.address
            on_input=move |text| draft.address.set(text)
        />
        <SecretField
            id="provider-key"
            label="Key"
            value=draft.key
            placeholder=Signal::derive(move || {
                if has_key.get() { "A key is kept; type only to change it" } else { "None" }.to_owned()
            })
            hint="Sent to the companion, which keeps it in a file that only you can read. The page then forgets it. A kept key holds for its address only."
            on_input=move |text| draft.key.set(text)
        />
        <Show when=move || has_key.get()>
            <Checkbox
                id="forget-provider-key"
                checked=draft.forgets_key
                on_change=move |forgets| draft.forgets_key.set(forgets)
            >
                "Forget the key that is kept"
            </Checkbox>
        </Show>
        <Field
            label="Models to offer"
            control_id="ask-provider-models"
            hint="Asking saves the address and the key first: it is the companion that asks."
        >
            <div class="row">
                <button
                    type="button"
                    class="button"
                    id="ask-provider-models"
                    data-testid="ask-provider-models"
                    aria-describedby="ask-provider-models-hint"
                    disabled=move || cannot_send.get()
                    on:click=move |_| ask(())
                >
                    {move || if is_waiting.get() { "Waiting …" } else { "Ask which models there are" }}
                </button>
            </div>
        </Field>
        <ModelChoices known=known offered=draft.offered />
        {move || {
            problem
                .get()
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger testid="provider-problem">
                            <p>{problem}</p>
                        </Notice>
                    }
                })
        }}
        <div class="dialog-actions">
            <Button kind=ButtonKind::Quiet on_press=on_done>"Close"</Button>
            <Button kind=ButtonKind::Primary testid="save-provider" disabled=cannot_send on_press=save>"Save"</Button>
        </div>
    }
}

/// Says what went wrong, unless the dialog was closed since.
fn show(problem: RwSignal<Option<String>>, message: String) {
    problem.try_set(Some(message));
}

fn well_known() -> Vec<SelectGroup> {
    let options = WELL_KNOWN.map(|(_, title, address)| SelectOption::new(address, format!("{title}: {address}")));
    vec![SelectGroup { heading: String::new(), options: options.into() }]
}

/// What is there now.
fn saved_words(entry: &ProviderEntry) -> String {
    let name = &entry.name;
    match entry.models.len() {
        0 => format!("{name} is kept. No model of it is offered yet."),
        1 => format!("{name} is kept; one model of it is offered."),
        count => format!("{name} is kept; {count} models of it are offered."),
    }
}

/// Both lists as one, in order; those that were typed by hand stay.
fn merge(known: &mut Vec<String>, listed: Vec<String>) {
    known.extend(listed);
    known.sort_unstable();
    known.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_by_hand_stays_beside_what_is_listed() {
        let mut known = vec!["own".to_owned(), "b".to_owned()];
        merge(&mut known, vec!["a".to_owned(), "b".to_owned(), "z".to_owned()]);
        assert_eq!(known, ["a", "b", "own", "z"]);
    }

    #[test]
    fn well_known_names_will_do() {
        for (name, _, address) in WELL_KNOWN {
            assert_eq!(name_fault(name), None);
            assert!(address.ends_with("/v1"));
        }
    }
}
