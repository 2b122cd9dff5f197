//! Where a message is written: Enter sends, Shift and Enter begin a line.

use leptos::html;
use leptos::prelude::*;

use crate::browser::media;
use crate::components::{IconButton, IconName};
use crate::pages::destination::Destination;
use crate::stores::Stores;

/// Where a message is written.
#[component]
pub fn Composer() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chat = stores.chat;
    let runs_on = stores.settings.part(|data| data.runs_on.clone());
    let has_model = stores.settings.part(|data| data.runs_on.is_some());
    let element = NodeRef::<html::Textarea>::new();
    // Whoever opens the page with a keyboard wants to type; a phone's keyboard would cover half the page.
    Effect::new(move |_| {
        if let Some(element) = element.get()
            && !media::has_finger()
        {
            // A field that can't take the focus can still be clicked.
            let _ = element.focus();
        }
    });
    let can_send = Memo::new(move |_| has_model.get() && chat.draft.with(|draft| !draft.trim().is_empty()));
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                chat.send_draft();
            }
        >
            <div class="composer-box">
                <textarea
                    rows="1"
                    aria-label="Message"
                    placeholder=move || if has_model.get() { "Ask anything" } else { "Choose a model first" }
                    data-testid="composer"
                    node_ref=element
                    prop:value=move || chat.draft.get()
                    on:input=move |event| chat.draft.set(event_target_value(&event))
                    on:keydown=move |event| {
                        // While a word is being composed (Japanese, Chinese), Enter belongs to the input method.
                        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                            event.prevent_default();
                            chat.send_draft();
                        }
                    }
                ></textarea>
                <Show
                    when=move || chat.is_answering.get()
                    fallback=move || {
                        view! {
                            <IconButton
                                icon=IconName::Send
                                label="Send"
                                class="is-primary"
                                testid="send"
                                disabled=Signal::derive(move || !can_send.get())
                                on_press=move |()| chat.send_draft()
                            />
                        }
                    }
                >
                    <IconButton
                        icon=IconName::Stop
                        label="Stop"
                        class="is-primary"
                        testid="stop"
                        on_press=move |()| chat.stop()
                    />
                </Show>
            </div>
            <div class="composer-destination">
                <Destination model=runs_on />
            </div>
            <p class="composer-note">
                "Small models make mistakes. Enter sends, Shift + Enter begins a new line."
            </p>
        </form>
    }
}
