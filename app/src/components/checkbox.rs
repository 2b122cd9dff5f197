//! A choice of yes or no.

use leptos::prelude::*;

/// A box to tick, with its words.
#[component]
pub fn Checkbox(
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// Ticked or not.
    #[prop(into)]
    checked: Signal<bool>,
    /// Takes the new state.
    #[prop(into)]
    on_change: Callback<bool>,
    /// True where it can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The words.
    children: Children,
) -> impl IntoView {
    let label_for = id.clone();
    view! {
        <label class="checkbox" for=label_for>
            <input
                type="checkbox"
                id=id.clone()
                data-testid=id
                disabled=move || disabled.get()
                prop:checked=move || checked.get()
                on:change=move |event| on_change.run(event_target_checked(&event))
            />
            <span>{children()}</span>
        </label>
    }
}
