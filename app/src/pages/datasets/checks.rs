//! What checks find in the rows, with its repair; and rows that say the same.

use leptos::prelude::*;
use shared::dataset::duplicates::Similarity;
use shared::dataset::steps::{Deduplicate, DropLeaks, Preferred, Step};
use shared::dataset::survey::Finding;
use shared::dataset::table::Query;
use wasm_bindgen_futures::spawn_local;

use super::looked_for::LookedForOptions;
use super::meaning::MeaningCard;
use super::similarity_slider::SimilaritySlider;
use crate::components::{Badge, Button, ButtonKind, Card, IconName, Segmented, Tone};
use crate::quantities::grouped;
use crate::stores::Stores;

/// Which of several rows stays.
const PREFERRED: [(&str, &str); 2] = [("first", "The first"), ("longest", "The longest")];

/// Checks, and duplicates.
#[component]
pub fn ChecksView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    view! {
        <div class="row">
            <Button
                kind=ButtonKind::Primary
                icon=IconName::Check
                testid="look-at-all"
                on_press=move |()| datasets.look_at_all()
            >
                "Look at all rows"
            </Button>
            <span class="small muted" data-testid="survey-rows">
                {move || {
                    datasets
                        .survey
                        .with(|survey| survey.as_ref().map(|survey| format!("{} rows looked at", grouped(survey.rows))))
                }}
            </span>
        </div>
        <LookedForOptions />
        <ul class="items" data-testid="checks">
            {move || {
                datasets
                    .survey
                    .get()
                    .map(|survey| {
                        survey.checks.into_iter().map(|finding| view! { <CheckItem finding=finding /> }).collect_view()
                    })
            }}
        </ul>
        <DuplicatesCard />
        <MeaningCard />
    }
}

/// What one check finds.
#[component]
fn CheckItem(finding: Finding) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let Finding { check, rows, repairable, reasons } = finding;
    let (tone, words) = if rows == 0 {
        (Tone::Good, "nothing found".to_owned())
    } else {
        (Tone::Warning, format!("{} rows", grouped(rows)))
    };
    let key = serde_json::to_value(&check).ok().and_then(|value| Some(value.get("check")?.as_str()?.to_owned()));
    let key = StoredValue::new(key.unwrap_or_default());
    let check = StoredValue::new(check);
    let title = check.with_value(|check| check.title());
    let explanation = check.with_value(|check| check.explanation());
    let repair = check.with_value(|check| check.repair_title()).filter(|_| repairable > 0);
    let show = move |()| {
        datasets.show_rows(Query { check: Some(check.get_value()), ..Query::default() });
    };
    view! {
        <li class="item" data-testid=format!("check-{}", key.get_value())>
            <div class="item-about">
                <div class="row">
                    <strong>{title}</strong>
                    <Badge tone=tone>{words}</Badge>
                </div>
                <p class="small muted">{explanation}</p>
                <ul class="findings small">
                    {reasons
                        .into_iter()
                        .map(|(reason, rows)| view! { <li>{format!("{}: {reason}", grouped(rows))}</li> })
                        .collect_view()}
                </ul>
                <Show when=move || { rows > 0 }>
                    <div class="row">
                        {repair
                            .map(|repair| {
                                view! {
                                    <Button
                                        icon=IconName::Edit
                                        testid=format!("repair-{}", key.get_value())
                                        on_press=move |()| datasets.run(Step::Repair(check.get_value()))
                                    >
                                        {format!("{repair} ({})", grouped(repairable))}
                                    </Button>
                                }
                            })}
                        <Button
                            icon=IconName::Delete
                            testid=format!("drop-{}", key.get_value())
                            on_press=move |()| datasets.run(Step::Drop(check.get_value()))
                        >
                            {format!("Drop them ({})", grouped(rows))}
                        </Button>
                        <Button kind=ButtonKind::Quiet testid=format!("show-{}", key.get_value()) on_press=show>"Show them"</Button>
                    </div>
                </Show>
            </div>
        </li>
    }
}

/// Rows that say what others say.
#[component]
fn DuplicatesCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let near = RwSignal::new(Similarity::USUAL);
    let keeps_longest = RwSignal::new(false);
    let keep = move || if keeps_longest.get_untracked() { Preferred::Longest } else { Preferred::First };
    let same_step = move || Step::Deduplicate(Deduplicate::default());
    let near_step = move || Step::Deduplicate(Deduplicate { near: Some(near.get_untracked()), keep: keep() });
    let leaks_step = move || Step::DropLeaks(DropLeaks { near: near.get_untracked() });
    view! {
        <Card
            title="Rows that say the same"
            lead="A model learns what it sees twice as if it mattered twice. One of them stays; every other one keeps the name of the row that it is like, and can be taken back."
        >
            <div class="row">
                <Button testid="drop-same" on_press=move |()| datasets.run(same_step())>
                    "Drop rows that say the very same"
                </Button>
                <CountFirst step=same_step testid="count-same" />
            </div>
            <SimilaritySlider
                id="near-percent"
                label="How alike"
                least_percent=55.0
                hint="Which part of their phrases of three words two rows share."
                value=near
            />
            <Segmented
                label="Which of them stays"
                name="near-keep"
                options=PREFERRED.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec()
                value=Signal::derive(move || PREFERRED[usize::from(keeps_longest.get())].0.to_owned())
                on_change=move |key: String| keeps_longest.set(key == PREFERRED[1].0)
            />
            <div class="row">
                <Button testid="drop-near" on_press=move |()| datasets.run(near_step())>
                    "Drop rows that say nearly the same"
                </Button>
                <CountFirst step=near_step testid="count-near" />
            </div>
            <Show when=move || datasets.has_parts()>
                <div class="row">
                    <Button testid="drop-leaks" on_press=move |()| datasets.run(leaks_step())>
                        "Drop training rows that validation or test has"
                    </Button>
                    <CountFirst step=leaks_step testid="count-leaks" />
                </div>
            </Show>
        </Card>
    }
}

/// Counts what a step would drop, and does nothing.
#[component]
fn CountFirst(
    /// The step.
    step: impl Fn() -> Step + Copy + Send + Sync + 'static,
    /// The name that tests know it by.
    testid: &'static str,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let counted = RwSignal::new(None::<u64>);
    Effect::new(move |_| {
        datasets.overview.track();
        counted.set(None);
    });
    let count = move |()| {
        spawn_local(async move {
            let found = datasets.count_of(step()).await;
            counted.try_set(found.map(|counts| counts.dropped));
        });
    };
    view! {
        <Button kind=ButtonKind::Quiet testid=testid on_press=count>
            "Count them first"
        </Button>
        <span class="small muted numbers" data-testid=format!("{testid}-result")>
            {move || {
                counted
                    .get()
                    .map(|rows| match rows {
                        0 => "There are none.".to_owned(),
                        1 => "One row would go.".to_owned(),
                        rows => format!("{} rows would go.", grouped(rows)),
                    })
            }}
        </span>
    }
}
