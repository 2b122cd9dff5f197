//! Text of several lines.

use leptos::prelude::*;

use super::field::Field;

/// Text of several lines with a label.
#[component]
pub fn TextArea(
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
    #[prop(into)]
    hint: String,
    /// Lines in sight.
    #[prop(default = 4)]
    rows: u32,
) -> impl IntoView {
    view! {
        <Field label=label control_id=id.clone() hint=hint>
            <textarea
                id=id.clone()
                class="input text-area"
                rows=rows
                placeholder=placeholder
                data-testid=id.clone()
                aria-describedby=format!("{id}-hint")
                prop:value=move || value.get()
                on:input=move |event| on_input.run(event_target_value(&event))
            ></textarea>
        </Field>
    }
}
