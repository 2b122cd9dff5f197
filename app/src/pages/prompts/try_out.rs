//! The prompt, answered by several models side by side, once or several times with a vote.

use leptos::prelude::*;
use shared::model_call::OutputConstraint;
use shared::prompt::Example;
use shared::prompt::chain::StepOutput;
use shared::prompt::self_consistency::{AnswerPart, Vote};

use super::page::OpenPrompt;
use crate::components::{
    Badge, Button, ButtonKind, Card, Checkbox, Field, IconName, Meter, Notice, NumberField, Select, SelectGroup,
    SelectOption, Slider, TextField, Tone,
};
use crate::pages::destination::Destination;
use crate::pages::trial_answer::TrialAnswerView;
use crate::stores::Stores;
use crate::stores::catalogue::title_with_place;
use crate::stores::prompt_trial::{ModelTrial, TrialAnswer, TrialSettings};

/// More samples than this say nothing new.
const MOST_SAMPLES: u64 = 50;

/// The form and the answers.
#[component]
pub fn TryOutView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let trial = stores.prompt_trial;
    let is_own = Memo::new(move |_| trial.prompt_id.get().as_deref() == Some(&*draft.id.get_value()));
    let trials = move || if is_own.get() { trial.models.get() } else { Vec::new() };
    view! {
        <TrialForm draft=draft />
        {move || {
            trial
                .problem
                .get()
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger testid="try-problem">
                            <p class="is-lines">{problem}</p>
                        </Notice>
                    }
                })
        }}
        <Show when=move || !trials().is_empty() && !trial.is_running.get()>
            <span class="visually-hidden" data-testid="try-done" role="status">"All answers are there."</span>
        </Show>
        <div class="trials">
            {move || trials().into_iter().map(|trial| view! { <TrialColumn draft=draft trial=trial /> }).collect_view()}
        </div>
    }
}

#[component]
fn TrialForm(draft: OpenPrompt) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let trial = stores.prompt_trial;
    let settings = trial.settings;
    let models = Memo::new(move |_| stores.prompts.models_to_preview(stores));
    let number = move |get: fn(&TrialSettings) -> u64, set: fn(&mut TrialSettings, u64)| {
        let value = Signal::derive(move || settings.with(get));
        (value, move |number: u64| settings.update(|settings| set(settings, number)))
    };
    let (samples, set_samples) = number(|it| it.samples, |it, number| it.samples = number);
    let (max_tokens, set_max_tokens) =
        number(|it| u64::from(it.max_tokens), |it, number| it.max_tokens = u32::try_from(number).unwrap_or(u32::MAX));
    let (seed, set_seed) = number(|it| it.seed, |it, number| it.seed = number);
    let has_form = Memo::new(move |_| draft.value.with(|record| record.template.output.is_some()));
    let is_same = Memo::new(move |_| settings.with(|it| it.samples > 1 && it.temperature <= 0.0));
    let run = move |()| {
        let (rendered, constraint) = draft
            .value
            .with_untracked(|record| (record.template.render(&record.values), record.template.output.clone()));
        match rendered {
            Ok(messages) => trial.run(draft.id.get_value(), messages, constraint, models.get_untracked()),
            Err(error) => trial.problem.set(Some(error.to_string())),
        }
    };
    view! {
        <Card title="Try it" lead="With the values of the Write view, by the models that are shown beside. Asked several times, answers vote, and how many agree says how sure a model is.">
            <div class="form-grid">
                <NumberField
                    id="try-samples"
                    label="How often to ask"
                    min=1
                    max=MOST_SAMPLES
                    value=samples
                    on_change=set_samples
                />
                <Slider
                    id="try-temperature"
                    label="Temperature"
                    min=0.0
                    max=2.0
                    step=0.05
                    hint="0 takes the most probable token each time."
                    value=Signal::derive(move || f64::from(settings.with(|it| it.temperature)))
                    words=Signal::derive(move || format!("{:.2}", settings.with(|it| it.temperature)))
                    on_change=move |temperature: f64| {
                        settings.update(|settings| settings.temperature = temperature as f32);
                    }
                />
                <NumberField
                    id="try-max-tokens"
                    label="Most tokens of an answer"
                    min=1
                    max=100_000
                    value=max_tokens
                    on_change=set_max_tokens
                />
                <NumberField id="try-seed" label="Seed" value=seed on_change=set_seed />
            </div>
            <Show when=move || settings.with(|it| it.samples > 1)>
                <AnswerPartForm settings=settings />
            </Show>
            <Show when=move || has_form.get()>
                <Checkbox
                    id="try-constrained"
                    checked=Signal::derive(move || settings.with(|it| it.is_constrained))
                    on_change=move |is_constrained| settings.update(|it| it.is_constrained = is_constrained)
                >
                    "Hold answers to the prompt's form"
                </Checkbox>
            </Show>
            <Show when=move || is_same.get()>
                <p class="small field-fault" role="status">
                    "At temperature 0 all samples are the same; raise it to let them differ."
                </p>
            </Show>
            <div class="row">
                <Show
                    when=move || trial.is_running.get()
                    fallback=move || {
                        view! {
                            <Button
                                kind=ButtonKind::Primary
                                icon=IconName::Resume
                                testid="try-prompt"
                                disabled=Signal::derive(move || models.with(Vec::is_empty))
                                on_press=run
                            >
                                "Ask"
                            </Button>
                        }
                    }
                >
                    <Button icon=IconName::Stop testid="stop-trying" on_press=move |()| trial.stop()>"Stop"</Button>
                </Show>
                {move || {
                    models
                        .get()
                        .into_iter()
                        .map(|model| view! { <Destination model=Signal::stored(Some(model)) /> })
                        .collect_view()
                }}
            </div>
        </Card>
    }
}

/// What of an answer votes.
#[component]
fn AnswerPartForm(settings: RwSignal<TrialSettings>) -> impl IntoView {
    let kind = Signal::derive(move || {
        settings
            .with(|it| match it.part {
                AnswerPart::Whole => "whole",
                AnswerPart::LastLine => "last-line",
                AnswerPart::Pattern { .. } => "pattern",
                AnswerPart::Json => "json",
            })
            .to_owned()
    });
    let kinds = [
        ("whole", "The whole answer"),
        ("last-line", "Its last line"),
        ("pattern", "What a pattern finds in it"),
        ("json", "The answer as JSON"),
    ];
    let kinds = kinds.map(|(value, words)| SelectOption::new(value, words)).into();
    let pattern = Signal::derive(move || {
        settings.with(|it| match &it.part {
            AnswerPart::Pattern { pattern } => pattern.clone(),
            _ => String::new(),
        })
    });
    let choose = move |kind: String| {
        settings.update(|it| {
            it.part = match kind.as_str() {
                "last-line" => AnswerPart::LastLine,
                "pattern" => AnswerPart::Pattern { pattern: r"(-?\d+(?:\.\d+)?)".to_owned() },
                "json" => AnswerPart::Json,
                _ => AnswerPart::Whole,
            };
        });
    };
    view! {
        <div class="form-grid">
            <Field label="What votes" control_id="try-part">
                <Select
                    id="try-part"
                    groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                    value=kind
                    on_change=choose
                />
            </Field>
            <Show when=move || kind.with(|kind| kind == "pattern")>
                <TextField
                    id="try-pattern"
                    label="Pattern"
                    hint="A regular expression; its last match's first group, or all of the match."
                    value=pattern
                    on_input=move |pattern: String| {
                        settings.update(|it| it.part = AnswerPart::Pattern { pattern });
                    }
                />
            </Show>
        </div>
    }
}

/// What one model answers.
#[component]
fn TrialColumn(draft: OpenPrompt, trial: ModelTrial) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_several = trial.answers.len() > 1;
    let title = {
        let model = trial.model.clone();
        move || title_with_place(stores.companion, &model)
    };
    let vote = trial.vote;
    let answers = trial.answers.into_iter().enumerate();
    let answers = answers.map(|(index, answer)| {
        view! { <AnswerView draft=draft answer=answer number=is_several.then_some(index + 1) /> }
    });
    view! {
        <section class="trial card" data-testid="try-model">
            <h3>{title}</h3>
            {move || is_several.then(|| vote.get()).flatten().map(|vote| view! { <VoteView vote=vote /> })}
            {answers.collect_view()}
        </section>
    }
}

#[component]
fn VoteView(vote: Vote) -> impl IntoView {
    let asked = vote.groups.iter().map(|group| group.samples.len()).sum::<usize>() + vote.without_answer.len();
    let words = match vote.winner() {
        Some(winner) => winner.to_owned(),
        None if vote.is_tied() => "It is a tie".to_owned(),
        None => "No answer yet".to_owned(),
    };
    let figures = format!("{:.0} % agree · {:.2} bits of spread", vote.agreement() * 100.0, vote.entropy_bits());
    let without = vote.without_answer.len();
    let group = |(answer, count): (String, usize)| {
        let share = count as f64 / asked.max(1) as f64;
        view! {
            <li>
                <span>{answer}</span>
                <Meter label=format!("{count} of {asked}") fraction=Signal::stored(share) />
                <span class="numbers muted">{count}</span>
            </li>
        }
    };
    let groups: Vec<_> = vote.groups.iter().map(|it| (it.answer.clone(), it.samples.len())).collect();
    view! {
        <div class="vote" data-testid="vote">
            <p><strong data-testid="vote-winner">{words}</strong></p>
            <p class="small muted numbers" data-testid="vote-agreement">{figures}</p>
            <ul class="votes">{groups.into_iter().map(group).collect_view()}</ul>
            {(without > 0).then(|| view! { <p class="small muted">{format!("{without} without an answer")}</p> })}
        </div>
    }
}

#[component]
fn AnswerView(draft: OpenPrompt, answer: RwSignal<TrialAnswer>, number: Option<usize>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let constraint = stores.prompt_trial.constraint;
    // Whether the form was kept; `None` where none was asked for.
    let form_fault = Memo::new(move |_| {
        let TrialAnswer::Done(written) = answer.get() else { return None };
        let schema = match constraint.get()? {
            OutputConstraint::JsonSchema(schema) => Some(schema),
            OutputConstraint::JsonObject => None,
        };
        Some(StepOutput::Json { schema }.read(&written.text).err())
    });
    let keep = move |()| {
        let answer = answer.with_untracked(|answer| answer.text().trim().to_owned());
        draft.value.update(|record| {
            let mut variables = record.values.clone();
            // Defaults stand for themselves, so that changing one changes its examples too.
            variables.retain(|name, _| record.template.variables.iter().any(|variable| variable.name == *name));
            record.template.examples.push(Example { variables, answer });
        });
        stores.toaster.say("It is an example of the prompt now.");
    };
    let is_finished = Memo::new(move |_| answer.with(TrialAnswer::outcome) == "finished");
    view! {
        <TrialAnswerView answer=answer number=number is_json=Signal::derive(move || constraint.with(Option::is_some))>
            {move || {
                form_fault
                    .get()
                    .map(|fault| match fault {
                        None => view! { <Badge tone=Tone::Good>"has the form"</Badge> }.into_any(),
                        Some(fault) => {
                            view! {
                                <span title=fault>
                                    <Badge tone=Tone::Warning>"not of the form"</Badge>
                                </span>
                            }
                                .into_any()
                        }
                    })
            }}
            <Show when=move || is_finished.get()>
                <Button kind=ButtonKind::Quiet on_press=keep>"Keep as an example"</Button>
            </Show>
        </TrialAnswerView>
    }
}
