//! The Fine-tune page: a form for the next job, or the job that is open, and the list of all.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::form::JobForm;
use super::job_list::JobList;
use super::job_view::JobView;
use crate::app::Page;
use crate::components::{Card, EmptyState, IconName, PageHeader};
use crate::stores::Stores;
use crate::stores::companion::CompanionStatus;

/// Other tabs and programs begin jobs too.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where a job is seen.
pub(super) fn job_path(id: &str) -> String {
    format!("{}?job={id}", Page::FineTune.path())
}

/// The Fine-tune page.
#[component]
pub fn FineTunePage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let tuning = stores.fine_tuning;
    let query = use_query_map();
    let job = Memo::new(move |_| query.with(|query| query.get("job")));
    Effect::new(move |_| tuning.open.open(job.get()));
    Effect::new(move |_| {
        if stores.companion.is_connected() {
            tuning.look();
        }
    });
    let look_again = move || {
        let is_there = stores.companion.status.get_untracked() == CompanionStatus::Connected;
        if is_there && !document().hidden() {
            tuning.look();
        }
    };
    if let Ok(handle) = set_interval_with_handle(look_again, LOOK_EVERY) {
        on_cleanup(move || handle.clear());
    }
    let status = stores.companion.status;
    view! {
        <div class="page is-wide">
            <PageHeader
                title="Fine-tune"
                lead="Teach a model with your own examples, on your own machine. You see what it learns while it learns, and can ask it at once."
            />
            {move || match (job.get(), status.get()) {
                // A job that is open stays in sight while the companion is away for a moment.
                (Some(_), _) => view! { <JobView /> }.into_any(),
                (None, CompanionStatus::Connected) => view! { <JobForm /> }.into_any(),
                (None, CompanionStatus::Unknown) => {
                    view! { <p class="muted">"Looking for the companion."</p> }.into_any()
                }
                (None, CompanionStatus::Away) => view! { <NeedsCompanion /> }.into_any(),
            }}
            <Show when=move || status.get() == CompanionStatus::Connected>
                <JobList />
            </Show>
        </div>
    }
}

/// Why nothing can be taught here, and what to do.
#[component]
fn NeedsCompanion() -> impl IntoView {
    view! {
        <Card>
            <EmptyState icon=IconName::Companion title="This needs the companion">
                <p data-testid="tune-needs-companion">
                    "A model learns on the companion, with all cores of its machine; a browser's tab can't do that. Start it in \
                     a terminal with " <code>"quern serve"</code> ", then open the address that it prints."
                </p>
                <p>"Until then you can make and check training data on the Datasets page: that needs no companion."</p>
            </EmptyState>
        </Card>
    }
}
