//! Which evaluation is open; new ones, from files and to files.

use leptos::prelude::*;
use shared::evaluation::EvaluationSuite;
use shared::evaluation::formats::{csv, jsonl, promptfoo};
use shared::workspace::DocumentKind;
use wasm_bindgen_futures::spawn_local;

use super::file_import::{self, companion_url};
use crate::browser::save_file::save_text;
use crate::components::{Button, FileButton, IconName, Menu, Notice, SelectGroup, SelectOption, Tone};
use crate::pages::document_chooser::{DeleteDocument, DocumentSelect};
use crate::stores::Stores;

/// Which evaluation is open, and what can be done with it as a whole.
#[component]
pub fn Chooser() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let evaluation = stores.evaluation;
    let remarks = RwSignal::new(Vec::<String>::new());
    let faults = RwSignal::new(Vec::<String>::new());
    let heads = stores.workspace.heads_signal(DocumentKind::Suite);
    let storage_problem = move || heads.get().and_then(Result::err);
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            remarks.set(Vec::new());
            faults.set(Vec::new());
            match file_import::suite(file).await {
                Ok(brought) => {
                    remarks.set(brought.remarks);
                    evaluation.suite.create(brought.value);
                }
                Err(found) => faults.set(found),
            }
        });
    };
    view! {
        <div class="chooser">
            <DocumentSelect
                id="open-evaluation"
                label="Evaluation"
                none_yet="No evaluation yet"
                choose="Choose an evaluation"
                heads=heads
                document=evaluation.suite
            />
            <Button
                icon=IconName::Plus
                testid="new-evaluation"
                on_press=move |()| evaluation.suite.create(EvaluationSuite::default())
            >
                "New"
            </Button>
            <FileButton
                id="import-evaluation"
                accept=".yaml,.yml,.json,.csv,.jsonl,.ndjson"
                icon=IconName::Upload
                words="Import"
                on_file=import
            />
            <Show when=move || evaluation.suite.draft.with(Option::is_some)>
                <Export />
                <DeleteDocument
                    noun="evaluation"
                    what_goes="Its runs and searches go with it."
                    on_delete=move |()| evaluation.delete_open()
                />
            </Show>
        </div>
        {move || {
            storage_problem()
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger>
                            <p>{problem.to_string()}</p>
                        </Notice>
                    }
                })
        }}
        <Findings tone=Tone::Danger title="The file can't be used" sentences=faults />
        <Findings tone=Tone::Warning title="Not everything came over" sentences=remarks />
    }
}

/// Sentences about a file; nothing where there are none.
#[component]
pub fn Findings(
    /// How bad they are.
    tone: Tone,
    /// What they come to.
    title: &'static str,
    /// The sentences.
    sentences: RwSignal<Vec<String>>,
) -> impl IntoView {
    move || {
        let found = sentences.get();
        (!found.is_empty()).then(|| {
            view! {
                <Notice tone=tone testid="file-findings">
                    <p>
                        <strong>{title}</strong>
                    </p>
                    <ul class="findings">
                        {found.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}
                    </ul>
                    <Button on_press=move |()| sentences.set(Vec::new())>"All right"</Button>
                </Notice>
            }
        })
    }
}

/// Ways out: whole evaluations for `quern eval` and promptfoo, cases alone.
#[component]
fn Export() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let save = move |format: String| {
        let Some(draft) = stores.evaluation.suite.draft.get_untracked() else { return };
        let suite = draft.value.get_untracked();
        let (name, mime_type, text, warnings) = match format.as_str() {
            "promptfoo" => {
                let written = promptfoo::write(&suite, &companion_url());
                ("promptfooconfig.yaml", "application/yaml", written.value, written.warnings)
            }
            "csv" => {
                let written = csv::write(&suite.cases);
                ("cases.csv", "text/csv", written.value, written.warnings)
            }
            "jsonl" => ("cases.jsonl", "application/jsonl", jsonl::write(&suite.cases), Vec::new()),
            _ => {
                let text = serde_json::to_string_pretty(&suite).unwrap_or_default();
                ("evaluation.json", "application/json", text, Vec::new())
            }
        };
        for warning in warnings {
            stores.toaster.say(warning.to_string());
        }
        if let Err(message) = save_text(name, mime_type, &text) {
            stores.toaster.warn(message);
        }
    };
    let options = [
        ("quern", "Evaluation for quern eval (.json)"),
        ("promptfoo", "promptfoo configuration (.yaml)"),
        ("csv", "Cases (.csv)"),
        ("jsonl", "Cases (.jsonl)"),
    ]
    .map(|(value, words)| SelectOption::new(value, words));
    view! {
        <Menu
            id="export-evaluation"
            aria_label="Export"
            heading="Export as …"
            groups=vec![SelectGroup { heading: String::new(), options: options.into() }]
            on_choose=save
        />
    }
}
