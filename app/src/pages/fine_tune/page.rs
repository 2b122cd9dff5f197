//! The Fine-tune page, which says what it will do.

use leptos::prelude::*;

use crate::app::Page;
use crate::pages::coming::Coming;

/// The Fine-tune page.
#[component]
pub fn FineTunePage() -> impl IntoView {
    view! {
        <Coming
            page=Page::FineTune
            lead="Teach a model with your own examples."
            will=&[
                "train LoRA adapters on the companion, from a dataset you have checked,",
                "show the loss as it falls, and stop or resume when you like,",
                "let you chat with the result at once.",
            ]
        />
    }
}
