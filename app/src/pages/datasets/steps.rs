//! What was done, in order; the last steps can be taken back.

use leptos::prelude::*;
use shared::dataset::preparation::DoneStep;
use shared::dataset::table::{Query, Status};

use crate::components::{Badge, Button, ButtonKind, Confirm, EmptyState, IconName};
use crate::quantities::grouped;
use crate::stores::Stores;

/// The steps.
#[component]
pub fn StepsView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    // With each: its place, and how many there are.
    let steps = move || -> Vec<(usize, usize, DoneStep)> {
        let steps = datasets.overview.with(|it| it.as_ref().map(|it| it.steps.clone()).unwrap_or_default());
        let count = steps.len();
        steps.into_iter().enumerate().map(|(place, step)| (place, count, step)).collect()
    };
    view! {
        <ol class="items" data-testid="steps">
            <For
                each=steps
                key=|(place, count, step)| format!("{place} {count} {step:?}")
                children=|(place, count, step)| view! { <StepItem place=place count=count done=step /> }
            />
        </ol>
        <Show when=move || steps().is_empty()>
            <EmptyState icon=IconName::History title="Nothing was done yet">
                <p>"Every check, repair, split or edit is listed here, and written into the recipe."</p>
            </EmptyState>
        </Show>
    }
}

#[component]
fn StepItem(place: usize, count: usize, done: DoneStep) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let is_asking = RwSignal::new(false);
    let show = move |()| {
        datasets.show_rows(Query { status: Status::Dropped(Some(place)), ..Query::default() });
    };
    let dropped = done.counts.dropped;
    let unused = done.unused.clone().into_iter().map(|(reason, answers)| {
        view! { <li>{format!("{} answers were not used: {reason}", grouped(answers))}</li> }
    });
    view! {
        <li class="item" data-testid="step">
            <div class="item-about">
                <div class="row">
                    <strong>{format!("{}. {}", place + 1, done.step.title())}</strong>
                    <Badge>{done.counts.to_string()}</Badge>
                </div>
                <ul class="findings small" data-testid="step-unused">
                    {unused.collect_view()}
                </ul>
            </div>
            <div class="row">
                <Show when=move || { dropped > 0 }>
                    <Button kind=ButtonKind::Quiet testid="show-dropped" on_press=show>
                        {format!("Show what it dropped ({})", grouped(dropped))}
                    </Button>
                </Show>
                <Button
                    icon=IconName::Again
                    testid="take-back"
                    on_press=move |()| {
                        if place + 1 < count { is_asking.set(true) } else { datasets.rewind(place) }
                    }
                >
                    {if place + 1 < count { "Take back from here" } else { "Take back" }}
                </Button>
            </div>
            <Confirm
                open=is_asking
                title="Take back all from here?"
                explanation="This step and what was done after it are taken back, edits and ratings by hand too. This can't be undone."
                keep="Keep them"
                act="Take back"
                testid="confirm-take-back"
                on_confirm=move |()| datasets.rewind(place)
            />
        </li>
    }
}
