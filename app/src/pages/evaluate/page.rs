//! The Evaluate page, which says what it will do.

use leptos::prelude::*;

use crate::app::Page;
use crate::pages::coming::Coming;

/// The Evaluate page.
#[component]
pub fn EvaluatePage() -> impl IntoView {
    view! {
        <Coming
            page=Page::Evaluate
            lead="Find out which model and which prompt answer best."
            will=&[
                "run test cases against models and prompts, here or on the companion,",
                "check answers by rules, by similarity, or by another model,",
                "compare results with honest margins of error.",
            ]
        />
    }
}
