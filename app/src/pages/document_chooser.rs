//! Which document of a kind is open, and forgetting it.

use leptos::prelude::*;
use shared::workspace::{Document, DocumentHead};

use crate::browser::clock;
use crate::components::{Confirm, IconButton, IconName, Select, SelectGroup, SelectOption};
use crate::workspace::{Heads, OpenDocument};

/// A list of all documents of a kind; the open one is chosen.
#[component]
pub fn DocumentSelect<T: Document + Clone + PartialEq + Send + Sync + 'static>(
    /// Its id, unique on the page.
    id: &'static str,
    /// What people call such a document, as the list's label.
    label: &'static str,
    /// What the list says while there is none.
    none_yet: &'static str,
    /// What it says while none is open.
    choose: &'static str,
    /// All there are.
    heads: Heads,
    /// The open one.
    document: OpenDocument<T>,
) -> impl IntoView {
    let open_id = Signal::derive(move || document.id().unwrap_or_default());
    let groups = Signal::derive(move || {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        let mut options: Vec<_> = heads.into_iter().map(|head| SelectOption::new(head.id, head.title)).collect();
        if open_id.with(String::is_empty) {
            let words = if options.is_empty() { none_yet } else { choose };
            options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", words) });
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
    view! {
        <Select id=id aria_label=label groups=groups value=open_id on_change=move |id: String| document.open(id) />
    }
}

/// A document that has no name but a time, as one of a list.
pub fn dated(head: DocumentHead) -> SelectOption {
    let words = format!("{} · {}", clock::local_words(head.modified_unix_ms), head.title);
    SelectOption::new(head.id, words)
}

/// A button that asks before it forgets the open document.
#[component]
pub fn DeleteDocument(
    /// What people call such a document.
    noun: &'static str,
    /// What goes with it, in a sentence.
    what_goes: &'static str,
    /// Forgets it.
    #[prop(into)]
    on_delete: Callback<()>,
) -> impl IntoView {
    let is_asking = RwSignal::new(false);
    view! {
        <IconButton
            icon=IconName::Delete
            label=format!("Delete this {noun}")
            testid=format!("delete-{noun}")
            on_press=move |()| is_asking.set(true)
        />
        <Confirm
            open=is_asking
            title=format!("Delete this {noun}?")
            explanation=format!("{what_goes} This can't be undone.")
            keep="Keep it"
            act="Delete"
            testid=format!("confirm-delete-{noun}")
            on_confirm=on_delete
        />
    }
}
