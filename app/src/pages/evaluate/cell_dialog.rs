//! One cell, whole: what was asked, what came, and why it passed or not.

use leptos::prelude::*;
use shared::evaluation::{Answer, Cell, CellIndex, CellOutcome, Run, Verdict};

use crate::components::{Badge, Dialog, Disclosure, Tone, open_while};
use crate::quantities;
use crate::stores::evaluation::cell_at;

/// Open while there is a cell to show.
#[component]
pub fn CellDialog(
    /// The run.
    run: Signal<Option<Run>>,
    /// Which cell; `None` once it is closed.
    opened: RwSignal<Option<CellIndex>>,
) -> impl IntoView {
    let open = open_while(opened);
    let title = Signal::derive(move || {
        opened.get().map(|index| format!("Answer to case {}", index.case + 1)).unwrap_or_default()
    });
    view! {
        <Dialog open=open title=title class="is-wide" testid="cell-dialog">
            {move || {
                let index = opened.get()?;
                run.with(|run| {
                    let run = run.as_ref()?;
                    let cell = cell_at(run, index)?.clone();
                    Some((place_view(run, index), cell_view(cell)))
                })
            }}
        </Dialog>
    }
}

/// Which case, prompt and model it is of.
fn place_view(run: &Run, index: CellIndex) -> impl IntoView + use<> {
    let fact = |term: &'static str, words: Option<&str>| {
        let words = words.unwrap_or_default().to_owned();
        view! {
            <div class="fact">
                <dt>{term}</dt>
                <dd>{words}</dd>
            </div>
        }
    };
    view! {
        <dl class="device-facts">
            {fact("Prompt", run.prompts.get(index.prompt).map(String::as_str))}
            {fact("Model", run.models.get(index.model).map(String::as_str))}
            {fact("Case", run.cases.get(index.case).map(|case| case.title.as_str()))}
        </dl>
    }
}

fn cell_view(cell: Cell) -> AnyView {
    match cell.outcome {
        CellOutcome::Judged { answer, verdict } => {
            let figures = figures(&answer);
            view! {
                <div class="row">{verdict_badge(&verdict)} <span class="muted">{verdict.reason.clone()}</span></div>
                <h3>"Answer"</h3>
                <pre class="text-block" data-testid="cell-answer">{answer.text.clone()}</pre>
                <p class="small muted numbers">{figures}</p>
                <h3>"Checks"</h3>
                <ul class="findings">{verdict.parts.iter().map(|(name, part)| part_view(name, part)).collect_view()}</ul>
                <Disclosure summary=move || "What was asked">{messages(&answer.prompt)}</Disclosure>
            }
            .into_any()
        }
        CellOutcome::Failed { asked, reason } => view! {
            <div class="row">
                <Badge tone=Tone::Danger>"no answer"</Badge>
                <span>{reason}</span>
            </div>
            <Disclosure summary=move || "What was asked">{messages(&asked)}</Disclosure>
        }
        .into_any(),
    }
}

fn part_view(name: &str, part: &Verdict) -> AnyView {
    let parts = part.parts.iter().map(|(name, part)| part_view(name, part)).collect_view();
    view! {
        <li>
            {verdict_badge(part)} " " <strong>{name.to_owned()}</strong> ": " {part.reason.clone()}
            <ul class="findings">{parts}</ul>
        </li>
    }
    .into_any()
}

fn verdict_badge(verdict: &Verdict) -> impl IntoView + use<> {
    let (tone, words) = match (verdict.is_error, verdict.is_passed) {
        (true, _) => (Tone::Danger, "error"),
        (false, true) => (Tone::Good, "passed"),
        (false, false) => (Tone::Warning, "failed"),
    };
    let score = format!("{words} · {:.2}", verdict.score);
    view! { <Badge tone=tone>{score}</Badge> }
}

fn figures(answer: &Answer) -> String {
    let usage = &answer.usage;
    let seconds = quantities::seconds(usage.prefill_seconds + usage.decode_seconds);
    let cost = quantities::cost(answer.cost.as_slice());
    format!("{} tokens read · {} written · {seconds} · {cost}", usage.prompt_tokens, usage.completion_tokens)
}

fn messages(messages: &[shared::model_call::ChatMessage]) -> impl IntoView + use<> {
    messages
        .iter()
        .map(|message| {
            view! {
                <h4 class="muted small">{message.role.clone()}</h4>
                <pre class="text-block">{message.content.clone()}</pre>
            }
        })
        .collect_view()
}
