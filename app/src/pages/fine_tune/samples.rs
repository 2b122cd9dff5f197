//! What the model says while it learns.

use leptos::prelude::*;

use crate::components::{Card, Disclosure};
use crate::stores::Stores;

/// What the model says while it learns: to each question its newest answer, and the earlier ones behind a line.
#[component]
pub fn Samples() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let samples = Memo::new(move |_| open.history.with(|history| history.samples()));
    view! {
        <Show when=move || samples.with(|samples| !samples.is_empty())>
            <Card title="What it says by now">
                <ul class="items">
                    <For
                        each=move || samples.get()
                        key=|(prompt, answers)| (prompt.clone(), answers.clone())
                        children=|(prompt, answers)| view! { <Sample prompt=prompt answers=answers /> }
                    />
                </ul>
            </Card>
        </Show>
    }
}

#[component]
fn Sample(prompt: String, answers: Vec<(u64, String)>) -> impl IntoView {
    let mut answers = answers.into_iter().rev();
    let newest = answers.next().map(|(step, text)| view! { <SampleAnswer step=step text=text /> });
    let earlier = StoredValue::new(answers.collect::<Vec<_>>());
    let has_earlier = earlier.with_value(|earlier| !earlier.is_empty());
    view! {
        <li class="item is-stacked" data-testid="sample">
            <strong class="is-breakable">{prompt}</strong>
            {newest}
            {has_earlier
                .then(|| {
                    view! {
                        <Disclosure summary=|| "Earlier answers">
                            {earlier
                                .get_value()
                                .into_iter()
                                .map(|(step, text)| view! { <SampleAnswer step=step text=text /> })
                                .collect_view()}
                        </Disclosure>
                    }
                })}
        </li>
    }
}

#[component]
fn SampleAnswer(step: u64, text: String) -> impl IntoView {
    let words = if text.trim().is_empty() { "(nothing)".to_owned() } else { text };
    view! {
        <div class="stack is-tight">
            <p class="small muted numbers">{format!("After step {step}")}</p>
            <p class="text-block">{words}</p>
        </div>
    }
}
