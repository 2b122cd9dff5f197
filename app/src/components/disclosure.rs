//! Details that are out of sight until asked for.

use leptos::prelude::*;

/// A line that opens to show more.
#[component]
pub fn Disclosure(
    /// The line.
    #[prop(into)]
    summary: ViewFn,
    /// Open at first.
    #[prop(optional)]
    open: bool,
    /// The name that tests know it by.
    #[prop(optional, into)]
    testid: String,
    /// What it hides.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="disclosure" open=open data-testid=(!testid.is_empty()).then_some(testid)>
            <summary class="disclosure-summary">{summary.run()}</summary>
            <div class="disclosure-body">{children()}</div>
        </details>
    }
}
