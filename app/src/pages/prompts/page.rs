//! The Prompts page, which says what it will do.

use leptos::prelude::*;

use crate::app::Page;
use crate::pages::coming::Coming;

/// The Prompts page.
#[component]
pub fn PromptsPage() -> impl IntoView {
    view! {
        <Coming
            page=Page::Prompts
            lead="Write prompts with variables and examples, and compare their versions."
            will=&[
                "keep prompt templates with typed variables and worked examples,",
                "show the exact text and tokens that the model sees,",
                "run versions side by side on several models.",
            ]
        />
    }
}
