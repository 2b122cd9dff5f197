//! Examples chosen out of many, for the values at hand.

use leptos::prelude::*;
use serde_json::Value;
use shared::evaluation::Case;
use shared::evaluation::formats::{csv, jsonl};
use shared::model_pool::{ModelPool, ModelReference};
use shared::prompt::Example;
use shared::prompt::few_shot::ExampleChoice;
use wasm_bindgen_futures::spawn_local;

use super::page::OpenPrompt;
use crate::browser::read_file;
use crate::components::{
    Button, ButtonKind, Field, FileButton, IconName, Notice, NumberField, Select, SelectGroup, SelectOption, Slider,
    Tone,
};
use crate::pages::model_select::ModelSelect;
use crate::quantities;
use crate::stores::Stores;

/// More than this is no list of examples that a prompt is kept with.
const MOST_FILE_BYTES: f64 = 4e6;
const MOST_EXAMPLES: usize = 2_000;

/// Columns that the right answer is looked for in.
const ANSWER_COLUMNS: [&str; 7] = ["expected", "answer", "label", "output", "completion", "response", "target"];

/// The pool of examples, and how some are chosen.
#[component]
pub fn ExampleChoiceForm(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let record = draft.value;
    let problem = RwSignal::new(None::<String>);
    let said = RwSignal::new(None::<String>);
    let embedder = RwSignal::new(None::<ModelReference>);
    let is_choosing = RwSignal::new(false);
    let pool_count = Memo::new(move |_| record.with(|record| record.example_pool.len()));
    let choice = Memo::new(move |_| record.with(|record| record.example_choice.clone()));
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            problem.set(None);
            match read_examples(file).await {
                Ok(examples) => record.update(|record| record.example_pool = examples),
                Err(message) => problem.set(Some(message)),
            }
        });
    };
    let gather = move |()| {
        record.update(|record| {
            for example in &record.template.examples {
                if !record.example_pool.contains(example) {
                    record.example_pool.push(example.clone());
                }
            }
        });
    };
    let set = move |change: &dyn Fn(&mut ExampleChoice)| {
        record.update(|record| change(&mut record.example_choice));
    };
    let kind = Signal::derive(move || {
        match choice.get() {
            ExampleChoice::Hand { .. } | ExampleChoice::Similarity { .. } => "similarity",
            ExampleChoice::Words { .. } => "words",
            ExampleChoice::Labels { .. } => "labels",
            ExampleChoice::Random { .. } => "random",
        }
        .to_owned()
    });
    let kinds = [
        ("similarity", "Like the question in meaning"),
        ("words", "With words of the question"),
        ("labels", "As many of each answer"),
        ("random", "At random"),
    ];
    let kinds = kinds.map(|(value, words)| SelectOption::new(value, words)).into();
    let choose = move |()| {
        let (pool, values, choice) = record.with_untracked(|record| {
            (record.example_pool.clone(), record.values.clone(), record.example_choice.clone())
        });
        let embedder = embedder.get_untracked().and_then(|model| stores.pool.model(&model).ok());
        is_choosing.set(true);
        spawn_local(async move {
            problem.set(None);
            said.set(None);
            match choice.choose(&pool, &values, embedder.as_deref()).await {
                Ok(chosen) => {
                    if chosen.is_by_words_instead {
                        said.set(Some("Words were compared: no model that makes embeddings was chosen.".to_owned()));
                    }
                    record.update(|record| {
                        let examples = chosen.indices.iter().filter_map(|&index| pool.get(index).cloned());
                        record.template.examples = examples.collect();
                    });
                }
                Err(error) => problem.set(Some(error.to_string())),
            }
            is_choosing.set(false);
        });
    };
    view! {
        <div class="stack">
            <p class="small muted">
                "A CSV or JSON Lines file has a column for each variable, and the right answer in expected, answer or label. What is chosen takes the place of the examples above; all stay in the pool."
            </p>
            <div class="row">
                <FileButton
                    id="import-examples"
                    accept=".csv,.jsonl,.ndjson"
                    icon=IconName::Upload
                    words="Bring a file"
                    on_file=import
                />
                <Button testid="pool-examples" on_press=gather>"Add the examples above"</Button>
                <span class="small muted" data-testid="example-pool">
                    {move || format!("{} to choose from", quantities::grouped(pool_count.get() as u64))}
                </span>
            </div>
            <div class="form-grid">
                <Field label="Choose" control_id="example-choice">
                    <Select
                        id="example-choice"
                        groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                        value=kind
                        on_change=move |kind: String| set(&|choice| *choice = choice_of(&kind, choice))
                    />
                </Field>
                <NumberField
                    id="example-count"
                    label="How many"
                    min=1
                    max=50
                    value=Signal::derive(move || count_of(&choice.get()) as u64)
                    on_change=move |count| set(&|choice| set_count(choice, count as usize))
                />
                <Show when=move || kind.with(|kind| kind == "labels" || kind == "random")>
                    <NumberField
                        id="example-seed"
                        label="Seed"
                        value=Signal::derive(move || match choice.get() {
                            ExampleChoice::Labels { seed, .. } | ExampleChoice::Random { seed, .. } => seed,
                            _ => 0,
                        })
                        on_change=move |new| set(&|choice| {
                            if let ExampleChoice::Labels { seed, .. } | ExampleChoice::Random { seed, .. } = choice {
                                *seed = new;
                            }
                        })
                    />
                </Show>
            </div>
            <Show when=move || kind.with(|kind| kind == "similarity")>
                <div class="form-grid">
                    <Field label="Compares meanings" control_id="example-embedder">
                        <ModelSelect
                            id="example-embedder"
                            none="Nobody: compare words"
                            is_optional=true
                            value=embedder
                            on_change=move |model| embedder.set(model)
                        />
                    </Field>
                    <Slider
                        id="example-diversity"
                        label="Variety"
                        min=0.0
                        max=1.0
                        step=0.05
                        hint="0: only likeness to the question. 1: only unlikeness to each other."
                        value=Signal::derive(move || diversity_of(&choice.get()))
                        words=Signal::derive(move || format!("{:.2}", diversity_of(&choice.get())))
                        on_change=move |new| set(&|choice| {
                            if let ExampleChoice::Similarity { diversity, .. } = choice {
                                *diversity = new;
                            }
                        })
                    />
                </div>
            </Show>
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    testid="choose-now"
                    disabled=Signal::derive(move || pool_count.get() == 0 || is_choosing.get())
                    on_press=choose
                >
                    "Choose for the values"
                </Button>
            </div>
            {move || said.get().map(|said| view! { <Notice><p>{said}</p></Notice> })}
            {move || problem.get().map(|problem| view! { <Notice tone=Tone::Danger><p>{problem}</p></Notice> })}
        </div>
    }
}

fn count_of(choice: &ExampleChoice) -> usize {
    match choice {
        ExampleChoice::Hand { indices } => indices.len(),
        ExampleChoice::Similarity { count, .. }
        | ExampleChoice::Words { count }
        | ExampleChoice::Labels { count, .. }
        | ExampleChoice::Random { count, .. } => *count,
    }
}

fn set_count(choice: &mut ExampleChoice, new: usize) {
    match choice {
        // The page has hands for the examples themselves.
        ExampleChoice::Hand { .. } => *choice = choice_of("similarity", choice),
        ExampleChoice::Similarity { count, .. }
        | ExampleChoice::Words { count }
        | ExampleChoice::Labels { count, .. }
        | ExampleChoice::Random { count, .. } => *count = new,
    }
}

fn diversity_of(choice: &ExampleChoice) -> f64 {
    match choice {
        ExampleChoice::Similarity { diversity, .. } => *diversity,
        _ => 0.0,
    }
}

/// Another way to choose as many.
fn choice_of(kind: &str, before: &ExampleChoice) -> ExampleChoice {
    let count = count_of(before).max(1);
    match (kind, ExampleChoice::default()) {
        ("words", _) => ExampleChoice::Words { count },
        ("labels", _) => ExampleChoice::Labels { count, seed: 1 },
        ("random", _) => ExampleChoice::Random { count, seed: 1 },
        (_, usual) => ExampleChoice::Similarity { count, diversity: diversity_of(&usual) },
    }
}

/// The examples of a file.
async fn read_examples(file: web_sys::File) -> Result<Vec<Example>, String> {
    let name = file.name();
    let text = read_file::text(&file, MOST_FILE_BYTES).await?;
    let imported = if name.to_ascii_lowercase().ends_with(".csv") {
        csv::read(text.as_bytes(), &name, MOST_EXAMPLES)
    } else {
        jsonl::read(text.as_bytes(), &name, MOST_EXAMPLES)
    };
    let cases = imported.map_err(|refused| refused.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let examples: Vec<Example> = cases.value.into_iter().filter_map(example_of).collect();
    if examples.is_empty() {
        let columns = ANSWER_COLUMNS.join(", ");
        return Err(format!("{name} has no column with right answers; name one of its columns {columns}"));
    }
    Ok(examples)
}

/// A case as an example; `None` where it has no right answer.
fn example_of(case: Case) -> Option<Example> {
    let mut variables = case.variables;
    let column = ANSWER_COLUMNS.iter().find(|column| variables.contains_key(**column))?;
    let answer = match variables.shift_remove(*column)? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(Example { variables, answer })
}
