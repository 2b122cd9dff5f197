//! A Markdown text that may still be growing.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use crate::browser::clipboard;
use crate::markdown::MarkdownBlocks;

/// Reference-counted, because what is made inside an effect is otherwise gone when the effect runs again.
#[derive(Clone)]
struct Block {
    key: u64,
    html: ArcRwSignal<String>,
}

/// A Markdown text; when it grows, only its last blocks are drawn again.
#[component]
pub fn MarkdownView(
    /// The text now.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let blocks = RwSignal::new(Vec::<Block>::new());
    let last_key = StoredValue::new(0_u64);
    let state = StoredValue::new(MarkdownBlocks::default());
    Effect::new(move |_| {
        let change = text.with(|text| {
            let mut change = None;
            state.update_value(|state| change = Some(state.update(text)));
            change
        });
        let Some(change) = change else { return };
        let shown = blocks.with_untracked(Vec::len);
        let wanted = change.first_changed + change.changed.len();
        for (offset, html) in change.changed.iter().enumerate() {
            if let Some(block) = blocks.with_untracked(|blocks| blocks.get(change.first_changed + offset).cloned())
                && block.html.with_untracked(|current| current != html)
            {
                block.html.set(html.clone());
            }
        }
        if wanted != shown {
            blocks.update(|blocks| {
                blocks.truncate(wanted);
                let first_new = blocks.len() - change.first_changed;
                blocks.extend(change.changed.into_iter().skip(first_new).map(|html| {
                    last_key.update_value(|key| *key += 1);
                    Block { key: last_key.get_value(), html: ArcRwSignal::new(html) }
                }));
            });
        }
    });
    view! {
        <div class="markdown" on:click=copy_code>
            <For
                each=move || blocks.get()
                key=|block| block.key
                children=|block| view! { <div class="markdown-block" inner_html=move || block.html.get()></div> }
            />
        </div>
    }
}

/// Serves every Copy button inside: their HTML comes from the Markdown, so they can't have listeners of their own.
fn copy_code(event: web_sys::MouseEvent) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let Ok(Some(button)) = target.closest("[data-copy-code]") else {
        return;
    };
    let code = button
        .closest("figure")
        .ok()
        .flatten()
        .and_then(|figure| figure.query_selector("code").ok().flatten())
        .and_then(|code| code.text_content());
    let Some(code) = code else { return };
    spawn_local(async move {
        let words = if clipboard::copy(&code).await { "Copied" } else { "Not allowed" };
        button.set_text_content(Some(words));
        gloo_timers::future::TimeoutFuture::new(1500).await;
        button.set_text_content(Some("Copy"));
    });
}
