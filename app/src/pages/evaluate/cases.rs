//! The cases: from files or by hand, with what is expected of each answer.

use leptos::prelude::*;
use serde_json::Value;
use shared::evaluation::Case;
use shared::prompt::tasks;
use wasm_bindgen_futures::spawn_local;

use super::case_dialog::{CaseDialog, Edited};
use super::check_list::{CheckDraft, CheckList, check_words, to_checks};
use super::chooser::Findings;
use super::file_import;
use super::page::OpenSuite;
use crate::components::{
    Badge, Button, ButtonKind, Dialog, FileButton, IconButton, IconName, Notice, Pager, Tone, paged,
};
use crate::quantities;
use crate::stores::Stores;

/// The cases.
#[component]
pub fn CasesView(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let suite = draft.value;
    let edited = RwSignal::new(None::<Edited>);
    let is_adding_checks = RwSignal::new(false);
    let remarks = RwSignal::new(Vec::<String>::new());
    let faults = RwSignal::new(Vec::<String>::new());
    let page = RwSignal::new(0_usize);
    let count = Memo::new(move |_| suite.with(|suite| suite.cases.len()));
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            remarks.set(Vec::new());
            faults.set(Vec::new());
            match file_import::cases(file).await {
                Ok(brought) => {
                    let added = brought.value.len();
                    remarks.set(brought.remarks);
                    suite.update(|suite| suite.cases.extend(brought.value));
                    stores.toaster.say(match added {
                        1 => "One case was added.".to_owned(),
                        _ => format!("{} cases were added.", quantities::grouped(added as u64)),
                    });
                }
                Err(found) => faults.set(found),
            }
        });
    };
    let row = move |(index, case): (usize, Case)| {
        let has_tags = !case.tags.is_empty();
        view! {
            <tr data-testid="case">
                <td class="muted is-number" data-label="Case">{index + 1}</td>
                <td class="is-text" data-label="Values">{case_words(&case)}</td>
                <td class="is-text" data-label="Expected">
                    {case.checks.iter().map(check_words).collect::<Vec<_>>().join(" · ")}
                </td>
                <td data-label=has_tags.then_some("Tags")>
                    {case.tags.into_iter().map(|tag| view! { <Badge>{tag}</Badge> }).collect_view()}
                </td>
                <td class="row-actions">
                    <IconButton
                        icon=IconName::Edit
                        label=format!("Edit case {}", index + 1)
                        class="is-small"
                        on_press=move |()| edited.set(Some(Edited::At(index)))
                    />
                    <IconButton
                        icon=IconName::Delete
                        label=format!("Remove case {}", index + 1)
                        class="is-small"
                        on_press=move |()| {
                            suite
                                .update(|suite| {
                                    if index < suite.cases.len() {
                                        suite.cases.remove(index);
                                    }
                                });
                        }
                    />
                </td>
            </tr>
        }
    };
    view! {
        <div class="row">
            <FileButton
                id="import-cases"
                accept=".csv,.jsonl,.ndjson"
                icon=IconName::Upload
                words="Add from a file"
                on_file=import
            />
            <Button icon=IconName::Plus testid="add-case" on_press=move |()| edited.set(Some(Edited::New))>
                "Add a case"
            </Button>
            <Button
                testid="checks-for-all"
                disabled=Signal::derive(move || count.get() == 0)
                on_press=move |()| is_adding_checks.set(true)
            >
                "Checks for every case"
            </Button>
        </div>
        <Findings tone=Tone::Danger title="The file can't be used" sentences=faults />
        <Findings tone=Tone::Warning title="Not everything came over" sentences=remarks />
        <Show
            when=move || count.get() != 0
            fallback=|| {
                view! {
                    <p class="muted">
                        "A case gives a prompt's variables their values and says what is expected of the answer. In a CSV file \
                         each column is a variable, and __expected is the right answer."
                    </p>
                }
            }
        >
            <div class="table-scroll">
                <table class="table is-lines is-stacked">
                    <caption class="visually-hidden">"Cases"</caption>
                    <thead>
                        <tr>
                            <th class="is-number">"#"</th>
                            <th>"Values"</th>
                            <th>"Expected"</th>
                            <th>"Tags"</th>
                            <th><span class="visually-hidden">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        {move || {
                            let rows = paged(count.get(), page.get());
                            let first = rows.start;
                            suite
                                .with(|suite| suite.cases[rows].to_vec())
                                .into_iter()
                                .enumerate()
                                .map(|(index, case)| row((first + index, case)))
                                .collect_view()
                        }}
                    </tbody>
                </table>
            </div>
            <Pager label="Pages of cases" count=count page=page />
        </Show>
        <CaseDialog draft=draft edited=edited />
        <ChecksForAll draft=draft open=is_adding_checks />
    }
}

/// Checks that every case gets.
#[component]
fn ChecksForAll(draft: OpenSuite, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open=open title="Checks for every case" testid="checks-dialog">
            {move || view! { <ChecksForm draft=draft on_done=move |()| open.set(false) /> }}
        </Dialog>
    }
}

#[component]
fn ChecksForm(draft: OpenSuite, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    // What the library expects of such a prompt's answers is a good start.
    let names: Vec<String> =
        draft.value.with_untracked(|suite| suite.prompts.iter().map(|prompt| prompt.name.clone()).collect());
    let of_task = tasks::all().into_iter().find(|task| names.iter().any(|name| name.starts_with(&task.template.name)));
    let start = of_task.map(|task| task.checks).unwrap_or_default();
    let start: Vec<_> = start.into_iter().map(|check| CheckDraft::of(&shared::evaluation::Check::One(check))).collect();
    let checks = RwSignal::new(if start.is_empty() { vec![CheckDraft::usual()] } else { start });
    let fault = RwSignal::new(None::<String>);
    let give = move |is_replacing: bool| match to_checks(&checks.get_untracked()) {
        Err(found) => fault.set(Some(found)),
        Ok(new) => {
            draft.value.update(|suite| {
                for case in &mut suite.cases {
                    if is_replacing {
                        case.checks.clone_from(&new);
                    } else {
                        case.checks.extend(new.iter().cloned());
                    }
                }
            });
            on_done.run(());
        }
    };
    view! {
        <p class="muted">
            "Texts can name variables: {{ expected }} stands for the case's own value."
        </p>
        <CheckList id="every-check" checks=checks />
        {move || fault.get().map(|fault| view! { <Notice tone=Tone::Danger><p>{fault}</p></Notice> })}
        <div class="dialog-actions">
            <Button testid="add-checks" on_press=move |()| give(false)>"Add to what is there"</Button>
            <Button kind=ButtonKind::Primary testid="set-checks" on_press=move |()| give(true)>
                "Replace what is there"
            </Button>
        </div>
    }
}

/// A case in a line.
fn case_words(case: &Case) -> String {
    const MOST_CHARACTERS: usize = 160;
    let text = case.description.clone().unwrap_or_else(|| {
        let pairs = case.variables.iter().map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        });
        pairs.collect::<Vec<_>>().join(" · ")
    });
    if text.chars().count() <= MOST_CHARACTERS {
        return text;
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}
