//! How measures and classes are spread over the rows, and keeping rows by them.

use leptos::prelude::*;
use shared::dataset::measures::{Histogram, Measure};
use shared::dataset::steps::{Filter, Step};
use shared::dataset::table::Query;

use super::classes::ClassesCard;
use super::ratings::RatingsCard;
use super::score::ScoreCard;
use crate::components::{
    Button, ButtonKind, Card, Field, IconName, OptionalNumberField, Select, SelectGroup, SelectOption,
};
use crate::quantities::grouped;
use crate::stores::Stores;

/// Measures and their histograms, and classes.
#[component]
pub fn QualityView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let measure = RwSignal::new(Measure::AnswerWords);
    let (least, most) = (RwSignal::new(None::<f64>), RwSignal::new(None::<f64>));
    let histogram = Memo::new(move |_| {
        datasets.survey.with(|survey| {
            let (_, histogram) = survey.as_ref()?.histograms.iter().find(|(other, _)| *other == measure.get())?;
            Some(histogram.clone())
        })
    });
    let groups = Signal::derive(|| {
        let options = Measure::ALL.iter().map(|measure| SelectOption::new(key_of(*measure), measure.title())).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let is_open = move || least.get().is_none() && most.get().is_none();
    view! {
        <Card
            title="Keep rows by a measure"
            lead="See how a measure is spread first, then say which values stay. What is dropped keeps its reason and can be taken back."
        >
            <Field label="Measure" control_id="measure">
                <Select
                    id="measure"
                    groups=groups
                    value=Signal::derive(move || key_of(measure.get()))
                    on_change=move |key: String| {
                        if let Some(chosen) = Measure::ALL.into_iter().find(|measure| key_of(*measure) == key) {
                            measure.set(chosen);
                        }
                    }
                />
            </Field>
            {move || match histogram.get() {
                Some(histogram) => view! { <Bars measure=measure.get() histogram=histogram least=least most=most /> }.into_any(),
                None => {
                    view! {
                        <div class="row">
                            <Button
                                kind=ButtonKind::Primary
                                icon=IconName::Evaluate
                                testid="measure-all"
                                on_press=move |()| datasets.look_at_all()
                            >
                                "Measure all rows"
                            </Button>
                        </div>
                    }
                        .into_any()
                }
            }}
            <div class="form-grid">
                <OptionalNumberField label="At least" id="filter-least" value=least on_input=move |value| least.set(value) />
                <OptionalNumberField label="At most" id="filter-most" value=most on_input=move |value| most.set(value) />
            </div>
            <div class="row">
                <Button
                    testid="filter-rows"
                    disabled=Signal::derive(is_open)
                    on_press=move |()| {
                        datasets
                            .run(
                                Step::Filter(Filter {
                                    measure: measure.get_untracked(),
                                    at_least: least.get_untracked(),
                                    at_most: most.get_untracked(),
                                }),
                            );
                    }
                >
                    "Drop what is outside"
                </Button>
            </div>
        </Card>
        <RatingsCard />
        <ScoreCard />
        <ClassesCard />
    }
}

fn key_of(measure: Measure) -> String {
    serde_json::to_value(measure).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A bar for each bin; a press shows its rows. Bins outside of the bounds are pale.
#[component]
fn Bars(
    measure: Measure,
    histogram: Histogram,
    least: RwSignal<Option<f64>>,
    most: RwSignal<Option<f64>>,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let largest = histogram.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let show = move |from: f64, end: f64| {
        datasets.show_rows(Query { measure: Some((measure, from, end)), ..Query::default() });
    };
    let bars = histogram.filled().map(|bin| {
        let begin = histogram.begins[bin];
        let end = histogram.begins.get(bin + 1).copied().unwrap_or(f64::INFINITY);
        let count = histogram.counts[bin];
        let words = if end.is_finite() { format!("{begin} to {end}") } else { format!("{begin} and more") };
        let label = format!("{words}: {} rows", grouped(count));
        let is_outside =
            move || least.get().is_some_and(|least| end <= least) || most.get().is_some_and(|most| begin > most);
        view! {
            <button
                type="button"
                class="histogram-bar"
                class:is-outside=is_outside
                aria-label=label.clone()
                title=label
                on:click=move |_| show(begin, end)
            >
                <span class="histogram-fill" style:height=format!("{:.1}%", count as f64 / largest * 100.0)></span>
                <span class="histogram-tick">{begin.to_string()}</span>
            </button>
        }
    });
    view! {
        <div class="histogram" role="group" aria-label=format!("Rows by {}", measure.title()) data-testid="histogram">
            {bars.collect_view()}
        </div>
    }
}
