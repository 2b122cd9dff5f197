//! The shown run beside an earlier one, case by case.

use leptos::prelude::*;
use shared::evaluation::Run;
use shared::evaluation::report::{ColumnComparison, compare_runs};
use shared::workspace::DocumentHead;
use wasm_bindgen_futures::spawn_local;

use crate::components::{Badge, Card, Disclosure, Select, SelectGroup, SelectOption, Tone};
use crate::pages::document_chooser::dated;
use crate::stores::Stores;

/// Choose a run, see what changed and whether that is more than chance.
#[component]
pub fn ComparisonCard(
    /// Runs of the evaluation.
    heads: Memo<Vec<DocumentHead>>,
    /// The shown one.
    shown_id: Memo<Option<String>>,
    /// What is in it.
    run: Signal<Option<Run>>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let earlier = RwSignal::new(None::<(String, Run)>);
    let choose = move |id: String| {
        spawn_local(async move {
            match stores.evaluation.read_run(&id).await {
                Ok(record) => earlier.set(Some((id, record.run))),
                Err(problem) => stores.toaster.warn(problem),
            }
        });
    };
    let groups = Signal::derive(move || {
        let shown = shown_id.get();
        let others = heads.get().into_iter().filter(|head| Some(&head.id) != shown.as_ref());
        let mut options: Vec<_> = others.map(dated).collect();
        options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", "Compare with an earlier run …") });
        vec![SelectGroup { heading: String::new(), options }]
    });
    let value = Signal::derive(move || earlier.with(|it| it.as_ref().map(|(id, _)| id.clone())).unwrap_or_default());
    let comparisons = move || match (earlier.get(), run.get()) {
        (Some((_, before)), Some(now)) => Some(compare_runs(&before, &now)),
        _ => None,
    };
    view! {
        <Card title="Compare" lead="The same cases in both runs, in pairs. A p-value below 0.05 is more than chance.">
            <Select id="compare-with" aria_label="Compare with" groups=groups value=value on_change=choose />
            {move || {
                comparisons()
                    .map(|comparisons| {
                        if comparisons.is_empty() {
                            view! { <p class="muted">"The two have no model and prompt in common."</p> }.into_any()
                        } else {
                            comparisons.into_iter().map(comparison_view).collect_view().into_any()
                        }
                    })
            }}
        </Card>
    }
}

fn comparison_view(comparison: ColumnComparison) -> impl IntoView {
    let score = &comparison.score;
    let (tone, words) = match (score.is_significant(), score.mean_difference > 0.0) {
        (true, true) => (Tone::Good, "better"),
        (true, false) => (Tone::Danger, "worse"),
        (false, _) => (Tone::Neutral, "no difference shown"),
    };
    let interval = score.interval.map(|it| format!(" (95 % interval {:+.3} to {:+.3})", it.low, it.high));
    let p_value = score.p_value.map(|p| format!(", p = {p:.3}")).unwrap_or_default();
    let line = format!(
        "score {:+.3}{}{p_value} over {} cases; {} better, {} worse",
        score.mean_difference,
        interval.unwrap_or_default(),
        score.pairs,
        score.better,
        score.worse,
    );
    let flips = comparison.flips;
    let count = flips.len();
    view! {
        <div class="stack is-tight" data-testid="comparison">
            <div class="row">
                <strong>{format!("{} · {}", comparison.now.1, comparison.now.0)}</strong>
                <Badge tone=tone>{words}</Badge>
            </div>
            <p class="numbers">{line}</p>
            {(comparison.unpaired_cases > 0)
                .then(|| {
                    view! {
                        <p class="small muted">
                            {format!("{} cases are in one of the two only and are left out.", comparison.unpaired_cases)}
                        </p>
                    }
                })}
            {(count > 0)
                .then(|| {
                    view! {
                        <Disclosure summary=move || format!("{count} cases changed between passed and failed")>
                            <ul class="findings">
                                {flips
                                    .into_iter()
                                    .map(|flip| {
                                        let (tone, words) = if flip.is_passed {
                                            (Tone::Good, "now passes")
                                        } else {
                                            (Tone::Danger, "now fails")
                                        };
                                        let reason = if flip.is_passed { flip.reason_before } else { flip.reason_now };
                                        view! {
                                            <li>
                                                <Badge tone=tone>{words}</Badge>
                                                " "
                                                {flip.case}
                                                ": "
                                                <span class="muted">{reason}</span>
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ul>
                        </Disclosure>
                    }
                })}
        </div>
    }
}
