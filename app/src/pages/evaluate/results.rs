//! What runs of the open evaluation came to.

use leptos::prelude::*;
use shared::evaluation::{CellIndex, Run, report};
use shared::workspace::{DocumentHead, DocumentKind, RunRecord};
use wasm_bindgen_futures::spawn_local;

use super::cell_dialog::CellDialog;
use super::comparison::ComparisonCard;
use super::matrix::Matrix;
use super::page::OpenSuite;
use super::run_control::RunControl;
use super::scores::ScoresCard;
use crate::browser::save_file::save_text;
use crate::components::{Button, IconButton, IconName, Menu, Select, SelectGroup, SelectOption};
use crate::pages::document_chooser::dated;
use crate::stores::Stores;

/// Runs, and what the chosen one came to.
#[component]
pub fn ResultsView(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let evaluation = stores.evaluation;
    let heads = stores.workspace.heads_signal(DocumentKind::Run);
    let suite_id = draft.id.get_value();
    let own = Memo::new(move |_| {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        heads.into_iter().filter(|head| head.belongs_to.as_ref() == Some(&suite_id)).collect::<Vec<DocumentHead>>()
    });
    // The newest one is shown until another is chosen.
    let shown_id = Memo::new(move |_| {
        evaluation.shown_run.get().or_else(|| own.with(|own| own.first().map(|head| head.id.clone())))
    });
    let kept = RwSignal::new(None::<RunRecord>);
    let problem = RwSignal::new(None::<String>);
    let revision = Memo::new(move |_| {
        let shown = shown_id.get()?;
        own.with(|own| own.iter().find(|head| head.id == shown).map(|head| (head.id.clone(), head.revision)))
    });
    Effect::new(move |_| {
        let Some((id, _)) = revision.get() else { return kept.set(None) };
        spawn_local(async move {
            let read = evaluation.read_run(&id).await;
            // Another run may have been chosen meanwhile.
            if shown_id.try_get_untracked().flatten().as_deref() == Some(&*id) {
                match read {
                    Ok(record) => {
                        problem.set(None);
                        kept.set(Some(record));
                    }
                    Err(message) => problem.set(Some(message)),
                }
            }
        });
    });
    // The run under way is shown as it grows.
    let live = Memo::new(move |_| {
        let run = evaluation.under_way.get()?;
        (shown_id.get().as_deref() == Some(&*run.id.get_value())).then(|| run.id.get_value())
    });
    let run = Signal::derive(move || match (live.get(), evaluation.under_way.get()) {
        (Some(_), Some(under_way)) => Some(under_way.run.get()),
        _ => kept.with(|kept| kept.as_ref().map(|kept| kept.run.clone())),
    });
    let texts = Signal::derive(move || match (live.get(), evaluation.under_way.get()) {
        (Some(_), Some(under_way)) => under_way.texts.get(),
        _ => Default::default(),
    });
    let is_unfinished =
        move || live.get().is_none() && kept.with(|kept| kept.as_ref().is_some_and(|it| !it.is_finished));
    let opened_cell = RwSignal::new(None::<CellIndex>);
    let groups = Signal::derive(move || {
        let options = own.get().into_iter().map(dated).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let has_others = move || own.with(Vec::len) > 1 && live.get().is_none();
    view! {
        <RunControl draft=draft />
        <Show when=move || own.with(|own| !own.is_empty())>
            <div class="chooser">
                <Select
                    id="shown-run"
                    aria_label="Run"
                    groups=groups
                    value=Signal::derive(move || shown_id.get().unwrap_or_default())
                    on_change=move |id: String| evaluation.shown_run.set(Some(id))
                />
                <Show when=is_unfinished>
                    <Button
                        icon=IconName::Resume
                        testid="resume-run"
                        on_press=move |()| {
                            if let Some(id) = shown_id.get_untracked() {
                                evaluation.resume(id);
                            }
                        }
                    >
                        "Go on"
                    </Button>
                </Show>
                <SaveReport run=run />
                <IconButton
                    icon=IconName::Delete
                    label="Delete this run"
                    disabled=Signal::derive(move || live.get().is_some())
                    on_press=move |()| {
                        if let Some(id) = shown_id.get_untracked() {
                            evaluation.delete_run(id);
                        }
                    }
                />
            </div>
        </Show>
        {move || problem.get().map(|problem| view! { <p class="field-fault" role="alert">{problem}</p> })}
        <Show when=move || run.with(|run| run.as_ref().is_some_and(|run| !run.cells.is_empty()))>
            <ScoresCard run=run />
        </Show>
        <Show when=move || run.with(Option::is_some)>
            <Matrix run=run texts=texts on_open=move |index| opened_cell.set(Some(index)) />
        </Show>
        <Show when=has_others>
            <ComparisonCard heads=own shown_id=shown_id run=run />
        </Show>
        <CellDialog run=run opened=opened_cell />
    }
}

/// Reports as files.
#[component]
fn SaveReport(run: Signal<Option<Run>>) -> impl IntoView {
    const MOST_FAILURES: usize = 1_000;
    let stores = expect_context::<Stores>();
    let save = move |format: String| {
        let Some(run) = run.get_untracked() else { return };
        let (name, mime_type, text) = match format.as_str() {
            "junit" => ("junit.xml", "application/xml", report::junit(&run)),
            "text" => ("report.txt", "text/plain", report::text(&run, MOST_FAILURES)),
            _ => ("run.json", "application/json", report::json(&run)),
        };
        if let Err(message) = save_text(name, mime_type, &text) {
            stores.toaster.warn(message);
        }
    };
    let options =
        [("json", "Run with all answers (.json)"), ("junit", "JUnit, for CI (.xml)"), ("text", "Report (.txt)")]
            .map(|(value, words)| SelectOption::new(value, words));
    view! {
        <Menu
            id="save-report"
            aria_label="Save a report"
            heading="Save as …"
            groups=vec![SelectGroup { heading: String::new(), options: options.into() }]
            on_choose=save
        />
    }
}
