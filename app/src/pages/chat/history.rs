//! The stored conversations.

use leptos::prelude::*;

use crate::components::{Button, Dialog, IconButton, IconName};
use crate::stores::Stores;

/// The stored conversations, to open or to delete.
#[component]
pub fn HistoryDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chat = stores.chat;
    view! {
        <Dialog open=open title="Conversations" class="drawer" testid="history-dialog">
            <Button
                icon=IconName::Plus
                on_press=move |()| {
                    chat.start_new();
                    open.set(false);
                }
            >
                "New chat"
            </Button>
            <Show
                when=move || chat.entries.with(|entries| !entries.is_empty())
                fallback=|| view! { <p class="muted">"Conversations are kept in this browser and appear here."</p> }
            >
                <ul class="history">
                    <For
                        each=move || chat.entries.get()
                        key=|entry| entry.id.clone()
                        children=move |entry| {
                            let open_id = entry.id.clone();
                            let delete_id = entry.id.clone();
                            let this = entry.id.clone();
                            let is_current = Memo::new(move |_| chat.id.with(|id| *id == this));
                            view! {
                                <li class="history-entry" class:is-current=move || is_current.get()>
                                    <button
                                        type="button"
                                        class="history-open"
                                        data-testid="history-entry"
                                        aria-current=move || is_current.get().then_some("true")
                                        on:click=move |_| {
                                            chat.open(&open_id);
                                            open.set(false);
                                        }
                                    >
                                        <span>{entry.title}</span>
                                        <span class="muted small">{date(entry.changed_unix_ms)}</span>
                                    </button>
                                    <IconButton
                                        icon=IconName::Delete
                                        label="Delete this conversation"
                                        class="is-small"
                                        on_press=move |()| chat.delete(&delete_id)
                                    />
                                </li>
                            }
                        }
                    />
                </ul>
            </Show>
        </Dialog>
    }
}

/// The date as the person's own browser writes it.
fn date(unix_ms: f64) -> String {
    let date = js_sys::Date::new(&unix_ms.into());
    let form = js_sys::Object::new();
    for (part, length) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // A plain object takes any property.
        let _ = js_sys::Reflect::set(&form, &part.into(), &length.into());
    }
    String::from(date.to_locale_string("default", &form))
}
