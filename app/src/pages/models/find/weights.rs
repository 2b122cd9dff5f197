//! How much each factor counts in the score.

use leptos::prelude::*;
use shared::catalog::RankingWeights;

use crate::components::Slider;
use crate::stores::Stores;

/// How much each factor counts in the score.
#[component]
pub fn WeightFields() -> impl IntoView {
    type Weight = fn(&mut RankingWeights) -> &mut f64;
    const WEIGHTS: [(&str, &str, Weight); 10] = [
        ("Task", "weight-task", |weights| &mut weights.task),
        ("Quality", "weight-quality", |weights| &mut weights.quality),
        ("Languages", "weight-languages", |weights| &mut weights.languages),
        ("Context", "weight-context", |weights| &mut weights.context),
        ("Capabilities", "weight-capabilities", |weights| &mut weights.capabilities),
        ("Licence", "weight-licence", |weights| &mut weights.licence),
        ("Privacy", "weight-privacy", |weights| &mut weights.privacy),
        ("Memory", "weight-memory", |weights| &mut weights.memory),
        ("Speed", "weight-speed", |weights| &mut weights.speed),
        ("Cost", "weight-cost", |weights| &mut weights.cost),
    ];
    let stores = expect_context::<Stores>();
    let sliders = WEIGHTS
        .map(|(label, id, weight)| {
            let value = stores.requirements.part(move |data| {
                let mut weights = data.requirements.weights;
                *weight(&mut weights)
            });
            let words = Signal::derive(move || format!("× {}", value.get()));
            view! {
                <Slider
                    label=label
                    id=id
                    value=value
                    on_change=move |number| {
                        stores.requirements.change(|data| *weight(&mut data.requirements.weights) = number);
                    }
                    min=0.0
                    max=5.0
                    step=0.5
                    hint=""
                    words=words
                />
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <p class="field-hint">
            "The score is the mean of the factors, weighed like this; 0 leaves one out. What is not known counts as one half."
        </p>
        <div class="weights">{sliders}</div>
    }
}
