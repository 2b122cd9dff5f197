//! Bringing a GGUF file of one's own: dropped, chosen, or from an address.

use leptos::html;
use leptos::prelude::*;

use crate::components::{Button, Card, Icon, IconName};
use crate::stores::Stores;

/// Bringing a GGUF file of one's own.
#[component]
pub fn AddOwn() -> impl IntoView {
    view! {
        <Card
            title="Use a file of your own"
            lead="Any GGUF file of a supported architecture (llama, gemma3). It is copied into this browser and stays on this device."
        >
            <DropArea />
            <UrlForm />
        </Card>
    }
}

#[component]
fn DropArea() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_over = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    let take = move |files: Option<web_sys::FileList>| {
        let Some(files) = files else { return };
        for index in 0..files.length() {
            if let Some(file) = files.get(index) {
                stores.models.import(file);
            }
        }
    };
    view! {
        <label
            class="drop-area"
            class:is-over=move || is_over.get()
            data-testid="drop-area"
            on:dragover=move |event| {
                event.prevent_default();
                is_over.set(true);
            }
            on:dragleave=move |_| is_over.set(false)
            on:drop=move |event| {
                event.prevent_default();
                is_over.set(false);
                take(event.data_transfer().and_then(|transfer| transfer.files()));
            }
        >
            <input
                type="file"
                accept=".gguf"
                class="visually-hidden"
                data-testid="file-input"
                node_ref=input
                on:change=move |_| {
                    if let Some(input) = input.get_untracked() {
                        take(input.files());
                        // The same file chosen again is a change again.
                        input.set_value("");
                    }
                }
            />
            <Icon name=IconName::Upload />
            <span>
                <strong>"Drop a .gguf file here"</strong>
                " or click to choose one"
            </span>
        </label>
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
