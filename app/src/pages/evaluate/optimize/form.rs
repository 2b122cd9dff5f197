//! What a search is asked to do, and what it may use.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::catalog::Money;
use shared::evaluation::{ModelSource, most_model_calls};
use shared::model_pool::ModelReference;
use shared::optimization::{Budget, Optimization, SearchSettings};

use crate::components::{
    Button, ButtonKind, Card, Disclosure, Field, IconName, Notice, NumberField, OptionalNumberField, Select,
    SelectGroup, SelectOption, TextArea, Tone,
};
use crate::pages::evaluate::page::OpenSuite;
use crate::pages::model_select::ModelSelect;
use crate::quantities;
use crate::stores::Stores;

/// Fewest cases that a search and its proof make sense with.
const FEWEST_CASES: usize = 10;

/// The form.
#[component]
pub fn SearchForm(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let suite = draft.value;
    let chosen_prompt = RwSignal::new(0_usize);
    let chosen_model = RwSignal::new(None::<ModelReference>);
    let model = Memo::new(move |_| {
        chosen_model.get().or_else(|| suite.with(|suite| suite.models.iter().find_map(|choice| choice.model.known())))
    });
    let description = RwSignal::new(String::new());
    let money = RwSignal::new(None::<f64>);
    let external = Memo::new(move |_| {
        let judges = suite.with(|suite| [suite.grader.clone(), suite.embedder.clone()]);
        let judges = judges.into_iter().flatten().filter_map(|source| source.known());
        let models: BTreeSet<_> = model.get().into_iter().chain(judges).filter(|it| it.external().is_some()).collect();
        models.into_iter().collect::<Vec<_>>()
    });
    let most_money = Memo::new(move |_| {
        let amount = money.get().filter(|_| external.with(|models| !models.is_empty()))?;
        Some(Money { amount, currency: stores.prices.currency() })
    });
    let tokens = RwSignal::new(150_000_u64);
    let minutes = RwSignal::new(30_u64);
    let settings = RwSignal::new(SearchSettings { most_answer_tokens: 64, ..SearchSettings::default() });
    let groups = Signal::derive(move || {
        let prompts = suite.with(|suite| suite.prompts.iter().map(|prompt| prompt.name.clone()).collect::<Vec<_>>());
        let options = prompts.into_iter().enumerate().map(|(index, name)| SelectOption::new(index.to_string(), name));
        vec![SelectGroup { heading: String::new(), options: options.collect() }]
    });
    let missing = Memo::new(move |_| {
        suite.with(|suite| {
            let mut missing = Vec::new();
            if suite.prompts.is_empty() {
                missing.push("Add a prompt to start from.".to_owned());
            }
            if suite.cases.len() < FEWEST_CASES {
                let count = quantities::counted(suite.cases.len() as u64, "case is", "cases are");
                missing.push(format!(
                    "{count} there; a search needs at least {FEWEST_CASES}, of which some are held out for the proof."
                ));
            }
            if suite.cases.iter().any(|case| case.checks.is_empty()) {
                missing.push("Every case needs a check: without one, any answer is good.".to_owned());
            }
            if model.get().is_none() {
                missing.push("Choose a model.".to_owned());
            }
            if most_money.with(Option::is_some) {
                missing.extend(external.with(|models| unpriced(stores, models)).into_iter().map(|name| {
                    format!(
                        "No price is known for {name}, so a limit in money can't be kept. Import a price table that has it, \
                         under Models, Find the right model; or leave the money empty."
                    )
                }));
            }
            let (asks_grader, asks_embedder) = suite.cases.iter().map(most_model_calls).fold((0, 0), |sum, calls| {
                (sum.0 + calls.0, sum.1 + calls.1)
            });
            if asks_grader > 0 && suite.grader.is_none() {
                missing.push("A check asks a model for its judgement: choose who judges, under Prompts and models.".to_owned());
            }
            if asks_embedder > 0 && suite.embedder.is_none() {
                missing.push("A check compares meanings: choose who does that, under Prompts and models.".to_owned());
            }
            missing
        })
    });
    let start = move |()| {
        let (Some(model), Some(optimization)) = (
            model.get_untracked(),
            suite.with_untracked(|suite| {
                suite.prompts.get(chosen_prompt.get_untracked()).cloned().map(|start| (start, suite.cases.clone()))
            }),
        ) else {
            return;
        };
        let optimization = Optimization {
            start: optimization.0,
            description: description.get_untracked(),
            cases: optimization.1,
            model,
            budget: Budget {
                most_tokens: tokens.get_untracked(),
                most_money: most_money.get_untracked(),
                most_seconds: minutes.get_untracked() as f64 * 60.0,
            },
            settings: settings.get_untracked(),
        };
        let (grader, embedder) = suite.with_untracked(|suite| {
            (suite.grader.as_ref().and_then(ModelSource::known), suite.embedder.as_ref().and_then(ModelSource::known))
        });
        stores.optimization.begin(draft.id.get_value(), optimization, grader, embedder);
    };
    let number = move |get: fn(&SearchSettings) -> u32, set: fn(&mut SearchSettings, u32)| {
        let value = Signal::derive(move || u64::from(settings.with(get)));
        let on_change = move |number: u64| settings.update(|it| set(it, u32::try_from(number).unwrap_or(u32::MAX)));
        (value, on_change)
    };
    let (rounds, set_rounds) = number(|it| it.rounds, |it, number| it.rounds = number);
    let (proposals, set_proposals) = number(|it| it.proposals, |it, number| it.proposals = number);
    let (sets, set_sets) = number(|it| it.demonstration_sets, |it, number| it.demonstration_sets = number);
    let (shown, set_shown) = number(|it| it.most_demonstrations, |it, number| it.most_demonstrations = number);
    let (answer, set_answer) = number(|it| it.most_answer_tokens, |it, number| it.most_answer_tokens = number);
    view! {
        <Card
            title="Find a better prompt"
            lead="Other instructions and worked examples are tried on some of the cases. What does best is then compared with your prompt on cases that the search never saw."
        >
            <div class="form-grid">
                <Field label="Prompt to start from" control_id="search-prompt">
                    <Select
                        id="search-prompt"
                        groups=groups
                        value=Signal::derive(move || chosen_prompt.get().to_string())
                        on_change=move |index: String| chosen_prompt.set(index.parse().unwrap_or_default())
                    />
                </Field>
                <Field label="Model that the prompt is for" control_id="search-model">
                    <ModelSelect
                        id="search-model"
                        value=model
                        on_change=move |chosen| chosen_model.set(chosen)
                    />
                </Field>
                <NumberField
                    id="search-tokens"
                    label="Most tokens, read and written"
                    hint="Never exceeded: a call that might go over it is not made."
                    min=100
                    max=1_000_000_000
                    value=tokens
                    on_change=move |number| tokens.set(number)
                />
                <NumberField
                    id="search-minutes"
                    label="Most minutes"
                    hint="Time during which it is stopped does not count."
                    min=1
                    max=10_000
                    value=minutes
                    on_change=move |number| minutes.set(number)
                />
                <Show when=move || external.with(|models| !models.is_empty())>
                    <OptionalNumberField
                        id="search-money"
                        label=format!("Most money, in {}", stores.prices.currency())
                        hint="Never exceeded by what the answers cost at the known price. Empty: tokens and minutes are the only limits."
                        placeholder="no limit"
                        value=money
                        on_input=move |amount| money.set(amount)
                    />
                </Show>
            </div>
            <PricesOfSearch models=external />
            <Disclosure summary=move || "How to search" testid="search-settings">
                <TextArea
                    id="search-description"
                    label="The task in your words"
                    hint="Proposals are made from it; it can stay empty."
                    rows=2
                    value=description
                    on_input=move |text| description.set(text)
                />
                <div class="form-grid">
                    <NumberField id="search-answer-tokens" label="Most tokens of an answer" min=1 max=100_000 value=answer on_change=set_answer />
                    <NumberField id="search-rounds" label="Rounds" min=1 max=20 value=rounds on_change=set_rounds />
                    <NumberField id="search-proposals" label="Instructions proposed in a round" max=50 value=proposals on_change=set_proposals />
                    <NumberField id="search-sets" label="Sets of examples in a round" max=50 value=sets on_change=set_sets />
                    <NumberField id="search-examples" label="Most examples in a prompt" max=20 value=shown on_change=set_shown />
                    <NumberField
                        id="search-held-out"
                        label="Cases held out, in percent"
                        min=10
                        max=90
                        value=Signal::derive(move || settings.with(|it| (it.held_out_fraction * 100.0).round() as u64))
                        on_change=move |percent| settings.update(|it| it.held_out_fraction = percent as f64 / 100.0)
                    />
                    <NumberField
                        id="search-seed"
                        label="Seed"
                        value=Signal::derive(move || settings.with(|it| it.seed))
                        on_change=move |seed| settings.update(|it| it.seed = seed)
                    />
                </div>
            </Disclosure>
            {move || {
                let missing = missing.get();
                (!missing.is_empty())
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Warning testid="search-missing">
                                <ul class="findings">
                                    {missing.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}
                                </ul>
                            </Notice>
                        }
                    })
            }}
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Resume
                    testid="start-search"
                    disabled=Signal::derive(move || missing.with(|missing| !missing.is_empty()))
                    on_press=start
                >
                    "Search"
                </Button>
            </div>
        </Card>
    }
}

/// Names of those whose price is not known; tracked.
fn unpriced(stores: Stores, models: &[ModelReference]) -> Vec<String> {
    let has_none = |model: &&ModelReference| model.external().is_some_and(|it| stores.prices.of_external(it).is_none());
    models.iter().filter(has_none).map(|model| model.name.clone()).collect()
}

/// What the chosen models of somebody else's cost, and by whose word.
#[component]
fn PricesOfSearch(models: Memo<Vec<ModelReference>>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let line = move |model: ModelReference| {
        let price = model.external().and_then(|external| stores.prices.of_external(external));
        let words = match price {
            Some(price) => format!(
                "{} {currency} to read and {} {currency} to write a million tokens; {}",
                price.input_per_million,
                price.output_per_million,
                price.fact_source(),
                currency = price.currency,
            ),
            None => "no price known".to_owned(),
        };
        view! { <li>{model.name} ": " {words}</li> }
    };
    view! {
        <Show when=move || models.with(|models| !models.is_empty())>
            <ul class="findings small muted" data-testid="search-prices">
                {move || models.get().into_iter().map(line).collect_view()}
            </ul>
        </Show>
    }
}
