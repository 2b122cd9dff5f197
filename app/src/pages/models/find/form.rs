//! What a person requires of a model. Everything may be left open; every change is taken at once.

use leptos::prelude::*;
use shared::catalog::{
    Capability, LicenceRequirement, ModelTask, Money, Privacy, QualityFloor, RankingWeights, Requirements,
};

use super::number_requirement::{NumberRequirement, whole};
use super::training_fields::TrainingFields;
use super::workload::WorkloadFields;
use crate::components::{
    Button, ButtonKind, Card, Checkbox, Disclosure, Field, OptionalNumberField, Segmented, Select, SelectGroup,
    SelectOption, Slider, TextField,
};
use crate::stores::Stores;
use crate::stores::candidates::candidates;

/// What a person requires of a model.
#[component]
pub fn RequirementForm() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let reset = move |()| stores.requirements.change(|data| data.requirements = Requirements::default());
    view! {
        <Card title="What you need" class="find-form">
            <TaskField />
            <LanguagesField />
            <PrivacyField />
            <WorkloadFields />
            <BudgetFields />
            <Disclosure summary=|| "More requirements" testid="more-requirements">
                <div class="stack">
                    <NumberRequirement
                        label="Longest request, in tokens"
                        id="context-required"
                        hint="Prompt and answer together; at least the tokens above."
                        get=|data| data.requirements.context_tokens.map(f64::from)
                        set=|data, tokens| data.requirements.context_tokens = tokens.map(whole)
                    />
                    <CapabilityFields />
                    <LicenceField />
                    <QualityFields />
                    <NumberRequirement
                        label="First token within, in seconds"
                        id="first-token-required"
                        get=|data| data.requirements.first_token_seconds
                        set=|data, seconds| data.requirements.first_token_seconds = seconds
                    />
                    <NumberRequirement
                        label="At least, in tokens per second"
                        id="rate-required"
                        get=|data| data.requirements.decode_tokens_per_second
                        set=|data, rate| data.requirements.decode_tokens_per_second = rate
                    />
                </div>
            </Disclosure>
            <Disclosure summary=|| "Training it further" testid="training">
                <TrainingFields />
            </Disclosure>
            <Disclosure summary=|| "How much each factor counts" testid="weights">
                <WeightFields />
            </Disclosure>
            <div class="row">
                <Button kind=ButtonKind::Quiet testid="reset-requirements" on_press=reset>"Start over"</Button>
            </div>
        </Card>
    }
}

/// The name that a choice has in JSON, which is also its value in a list.
fn name_of<T: serde::Serialize>(choice: &T) -> String {
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn from_name<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

#[component]
fn TaskField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let value = stores.requirements.part(|data| data.requirements.task.as_ref().map(name_of).unwrap_or_default());
    let options = || {
        let tasks = ModelTask::ALL.iter().map(|task| SelectOption::new(name_of(task), capitalized(task.title())));
        let options = std::iter::once(SelectOption::new("", "Any task")).chain(tasks).collect();
        vec![SelectGroup { heading: String::new(), options }]
    };
    view! {
        <Field label="Task" control_id="task">
            <Select
                id="task"
                groups=Signal::derive(options)
                value=value
                on_change=move |name: String| {
                    stores.requirements.change(|data| data.requirements.task = from_name(&name));
                }
            />
        </Field>
    }
}

fn capitalized(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[component]
fn LanguagesField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let languages = stores.requirements.part(|data| data.requirements.languages.clone());
    let typed = RwSignal::new(languages.get_untracked().join(", "));
    // Changed from elsewhere: what is typed and means the same stays as it is typed.
    Effect::new(move |_| {
        let languages = languages.get();
        if typed.with_untracked(|typed| language_codes(typed)) != languages {
            typed.set(languages.join(", "));
        }
    });
    view! {
        <TextField
            label="Languages"
            id="languages"
            value=typed
            on_input=move |text: String| {
                let codes = language_codes(&text);
                typed.set(text);
                stores.requirements.change(|data| data.requirements.languages = codes);
            }
            placeholder="any"
            hint="Codes with commas between, such as en, de, ja."
        />
    }
}

/// The ISO 639-1 codes in `text`; a word that is longer or shorter is not taken before it is complete.
fn language_codes(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_alphabetic()).map(str::to_lowercase);
    words.filter(|word| word.len() == 2).collect()
}

#[component]
fn PrivacyField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let value = stores.requirements.part(|data| name_of(&data.requirements.privacy));
    let options =
        [(Privacy::ThisDevice, "This device"), (Privacy::OwnServers, "Our servers"), (Privacy::Anywhere, "Anywhere")];
    view! {
        <div class="field">
            <p class="field-label">"Texts may go to"</p>
            <Segmented
                label="Texts may go to"
                name="privacy"
                options=options.map(|(choice, words)| (name_of(&choice), words.to_owned())).into()
                value=value
                on_change=move |name: String| {
                    if let Some(privacy) = from_name(&name) {
                        stores.requirements.change(|data| data.requirements.privacy = privacy);
                    }
                }
            />
        </div>
    }
}

#[component]
fn LicenceField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let value = stores.requirements.part(|data| name_of(&data.requirements.licence));
    let options = [
        (LicenceRequirement::Any, "Any"),
        (LicenceRequirement::CommercialUse, "Commercial use"),
        (LicenceRequirement::Open, "Open source"),
    ];
    view! {
        <div class="field">
            <p class="field-label">"The licence allows"</p>
            <Segmented
                label="The licence allows"
                name="licence"
                options=options.map(|(choice, words)| (name_of(&choice), words.to_owned())).into()
                value=value
                on_change=move |name: String| {
                    if let Some(licence) = from_name(&name) {
                        stores.requirements.change(|data| data.requirements.licence = licence);
                    }
                }
            />
        </div>
    }
}

#[component]
fn CapabilityFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let boxes = Capability::ALL
        .map(|capability| {
            let checked = stores.requirements.part(move |data| data.requirements.capabilities.contains(&capability));
            let on_change = move |is_required| {
                stores.requirements.change(|data| {
                    let capabilities = &mut data.requirements.capabilities;
                    capabilities.retain(|&other| other != capability);
                    if is_required {
                        capabilities.push(capability);
                    }
                });
            };
            view! {
                <Checkbox id=format!("requires-{}", name_of(&capability)) checked=checked on_change=on_change>
                    {capitalized(capability.title())}
                </Checkbox>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <fieldset class="field choices">
            <legend class="field-label">"It must have"</legend>
            <div class="row">{boxes}</div>
        </fieldset>
    }
}

#[component]
fn QualityFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let benchmark = stores
        .requirements
        .part(|data| data.requirements.quality_floor.as_ref().map(|floor| floor.benchmark.clone()).unwrap_or_default());
    let percent = stores.requirements.part(|data| data.requirements.quality_floor.as_ref().map(|floor| floor.percent));
    // Drawn anew only where the benchmarks change, not with every key.
    let options = Memo::new(move |_| {
        let candidates = candidates(stores);
        let facts = candidates.iter().flat_map(|candidate| &candidate.facts.quality);
        let mut benchmarks: Vec<&str> = facts.map(|fact| fact.benchmark.as_str()).collect();
        benchmarks.sort_unstable();
        benchmarks.dedup();
        let benchmarks = benchmarks.into_iter().map(|benchmark| SelectOption::new(benchmark, benchmark));
        let options = std::iter::once(SelectOption::new("", "No benchmark")).chain(benchmarks).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let set_benchmark = move |benchmark: String| {
        stores.requirements.change(|data| {
            let percent = data.requirements.quality_floor.as_ref().map_or(0.0, |floor| floor.percent);
            data.requirements.quality_floor = (!benchmark.is_empty()).then_some(QualityFloor { benchmark, percent });
        });
    };
    let set_percent = move |percent: Option<f64>| {
        stores.requirements.change(|data| {
            if let Some(floor) = &mut data.requirements.quality_floor {
                floor.percent = percent.unwrap_or_default();
            }
        });
    };
    view! {
        <Field
            label="Quality on"
            control_id="benchmark"
            hint="Figures are compared on one benchmark only, never across two."
        >
            <Select id="benchmark" groups=options value=benchmark on_change=set_benchmark />
        </Field>
        <Show when=move || percent.with(Option::is_some)>
            <OptionalNumberField
                label="At least, in percent"
                id="quality-floor"
                value=percent
                on_input=set_percent
                max=100.0
            />
        </Show>
    }
}

#[component]
fn BudgetFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let amount =
        stores.requirements.part(|data| data.requirements.budget_per_month.as_ref().map(|budget| budget.amount));
    let on_input = move |amount: Option<f64>| {
        stores.requirements.change(|data| {
            let currency = data.hardware.hardware.currency.clone();
            data.requirements.budget_per_month = amount.map(|amount| Money { amount, currency });
        });
    };
    let currency = stores.requirements.get(|data| data.hardware.hardware.currency.clone());
    view! {
        <OptionalNumberField
            label=format!("Budget per month, in {currency}")
            id="budget"
            value=amount
            on_input=on_input
            placeholder="none"
        />
    }
}

#[component]
fn WeightFields() -> impl IntoView {
    type Weight = fn(&mut RankingWeights) -> &mut f64;
    const WEIGHTS: [(&str, &str, Weight); 10] = [
        ("Task", "weight-task", |weights| &mut weights.task),
        ("Quality", "weight-quality", |weights| &mut weights.quality),
        ("Languages", "weight-languages", |weights| &mut weights.languages),
        ("Context", "weight-context", |weights| &mut weights.context),
        ("Capabilities", "weight-capabilities", |weights| &mut weights.capabilities),
        ("Licence", "weight-licence", |weights| &mut weights.licence),
        ("Privacy", "weight-privacy", |weights| &mut weights.privacy),
        ("Memory", "weight-memory", |weights| &mut weights.memory),
        ("Speed", "weight-speed", |weights| &mut weights.speed),
        ("Cost", "weight-cost", |weights| &mut weights.cost),
    ];
    let stores = expect_context::<Stores>();
    let sliders = WEIGHTS
        .map(|(label, id, weight)| {
            let value = stores.requirements.part(move |data| {
                let mut weights = data.requirements.weights;
                *weight(&mut weights)
            });
            let words = Signal::derive(move || format!("× {}", value.get()));
            view! {
                <Slider
                    label=label
                    id=id
                    value=value
                    on_change=move |number| {
                        stores.requirements.change(|data| *weight(&mut data.requirements.weights) = number);
                    }
                    min=0.0
                    max=5.0
                    step=0.5
                    hint=""
                    words=words
                />
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <p class="field-hint">
            "The score is the mean of the factors, weighed like this; 0 leaves one out. What is not known counts as one half."
        </p>
        <div class="weights">{sliders}</div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_codes_are_taken_when_complete() {
        assert_eq!(language_codes("en, DE;ja"), ["en", "de", "ja"]);
        assert_eq!(language_codes("en, d"), ["en"]);
        assert_eq!(language_codes("english"), Vec::<String>::new());
    }

    #[test]
    fn choices_have_names() {
        assert_eq!(from_name::<ModelTask>(&name_of(&ModelTask::QuestionAnswering)), Some(ModelTask::QuestionAnswering));
        assert_eq!(from_name::<ModelTask>(""), None);
    }
}
