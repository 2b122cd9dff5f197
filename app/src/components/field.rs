//! A label, a control and a hint that belong together.

use leptos::prelude::*;

/// A label, a control and a hint that belong together.
#[component]
pub fn Field(
    /// What the control is called.
    #[prop(into)]
    label: String,
    /// The control's id.
    #[prop(into)]
    control_id: String,
    /// A sentence of explanation; the control should name `<id>-hint` as its description.
    #[prop(optional, into)]
    hint: Option<String>,
    /// Shown at the right of the label, for a slider's value.
    #[prop(optional, into)]
    value: Option<Signal<String>>,
    /// The control.
    children: Children,
) -> impl IntoView {
    let hint_id = format!("{control_id}-hint");
    view! {
        <div class="field">
            <div class="field-label">
                <label for=control_id>{label}</label>
                {value.map(|value| view! { <output class="field-value">{move || value.get()}</output> })}
            </div>
            {children()}
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
