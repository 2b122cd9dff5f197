//! Dropping rows that mean the same in other words.

use leptos::prelude::*;
use shared::dataset::asking::Meaning;
use shared::dataset::duplicates::Similarity;
use shared::dataset::steps::{Preferred, Step};

use super::similarity_slider::SimilaritySlider;
use crate::components::{Button, Card, Field};
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;

/// Rows that mean the same.
#[component]
pub fn MeaningCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let similarity = RwSignal::new(Similarity::USUAL_OF_MEANINGS);
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
            <SimilaritySlider
                id="meaning-percent"
                label="How alike"
                least_percent=55.0
                hint="The cosine of the angle between two rows. Much of what is less alike is only about the same."
                value=similarity
            />
            <div class="row">
                <Button
                    testid="drop-same-meaning"
                    disabled=Signal::derive(move || datasets.meaning_model.with(Option::is_none))
                    on_press=move |()| {
                        let Some(model) = datasets.meaning_model.get_untracked() else { return };
                        let (similarity, keep) = (similarity.get_untracked(), Preferred::First);
                        datasets.ask_and_run(Step::DeduplicateByMeaning(Meaning { model, similarity, keep }));
                    }
                >
                    "Drop rows that mean the same as another"
                </Button>
            </div>
        </Card>
    }
}
