//! Several views of one thing, one in sight.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

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
        if let Some(tab) = element_of(id, tabs[next].key) {
            // An element that can't take the focus leaves it where it is.
            let _ = tab.focus();
        }
    };
    let row = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(row), chosen) = (row.get(), value.get()) else { return };
        // On a phone the chosen tab may be beyond the edge.
        if let Some(tab) = element_of(id, &chosen) {
            let (left, right) = (tab.offset_left() - row.offset_left(), tab.offset_left() + tab.offset_width());
            let beyond = right - row.offset_left() - row.client_width();
            row.set_scroll_left(row.scroll_left().clamp(beyond.min(left), left));
        }
    });
    view! {
        <div node_ref=row class="tabs" role="tablist" aria-label=label on:keydown=go>
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

fn element_of(id: &str, key: &str) -> Option<web_sys::HtmlElement> {
    document().get_element_by_id(&format!("{id}-{key}"))?.dyn_into().ok()
}
