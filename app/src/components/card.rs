//! A surface that holds one thing.

use leptos::prelude::*;

/// A surface that holds one thing.
#[component]
pub fn Card(
    /// Its heading.
    #[prop(optional, into)]
    title: Option<String>,
    /// A sentence below the heading.
    #[prop(optional, into)]
    lead: Option<String>,
    /// More classes.
    #[prop(optional)]
    class: &'static str,
    /// What it holds.
    children: Children,
) -> impl IntoView {
    view! {
        <section class=format!("card {class}")>
            {title.map(|title| view! { <h2 class="card-title">{title}</h2> })}
            {lead.map(|lead| view! { <p class="card-lead">{lead}</p> })}
            {children()}
        </section>
    }
}
