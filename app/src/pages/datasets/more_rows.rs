//! Rows made from others.

use leptos::prelude::*;
use shared::dataset::steps::{Noise, NoiseKind, Step};

use super::made_by_model::MadeByModelCard;
use crate::components::{Button, Card, Field, NumberField, Select, SelectGroup, SelectOption};
use crate::stores::Stores;

/// Ways to make more rows.
#[component]
pub fn MoreRowsView() -> impl IntoView {
    view! {
        <MadeByModelCard />
        <NoiseCard />
    }
}

/// Copies with the noise of typing.
#[component]
fn NoiseCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let kind = RwSignal::new(0_usize);
    let (of_rows, share, seed) = (RwSignal::new(10_u64), RwSignal::new(10_u64), RwSignal::new(0_u64));
    let groups = Signal::derive(|| {
        let options = NoiseKind::ALL.iter().enumerate();
        let options = options.map(|(place, kind)| SelectOption::new(place.to_string(), kind.title())).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    view! {
        <Card
            title="The noise of typing"
            lead="Copies of rows in which the person's messages have mistakes, so that a model learns to answer those as well. Answers stay as they are; a copy stays with its row in every split."
        >
            <div class="form-grid">
                <Field label="Noise" control_id="noise-kind">
                    <Select
                        id="noise-kind"
                        groups=groups
                        value=Signal::derive(move || kind.get().to_string())
                        on_change=move |key: String| kind.set(key.parse().unwrap_or(0))
                    />
                </Field>
                <NumberField label="Percent of the rows" id="noise-rows" value=of_rows max=100 on_change=move |value| of_rows.set(value) />
                <NumberField label="Percent of the words" id="noise-words" value=share max=100 on_change=move |value| share.set(value) />
                <NumberField label="Seed" id="noise-seed" value=seed on_change=move |value| seed.set(value) />
            </div>
            <div class="row">
                <Button
                    testid="make-noise"
                    on_press=move |()| {
                        let kind = NoiseKind::ALL[kind.get_untracked().min(NoiseKind::ALL.len() - 1)];
                        let part = |percent: RwSignal<u64>| percent.get_untracked() as f64 / 100.0;
                        datasets
                            .run(
                                Step::Noise(Noise {
                                    kind,
                                    share: part(share),
                                    of_rows: part(of_rows),
                                    seed: seed.get_untracked(),
                                    part: None,
                                }),
                            );
                    }
                >
                    "Make copies"
                </Button>
            </div>
        </Card>
    }
}
