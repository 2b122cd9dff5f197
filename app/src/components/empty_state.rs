//! What a place says while there is nothing in it.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// What a place says while there is nothing in it.
#[component]
pub fn EmptyState(
    /// A picture of what will be here.
    icon: IconName,
    /// What is not here.
    #[prop(into)]
    title: String,
    /// Sentences and buttons about what to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <div class="empty-state-icon"><Icon name=icon /></div>
            <h2>{title}</h2>
            <div class="empty-state-body">{children()}</div>
        </div>
    }
}
