//! The least that a model must reach, on a benchmark that the known models have figures for.

use leptos::prelude::*;
use shared::catalog::QualityFloor;

use crate::components::{Field, OptionalNumberField, Select, SelectGroup, SelectOption};
use crate::stores::Stores;
use crate::stores::candidates::candidates;

/// The least that a model must reach on a benchmark.
#[component]
pub fn QualityFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let benchmark = stores
        .requirements
        .part(|data| data.requirements.quality_floor.as_ref().map(|floor| floor.benchmark.clone()).unwrap_or_default());
    let percent = stores.requirements.part(|data| data.requirements.quality_floor.as_ref().map(|floor| floor.percent));
    // Drawn anew only where the benchmarks change, not with every key.
    let options = Memo::new(move |_| {
        let candidates = candidates(stores);
        let facts = candidates.iter().flat_map(|candidate| &candidate.facts.quality);
        let mut benchmarks: Vec<&str> = facts.map(|fact| fact.benchmark.as_str()).collect();
        benchmarks.sort_unstable();
        benchmarks.dedup();
        let benchmarks = benchmarks.into_iter().map(|benchmark| SelectOption::new(benchmark, benchmark));
        let options = std::iter::once(SelectOption::new("", "No benchmark")).chain(benchmarks).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let set_benchmark = move |benchmark: String| {
        stores.requirements.change(|data| {
            let percent = data.requirements.quality_floor.as_ref().map_or(0.0, |floor| floor.percent);
            data.requirements.quality_floor = (!benchmark.is_empty()).then_some(QualityFloor { benchmark, percent });
        });
    };
    let set_percent = move |percent: Option<f64>| {
        stores.requirements.change(|data| {
            if let Some(floor) = &mut data.requirements.quality_floor {
                floor.percent = percent.unwrap_or_default();
            }
        });
    };
    view! {
        <Field
            label="Quality on"
            control_id="benchmark"
            hint="Figures are compared on one benchmark only, never across two."
        >
            <Select id="benchmark" groups=options value=benchmark on_change=set_benchmark />
        </Field>
        <Show when=move || percent.with(Option::is_some)>
            <OptionalNumberField
                label="At least, in percent"
                id="quality-floor"
                value=percent
                on_input=set_percent
                max=100.0
            />
        </Show>
    }
}
