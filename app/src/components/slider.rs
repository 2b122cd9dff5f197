//! A number on a line.

use leptos::prelude::*;

use super::field::Field;

/// A number on a line, with its value in sight.
#[component]
pub fn Slider(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// The value now.
    #[prop(into)]
    value: Signal<f64>,
    /// Takes the new value while it is dragged.
    #[prop(into)]
    on_change: Callback<f64>,
    /// The left end.
    min: f64,
    /// The right end.
    max: f64,
    /// The distance of two values.
    step: f64,
    /// A sentence of explanation.
    #[prop(into)]
    hint: String,
    /// What the value reads as.
    #[prop(into)]
    words: Signal<String>,
) -> impl IntoView {
    let fill = move || format!("{:.1}%", (value.get() - min) / (max - min) * 100.0);
    view! {
        <Field label=label control_id=id.clone() hint=hint value=words>
            <input
                id=id.clone()
                class="slider"
                type="range"
                min=min
                max=max
                step=step
                data-testid=id.clone()
                aria-describedby=format!("{id}-hint")
                aria-valuetext=move || words.get()
                style:--fill=fill
                prop:value=move || value.get().to_string()
                on:input=move |event| {
                    if let Ok(number) = event_target_value(&event).parse::<f64>() {
                        on_change.run(number.clamp(min, max));
                    }
                }
            />
        </Field>
    }
}
