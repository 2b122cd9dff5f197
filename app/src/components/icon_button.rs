//! A button that is only an icon; its words are for tooltips and screen readers.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A square button with an icon.
#[component]
pub fn IconButton(
    /// Which icon.
    #[prop(into)]
    icon: Signal<IconName>,
    /// What it does, in words.
    #[prop(into)]
    label: Signal<String>,
    /// What happens.
    #[prop(into)]
    on_press: Callback<()>,
    /// True where it can't be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// More classes.
    #[prop(optional)]
    class: &'static str,
    /// The name that tests know it by.
    #[prop(optional, into)]
    testid: String,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("icon-button {class}")
            title=move || label.get()
            aria-label=move || label.get()
            disabled=move || disabled.get()
            data-testid=(!testid.is_empty()).then_some(testid)
            on:click=move |_| on_press.run(())
        >
            {move || view! { <Icon name=icon.get() /> }}
        </button>
    }
}
