//! A place to drop files on, which also opens the browser's file dialog.

use leptos::html;
use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A place to drop files on; a press or the keyboard opens the file dialog.
#[component]
pub fn DropArea(
    /// The id of the input, unique on the page.
    #[prop(into)]
    id: String,
    /// What to offer, such as `.csv,.jsonl`; all files where it is empty.
    accept: &'static str,
    /// What to do, in bold.
    words: &'static str,
    /// What can be dropped.
    explanation: &'static str,
    /// Takes each of the files.
    #[prop(into)]
    on_file: Callback<web_sys::File>,
) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    let take = move |files: Option<web_sys::FileList>| {
        let Some(files) = files else { return };
        (0..files.length()).filter_map(|place| files.get(place)).for_each(|file| on_file.run(file));
    };
    view! {
        <label
            class="drop-area"
            class:is-over=move || is_over.get()
            data-testid="drop-area"
            on:dragover=move |event| {
                event.prevent_default();
                is_over.set(true);
            }
            on:dragleave=move |_| is_over.set(false)
            on:drop=move |event| {
                event.prevent_default();
                is_over.set(false);
                take(event.data_transfer().and_then(|transfer| transfer.files()));
            }
        >
            <input
                type="file"
                multiple
                accept=accept
                class="visually-hidden"
                id=id.clone()
                data-testid=id
                node_ref=input
                on:change=move |_| {
                    if let Some(input) = input.get_untracked() {
                        take(input.files());
                        // The same file chosen again is a change again.
                        input.set_value("");
                    }
                }
            />
            <Icon name=IconName::Upload />
            <span>
                <strong>{words}</strong>
                " or press to choose. "
                {explanation}
            </span>
        </label>
    }
}
