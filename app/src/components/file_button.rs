//! A button that asks for a file.

use leptos::html;
use leptos::prelude::*;

use super::button::{Button, ButtonKind};
use super::icon::IconName;

/// A button that opens the browser's file dialog and hands over what was chosen.
#[component]
pub fn FileButton(
    /// The id of the hidden input, unique on the page.
    #[prop(into)]
    id: String,
    /// What to offer, such as `.csv,.jsonl`.
    accept: &'static str,
    /// Takes the file.
    #[prop(into)]
    on_file: Callback<web_sys::File>,
    /// How much the button asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Shown before the words.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The words.
    #[prop(into)]
    words: String,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let ask = move |()| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let aria_label = words.clone();
    let button = match icon {
        Some(icon) => view! { <Button on_press=ask kind=kind icon=icon>{words}</Button> }.into_any(),
        None => view! { <Button on_press=ask kind=kind>{words}</Button> }.into_any(),
    };
    view! {
        {button}
        <input
            node_ref=input
            id=id.clone()
            data-testid=id
            class="visually-hidden"
            type="file"
            tabindex="-1"
            aria-hidden="true"
            aria-label=aria_label
            accept=accept
            on:change=move |event| {
                let input = event_target::<web_sys::HtmlInputElement>(&event);
                if let Some(file) = input.files().and_then(|files| files.get(0)) {
                    on_file.run(file);
                }
                // The same file chosen again is a change again.
                input.set_value("");
            }
        />
    }
}
