//! A secret of one line: hidden while it is typed, and kept by no browser.

use leptos::prelude::*;

use super::field::Field;

/// A secret with a label.
#[component]
pub fn SecretField(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// What is typed now.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the new text while it is typed.
    #[prop(into)]
    on_input: Callback<String>,
    /// Shown while it is empty.
    #[prop(into)]
    placeholder: Signal<String>,
    /// What becomes of it, in a sentence.
    #[prop(into)]
    hint: String,
) -> impl IntoView {
    let described = format!("{id}-hint");
    view! {
        <Field label=label control_id=id.clone() hint=hint>
            <input
                id=id.clone()
                class="input"
                type="password"
                autocomplete="off"
                spellcheck="false"
                placeholder=move || placeholder.get()
                aria-describedby=described
                data-testid=id
                prop:value=move || value.get()
                on:input=move |event| on_input.run(event_target_value(&event))
            />
        </Field>
    }
}
