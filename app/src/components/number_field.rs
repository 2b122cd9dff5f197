//! A whole number within bounds.

use leptos::prelude::*;

use super::field::Field;

/// A whole number within bounds; what is not one is put back to the last good value.
#[component]
pub fn NumberField(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// The value now.
    #[prop(into)]
    value: Signal<u64>,
    /// Takes the new value.
    #[prop(into)]
    on_change: Callback<u64>,
    /// The least allowed.
    #[prop(optional)]
    min: u64,
    /// The most allowed.
    #[prop(default = u64::MAX)]
    max: u64,
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
            inputmode="numeric"
            autocomplete="off"
            aria-describedby=described
            data-testid=id.clone()
            prop:value=move || value.get().to_string()
            on:change=move |event| {
                let typed = event_target_value(&event).trim().replace([',', ' '], "");
                if let Ok(number) = typed.parse::<u64>() {
                    on_change.run(number.clamp(min, max));
                }
                // What was refused or clamped may leave the value as it was, and then nothing redraws the field.
                event_target::<web_sys::HtmlInputElement>(&event).set_value(&value.get_untracked().to_string());
            }
        />
    };
    match hint {
        Some(hint) => view! { <Field label=label control_id=id hint=hint>{control}</Field> }.into_any(),
        None => view! { <Field label=label control_id=id>{control}</Field> }.into_any(),
    }
}
