//! How alike rows must be to count as the same.

use leptos::prelude::*;
use shared::dataset::duplicates::Similarity;

use crate::components::Slider;

/// Chooses a similarity, in percent.
#[component]
pub fn SimilaritySlider(
    /// Its id, unique on the page.
    id: &'static str,
    /// What it is called.
    label: &'static str,
    /// The least that makes sense here, in percent.
    least_percent: f64,
    /// A sentence of explanation.
    hint: &'static str,
    /// The similarity.
    value: RwSignal<Similarity>,
) -> impl IntoView {
    let percent = Signal::derive(move || (value.get().get() * 100.0).round());
    view! {
        <Slider
            id=id
            label=label
            value=percent
            min=least_percent
            max=100.0
            step=1.0
            hint=hint
            words=Signal::derive(move || format!("{:.0} %", percent.get()))
            on_change=move |percent: f64| {
                // The slider's bounds are within those of a similarity.
                if let Ok(similarity) = Similarity::try_from(percent / 100.0) {
                    value.set(similarity);
                }
            }
        />
    }
}
