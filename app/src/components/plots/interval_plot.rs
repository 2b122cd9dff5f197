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

const LABEL_WIDTH: f64 = 190.0;
const PLOT_WIDTH: f64 = 360.0;
const VALUE_WIDTH: f64 = 150.0;
const ROW_HEIGHT: f64 = 30.0;
const AXIS_HEIGHT: f64 = 26.0;

/// A point and a line for each row, and the numbers beside them.
#[component]
pub fn IntervalPlot(
    /// What is shown, in words.
    #[prop(into)]
    label: String,
    /// The rows, from top to bottom.
    #[prop(into)]
    rows: Signal<Vec<Interval>>,
) -> impl IntoView {
    let width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;
    let x = |value: f64| LABEL_WIDTH + value.clamp(0.0, 1.0) * PLOT_WIDTH;
    let row_view = move |(index, row): (usize, Interval)| {
        let y = (index as f64 + 0.5) * ROW_HEIGHT;
        let numbers = match row.bounds {
            Some((low, high)) => format!("{:.2}  [{low:.2}, {high:.2}]", row.estimate),
            None => format!("{:.2}", row.estimate),
        };
        let interval = row.bounds.map(|(low, high)| {
            view! { <line class="plot-interval" x1=x(low) x2=x(high) y1=y y2=y /> }
        });
        view! {
            <g class="plot-row" class:is-emphasized=row.is_emphasized role="listitem">
                <title>{format!("{}: {numbers}", row.label)}</title>
                <text class="plot-label" x=LABEL_WIDTH - 12.0 y=y text-anchor="end" dominant-baseline="central">
                    {shortened(&row.label)}
                </text>
                {interval}
                <circle class="plot-point" cx=x(row.estimate) cy=y r="5" />
                <text class="plot-value" x=LABEL_WIDTH + PLOT_WIDTH + 12.0 y=y dominant-baseline="central">
                    {numbers}
                </text>
            </g>
        }
    };
    view! {
        <div class="plot">
            {move || {
                let rows = rows.get();
                let height = rows.len() as f64 * ROW_HEIGHT;
                let ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
                    .map(|tick| {
                        view! {
                            <line class="plot-grid" x1=x(tick) x2=x(tick) y1="0" y2=height />
                            <text class="plot-tick" x=x(tick) y=height + 17.0 text-anchor="middle">{tick.to_string()}</text>
                        }
                    })
                    .collect_view();
                view! {
                    <svg
                        viewBox=format!("0 0 {width} {}", height + AXIS_HEIGHT)
                        role="list"
                        aria-label=label.clone()
                    >
                        {ticks}
                        {rows.into_iter().enumerate().map(row_view).collect_view()}
                    </svg>
                }
            }}
        </div>
    }
}

/// A label that fits its column; the whole of it is in the row's title.
fn shortened(label: &str) -> String {
    const MOST_CHARACTERS: usize = 26;
    if label.chars().count() <= MOST_CHARACTERS {
        label.to_owned()
    } else {
        label.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
    }
}
