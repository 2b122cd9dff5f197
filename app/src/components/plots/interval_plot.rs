//! Estimates with their confidence intervals, one per row, on a common axis from 0 to 1.

use leptos::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// What it is of.
    pub label: String,
    /// The estimate, from 0 to 1.
    pub estimate: f64,
    /// Where its 95 % confidence interval begins and ends; `None` where there is too little to say.
    pub bounds: Option<(f64, f64)>,
    /// Drawn in the accent's colour.
    pub is_emphasized: bool,
}

/// A point and a line for each row, and the numbers beside them; where it is narrow, above them.
#[component]
pub fn IntervalPlot(
    /// What is shown, in words.
    #[prop(into)]
    label: String,
    /// The rows, from top to bottom.
    #[prop(into)]
    rows: Signal<Vec<Interval>>,
) -> impl IntoView {
    let row_view = |row: Interval| {
        let numbers = match row.bounds {
            Some((low, high)) => format!("{:.2}  [{low:.2}, {high:.2}]", row.estimate),
            None => format!("{:.2}", row.estimate),
        };
        let line = row.bounds.map(|(low, high)| {
            view! { <span class="interval-line" style:left=percent(low) style:right=percent(1.0 - high)></span> }
        });
        view! {
            <li class="interval-row" class:is-emphasized=row.is_emphasized>
                <span class="interval-label">{row.label}</span>
                <span class="interval-value">{numbers}</span>
                <span class="interval-track" aria-hidden="true">
                    {line}
                    <span class="interval-point" style:left=percent(row.estimate)></span>
                </span>
            </li>
        }
    };
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
        .map(|tick| view! { <span style:left=percent(tick)>{tick.to_string()}</span> })
        .collect_view();
    view! {
        <div class="interval-plot">
            <ul aria-label=label>{move || rows.get().into_iter().map(row_view).collect_view()}</ul>
            <div class="interval-axis" aria-hidden="true">{ticks}</div>
        </div>
    }
}

fn percent(fraction: f64) -> String {
    format!("{}%", fraction.clamp(0.0, 1.0) * 100.0)
}
