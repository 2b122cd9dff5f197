//! Several views of one thing, one in sight.

use leptos::prelude::*;

/// One view: its key and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// What it is chosen by; also part of its id.
    pub key: &'static str,
    /// Its words.
    pub words: String,
}

impl Tab {
    /// A view.
    pub fn new(key: &'static str, words: impl Into<String>) -> Self {
        Self { key, words: words.into() }
    }
}

/// The row of tabs; the panel is the caller's and should have the id `<id>-panel` and the role `tabpanel`. Arrow keys go
/// from one to the next, as the ARIA practices for tabs ask.
#[component]
pub fn Tabs(
    /// What the views are of, in words.
    #[prop(into)]
    label: String,
    /// The id, unique on the page.
    id: &'static str,
    /// The views, in order.
    #[prop(into)]
    tabs: Signal<Vec<Tab>>,
    /// The one in sight.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the new one.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let go = move |event: web_sys::KeyboardEvent| {
        let tabs = tabs.get_untracked();
        let Some(at) = tabs.iter().position(|tab| tab.key == value.get_untracked()) else { return };
        let next = match event.key().as_str() {
            "ArrowRight" => (at + 1) % tabs.len(),
            "ArrowLeft" => (at + tabs.len() - 1) % tabs.len(),
            "Home" => 0,
            "End" => tabs.len() - 1,
            _ => return,
        };
        event.prevent_default();
        on_change.run(tabs[next].key.to_owned());
        if let Some(element) = document().get_element_by_id(&format!("{id}-{}", tabs[next].key)) {
            use wasm_bindgen::JsCast;
            if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
                // An element that can't take the focus leaves it where it is.
                let _ = element.focus();
            }
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=go>
            {move || {
                tabs.get()
                    .into_iter()
                    .map(|tab| {
                        let key = tab.key;
                        let is_chosen = move || value.with(|value| value == key);
                        view! {
                            <button
                                type="button"
                                role="tab"
                                class="tab"
                                id=format!("{id}-{key}")
                                data-testid=format!("{id}-{key}")
                                aria-selected=move || is_chosen().to_string()
                                aria-controls=format!("{id}-panel")
                                tabindex=move || if is_chosen() { "0" } else { "-1" }
                                on:click=move |_| on_change.run(key.to_owned())
                            >
                                {tab.words}
                            </button>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}
