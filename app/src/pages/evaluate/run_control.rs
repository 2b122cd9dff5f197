//! The button that runs an evaluation, and how far a run is.

use leptos::prelude::*;

use super::page::OpenSuite;
use crate::components::{Button, ButtonKind, IconName, Notice, ProgressBar, Tone};
use crate::quantities;
use crate::stores::Stores;

/// Run, stop, and how far it is.
#[component]
pub fn RunControl(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let evaluation = stores.evaluation;
    let faults = Memo::new(move |_| draft.value.with(|suite| suite.validate().err().map(|invalid| invalid.0)));
    let is_running = Memo::new(move |_| evaluation.under_way.with(Option::is_some));
    let is_other = Memo::new(move |_| {
        evaluation.under_way.get().is_some_and(|run| run.suite_id.get_value() != draft.id.get_value())
    });
    let calls = move || {
        draft.value.with(|suite| {
            let asked =
                |model: &shared::evaluation::ModelChoice| suite.prompts.iter().filter(|it| model.is_asked(it)).count();
            suite.models.iter().map(asked).sum::<usize>() * suite.cases.len()
        })
    };
    let progress = move || {
        evaluation.under_way.get().map(|run| {
            let words = move || {
                let left = run.seconds_left().map(|seconds| format!(" · {}", quantities::time_left(seconds)));
                format!("{} of {}{}", run.done_cells(), run.total_cells.get(), left.unwrap_or_default())
            };
            let fraction = Signal::derive(move || {
                let total = run.total_cells.get();
                (total > 0).then(|| run.done_cells() as f64 / total as f64)
            });
            view! {
                <div class="stack is-tight" role="status">
                    <ProgressBar label="Evaluating" fraction=fraction />
                    <p class="small muted numbers" data-testid="run-progress">{words}</p>
                </div>
            }
        })
    };
    view! {
        <div class="row">
            <Show
                when=move || is_running.get()
                fallback=move || {
                    view! {
                        <Button
                            kind=ButtonKind::Primary
                            icon=IconName::Resume
                            testid="run-evaluation"
                            disabled=Signal::derive(move || faults.with(Option::is_some))
                            on_press=move |()| {
                                evaluation.run(draft.id.get_value(), draft.value.get_untracked());
                            }
                        >
                            "Run"
                        </Button>
                    }
                }
            >
                <Button icon=IconName::Stop testid="stop-evaluation" on_press=move |()| evaluation.stop()>
                    "Stop"
                </Button>
            </Show>
            <span class="muted small">{move || format!("{} answers are asked for.", quantities::grouped(calls() as u64))}</span>
        </div>
        {progress}
        <Show when=move || is_other.get()>
            <p class="small muted">"This is a run of another evaluation; one runs at a time."</p>
        </Show>
        {move || {
            faults
                .get()
                .map(|faults| {
                    view! {
                        <Notice tone=Tone::Warning testid="suite-faults">
                            <p>"Before it can run:"</p>
                            <ul class="findings">
                                {faults.into_iter().map(|fault| view! { <li>{fault}</li> }).collect_view()}
                            </ul>
                        </Notice>
                    }
                })
        }}
    }
}
