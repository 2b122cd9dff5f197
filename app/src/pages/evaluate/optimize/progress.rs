//! How a search goes.

use leptos::prelude::*;
use shared::catalog::{Money, TokenPrice};
use shared::optimization::{Candidate, Objectives, Phase};

use crate::components::{Button, Card, IconName, ProgressBar};
use crate::quantities;
use crate::stores::Stores;
use crate::stores::optimization::SearchUnderWay;

/// How far the search is, and its candidates so far.
#[component]
pub fn SearchProgress(
    /// The search.
    search: SearchUnderWay,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let phase = move || search.phase.get().map_or("Getting ready", phase_words);
    let used = Signal::derive(move || search.progress.get().map(|progress| progress.used_fraction));
    let (model, budget) =
        search.record.with_value(|record| (record.optimization.model.clone(), record.optimization.budget.clone()));
    let figures = move || {
        search.progress.get().map(|progress| {
            let spent = progress.spent.plus(progress.lost);
            let price = model.external().and_then(|model| stores.prices.of_external(model));
            let money = money_words(spent.money, budget.most_money.as_ref(), price.as_ref());
            format!(
                "{} calls · {} of {} tokens · {} of {}{money}",
                progress.calls,
                quantities::grouped(spent.tokens),
                quantities::grouped(budget.most_tokens),
                quantities::seconds(spent.seconds),
                quantities::seconds(budget.most_seconds),
            )
        })
    };
    let left = move || {
        let progress = search.progress.get()?;
        let pace = progress.spent.seconds / progress.used_fraction.max(1e-9);
        Some(format!(" · at most {}", quantities::time_left((1.0 - progress.used_fraction) * pace)))
    };
    let rows = move || {
        let candidates = search.candidates.get();
        candidates.into_iter().enumerate().map(|(index, it)| (index, it.candidate, it.cases, it.objectives)).collect()
    };
    view! {
        <Card title="Searching">
            <div class="stack is-tight" role="status">
                <ProgressBar label="Budget used" fraction=used />
                <p data-testid="search-phase">{phase} <span class="muted small">{left}</span></p>
                <p class="small muted numbers" data-testid="search-figures">{figures}</p>
            </div>
            <div class="row">
                <Button
                    icon=IconName::Stop
                    testid="stop-search"
                    disabled=search.is_stopping
                    on_press=move |()| stores.optimization.stop()
                >
                    {move || if search.is_stopping.get() { "Stopping after this answer" } else { "Stop" }}
                </Button>
            </div>
            <CandidateTable rows=Signal::derive(rows) winner=None />
        </Card>
    }
}

/// What it has cost at most: what external addresses report is not trusted. Nothing where no money is asked for.
fn money_words(amount: f64, most: Option<&Money>, price: Option<&TokenPrice>) -> String {
    let spent = |currency: &str| Money { amount, currency: currency.to_owned() };
    match (most, price) {
        (Some(most), _) => format!(" · at most {} of {most}", spent(&most.currency)),
        (None, Some(price)) => format!(" · at most {}", spent(&price.currency)),
        (None, None) => String::new(),
    }
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Start => "Your prompt answers the cases of the search",
        Phase::Propose { .. } => "Other instructions are proposed",
        Phase::Demonstrate => "Examples are written",
        Phase::Search { .. } => "Candidates answer cases; the worse half is dropped again and again",
        Phase::Proof => "Your prompt and the winner answer cases that the search never saw",
    }
}

/// A candidate in a table: its number, what it is, on how many cases it was scored, and the means.
pub type CandidateRow = (usize, Candidate, usize, Objectives);

/// Candidates and how they did.
#[component]
pub fn CandidateTable(
    /// The rows.
    rows: Signal<Vec<CandidateRow>>,
    /// The one that is marked.
    winner: Option<usize>,
) -> impl IntoView {
    let row = move |(index, candidate, cases, objectives): CandidateRow| {
        let is_scored = cases > 0;
        let number = |value: String| if is_scored { value } else { "–".to_owned() };
        view! {
            <tr class:is-chosen=winner == Some(index) data-testid="candidate">
                <td class="is-number">{index}</td>
                <td class="is-text">{candidate_words(index, &candidate)}</td>
                <td class="is-number">{cases}</td>
                <td class="is-number">{number(format!("{:.3}", objectives.score))}</td>
                <td class="is-number">{number(format!("{:.0}", objectives.tokens))}</td>
                <td class="is-number">{number(quantities::seconds(objectives.seconds))}</td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll">
            <table class="table is-lines">
                <caption class="visually-hidden">"Candidates"</caption>
                <thead>
                    <tr>
                        <th class="is-number">"#"</th>
                        <th>"Prompt"</th>
                        <th class="is-number">"Cases"</th>
                        <th class="is-number">"Score"</th>
                        <th class="is-number">"Tokens"</th>
                        <th class="is-number">"Time"</th>
                    </tr>
                </thead>
                <tbody>{move || rows.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn candidate_words(index: usize, candidate: &Candidate) -> String {
    let examples = match candidate.demonstrations.len() {
        0 => None,
        1 => Some("1 example".to_owned()),
        count => Some(format!("{count} examples")),
    };
    let instruction = candidate.instruction.as_ref().map(|instruction| format!("“{}”", instruction.text));
    let words = [instruction, examples].into_iter().flatten().collect::<Vec<_>>().join(" with ");
    match (words.is_empty(), index) {
        (true, 0) => "Your prompt".to_owned(),
        (true, _) => "Your prompt as it is".to_owned(),
        _ => words,
    }
}
