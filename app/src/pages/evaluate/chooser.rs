//! Which evaluation is open; new ones, from files and to files.

use leptos::prelude::*;
use shared::evaluation::EvaluationSuite;
use shared::evaluation::formats::{csv, jsonl, promptfoo};
use shared::workspace::DocumentKind;
use wasm_bindgen_futures::spawn_local;

use super::file_import::{self, companion_url};
use crate::browser::save_file::save_text;
use crate::components::{
    Button, ButtonKind, Dialog, FileButton, IconButton, IconName, Notice, Select, SelectGroup, SelectOption, Tone,
};
use crate::stores::Stores;

/// Which evaluation is open, and what can be done with it as a whole.
#[component]
pub fn Chooser() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let evaluation = stores.evaluation;
    let heads = stores.workspace.heads_signal(DocumentKind::Suite);
    let is_asking = RwSignal::new(false);
    let remarks = RwSignal::new(Vec::<String>::new());
    let faults = RwSignal::new(Vec::<String>::new());
    let open_id = Signal::derive(move || {
        evaluation.suite.draft.with(|draft| draft.as_ref().map(|draft| draft.id.get_value())).unwrap_or_default()
    });
    let groups = Signal::derive(move || {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        let mut options: Vec<_> = heads.into_iter().map(|head| SelectOption::new(head.id, head.title)).collect();
        if open_id.with(String::is_empty) {
            let words = if options.is_empty() { "No evaluation yet" } else { "Choose an evaluation" };
            options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", words) });
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
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
            <Select
                id="open-evaluation"
                aria_label="Evaluation"
                groups=groups
                value=open_id
                on_change=move |id: String| evaluation.suite.open(id)
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
                <IconButton
                    icon=IconName::Delete
                    label="Delete this evaluation"
                    testid="delete-evaluation"
                    on_press=move |()| is_asking.set(true)
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
        <Dialog open=is_asking title="Delete this evaluation?">
            <p>"Its runs and searches go with it. This can't be undone."</p>
            <div class="dialog-actions">
                <Button kind=ButtonKind::Quiet on_press=move |()| is_asking.set(false)>"Keep it"</Button>
                <Button
                    kind=ButtonKind::Danger
                    testid="confirm-delete-evaluation"
                    on_press=move |()| {
                        is_asking.set(false);
                        evaluation.delete_open();
                    }
                >
                    "Delete"
                </Button>
            </div>
        </Dialog>
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
        if save_text(name, mime_type, &text).is_err() {
            stores.toaster.warn("The browser did not save the file; check whether it blocks downloads.");
        }
    };
    let options = [
        ("", "Export as …"),
        ("quern", "Evaluation for quern eval (.json)"),
        ("promptfoo", "promptfoo configuration (.yaml)"),
        ("csv", "Cases (.csv)"),
        ("jsonl", "Cases (.jsonl)"),
    ]
    .map(|(value, words)| SelectOption { is_enabled: !value.is_empty(), ..SelectOption::new(value, words) });
    let chosen = RwSignal::new(String::new());
    view! {
        <Select
            id="export-evaluation"
            aria_label="Export"
            groups=vec![SelectGroup { heading: String::new(), options: options.into() }]
            value=chosen
            on_change=move |format: String| {
                chosen.set(format.clone());
                save(format);
                chosen.set(String::new());
            }
        />
    }
}
