//! A choice from a list, on the browser's own control.

use leptos::prelude::*;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectOption {
    /// What is reported when it is chosen.
    pub value: String,
    /// What is shown.
    pub words: String,
    /// False for one that can't be chosen now.
    pub is_enabled: bool,
}

impl SelectOption {
    /// A choice that can be made.
    pub fn new(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self { value: value.into(), words: words.into(), is_enabled: true }
    }
}

/// Choices under a heading; an empty heading shows none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectGroup {
    /// The heading.
    pub heading: String,
    /// The choices.
    pub options: Vec<SelectOption>,
}

/// A choice from a list.
#[component]
pub fn Select(
    /// What is chosen, in words, where no label names it.
    #[prop(optional, into)]
    aria_label: Option<String>,
    /// Its id, unique on the page; tests know it by this.
    #[prop(into)]
    id: String,
    /// The choices.
    #[prop(into)]
    groups: Signal<Vec<SelectGroup>>,
    /// The value chosen now.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the new value.
    #[prop(into)]
    on_change: Callback<String>,
    /// True where it can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let option_view = move |option: SelectOption| {
        let this = option.value.clone();
        view! {
            <option
                value=option.value
                disabled=!option.is_enabled
                prop:selected=move || value.get() == this
            >
                {option.words}
            </option>
        }
    };
    view! {
        <select
            id=id.clone()
            class="input select"
            aria-label=aria_label
            data-testid=id
            disabled=move || disabled.get()
            on:change=move |event| on_change.run(event_target_value(&event))
        >
            {move || {
                groups
                    .get()
                    .into_iter()
                    .map(|group| {
                        let options = group.options.into_iter().map(option_view).collect_view();
                        if group.heading.is_empty() {
                            options.into_any()
                        } else {
                            view! { <optgroup label=group.heading>{options}</optgroup> }.into_any()
                        }
                    })
                    .collect_view()
            }}
        </select>
    }
}
