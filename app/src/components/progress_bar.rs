//! How far something is.

use leptos::prelude::*;

/// How far something is; `None` is "under way, no idea how far".
#[component]
pub fn ProgressBar(
    /// What is under way, in words.
    #[prop(into)]
    label: Signal<String>,
    /// From 0 to 1.
    #[prop(into)]
    fraction: Signal<Option<f64>>,
) -> impl IntoView {
    let percent = move || fraction.get().map(|fraction| (fraction.clamp(0.0, 1.0) * 1000.0).round() / 10.0);
    view! {
        <div
            class="progress"
            class:progress-unknown=move || fraction.get().is_none()
            role="progressbar"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=percent
        >
            <div class="progress-fill" style:width=move || percent().map_or_else(String::new, |p| format!("{p}%"))></div>
        </div>
    }
}
