//! How much of something is used.

use leptos::prelude::*;

/// A thin bar that shows a part of a whole.
#[component]
pub fn Meter(
    /// What is measured, in words.
    #[prop(into)]
    label: Signal<String>,
    /// From 0 to 1.
    #[prop(into)]
    fraction: Signal<f64>,
) -> impl IntoView {
    let percent = move || (fraction.get().clamp(0.0, 1.0) * 100.0).round();
    view! {
        <div
            class="meter"
            role="meter"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=percent
        >
            <div class="meter-fill" style:width=move || format!("{}%", percent())></div>
        </div>
    }
}
