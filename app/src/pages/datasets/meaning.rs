//! Dropping rows that mean the same in other words.

use leptos::prelude::*;
use shared::dataset::asking::Meaning;
use shared::dataset::duplicates::Similarity;
use shared::dataset::steps::{Preferred, Step};

use crate::components::{Button, Card, Field, Slider};
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;

/// Rows that mean the same.
#[component]
pub fn MeaningCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let percent = RwSignal::new(Similarity::USUAL_OF_MEANINGS.get() * 100.0);
    view! {
        <Card
            title="Rows that mean the same"
            lead="A model turns every row into a direction; rows that point the same way mean the same, in whatever words. Best with a model made for it (an embedding model)."
        >
            <Field label="Model" control_id="meaning-model">
                <ModelSelect
                    id="meaning-model"
                    none="Compares meanings"
                    value=datasets.meaning_model
                    on_change=move |model| datasets.meaning_model.set(model)
                />
            </Field>
            <Slider
                id="meaning-percent"
                label="How alike"
                value=percent
                min=55.0
                max=100.0
                step=1.0
                hint="The cosine of the angle between two rows. Much of what is less alike is only about the same."
                words=Signal::derive(move || format!("{:.0} %", percent.get()))
                on_change=move |value| percent.set(value)
            />
            <div class="row">
                <Button
                    testid="drop-same-meaning"
                    disabled=Signal::derive(move || datasets.meaning_model.with(Option::is_none))
                    on_press=move |()| {
                        let Some(model) = datasets.meaning_model.get_untracked() else { return };
                        let similarity = Similarity::try_from(percent.get_untracked() / 100.0)
                            .unwrap_or(Similarity::USUAL_OF_MEANINGS);
                        datasets
                            .ask_and_run(
                                Step::DeduplicateByMeaning(Meaning { model, similarity, keep: Preferred::First }),
                            );
                    }
                >
                    "Drop rows that mean the same as another"
                </Button>
            </div>
        </Card>
    }
}
