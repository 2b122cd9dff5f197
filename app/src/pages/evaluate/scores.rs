//! Scores by model and prompt, with their intervals.

use leptos::prelude::*;
use shared::evaluation::Run;
use shared::evaluation::report::{ColumnSummary, Estimate, Group, summarize};

use crate::components::{Card, Disclosure, Interval, IntervalPlot};
use crate::quantities;

/// A table and a plot of what each model scored with each prompt.
#[component]
pub fn ScoresCard(
    /// The run.
    run: Signal<Option<Run>>,
) -> impl IntoView {
    let summary = Memo::new(move |_| run.with(|run| run.as_ref().map(summarize)));
    let columns = move || summary.get().map(|summary| summary.columns).unwrap_or_default();
    let bars = Signal::derive(move || {
        let columns = columns();
        let best = columns.iter().map(|column| column.all.score.mean).fold(0.0, f64::max);
        let bar = |column: &ColumnSummary| Interval {
            label: column_words(column),
            estimate: column.all.score.mean,
            bounds: column.all.score.interval.map(|it| (it.low, it.high)),
            is_emphasized: column.all.score.mean >= best,
        };
        columns.iter().map(bar).collect::<Vec<_>>()
    });
    let has_tags = Memo::new(move |_| columns().iter().any(|column| !column.tags.is_empty()));
    view! {
        <Card title="Scores" lead="Means with their 95 % confidence intervals: where two overlap widely, the difference may be chance.">
            <IntervalPlot label="Mean scores with 95 % confidence intervals" rows=bars />
            <div class="table-scroll">
                <table class="table is-stacked" data-testid="scores">
                    <caption class="visually-hidden">"Scores by model and prompt"</caption>
                    <thead>
                        <tr>
                            <th>"Model"</th>
                            <th>"Prompt"</th>
                            <th class="is-number">"Score"</th>
                            <th class="is-number">"95 % interval"</th>
                            <th class="is-number">"Passed"</th>
                            <th class="is-number">"Errors"</th>
                            <th class="is-number">"Median time"</th>
                            <th class="is-number">"Tokens read / written"</th>
                            <th class="is-number">"Cost"</th>
                        </tr>
                    </thead>
                    <tbody>{move || columns().into_iter().map(score_row).collect_view()}</tbody>
                </table>
            </div>
            <Show when=move || has_tags.get()>
                <Disclosure summary=move || "By tag">
                    <div class="table-scroll">
                        <table class="table">
                            <caption class="visually-hidden">"Scores by tag"</caption>
                            <thead>
                                <tr>
                                    <th>"Tag"</th>
                                    <th>"Model and prompt"</th>
                                    <th class="is-number">"Score"</th>
                                    <th class="is-number">"95 % interval"</th>
                                    <th class="is-number">"Passed"</th>
                                </tr>
                            </thead>
                            <tbody>{move || columns().iter().flat_map(tag_rows).collect_view()}</tbody>
                        </table>
                    </div>
                </Disclosure>
            </Show>
        </Card>
    }
}

fn score_row(column: ColumnSummary) -> impl IntoView {
    let cost = match (column.costs.as_slice(), column.unpriced_answers) {
        ([], _) => "unknown".to_owned(),
        (costs, 0) => quantities::cost(costs),
        (costs, unpriced) => format!("{}, {unpriced} unknown", quantities::cost(costs)),
    };
    let time = column.latency_seconds.map_or_else(|| "–".to_owned(), |spread| quantities::seconds(spread.median));
    let tokens =
        format!("{} / {}", quantities::grouped(column.prompt_tokens), quantities::grouped(column.completion_tokens));
    view! {
        <tr data-testid="score-row">
            <td data-label="Model">{column.model}</td>
            <td data-label="Prompt">{column.prompt}</td>
            <td class="is-number" data-testid="score" data-label="Score">{score(column.all.score)}</td>
            <td class="is-number" data-testid="score-interval" data-label="95 % interval">{interval(column.all.score)}</td>
            <td class="is-number" data-label="Passed">{passed(&column.all)}</td>
            <td class="is-number" data-label="Errors">{column.all.errors}</td>
            <td class="is-number" data-label="Median time">{time}</td>
            <td class="is-number" data-label="Tokens read / written">{tokens}</td>
            <td class="is-number" data-label="Cost">{cost}</td>
        </tr>
    }
}

fn tag_rows(column: &ColumnSummary) -> Vec<AnyView> {
    let words = column_words(column);
    let row = |(tag, group): (&String, &Group)| {
        view! {
            <tr>
                <td>{tag.clone()}</td>
                <td>{words.clone()}</td>
                <td class="is-number">{score(group.score)}</td>
                <td class="is-number">{interval(group.score)}</td>
                <td class="is-number">{passed(group)}</td>
            </tr>
        }
        .into_any()
    };
    column.tags.iter().map(row).collect()
}

fn column_words(column: &ColumnSummary) -> String {
    format!("{} · {}", column.prompt, column.model)
}

fn score(estimate: Estimate) -> String {
    format!("{:.3}", estimate.mean)
}

/// `0.52 to 0.81`, or why there is none.
fn interval(estimate: Estimate) -> String {
    estimate.interval.map_or_else(|| "too few cases".to_owned(), |it| format!("{:.2} to {:.2}", it.low, it.high))
}

fn passed(group: &Group) -> String {
    format!("{} of {}", group.passed, group.cells)
}
