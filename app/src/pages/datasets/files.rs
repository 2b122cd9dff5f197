//! Files that rows come from: brought, looked at, read.

use std::collections::VecDeque;

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::dataset::preparation::Source;
use shared::dataset::set_aside::SetAsideLine;
use wasm_bindgen_futures::spawn_local;

use super::brought::{Brought, BroughtCard};
use crate::components::{
    Badge, Button, ButtonKind, Card, Confirm, DropArea, EmptyState, FileButton, IconName, Notice, Tone,
};
use crate::engine_worker::dataset_protocol::BroughtFile;
use crate::quantities::{bytes, counted, grouped};
use crate::stores::Stores;

/// Rows set aside that are listed.
const MOST_SET_ASIDE: usize = 50;

/// Files that rows come from.
#[component]
pub fn FilesView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let waiting = RwSignal::new(VecDeque::<Brought>::new());
    let has_steps =
        move || datasets.overview.with(|overview| overview.as_ref().is_some_and(|overview| !overview.steps.is_empty()));
    let sources = move || datasets.overview.with(|it| it.as_ref().map(|it| it.sources.clone()).unwrap_or_default());
    let unfinished = move || datasets.overview.with(|it| it.as_ref().and_then(|it| it.unfinished().cloned()));
    let is_asking = RwSignal::new(false);
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
            <DropArea
                id="dataset-files-input"
                accept=""
                words="Drop files here"
                explanation="Rows: JSON Lines, JSON, CSV, TSV, Parquet, ChatML. Documents: Markdown, text, HTML, PDF. Also as .gz or .zst."
                on_file=move |file| waiting.update(|waiting| waiting.push_back(SendWrapper::new(file)))
            />
        </Show>
        {move || {
            waiting
                .with(|files| files.front().cloned())
                .map(|file| view! { <BroughtCard file=file waiting=waiting /> })
        }}
        <ul class="items" data-testid="read-files">
            <For each=sources key=|source| format!("{source:?}") children=|source| view! { <SourceItem source=source /> } />
        </ul>
        <Show when=move || !sources().is_empty()>
            <SetAsideList />
            <div class="row">
                <Button
                    kind=ButtonKind::Quiet
                    icon=IconName::Delete
                    testid="begin-anew"
                    on_press=move |()| is_asking.set(true)
                >
                    "Begin anew without files"
                </Button>
            </div>
        </Show>
        <Confirm
            open=is_asking
            title="Begin anew?"
            explanation="All rows and steps of this dataset go; your own files stay where they are, and so do the answers of models. This can't be undone."
            keep="Keep them"
            act="Begin anew"
            testid="confirm-begin-anew"
            on_confirm=move |()| datasets.clear()
        />
        <Show when=move || sources().is_empty() && is_empty()>
            <EmptyState icon=IconName::Upload title="No file yet">
                <p>"Drop files above, or choose some. They stay on this device."</p>
            </EmptyState>
        </Show>
    }
}

/// A file that was read.
#[component]
fn SourceItem(source: Source) -> impl IntoView {
    let read = source.progressed;
    let rows = counted(read.rows.into(), "row", "rows");
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

/// What was set aside: where, why, and how it begins.
#[component]
fn SetAsideList() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let count = Memo::new(move |_| {
        datasets.overview.with(|overview| {
            let sources = overview.as_ref().map(|it| it.sources.iter()).into_iter().flatten();
            sources.map(|source| u64::from(source.progressed.set_aside())).sum::<u64>()
        })
    });
    let lines = RwSignal::new(Vec::<SetAsideLine>::new());
    let show = move |()| {
        spawn_local(async move {
            match datasets.set_aside(MOST_SET_ASIDE).await {
                Ok(found) => lines.set(found),
                Err(problem) => datasets.problem.set(Some(problem)),
            }
        });
    };
    Effect::new(move |_| {
        count.track();
        lines.set(Vec::new());
    });
    view! {
        <Show when=move || { count.get() > 0 }>
            <Show
                when=move || lines.with(|lines| !lines.is_empty())
                fallback=move || {
                    view! {
                        <div class="row">
                            <Button kind=ButtonKind::Quiet testid="show-set-aside" on_press=show>
                                {move || format!("Show what was set aside ({})", grouped(count.get()))}
                            </Button>
                        </div>
                    }
                }
            >
                <Card title="Set aside" lead="What is no row, with its place in its file. All of it is written into a file of its own when you export.">
                    <ul class="items" data-testid="set-aside">
                        <For
                            each=move || lines.get()
                            key=|line| format!("{line:?}")
                            children=|line| {
                                view! {
                                    <li class="item">
                                        <div class="item-about">
                                            <strong class="is-breakable">{line.place()}</strong>
                                            <p class="small">{line.reason}</p>
                                            <pre class="text-block is-short">{line.text}</pre>
                                        </div>
                                    </li>
                                }
                            }
                        />
                    </ul>
                    <Show when=move || lines.with(|lines| (lines.len() as u64) < count.get())>
                        <p class="small muted">{move || format!("and {} more", grouped(count.get() - lines.with(Vec::len) as u64))}</p>
                    </Show>
                </Card>
            </Show>
        </Show>
    }
}

/// A file whose reading was stopped, by a person or a crash.
#[component]
fn GoOn(source: Source) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let name = source.file.name.clone();
    let (read_as, protected_cells) = (source.file.read_as.clone(), source.file.protected_cells);
    let half_read = datasets.half_read(&name).map(SendWrapper::new);
    let what_to_do = if half_read.is_some() { "Go on from there" } else { "Choose it again to go on from there" };
    let words = format!(
        "{name} was read up to row {}. {what_to_do}; a file that has changed is noticed.",
        grouped(source.progressed.records.into())
    );
    let go_on = move |file: web_sys::File| {
        let brought = BroughtFile { file, read_as: read_as.clone(), protected_cells };
        spawn_local(async move {
            datasets.read(brought).await;
        });
    };
    view! {
        <Notice tone=Tone::Warning testid="unfinished-file">
            <p>{words}</p>
            {match half_read {
                Some(file) => {
                    view! {
                        <Button icon=IconName::Resume testid="go-on-reading" on_press=move |()| go_on(file.clone().take())>
                            "Go on"
                        </Button>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <FileButton id="go-on-file" accept="" icon=IconName::Resume words="Choose it again" on_file=go_on />
                    }
                        .into_any()
                }
            }}
        </Notice>
    }
}
