//! How good a model finds each row, and keeping the good ones.

use leptos::prelude::*;
use shared::dataset::asking::{Score, Scores};
use shared::dataset::steps::Step;

use super::model_field::AskedModelField;
use crate::components::{Button, ButtonKind, Card, IconName, NumberField, TextArea};
use crate::quantities::grouped;
use crate::stores::Stores;

/// A model's scores and their threshold.
#[component]
pub fn ScoreCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let criterion = RwSignal::new("The answer is right, helps the person and says no more than was asked.".to_owned());
    let least = RwSignal::new(3_u64);
    let score = move || {
        let at_least = u8::try_from(least.get()).unwrap_or(u8::MAX);
        let criterion = criterion.get().trim().to_owned();
        datasets.asked_model.get().filter(|_| !criterion.is_empty()).map(|model| Score { model, criterion, at_least })
    };
    // The threshold is no part of what was asked.
    let scores = Memo::new(move |_| {
        let wanted = score()?;
        datasets.scores.with(|known| {
            let (known, scores) = known.as_ref()?;
            (known.model == wanted.model && known.criterion == wanted.criterion).then(|| scores.clone())
        })
    });
    view! {
        <Card
            title="Keep rows that a model finds good"
            lead="It reads every row and scores it from 1 to 5 by a criterion of yours. See how the scores are spread first, then say which stay. Its answers are kept and never asked for twice."
        >
            <AskedModelField id="score-model" />
            <TextArea
                label="What a good row is"
                id="score-criterion"
                value=criterion
                on_input=move |words| criterion.set(words)
                hint="In your own words; the model answers with a reason and a score."
                rows=2
            />
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Evaluate
                    testid="score-rows"
                    disabled=Signal::derive(move || score().is_none())
                    on_press=move |()| {
                        if let Some(score) = untrack(score) {
                            datasets.score_all(score);
                        }
                    }
                >
                    "Score all rows"
                </Button>
            </div>
            {move || {
                scores
                    .get()
                    .map(|scores| {
                        view! {
                            <ScoreBars scores=scores least=least />
                            <NumberField
                                label="Least score that stays"
                                id="score-least"
                                value=least
                                min=1
                                max=5
                                on_change=move |value| least.set(value)
                            />
                            <div class="row">
                                <Button
                                    testid="drop-by-score"
                                    on_press=move |()| {
                                        if let Some(score) = untrack(score) {
                                            datasets.ask_and_run(Step::Score(score));
                                        }
                                    }
                                >
                                    "Drop what scores less"
                                </Button>
                            </div>
                        }
                    })
            }}
        </Card>
    }
}

/// A bar for each score; those below the least are pale.
#[component]
fn ScoreBars(scores: Scores, least: RwSignal<u64>) -> impl IntoView {
    let counts = scores.histogram.counts.clone();
    let largest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bars = counts.into_iter().zip(1_u64..).map(|(count, score)| {
        view! {
            <li class="class-bar" data-testid="score">
                <span class="class-name numbers">{score}</span>
                <span class="class-track" aria-hidden="true">
                    <span
                        class="class-fill"
                        class:is-dropped=move || score < least.get()
                        style:width=format!("{:.2}%", count as f64 / largest * 100.0)
                    ></span>
                </span>
                <span class="numbers small">{grouped(count)}</span>
            </li>
        }
    });
    let bars = bars.collect_view();
    let words = [
        (scores.open, "rows are not scored yet"),
        (scores.without, "rows have no score: the answer was none, or there was nothing to score; they stay"),
    ];
    let words: Vec<String> = words
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, words)| format!("{} {words}.", grouped(*rows)))
        .collect();
    view! {
        <ul class="class-bars">{bars}</ul>
        <p class="small muted" data-testid="score-words">{words.join(" ")}</p>
    }
}
