//! A choice among a few, all in sight.

use leptos::prelude::*;

/// A choice among a few, all in sight; a radio group to the keyboard and to screen readers.
#[component]
pub fn Segmented(
    /// What is chosen, in words.
    #[prop(into)]
    label: String,
    /// The group's name, unique on the page.
    name: &'static str,
    /// Value and words of each choice.
    options: Vec<(String, String)>,
    /// The value chosen now.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the new value.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(option, words)| {
            let id = format!("{name}-{option}");
            let chosen = option.clone();
            let testid = id.clone();
            view! {
                <input
                    type="radio"
                    class="segmented-input"
                    id=id.clone()
                    name=name
                    value=option.clone()
                    data-testid=testid
                    prop:checked=move || value.get() == option
                    on:change=move |_| on_change.run(chosen.clone())
                />
                <label class="segmented-option" for=id>{words}</label>
            }
        })
        .collect_view();
    view! { <div class="segmented" role="radiogroup" aria-label=label>{options}</div> }
}
