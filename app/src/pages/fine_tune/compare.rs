//! The same question to the base and to the fine-tuned model.

use leptos::prelude::*;
use shared::model_call::ChatMessage;
use shared::model_pool::ModelReference;

use crate::components::{Button, IconName, NumberField, TextArea};
use crate::pages::trial_answer::TrialAnswerView;
use crate::stores::Stores;
use crate::stores::prompt_trial::ModelTrial;

/// The same question to the base and to the fine-tuned model, side by side.
#[component]
pub fn Compare(
    /// The model that learned.
    base: ModelReference,
    /// What came of it.
    tuned: ModelReference,
) -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let trial = tuning.comparison;
    let question = RwSignal::new(String::new());
    let is_empty = Signal::derive(move || question.with(|question| question.trim().is_empty()));
    let key = tuned.to_string();
    // Answers of another model are not shown beside this one.
    let is_own = {
        let key = key.clone();
        Memo::new(move |_| trial.prompt_id.with(|id| id.as_ref() == Some(&key)))
    };
    let trials = move || if is_own.get() { trial.models.get() } else { Vec::new() };
    let ask = StoredValue::new(move || {
        let message = ChatMessage { role: "user".to_owned(), content: question.get_untracked() };
        trial.run(key.clone(), vec![message], None, vec![base.clone(), tuned.clone()]);
    });
    view! {
        <section class="stack">
            <h3>"Compare with the base"</h3>
            <TextArea
                label="Question"
                id="compare-question"
                value=question
                rows=2
                hint="Both are asked the same, at temperature 0: what differs is what was learned."
                on_input=move |text| question.set(text)
            />
            <NumberField
                label="Most tokens of an answer"
                id="compare-tokens"
                min=1
                max=100_000
                value=Signal::derive(move || u64::from(trial.settings.with(|it| it.max_tokens)))
                on_change=move |most: u64| {
                    trial.settings.update(|it| it.max_tokens = u32::try_from(most).unwrap_or(u32::MAX));
                }
            />
            <div class="row">
                <Show
                    when=move || trial.is_running.get()
                    fallback=move || {
                        view! {
                            <Button
                                icon=IconName::Resume
                                testid="compare"
                                disabled=is_empty
                                on_press=move |()| ask.with_value(|ask| ask())
                            >
                                "Ask both"
                            </Button>
                        }
                    }
                >
                    <Button icon=IconName::Stop testid="stop-comparing" on_press=move |()| trial.stop()>"Stop"</Button>
                </Show>
            </div>
            <div class="trials">
                {move || {
                    trials()
                        .into_iter()
                        .zip(["Before: the base", "After: fine-tuned"])
                        .map(|(trial, title)| view! { <Answered title=title trial=trial /> })
                        .collect_view()
                }}
            </div>
        </section>
    }
}

/// What one of them says.
#[component]
fn Answered(title: &'static str, trial: ModelTrial) -> impl IntoView {
    let answers = trial.answers.into_iter().map(|answer| view! { <TrialAnswerView answer=answer /> });
    view! {
        <section class="trial card" data-testid="compared">
            <h3>{title}</h3>
            {answers.collect_view()}
        </section>
    }
}
