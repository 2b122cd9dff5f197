//! Files that rows come from: brought, looked at, read.

use std::collections::VecDeque;

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::dataset::formats::{Format, Mapping};
use shared::dataset::preparation::Source;
use shared::dataset::preview::FilePreview;
use shared::dataset::rows::ReadAs;
use wasm_bindgen_futures::spawn_local;

use crate::components::{
    Badge, Button, ButtonKind, Card, EmptyState, Field, Icon, IconName, Notice, Select, SelectGroup, SelectOption,
    TextField, Tone,
};
use crate::quantities::{bytes, counted, grouped};
use crate::stores::Stores;

/// What a file that is brought is read as, in the list of choices.
const DETECT: &str = "detect";
const MAPPING: &str = "mapping";

/// A file of the person's own.
type Brought = SendWrapper<web_sys::File>;

/// Files that rows come from.
#[component]
pub fn FilesView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let waiting = RwSignal::new(VecDeque::<Brought>::new());
    let has_steps =
        move || datasets.overview.with(|overview| overview.as_ref().is_some_and(|overview| !overview.steps.is_empty()));
    let sources = move || datasets.overview.with(|it| it.as_ref().map(|it| it.sources.clone()).unwrap_or_default());
    let unfinished = move || datasets.overview.with(|it| it.as_ref().and_then(|it| it.unfinished().cloned()));
    let is_empty = move || waiting.with(VecDeque::is_empty);
    view! {
        {move || unfinished().filter(|_| datasets.work.with(Option::is_none)).map(|source| view! { <GoOn source=source /> })}
        <Show
            when=move || !has_steps()
            fallback=|| {
                view! {
                    <Notice testid="files-after-steps">
                        <p>
                            "Files are read before the first step, so that a recipe can do it all again. To add one, take \
                             the steps back first, under Steps."
                        </p>
                    </Notice>
                }
            }
        >
            <DropArea waiting=waiting />
        </Show>
        {move || {
            waiting
                .with(|files| files.front().cloned())
                .map(|file| view! { <BroughtCard file=file waiting=waiting /> })
        }}
        <ul class="items" data-testid="read-files">
            <For each=sources key=|source| format!("{source:?}") children=|source| view! { <SourceItem source=source /> } />
        </ul>
        <Show when=move || sources().is_empty() && is_empty()>
            <EmptyState icon=IconName::Upload title="No file yet">
                <p>"Drop files above, or choose some. They stay on this device."</p>
            </EmptyState>
        </Show>
    }
}

/// Where files are dropped.
#[component]
fn DropArea(waiting: RwSignal<VecDeque<Brought>>) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let input = NodeRef::<leptos::html::Input>::new();
    let take = move |files: Option<web_sys::FileList>| {
        let files = files.into_iter().flat_map(|files| (0..files.length()).filter_map(move |place| files.get(place)));
        waiting.update(|waiting| waiting.extend(files.map(SendWrapper::new)));
    };
    let choose = move |()| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <div
            class="drop-area"
            class:is-over=move || is_over.get()
            data-testid="dataset-drop"
            on:dragover=move |event| {
                event.prevent_default();
                is_over.set(true);
            }
            on:dragleave=move |_| is_over.set(false)
            on:drop=move |event| {
                event.prevent_default();
                is_over.set(false);
                take(event.data_transfer().and_then(|transfer| transfer.files()));
            }
        >
            <Icon name=IconName::Upload />
            <p>"Drop files here: JSON Lines, JSON, CSV, TSV, Parquet, ChatML, or documents: Markdown, text, HTML, PDF; also as .gz or .zst"</p>
            <Button on_press=choose>"Choose files"</Button>
            <input
                node_ref=input
                id="dataset-files-input"
                class="visually-hidden"
                type="file"
                multiple
                tabindex="-1"
                aria-hidden="true"
                aria-label="Choose files"
                on:change=move |event| {
                    let input = event_target::<web_sys::HtmlInputElement>(&event);
                    take(input.files());
                    input.set_value("");
                }
            />
        </div>
    }
}

/// A file that was brought, before it is read: what it seems to be, and how it may be read instead.
#[component]
fn BroughtCard(file: Brought, waiting: RwSignal<VecDeque<Brought>>) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let choice = RwSignal::new(DETECT.to_owned());
    let mapping = RwSignal::new(String::new());
    let preview = RwSignal::new(None::<Result<FilePreview, String>>);
    let name = file.name();
    let size = bytes(file.size() as u64);
    let read_as = Memo::new(move |_| match choice.get().as_str() {
        DETECT => Ok(ReadAs::Detect),
        MAPPING => mapping.get().parse::<Mapping>().map(ReadAs::Mapping).map_err(|fault| fault.to_string()),
        name => Ok(Format::from_name(name).map_or(ReadAs::Detect, ReadAs::Format)),
    });
    let looked_at = file.clone();
    Effect::new(move |_| {
        let (file, read_as) = (looked_at.clone(), read_as.get());
        spawn_local(async move {
            let found = match read_as.clone() {
                Ok(read_as) => datasets.preview(file.take(), read_as).await,
                Err(fault) => Err(fault),
            };
            // The choice may have changed since.
            if read_as_now(read_as, choice, mapping) {
                if let Ok(FilePreview { guess: Some(guess), .. }) = &found
                    && mapping.with_untracked(String::is_empty)
                {
                    mapping.set(guess.clone());
                }
                preview.try_set(Some(found));
            }
        });
    });
    let pass = move || {
        waiting.update(|waiting| {
            waiting.pop_front();
        });
    };
    let read = move |()| {
        let Ok(read_as) = read_as.get_untracked() else { return };
        let file = file.clone();
        spawn_local(async move {
            pass();
            datasets.read(file.take(), read_as).await;
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
                <Show when=move || choice.with(|choice| choice == MAPPING)>
                    <TextField
                        label="Columns"
                        id="read-mapping"
                        value=mapping
                        on_input=move |text| mapping.set(text)
                        hint="What is in which column: prompt=question,answer=reply,system=rules; or messages=turns,role=speaker,content=words; or prompt=q,chosen=good,rejected=bad; or text=body"
                    />
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

/// Whether the choices are still those of `read_as`; the card may be gone.
fn read_as_now(read_as: Result<ReadAs, String>, choice: RwSignal<String>, mapping: RwSignal<String>) -> bool {
    let (Some(choice), Some(mapping)) = (choice.try_get_untracked(), mapping.try_get_untracked()) else { return false };
    match read_as {
        Ok(ReadAs::Detect | ReadAs::Document(_)) => choice == DETECT,
        Ok(ReadAs::Format(format)) => choice == format.name(),
        Ok(ReadAs::Mapping(of)) => choice == MAPPING && mapping.parse() == Ok(of),
        Err(_) => choice == MAPPING,
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

/// A file that was read.
#[component]
fn SourceItem(source: Source) -> impl IntoView {
    let read = source.progressed;
    let rows = counted_rows(read.rows.into());
    let aside = (read.set_aside() > 0).then(|| {
        let words = format!("{} set aside", grouped(read.set_aside().into()));
        view! { <Badge tone=Tone::Warning>{words}</Badge> }
    });
    view! {
        <li class="item" data-testid="dataset-file">
            <div class="item-about">
                <div class="row">
                    <strong class="is-breakable">{source.file.name.clone()}</strong>
                    <span class="muted small">{format!("{} · {rows}", bytes(source.file.bytes))}</span>
                    {aside}
                </div>
            </div>
        </li>
    }
}

fn counted_rows(rows: u64) -> String {
    if rows == 1 { counted(1, "row", "rows") } else { format!("{} rows", grouped(rows)) }
}

/// A file whose reading was stopped, by a person or a crash.
#[component]
fn GoOn(source: Source) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let name = source.file.name.clone();
    let read_as = source.file.read_as.clone();
    let words = format!(
        "{name} was read up to row {}. Choose it again to go on from there; a file that has changed is noticed.",
        grouped(source.progressed.records.into())
    );
    let go_on = move |file: web_sys::File| {
        let read_as = read_as.clone();
        spawn_local(async move {
            datasets.read(file, read_as).await;
        });
    };
    view! {
        <Notice tone=Tone::Warning testid="unfinished-file">
            <p>{words}</p>
            <crate::components::FileButton id="go-on-file" accept="" icon=IconName::Resume words="Choose it again" on_file=go_on />
        </Notice>
    }
}
