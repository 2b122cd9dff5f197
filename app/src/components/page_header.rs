//! A page's title, what it is for, and what one can do there.

use leptos::prelude::*;

/// A page's title, what it is for, and what one can do there.
#[component]
pub fn PageHeader(
    /// The title.
    #[prop(into)]
    title: String,
    /// One sentence.
    #[prop(into)]
    lead: String,
    /// Buttons at the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="page-header">
            <div>
                <h1>{title}</h1>
                <p class="page-lead">{lead}</p>
            </div>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
}
