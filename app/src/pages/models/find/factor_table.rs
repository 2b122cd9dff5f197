//! What a score is made of: each factor with what was found, how much it counts, and where that is known from.

use leptos::prelude::*;
use shared::catalog::Factor;

use crate::components::Meter;

/// What a score is made of.
#[component]
pub fn FactorTable(
    /// Its parts.
    factors: Vec<Factor>,
) -> impl IntoView {
    let rows = factors
        .into_iter()
        .map(|Factor { kind, value, score, weight, source }| {
            let score = match score {
                Some(score) => {
                    let percent = (score * 100.0).round();
                    view! {
                        <span class="factor-score">
                            {percent} <Meter label=format!("{} score", kind.title()) fraction=score />
                        </span>
                    }
                    .into_any()
                }
                None => view! { <span title="Counts as one half: neither for nor against">"unknown"</span> }.into_any(),
            };
            view! {
                <tr data-testid=format!("factor-{}", kind.title().to_lowercase())>
                    <th scope="row">{kind.title()}</th>
                    <td class="is-text">{value}</td>
                    <td>{score}</td>
                    <td class="is-number">{format!("× {weight}")}</td>
                    <td class="is-text muted">{source.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="What the score is made of">
            <table class="table factor-table">
                <caption class="visually-hidden">"What the score is made of"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Factor"</th>
                        <th scope="col">"What was found"</th>
                        <th scope="col">"Score"</th>
                        <th scope="col" class="is-number">"Counts"</th>
                        <th scope="col">"Known from"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
