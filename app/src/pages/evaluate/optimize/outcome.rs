//! What a search found, how sure that is, and what to do with it.

use leptos::prelude::*;
use shared::optimization::{Estimate, Outcome, to_chat_jsonl};
use shared::workspace::{OptimizationRecord, PromptRecord};
use wasm_bindgen_futures::spawn_local;

use super::progress::CandidateTable;
use crate::browser::clock::now_iso;
use crate::browser::save_file::save_text;
use crate::components::{Button, ButtonKind, Card, Disclosure, IconName, Interval, IntervalPlot, Notice, Tone};
use crate::pages::evaluate::page::OpenSuite;
use crate::pages::evaluate::setup::free_name;
use crate::quantities;
use crate::stores::Stores;
use crate::workspace::new_id;

/// The winner beside the starting prompt, on cases that the search never saw.
#[component]
pub fn OutcomeView(
    /// The open evaluation.
    draft: OpenSuite,
    /// What was asked for.
    record: OptimizationRecord,
    /// What was found.
    outcome: Outcome,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let proof = &outcome.proof;
    let tone = if proof.is_significant { Tone::Good } else { Tone::Neutral };
    let bar = |label: &str, estimate: Estimate, is_emphasized| Interval {
        label: label.to_owned(),
        estimate: estimate.mean,
        bounds: estimate.interval.map(|it| (it.low, it.high)),
        is_emphasized,
    };
    let bars = vec![bar("Your prompt", proof.start, false), bar("The winner", proof.winner, true)];
    let has_proof = proof.comparison.pairs > 0;
    let winner = outcome.winner.clone();
    let text = winner.messages.iter().map(|message| format!("{}: {}", message.role, message.text));
    let text = text.collect::<Vec<_>>().join("\n\n");
    let examples = winner.examples.clone();
    let spent = format!(
        "{} calls, {} tokens, {}; {} cases in the search, {} held out{}",
        outcome.calls,
        quantities::grouped(outcome.spent.tokens),
        quantities::seconds(outcome.spent.seconds),
        outcome.search_cases.len(),
        outcome.held_out_cases.len(),
        outcome.search_ended_by.map_or("", |_| ". The budget ended the search"),
    );
    let rows = outcome.candidates.iter().map(|it| (it.index, it.candidate.clone(), it.cases, it.objectives));
    let rows = Signal::stored(rows.collect::<Vec<_>>());
    let winner_number = Some(outcome.winner_candidate);
    let traces = outcome.traces.clone();
    let trace_count = traces.len();
    let to_evaluation = {
        let winner = winner.clone();
        move |()| {
            draft.value.update(|suite| {
                let mut prompt = winner.clone();
                prompt.name = free_name(suite, &format!("{} (optimized)", prompt.name));
                suite.prompts.push(prompt);
            });
            stores.evaluation.tab.set("setup".to_owned());
        }
    };
    let keep = move |()| {
        let mut kept = PromptRecord { template: winner.clone(), ..PromptRecord::default() };
        kept.template.name = format!("{} (optimized)", winner.name);
        let note = format!("Found by a search begun {}", record.started_at);
        // A history without versions takes any first one.
        let _ = kept.versions.add(kept.template.clone(), None, &now_iso(), &note);
        spawn_local(async move {
            match stores.workspace.save(&new_id(), &kept, None).await {
                Ok(_) => stores.toaster.say("It is among your prompts now."),
                Err(error) => stores.toaster.warn(format!("The prompt was not kept: {error}")),
            }
        });
    };
    let save_traces = move |()| {
        if let Err(message) = save_text("good-answers.jsonl", "application/jsonl", &to_chat_jsonl(&traces)) {
            stores.toaster.warn(message);
        }
    };
    view! {
        <Card title="What was found">
            <Notice tone=tone testid="search-conclusion">
                <p>{outcome.conclusion.clone()}</p>
            </Notice>
            {has_proof
                .then(|| view! { <IntervalPlot label="Scores on held-out cases with 95 % confidence intervals" rows=bars /> })}
            <p class="small muted numbers" data-testid="search-spent">{spent}</p>
            <h3>"The winner"</h3>
            <pre class="text-block" data-testid="search-winner">{text}</pre>
            {(!examples.is_empty())
                .then(|| {
                    view! {
                        <Disclosure summary=move || "Its examples">
                            <ul class="findings">
                                {examples
                                    .into_iter()
                                    .map(|example| {
                                        let values = serde_json::Value::Object(example.variables).to_string();
                                        view! {
                                            <li>
                                                <code>{values}</code>
                                                " → "
                                                <strong>{example.answer}</strong>
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ul>
                        </Disclosure>
                    }
                })}
            <div class="row">
                <Button kind=ButtonKind::Primary testid="use-winner" on_press=to_evaluation>
                    "Add it to this evaluation"
                </Button>
                <Button testid="keep-winner" on_press=keep>"Keep it among your prompts"</Button>
                <Button
                    icon=IconName::Download
                    testid="save-traces"
                    disabled=trace_count == 0
                    on_press=save_traces
                >
                    {format!("Save {trace_count} good answers as training data")}
                </Button>
            </div>
            <Disclosure summary=move || "All candidates">
                <CandidateTable rows=rows winner=winner_number />
            </Disclosure>
        </Card>
    }
}
