//! An answer of a trial: as far as it is written, and what it took.

use leptos::prelude::*;

use crate::components::{MarkdownView, Notice, Tone};
use crate::quantities;
use crate::stores::prompt_trial::TrialAnswer;

/// An answer of a trial: as far as it is written, and what it took.
#[component]
pub fn TrialAnswerView(
    /// The answer.
    answer: RwSignal<TrialAnswer>,
    /// Its number, where there are several.
    #[prop(default = None)]
    number: Option<usize>,
    /// True where it is JSON, which is shown as it is.
    #[prop(optional, into)]
    is_json: Signal<bool>,
    /// What else is said of it, behind its figures.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let outcome = Memo::new(move |_| answer.with(TrialAnswer::outcome));
    let figures = move || match answer.get() {
        TrialAnswer::Done(written) => {
            let usage = written.usage;
            let speed = usage.decode_tokens_per_second();
            let speed = speed.map(|rate| format!(" · {} tokens/s", quantities::rate(rate))).unwrap_or_default();
            format!(
                "{} read, {} written{speed}",
                quantities::grouped(u64::from(usage.prompt_tokens)),
                quantities::grouped(u64::from(usage.completion_tokens)),
            )
        }
        _ => String::new(),
    };
    let text = Signal::derive(move || answer.with(|answer| answer.text().to_owned()));
    let reason = move || match answer.get() {
        TrialAnswer::Failed { reason, .. } => Some(view! { <Notice tone=Tone::Warning><p>{reason}</p></Notice> }),
        _ => None,
    };
    let body = move || {
        if outcome.get() == "waiting" {
            view! { <p class="muted">"Waiting"</p> }.into_any()
        } else if is_json.get() {
            view! { <pre class="text-block">{move || text.get()}</pre> }.into_any()
        } else {
            view! { <MarkdownView text=text /> }.into_any()
        }
    };
    view! {
        <article class="try-answer" data-testid="try-answer" data-outcome=move || outcome.get()>
            {number.map(|number| view! { <h4 class="small muted">{format!("Sample {number}")}</h4> })}
            {body}
            {reason}
            <footer class="row small muted numbers">
                <span>{figures}</span>
                {children.map(|children| children())}
            </footer>
        </article>
    }
}
