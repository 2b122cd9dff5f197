//! The prompt, answered by several models side by side, once or several times with a vote.

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::model_call::{GenerationLimits, GenerationRequest, Prompt};
use shared::model_pool::{ModelPool, ModelReference};
use shared::prompt::self_consistency::{AnswerPart, SampleEvent, Vote, sample};
use shared::sampling::SamplingParameters;
use wasm_bindgen_futures::spawn_local;

use super::page::OpenPrompt;
use crate::components::{
    Badge, Button, ButtonKind, Card, Field, IconName, Meter, Notice, NumberField, Select, SelectGroup, SelectOption,
    Tone,
};
use crate::pages::model_select::model_words;
use crate::stores::Stores;

/// What one model has answered so far.
#[derive(Clone, Copy)]
struct Answers {
    model: StoredValue<ModelReference>,
    texts: RwSignal<Vec<String>>,
    vote: RwSignal<Option<Vote>>,
    problem: RwSignal<Option<String>>,
    is_done: RwSignal<bool>,
}

/// Asks, shows, counts.
#[component]
pub fn TryOutView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let samples = RwSignal::new(1_u64);
    let max_tokens = RwSignal::new(128_u64);
    let part = RwSignal::new("whole".to_owned());
    let answers = RwSignal::new(Vec::<Answers>::new());
    let problem = RwSignal::new(None::<String>);
    let stopper = StoredValue::new(None::<AbortHandle>);
    let is_asking = RwSignal::new(false);
    let owner = StoredValue::new(Owner::current().unwrap_or_default());
    let is_vote = Memo::new(move |_| samples.get() > 1);
    let stop = move || {
        if let Some(Some(handle)) = stopper.try_update_value(Option::take) {
            handle.abort();
        }
    };
    on_cleanup(stop);
    let ask = move |()| {
        let rendered = draft.value.with_untracked(|prompt| {
            prompt.template.render(&prompt.values).map(|messages| (messages, prompt.template.output.clone()))
        });
        let (messages, output) = match rendered {
            Ok(rendered) => rendered,
            Err(error) => return problem.set(Some(error.to_string())),
        };
        problem.set(None);
        let models = untrack(|| stores.prompts.models_to_preview(stores));
        if models.is_empty() {
            return problem.set(Some("There is no model to ask; download one on the Models page.".to_owned()));
        }
        let count = usize::try_from(samples.get_untracked()).unwrap_or(1);
        let limits = GenerationLimits {
            max_tokens: u32::try_from(max_tokens.get_untracked()).ok(),
            ..GenerationLimits::default()
        };
        // A vote needs answers that differ.
        let sampling = if count > 1 {
            SamplingParameters { temperature: 0.7, ..SamplingParameters::default() }
        } else {
            SamplingParameters::GREEDY
        };
        let mut request = GenerationRequest::new(Prompt::Chat(messages), sampling, limits);
        request.constraint = output;
        let part = match part.get_untracked().as_str() {
            "line" => AnswerPart::LastLine,
            "json" => AnswerPart::Json,
            _ => AnswerPart::Whole,
        };
        let columns: Vec<Answers> = owner
            .with_value(|owner| owner.with(|| models.into_iter().map(|model| Answers::new(model, count)).collect()));
        answers.set(columns.clone());
        let (handle, registration) = AbortHandle::new_pair();
        stopper.set_value(Some(handle));
        is_asking.set(true);
        spawn_local(async move {
            let asking = async {
                // One after the other: two models at once may not fit.
                for column in columns {
                    column.fill(stores, &request, count, &part).await;
                }
            };
            // Stopped by the person: what is there stays.
            let _ = Abortable::new(asking, registration).await;
            let _ = is_asking.try_set(false);
        });
    };
    let parts = [("whole", "The whole answer"), ("line", "Its last line"), ("json", "It as JSON")]
        .map(|(value, words)| SelectOption::new(value, words))
        .into();
    let parts = StoredValue::new(vec![SelectGroup { heading: String::new(), options: parts }]);
    view! {
        <Card title="Try it" lead="With the values on this page, by the models that are shown beside.">
            <div class="form-grid">
                <NumberField
                    id="try-samples"
                    label="How often to ask"
                    hint="Asked several times, answers vote."
                    min=1
                    max=100
                    value=samples
                    on_change=move |number| samples.set(number)
                />
                <NumberField
                    id="try-max-tokens"
                    label="Most tokens of an answer"
                    min=1
                    max=100_000
                    value=max_tokens
                    on_change=move |number| max_tokens.set(number)
                />
                <Show when=move || is_vote.get()>
                    <Field label="What is compared" control_id="try-part">
                        <Select
                            id="try-part"
                            groups=parts.get_value()
                            value=part
                            on_change=move |value| part.set(value)
                        />
                    </Field>
                </Show>
            </div>
            <div class="row">
                <Show
                    when=move || is_asking.get()
                    fallback=move || {
                        view! {
                            <Button kind=ButtonKind::Primary icon=IconName::Resume testid="try-prompt" on_press=ask>
                                "Ask"
                            </Button>
                        }
                    }
                >
                    <Button icon=IconName::Stop testid="stop-trying" on_press=move |()| stop()>"Stop"</Button>
                </Show>
            </div>
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Danger>
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
        </Card>
        {move || answers.get().into_iter().map(|column| view! { <AnswersCard answers=column /> }).collect_view()}
    }
}

impl Answers {
    fn new(model: ModelReference, count: usize) -> Self {
        Self {
            model: StoredValue::new(model),
            texts: RwSignal::new(vec![String::new(); count]),
            vote: RwSignal::new(None),
            problem: RwSignal::new(None),
            is_done: RwSignal::new(false),
        }
    }

    async fn fill(self, stores: Stores, request: &GenerationRequest, count: usize, part: &AnswerPart) {
        let model = match stores.pool.model(&self.model.get_value()) {
            Ok(model) => model,
            Err(error) => return self.problem.set(Some(error.message)),
        };
        let events = match sample(&*model, request, count, part, 1) {
            Ok(events) => events,
            Err(error) => return self.problem.set(Some(error.to_string())),
        };
        futures::pin_mut!(events);
        while let Some(event) = events.next().await {
            match event {
                SampleEvent::Text { sample, text } => self.texts.update(|texts| {
                    if let Some(so_far) = texts.get_mut(sample) {
                        so_far.push_str(&text);
                    }
                }),
                SampleEvent::Finished { written: Err(error), .. } => self.problem.set(Some(error.message)),
                SampleEvent::Finished { .. } => {}
                SampleEvent::Vote(vote) => self.vote.set((count > 1).then_some(vote)),
            }
        }
        self.is_done.set(true);
    }
}

#[component]
fn AnswersCard(
    /// What there is so far.
    answers: Answers,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let words = move || answers.model.with_value(|model| model_words(stores, model));
    view! {
        <Card>
            <h3>{words}</h3>
            {move || {
                answers
                    .problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Danger>
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
            {move || answers.vote.get().map(|vote| view! { <VoteView vote=vote /> })}
            {move || {
                answers
                    .texts
                    .get()
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .map(|text| view! { <pre class="text-block" data-testid="try-answer">{text}</pre> })
                    .collect_view()
            }}
            <Show when=move || answers.is_done.get()>
                <span class="visually-hidden" data-testid="try-done">"Done"</span>
            </Show>
        </Card>
    }
}

#[component]
fn VoteView(
    /// The vote so far.
    vote: Vote,
) -> impl IntoView {
    let total = vote.groups.iter().map(|group| group.samples.len()).sum::<usize>() + vote.without_answer.len();
    let conclusion = match vote.winner() {
        Some(winner) if vote.is_tied() => format!("A tie; first among equals: {winner}"),
        Some(winner) => format!("Most say: {winner}"),
        None => "No answer that can be compared yet.".to_owned(),
    };
    let agreement = format!("{:.0} % agree", vote.agreement() * 100.0);
    view! {
        <div class="row" data-testid="vote">
            <strong>{conclusion}</strong>
            <Badge tone=Tone::Accent>{agreement}</Badge>
        </div>
        <ul class="votes">
            {vote
                .groups
                .into_iter()
                .map(|group| {
                    let count = group.samples.len();
                    let share = count as f64 / total.max(1) as f64;
                    view! {
                        <li>
                            <span>{group.answer.clone()}</span>
                            <Meter label=format!("{count} of {total}") fraction=Signal::stored(share) />
                            <span class="muted numbers">{count}</span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}
