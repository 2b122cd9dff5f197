//! A file that was brought, before it is read: what it seems to be, and how it may be read instead.

use std::collections::VecDeque;

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::dataset::documents::Chunking;
use shared::dataset::formats::Format;
use shared::dataset::preview::FilePreview;
use shared::dataset::rows::ReadAs;
use wasm_bindgen_futures::spawn_local;

use super::mapping_editor::{MappingDraft, MappingEditor};
use crate::components::{
    Badge, Button, ButtonKind, Card, Checkbox, Field, Notice, NumberField, Select, SelectGroup, SelectOption, Tone,
};
use crate::engine_worker::dataset_protocol::BroughtFile;
use crate::quantities::bytes;
use crate::stores::Stores;

/// What a file that is brought is read as, in the list of choices.
const DETECT: &str = "detect";
const MAPPING: &str = "mapping";

/// A file of the person's own.
pub type Brought = SendWrapper<web_sys::File>;

/// A file that was brought, before it is read: what it seems to be, and how it may be read instead.
#[component]
pub fn BroughtCard(
    /// The file.
    file: Brought,
    /// All that were brought, this one first.
    waiting: RwSignal<VecDeque<Brought>>,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let choice = RwSignal::new(DETECT.to_owned());
    let mapping = RwSignal::new(None::<MappingDraft>);
    let preview = RwSignal::new(None::<Result<FilePreview, String>>);
    let name = file.name();
    let size = bytes(file.size() as u64);
    let is_table = [".csv", ".tsv", ".tab"].iter().any(|ending| name.to_lowercase().contains(ending));
    let protected_cells = RwSignal::new(false);
    let is_document = RwSignal::new(false);
    let usual = Chunking::USUAL;
    let (most, overlap) =
        (RwSignal::new(usual.most_characters() as u64), RwSignal::new(usual.overlap_characters() as u64));
    let read_as = Memo::new(move |_| match choice.get().as_str() {
        DETECT if is_document.get() => {
            let characters = |number: RwSignal<u64>| usize::try_from(number.get()).unwrap_or(usize::MAX);
            let chunking = Chunking::new(characters(most), characters(overlap)).map_err(|fault| fault.to_string())?;
            Ok(if chunking == usual { ReadAs::Detect } else { ReadAs::Document(chunking) })
        }
        DETECT => Ok(ReadAs::Detect),
        MAPPING => mapping.get().unwrap_or_default().mapping().map(ReadAs::Mapping),
        name => Ok(Format::from_name(name).map_or(ReadAs::Detect, ReadAs::Format)),
    });
    let columns = RwSignal::new(Vec::new());
    let (looked_at, asked) = (file.clone(), StoredValue::new(0_u64));
    Effect::new(move |_| {
        let (file, read_as, protected_cells) = (looked_at.clone(), read_as.get(), protected_cells.get());
        asked.update_value(|asked| *asked += 1);
        let number = asked.get_value();
        spawn_local(async move {
            let found = match read_as {
                Ok(read_as) => datasets.preview(BroughtFile { file: file.take(), read_as, protected_cells }).await,
                Err(fault) => Err(fault),
            };
            // The choice may have changed since, and the card may be gone.
            if asked.try_get_value() != Some(number) {
                return;
            }
            if let Ok(found) = &found {
                columns.set(found.columns.clone());
                is_document.set(found.is_document);
                if let Some(guess) = &found.guess
                    && mapping.with_untracked(Option::is_none)
                {
                    mapping.set(Some(MappingDraft::of(guess)));
                }
            }
            preview.set(Some(found));
        });
    });
    let pass = move || {
        waiting.update(|waiting| {
            waiting.pop_front();
        });
    };
    let read = move |()| {
        let Ok(read_as) = read_as.get_untracked() else { return };
        let protected_cells = protected_cells.get_untracked();
        let brought = BroughtFile { file: file.clone().take(), read_as, protected_cells };
        spawn_local(async move {
            pass();
            datasets.read(brought).await;
        });
    };
    let options = move || {
        let formats = Format::ALL.map(|format| SelectOption::new(format.name(), format.title()));
        let mut options = vec![SelectOption::new(DETECT, "What each row looks like")];
        options.extend(formats);
        options.push(SelectOption::new(MAPPING, "Columns that I name"));
        vec![SelectGroup { heading: String::new(), options }]
    };
    view! {
        <Card title=name.clone() lead=size class="brought">
            <div data-testid="brought-file" class="stack is-tight">
                {move || preview.get().map(|found| view! { <Found found=found /> })}
                <Field label="Read its rows as" control_id="read-as">
                    <Select id="read-as" groups=Signal::derive(options) value=choice on_change=move |key| choice.set(key) />
                </Field>
                <Show when=move || is_document.get() && choice.with(|choice| choice == DETECT)>
                    <div class="form-grid">
                        <NumberField
                            label="Characters of a text, at most"
                            id="chunk-characters"
                            value=most
                            min=40
                            on_change=move |value| most.set(value)
                            hint="A document is cut at headings and paragraphs. Four characters are about one token of English."
                        />
                        <NumberField
                            label="Characters that two texts share"
                            id="chunk-overlap"
                            value=overlap
                            on_change=move |value| overlap.set(value)
                            hint="The next text begins with the end of the last."
                        />
                    </div>
                </Show>
                <Show when=move || is_table>
                    <Checkbox
                        id="protected-cells"
                        checked=protected_cells
                        on_change=move |on| protected_cells.set(on)
                    >
                        "Take away the apostrophes that an export of Quern put before cells"
                    </Checkbox>
                </Show>
                <Show when=move || choice.with(|choice| choice == MAPPING)>
                    <MappingEditor draft=mapping columns=columns />
                </Show>
                <div class="row">
                    <Button
                        kind=ButtonKind::Primary
                        testid="read-file"
                        disabled=Signal::derive(move || {
                            read_as.with(Result::is_err)
                                || preview.with(|found| found.as_ref().is_none_or(Result::is_err))
                                || datasets.work.with(Option::is_some)
                        })
                        on_press=read
                    >
                        "Read it"
                    </Button>
                    <Button kind=ButtonKind::Quiet testid="leave-file" on_press=move |()| pass()>"Leave it out"</Button>
                </div>
            </div>
        </Card>
    }
}

/// What a file seems to be.
#[component]
fn Found(found: Result<FilePreview, String>) -> impl IntoView {
    match found {
        Err(problem) => view! {
            <Notice tone=Tone::Danger testid="brought-problem">
                <p>{problem}</p>
            </Notice>
        }
        .into_any(),
        Ok(preview) => {
            let (confidence, reason) = (preview.confidence, preview.reason.clone());
            let tone = if confidence > 0.95 { Tone::Good } else { Tone::Warning };
            let percent = format!("{:.0} % of the first rows can be read", confidence * 100.0);
            view! {
                <div class="row" data-testid="brought-formats">
                    <Badge tone=tone>{percent}</Badge>
                    <span class="small">{reason}</span>
                </div>
                <ul class="findings small" data-testid="brought-faults">
                    {preview.faults.into_iter().map(|reason| view! { <li>{reason}</li> }).collect_view()}
                </ul>
                {preview
                    .first_refused
                    .filter(|_| confidence < 0.5)
                    .map(|text| view! { <pre class="text-block is-short">{text}</pre> })}
                {preview
                    .rows
                    .into_iter()
                    .take(2)
                    .map(|row| view! { <pre class="text-block is-short" data-testid="brought-row">{row}</pre> })
                    .collect_view()}
            }
            .into_any()
        }
    }
}
