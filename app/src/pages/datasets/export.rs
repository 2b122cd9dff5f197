//! Sharing rows out, and writing files of them.

use leptos::prelude::*;
use shared::dataset::export::{Export, Formulas};
use shared::dataset::formats::Format;
use shared::dataset::preparation::Part;
use shared::dataset::steps::{Split, Step};
use shared::workspace::DatasetRecord;
use wasm_bindgen_futures::spawn_local;

use crate::browser::save_file::save_file;
use crate::components::{
    Button, ButtonKind, Card, Checkbox, Field, IconName, Notice, NumberField, Segmented, Select, SelectGroup,
    SelectOption, TextField,
};
use crate::engine_worker::dataset_protocol::ExportedFile;
use crate::quantities::{bytes, grouped};
use crate::storage::dataset_files;
use crate::stores::Stores;
use crate::workspace::Draft;

/// Kinds of files that any format's rows can be written to.
const FILE_KINDS: [(&str, &str); 5] =
    [(".jsonl", "JSON Lines"), (".json", "JSON"), (".csv", "CSV"), (".tsv", "TSV"), (".parquet", "Parquet")];

const COMPRESSIONS: [(&str, &str); 3] = [("none", "Not compressed"), ("gz", "gzip"), ("zst", "Zstandard")];

/// Split and export.
#[component]
pub fn ExportView(
    /// The open dataset.
    draft: Draft<DatasetRecord>,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let parts = move || datasets.overview.with(|it| it.as_ref().map(|it| it.parts.clone()).unwrap_or_default());
    let groups = Signal::derive(|| {
        let options = Format::ALL.iter().map(|format| SelectOption::new(format.name(), format.title())).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let format = Signal::derive(move || draft.value.with(|record| record.format));
    let (kind, compression) = (RwSignal::new(".jsonl".to_owned()), RwSignal::new("none".to_owned()));
    let (protects_cells, with_rating) = (RwSignal::new(true), RwSignal::new(false));
    let is_table = move || kind.with(|kind| [".csv", ".tsv"].contains(&kind.as_str()));
    let kinds = Signal::derive(move || {
        let mut options = FILE_KINDS.map(|(ending, words)| SelectOption::new(ending, words)).to_vec();
        if format.get() == Format::ChatMl {
            options.push(SelectOption::new(".txt", "Text"));
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
    let export = move |()| {
        let format = format.get_untracked();
        // Parquet compresses its columns itself.
        let ending = match (kind.get_untracked(), compression.get_untracked()) {
            (kind, compression) if kind == ".parquet" || compression == "none" => kind,
            (kind, compression) => format!("{kind}.{compression}"),
        };
        let parts = untrack(parts);
        let parts = parts.iter().map(|(part, _)| Some(*part));
        let wanted: Vec<Option<Part>> = if parts.len() == 0 { vec![None] } else { parts.collect() };
        let formulas = if protects_cells.get_untracked() { Formulas::Protected } else { Formulas::AsIs };
        let exports = wanted.into_iter().map(|part| {
            let name = part.map_or("rows", Part::name);
            let rating = with_rating.get_untracked();
            Export { formulas, rating, ..Export::new(format!("{name}{ending}"), format, part) }
        });
        datasets.export(exports.collect());
    };
    view! {
        <SplitCard />
        <Card
            title="Files"
            lead="One file for each part, the rows that could not be used, and the recipe: a plain text with which `quern data run` makes the same files again, byte for byte."
        >
            <Field label="Format" control_id="export-format">
                <Select
                    id="export-format"
                    groups=groups
                    value=Signal::derive(move || format.get().name().to_owned())
                    on_change=move |key: String| {
                        if let Some(format) = Format::from_name(&key) {
                            draft.value.update(|record| record.format = format);
                        }
                    }
                />
            </Field>
            <div class="form-grid">
                <Field label="Kind of file" control_id="export-kind">
                    <Select id="export-kind" groups=kinds value=kind on_change=move |key| kind.set(key) />
                </Field>
                <Show when=move || kind.with(|kind| kind != ".parquet")>
                    <Segmented
                        label="Compressed"
                        name="export-compression"
                        options=COMPRESSIONS.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec()
                        value=compression
                        on_change=move |key| compression.set(key)
                    />
                </Show>
            </div>
            <Show when=is_table>
                <Checkbox id="export-protect" checked=protects_cells on_change=move |on| protects_cells.set(on)>
                    "An apostrophe before cells that spreadsheets take for formulas"
                </Checkbox>
            </Show>
            <Checkbox id="export-rating" checked=with_rating on_change=move |on| with_rating.set(on)>
                "With your ratings, in a column of their own"
            </Checkbox>
            <div class="row">
                <Button kind=ButtonKind::Primary icon=IconName::Download testid="export-rows" on_press=export>
                    "Write the files"
                </Button>
            </div>
            <WrittenNotice />
            <ul class="items" data-testid="exported">
                <For
                    each=move || datasets.exported.get().files
                    key=|file| format!("{file:?}")
                    children=|file| view! { <ExportedItem file=file /> }
                />
            </ul>
        </Card>
    }
}

/// What a person should know of the files that were written.
#[component]
fn WrittenNotice() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let words = move || {
        let written = datasets.exported.get();
        let in_no_part = (written.rows_in_no_part > 0).then(|| {
            format!(
                "{} rows are in none of the files: they were taken back after the rows were shared out. Share out again \
                 to have them in.",
                grouped(written.rows_in_no_part as u64)
            )
        });
        let protected = (written.protected_cells > 0).then(|| {
            format!(
                "{} cells have an apostrophe before them, so that no spreadsheet computes them. Quern takes it away again \
                 where a recipe or `quern data convert` is told so.",
                grouped(written.protected_cells)
            )
        });
        let described = written.not_described.into_iter().map(|file| format!("Not in dataset_info.json: {file}."));
        in_no_part.into_iter().chain(protected).chain(described).collect::<Vec<String>>()
    };
    move || {
        let words = words();
        (!words.is_empty()).then(|| {
            let items = words.into_iter().map(|words| view! { <li>{words}</li> });
            let items = items.collect_view();
            view! {
                <Notice testid="written-notice">
                    <ul class="findings">{items}</ul>
                </Notice>
            }
        })
    }
}

/// A file that waits to be saved.
#[component]
fn ExportedItem(file: ExportedFile) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let name = StoredValue::new(file.name.clone());
    let rows = file.rows.map(|rows| format!("{} rows · ", grouped(rows))).unwrap_or_default();
    let save = move |()| {
        let Some(id) = untrack(|| stores.datasets.record.id()) else { return };
        spawn_local(async move {
            let saved = async {
                let exports = dataset_files::folder(&id).await?.make_directory(dataset_files::EXPORTS).await?;
                let file = exports.find_file(&name.get_value()).await.ok_or("The file is gone; write it again.")?;
                save_file(&name.get_value(), &file)
            };
            if let Err(problem) = saved.await {
                stores.toaster.warn(problem);
            }
        });
    };
    view! {
        <li class="item" data-testid="exported-file">
            <div class="item-about">
                <div class="row">
                    <strong class="is-breakable">{file.name.clone()}</strong>
                    <span class="muted small">{format!("{rows}{}", bytes(file.bytes))}</span>
                </div>
            </div>
            <Button icon=IconName::Download testid=format!("save-{}", file.name) on_press=save>"Save"</Button>
        </li>
    }
}

/// How rows are shared out.
#[component]
fn SplitCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let (train, validation, seed) = (RwSignal::new(80_u64), RwSignal::new(10_u64), RwSignal::new(0_u64));
    let (together, evenly) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let test = Signal::derive(move || 100_u64.checked_sub(train.get() + validation.get()));
    let parts = move || {
        datasets.overview.with(|it| {
            let parts = &it.as_ref()?.parts;
            let words: Vec<String> =
                parts.iter().map(|(part, rows)| format!("{} {}", part.name(), grouped(*rows))).collect();
            (!words.is_empty()).then(|| words.join(" · "))
        })
    };
    let split = move |()| {
        let column = |text: RwSignal<String>| Some(text.get_untracked().trim().to_owned()).filter(|it| !it.is_empty());
        let Some(test) = test.get_untracked() else { return };
        let part = |percent: u64| percent as f64 / 100.0;
        datasets.run(Step::Split(Split {
            seed: seed.get_untracked(),
            train: part(train.get_untracked()),
            validation: part(validation.get_untracked()),
            test: part(test),
            together_by: column(together),
            evenly_by: column(evenly),
            ..Split::default()
        }));
    };
    view! {
        <Card
            title="Training, validation, test"
            lead="Rows that say nearly the same, and copies with what they were made from, always go to the same part: so a test stays a test."
        >
            <div class="form-grid">
                <NumberField label="Training, percent" id="split-train" value=train max=100 on_change=move |value| train.set(value) />
                <NumberField label="Validation, percent" id="split-validation" value=validation max=100 on_change=move |value| validation.set(value) />
                <NumberField label="Seed" id="split-seed" value=seed on_change=move |value| seed.set(value) />
                <TextField label="Keep together by column" id="split-together" value=together on_input=move |text| together.set(text) placeholder="none" />
                <TextField label="Share out evenly by column" id="split-evenly" value=evenly on_input=move |text| evenly.set(text) placeholder="none" />
            </div>
            <p class="small muted">
                {move || match test.get() {
                    Some(test) => format!("Test: {test} percent"),
                    None => "Training and validation are more than all rows.".to_owned(),
                }}
            </p>
            <div class="row">
                <Button testid="split-rows" disabled=Signal::derive(move || test.get().is_none()) on_press=split>
                    "Share out"
                </Button>
                <span class="small numbers" data-testid="parts">{parts}</span>
            </div>
        </Card>
    }
}
