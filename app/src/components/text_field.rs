//! Text of one line.

use leptos::prelude::*;

use super::field::Field;

/// Text of one line with a label.
#[component]
pub fn TextField(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// The text now.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the new text while it is typed.
    #[prop(into)]
    on_input: Callback<String>,
    /// Shown while it is empty.
    #[prop(optional, into)]
    placeholder: String,
    /// A sentence of explanation.
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    let described = hint.is_some().then(|| format!("{id}-hint"));
    let control = view! {
        <input
            id=id.clone()
            class="input"
            type="text"
            autocomplete="off"
            placeholder=placeholder
            aria-describedby=described
            data-testid=id.clone()
            prop:value=move || value.get()
            on:input=move |event| on_input.run(event_target_value(&event))
        />
    };
    match hint {
        Some(hint) => view! { <Field label=label control_id=id hint=hint>{control}</Field> }.into_any(),
        None => view! { <Field label=label control_id=id>{control}</Field> }.into_any(),
    }
}
