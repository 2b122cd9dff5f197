//! The Datasets page: the open dataset in eight views.

use leptos::prelude::*;
use shared::workspace::{DatasetRecord, DocumentKind};

use super::checks::ChecksView;
use super::export::ExportView;
use super::files::FilesView;
use super::learned::LearnedView;
use super::more_rows::MoreRowsView;
use super::quality::QualityView;
use super::rows::RowsView;
use super::steps::StepsView;
use super::work_bar::WorkBar;
use crate::components::{Button, ButtonKind, EmptyState, IconName, Notice, PageHeader, Tab, Tabs, TextField, Tone};
use crate::pages::document_chooser::{DeleteDocument, DocumentSelect};
use crate::pages::save_notice::SaveNotice;
use crate::quantities::grouped;
use crate::stores::Stores;
use crate::workspace::Draft;

/// The Datasets page.
#[component]
pub fn DatasetsPage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let datasets = stores.datasets;
    let begin = move |()| datasets.record.create(DatasetRecord::default());
    view! {
        <div class="page is-wide">
            <PageHeader
                title="Datasets"
                lead="Bring files in any usual format, see what is in them, mend what is wrong, and get training data that you can trust. All of it happens in this browser."
            />
            <div class="chooser">
                <DocumentSelect
                    id="open-dataset"
                    label="Dataset"
                    none_yet="No dataset yet"
                    choose="Choose a dataset"
                    heads=stores.workspace.heads_signal(DocumentKind::Dataset)
                    document=datasets.record
                />
                <Button icon=IconName::Plus testid="new-dataset" on_press=begin>
                    "New"
                </Button>
                <Show when=move || datasets.record.draft.with(Option::is_some)>
                    <DeleteDocument
                        noun="dataset"
                        what_goes="Its rows and steps go with it; your own files stay where they are."
                        on_delete=move |()| datasets.delete_open()
                    />
                </Show>
            </div>
            {move || {
                datasets
                    .record
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
            {move || match datasets.record.draft.get() {
                Some(draft) => view! { <OpenDataset draft=draft /> }.into_any(),
                None => {
                    view! {
                        <EmptyState icon=IconName::Datasets title="No dataset is open">
                            <p>
                                "A dataset is made of files: JSON Lines, JSON, CSV, TSV, Parquet or ChatML text, in the \
                                 formats of OpenAI, ShareGPT, Alpaca or TRL, also mixed and compressed."
                            </p>
                            <Button kind=ButtonKind::Primary icon=IconName::Plus testid="first-dataset" on_press=begin>
                                "New dataset"
                            </Button>
                        </EmptyState>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn OpenDataset(draft: Draft<DatasetRecord>) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let shown = datasets.tab;
    let tabs = Signal::derive(move || {
        let (kept, steps) = datasets
            .overview
            .with(|overview| overview.as_ref().map_or((0, 0), |overview| (overview.kept, overview.steps.len())));
        vec![
            Tab::new("files", "Files"),
            Tab::new("rows", format!("Rows ({})", grouped(kept))),
            Tab::new("checks", "Checks"),
            Tab::new("quality", "Quality"),
            Tab::new("more", "More rows"),
            Tab::new("learned", "What is learned"),
            Tab::new("export", "Split and export"),
            Tab::new("steps", format!("Steps ({steps})")),
        ]
    });
    let name = Signal::derive(move || draft.value.with(|record| record.name.clone()));
    view! {
        <SaveNotice draft=draft />
        <TextField
            label="Name"
            id="dataset-name"
            value=name
            placeholder="Untitled dataset"
            on_input=move |name| draft.value.update(|record| record.name = name)
        />
        {move || {
            datasets
                .problem
                .get()
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger testid="dataset-problem">
                            <p>{problem}</p>
                        </Notice>
                    }
                })
        }}
        <WorkBar />
        <Tabs label="Views of the dataset" id="dataset" tabs=tabs value=shown on_change=move |key| shown.set(key) />
        <div id="dataset-panel" role="tabpanel" class="stack">
            {move || match shown.get().as_str() {
                "rows" => view! { <RowsView /> }.into_any(),
                "checks" => view! { <ChecksView /> }.into_any(),
                "quality" => view! { <QualityView /> }.into_any(),
                "more" => view! { <MoreRowsView /> }.into_any(),
                "learned" => view! { <LearnedView /> }.into_any(),
                "export" => view! { <ExportView draft=draft /> }.into_any(),
                "steps" => view! { <StepsView /> }.into_any(),
                _ => view! { <FilesView /> }.into_any(),
            }}
        </div>
    }
}
