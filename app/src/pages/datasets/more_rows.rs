//! Rows made from others.

use leptos::prelude::*;
use shared::dataset::preparation::Part;
use shared::dataset::steps::{Noise, NoiseKind, Step};

use super::made_by_model::MadeByModelCard;
use crate::components::{Button, Card, Checkbox, Field, NumberField, Select, SelectGroup, SelectOption};
use crate::stores::Stores;

/// Ways to make more rows.
#[component]
pub fn MoreRowsView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let has_parts = Memo::new(move |_| datasets.has_parts());
    let of_training = RwSignal::new(true);
    let part = Signal::derive(move || (has_parts.get() && of_training.get()).then_some(Part::Train));
    view! {
        <Show when=move || has_parts.get()>
            <Checkbox id="made-of-training" checked=of_training on_change=move |on| of_training.set(on)>
                "Only of rows for the training, so that validation and test stay as people wrote them"
            </Checkbox>
        </Show>
        <MadeByModelCard part=part />
        <NoiseCard part=part />
    }
}

/// Copies with the noise of typing.
#[component]
fn NoiseCard(#[prop(into)] part: Signal<Option<Part>>) -> impl IntoView {
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
                        let fraction = |percent: RwSignal<u64>| percent.get_untracked() as f64 / 100.0;
                        datasets
                            .run(
                                Step::Noise(Noise {
                                    kind,
                                    share: fraction(share),
                                    of_rows: fraction(of_rows),
                                    seed: seed.get_untracked(),
                                    part: part.get_untracked(),
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
