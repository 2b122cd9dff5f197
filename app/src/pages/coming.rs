//! What a page says that is not there yet.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::app::Page;
use crate::components::{Card, EmptyState, PageHeader};

/// A page that is not there yet: what it will do, and what works meanwhile.
#[component]
pub fn Coming(
    /// Which page.
    page: Page,
    /// What it is for.
    lead: &'static str,
    /// What it will do, one sentence each.
    will: &'static [&'static str],
) -> impl IntoView {
    view! {
        <div class="page">
            <PageHeader title=page.title() lead=lead />
            <Card>
                <EmptyState icon=page.icon() title="This page is not there yet">
                    <p>"When it is, it will"</p>
                    <ul class="coming">{will.iter().map(|line| view! { <li>{*line}</li> }).collect_view()}</ul>
                    <p>
                        "Meanwhile you can "
                        <A href=Page::Models.path()>"get a model"</A>
                        " and "
                        <A href=Page::Chat.path()>"chat with it"</A>
                        "."
                    </p>
                </EmptyState>
            </Card>
        </div>
    }
}
