//! The companion's jobs.

use leptos::prelude::*;
use leptos_router::components::A;

use super::page::job_path;
use super::status::{StatusBadge, name};
use crate::browser::clock::local_words;
use crate::components::{Card, Notice, Tone};
use crate::stores::Stores;
use crate::stores::catalogue::title;

/// The companion's jobs, the newest first.
#[component]
pub fn JobList() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let ids = move || tuning.jobs.with(|jobs| jobs.iter().flatten().map(|job| job.id.clone()).collect::<Vec<_>>());
    let has_none = Memo::new(move |_| tuning.jobs.with(|jobs| jobs.as_ref().is_some_and(Vec::is_empty)));
    view! {
        <Card title="Jobs">
            {move || {
                tuning
                    .jobs_problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Warning testid="jobs-problem">
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
            <Show when=move || has_none.get()>
                <p class="muted">"None yet. Each is kept here with its curves and what came of it."</p>
            </Show>
            <ul class="items" data-testid="jobs">
                <For each=ids key=|id| id.clone() children=|id| view! { <JobItem id=id /> } />
            </ul>
        </Card>
    }
}

#[component]
fn JobItem(id: String) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let tuning = stores.fine_tuning;
    let href = job_path(&id);
    let is_open = {
        let id = id.clone();
        Memo::new(move |_| tuning.open.id.with(|open| open.as_ref() == Some(&id)))
    };
    let job = Memo::new(move |_| tuning.jobs.with(|jobs| jobs.iter().flatten().find(|job| job.id == id).cloned()));
    let name = move || tuning.files.with(|files| Some(name(&job.get()?, files)));
    let about = move || {
        let job = job.get()?;
        let steps = job.quern.steps.map(|steps| format!(" · step {} of {steps}", job.quern.step));
        let when = local_words(job.created_at as f64 * 1000.0);
        Some(format!("{}{} · {when}", title(stores.companion, &job.model), steps.unwrap_or_default()))
    };
    view! {
        <li class="item" data-testid="job" data-status=move || job.get().map(|job| job.status.name())>
            <div class="item-about">
                <div class="row">
                    <strong class="is-breakable">{name}</strong>
                    {move || job.get().map(|job| view! { <StatusBadge job=job /> })}
                </div>
                <p class="small muted numbers is-breakable">{about}</p>
            </div>
            <A
                href=href
                attr:class="button"
                attr:data-testid="open-job"
                attr:aria-current=move || is_open.get().then_some("true")
            >
                {move || if is_open.get() { "Shown above" } else { "Open" }}
            </A>
        </li>
    }
}
