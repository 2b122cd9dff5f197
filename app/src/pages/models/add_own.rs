//! Bringing a GGUF file of one's own: dropped, chosen, or from an address.

use leptos::prelude::*;

use crate::components::{Button, Card, DropArea, IconName};
use crate::stores::Stores;

/// Bringing a GGUF file of one's own.
#[component]
pub fn AddOwn() -> impl IntoView {
    let models = expect_context::<Stores>().models;
    view! {
        <Card
            title="Use a file of your own"
            lead="Any GGUF file of a supported architecture (llama, gemma3). It is copied into this browser and stays on this device."
        >
            <DropArea
                id="file-input"
                accept=".gguf"
                words="Drop a .gguf file here"
                explanation=""
                on_file=move |file| models.import(file)
            />
            <UrlForm />
        </Card>
    }
}

#[component]
fn UrlForm() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let url = RwSignal::new(String::new());
    let is_usable =
        Memo::new(move |_| url.with(|url| url.trim().starts_with("https://") && url.trim().len() > "https://".len()));
    let add = move || {
        if is_usable.get_untracked() {
            stores.models.download_url(url.get_untracked().trim());
            url.set(String::new());
        }
    };
    view! {
        <form
            class="field"
            on:submit=move |event| {
                event.prevent_default();
                add();
            }
        >
            <label class="field-label" for="url-input">"Or fetch it from an address"</label>
            <div class="url-row">
                <input
                    id="url-input"
                    class="input"
                    type="url"
                    inputmode="url"
                    autocomplete="off"
                    placeholder="https://…/model.gguf"
                    aria-describedby="url-input-hint"
                    data-testid="url-input"
                    prop:value=move || url.get()
                    on:input=move |event| url.set(event_target_value(&event))
                />
                <Button
                    icon=IconName::Download
                    testid="url-add"
                    disabled=Signal::derive(move || !is_usable.get())
                    on_press=move |()| add()
                >
                    "Fetch"
                </Button>
            </div>
            <p class="field-hint" id="url-input-hint">
                "The server must allow other sites to read the file (CORS), as the large model hubs do."
            </p>
        </form>
    }
}
