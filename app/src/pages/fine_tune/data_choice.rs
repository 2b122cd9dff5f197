//! Which model learns, and from what.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::workspace::DocumentKind;

use super::file_choice::FileChoice;
use crate::app::Page;
use crate::components::{Card, Disclosure, Field, Segmented, Select, SelectGroup, SelectOption};
use crate::pages::datasets::learned::{ModelChoice, RowInTokens};
use crate::pages::document_chooser::DocumentSelect;
use crate::quantities::grouped;
use crate::stores::Stores;
use crate::stores::catalogue::title;
use crate::stores::fine_tuning::RowSource;

/// Which model learns, and from what.
#[component]
pub fn DataChoice() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let source = Memo::new(move |_| tuning.choices.with(|choices| choices.source));
    let choose_source = move |key: String| {
        let source = if key == "files" { RowSource::Files } else { RowSource::Dataset };
        tuning.choices.update(|choices| choices.source = source);
    };
    view! {
        <Card title="Model and rows">
            <BaseChoice />
            <Segmented
                label="Where the rows are"
                name="tune-source"
                options=vec![
                    ("dataset".to_owned(), "A dataset of this browser".to_owned()),
                    ("files".to_owned(), "Files".to_owned()),
                ]
                value=Signal::derive(move || if source.get() == RowSource::Files { "files" } else { "dataset" }.to_owned())
                on_change=choose_source
            />
            {move || match source.get() {
                RowSource::Dataset => view! { <DatasetChoice /> }.into_any(),
                RowSource::Files => view! { <Files /> }.into_any(),
            }}
        </Card>
    }
}

/// The companion's models.
#[component]
fn BaseChoice() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let tuning = stores.fine_tuning;
    let chosen = Signal::derive(move || tuning.choices.with(|choices| choices.base.clone()).unwrap_or_default());
    let groups = Signal::derive(move || {
        let option = |name: String| SelectOption::new(name.clone(), title(stores.companion, &name));
        let mut options: Vec<_> = tuning.bases().into_iter().map(|model| option(model.name)).collect();
        let chosen = chosen.get();
        if !options.iter().any(|option| option.value == chosen) {
            let words = if options.is_empty() { "The companion has no model yet" } else { "Choose a model" };
            options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new(chosen, words) });
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
    view! {
        <Field
            label="Model that learns"
            control_id="tune-base"
            hint="One of the companion's own. It stays as it is: what comes of it is a model with a name of its own."
        >
            <Select
                id="tune-base"
                groups=groups
                value=chosen
                on_change=move |name: String| tuning.choices.update(|choices| choices.base = Some(name))
            />
        </Field>
        <Show when=move || tuning.bases().is_empty()>
            <p class="small">
                "Get one on the " <A href=Page::Models.path()>"Models page"</A> ", or with " <code>"quern models pull"</code> "."
            </p>
        </Show>
    }
}

/// A dataset of this browser, what of it is sent, and what is learned of it.
#[component]
fn DatasetChoice() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let datasets = stores.datasets;
    let kept = move || datasets.overview.with(|overview| overview.as_ref().map_or(0, |overview| overview.kept));
    let words = move || {
        datasets.overview.with(|overview| {
            let overview = overview.as_ref()?;
            let part = |(part, rows): &(shared::dataset::preparation::Part, u64)| {
                format!("{} {}", part.name(), grouped(*rows))
            };
            let parts: Vec<String> = overview.parts.iter().map(part).collect();
            let sent = match overview.parts.len() {
                0 => "All of them are learned. Share them out on the Datasets page to measure on rows that are not."
                    .to_owned(),
                _ => format!(
                    "Shared out: {}. Those to train on are learned, those to validate with are measured.",
                    parts.join(", ")
                ),
            };
            Some(format!("{} rows. {sent}", grouped(overview.kept)))
        })
    };
    view! {
        <Field label="Dataset" control_id="tune-dataset">
            <DocumentSelect
                id="tune-dataset"
                label="Dataset"
                none_yet="No dataset yet"
                choose="Choose a dataset"
                heads=stores.workspace.heads_signal(DocumentKind::Dataset)
                document=datasets.record
            />
        </Field>
        <p class="small muted" data-testid="tune-rows">{words}</p>
        <p class="small">
            "Datasets are made and checked on the " <A href=Page::Datasets.path()>"Datasets page"</A> "."
        </p>
        <Show when=move || { kept() > 0 }>
            <Disclosure summary=|| "What is learned of a row" testid="tune-learned">
                <p class="small muted">
                    "Coloured tokens are learned, the others are only read. They are those of a model in this browser: take the \
                     one that learns, or one of its family."
                </p>
                <ModelChoice />
                <RowInTokens />
            </Disclosure>
        </Show>
    }
}

/// Files of a person, or that the companion has.
#[component]
fn Files() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    view! {
        <FileChoice
            id="training-file"
            label="File to learn from"
            hint="JSON Lines in OpenAI's form: on each line the messages of a chat, or a preference."
            value=Signal::derive(move || tuning.choices.with(|choices| choices.training_file.clone()))
            on_change=move |id| tuning.choices.update(|choices| choices.training_file = id)
        />
        <FileChoice
            id="validation-file"
            label="File to measure on"
            hint="Rows that are not learned: where their loss rises, the model learns by heart. It may be left out."
            value=Signal::derive(move || tuning.choices.with(|choices| choices.validation_file.clone()))
            on_change=move |id| tuning.choices.update(|choices| choices.validation_file = id)
        />
    }
}
