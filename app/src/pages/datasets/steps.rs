//! What was done, in order; the last steps can be taken back.

use leptos::prelude::*;
use shared::dataset::preparation::DoneStep;
use shared::dataset::table::{Query, Status};

use crate::components::{Badge, Button, ButtonKind, EmptyState, IconName};
use crate::quantities::grouped;
use crate::stores::Stores;

/// The steps.
#[component]
pub fn StepsView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let steps = move || -> Vec<(usize, DoneStep)> {
        let steps = datasets.overview.with(|it| it.as_ref().map(|it| it.steps.clone()).unwrap_or_default());
        steps.into_iter().enumerate().collect()
    };
    view! {
        <ol class="items" data-testid="steps">
            <For
                each=steps
                key=|(place, step)| format!("{place} {step:?}")
                children=|(place, step)| view! { <StepItem place=place done=step /> }
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
fn StepItem(place: usize, done: DoneStep) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let show = move |()| {
        datasets.query.set(Query { status: Status::Dropped(Some(place)), ..Query::default() });
        datasets.found.set(None);
        datasets.tab.set("rows".to_owned());
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
                    on_press=move |()| datasets.rewind(place)
                >
                    "Take back from here"
                </Button>
            </div>
        </li>
    }
}
