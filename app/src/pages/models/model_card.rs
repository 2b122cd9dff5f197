//! One model: what it is, whether it fits, and where it stands.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::catalog::{CatalogEntry, DeviceFit};
use shared::model_pool::ModelReference;

use super::row::{ModelRow, fit};
use crate::app::Page;
use crate::components::{Badge, Button, ButtonKind, Icon, IconButton, IconName, Notice, ProgressBar, Tone};
use crate::engine_worker::protocol::{DownloadRequest, ModelFacts, StoredState};
use crate::quantities;
use crate::stores::Stores;
use crate::stores::models::{Transfer, TransferStep};

/// One model.
#[component]
pub fn ModelCard(
    /// Which one.
    row: ModelRow,
    /// It is to be fetched.
    #[prop(into)]
    on_download: Callback<CatalogEntry>,
    /// It is to be deleted.
    #[prop(into)]
    on_delete: Callback<String>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let row = StoredValue::new(row);
    let name = row.with_value(|row| row.name.clone());
    let testid = format!("model-{name}");
    let transfer = {
        let name = name.clone();
        Memo::new(move |_| stores.models.transfers.with(|transfers| transfers.get(&name).cloned()))
    };
    let state = {
        let name = name.clone();
        Memo::new(move |_| stores.models.state(&name))
    };
    let problem = {
        let name = name.clone();
        Memo::new(move |_| stores.models.problems.with(|problems| problems.get(&name).cloned()))
    };
    let stage = Memo::new(move |_| stage(transfer.with(Option::is_some), state.get()));
    view! {
        <li class="card model" data-testid=testid>
            <div class="model-about">
                <div class="model-name">
                    <h2>{title(&row.get_value())}</h2>
                    {move || badges(stores, &row.get_value(), state.get())}
                </div>
                {row.with_value(|row| row.entry.as_ref().map(|entry| entry.description.clone()))
                    .map(|description| view! { <p class="model-note">{description}</p> })}
                {move || facts(&row.get_value(), state.get())}
            </div>
            <div class="model-actions">
                {move || match stage.get() {
                    Stage::Absent => {
                        let entry = row.with_value(|row| row.entry.clone());
                        view! { <AbsentActions entry=entry on_download=on_download /> }.into_any()
                    }
                    Stage::UnderWay => {
                        view! { <UnderWayActions name=row.with_value(|row| row.name.clone()) on_delete=on_delete /> }
                            .into_any()
                    }
                    Stage::Partial(request) => {
                        view! { <PartialActions row=row request=request on_download=on_download on_delete=on_delete /> }
                            .into_any()
                    }
                    Stage::Complete => {
                        view! { <CompleteActions name=row.with_value(|row| row.name.clone()) on_delete=on_delete /> }
                            .into_any()
                    }
                }}
            </div>
            {move || match (stage.get(), state.get()) {
                (Stage::UnderWay, _) => view! { <TransferLine transfer=transfer /> }.into_any(),
                (Stage::Partial(request), Some(StoredState::Partial { done_bytes, .. })) => {
                    let total_bytes = row
                        .with_value(|row| row.entry.as_ref().map(|entry| entry.size_bytes))
                        .or_else(|| request?.size_bytes);
                    view! { <PausedLine done_bytes=done_bytes total_bytes=total_bytes /> }.into_any()
                }
                _ => ().into_any(),
            }}
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Danger testid="model-problem">
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
        </li>
    }
}

/// Where a model stands, as far as the buttons care.
#[derive(Clone, PartialEq)]
enum Stage {
    Absent,
    UnderWay,
    Partial(Option<DownloadRequest>),
    Complete,
}

fn stage(is_under_way: bool, state: Option<StoredState>) -> Stage {
    match state {
        _ if is_under_way => Stage::UnderWay,
        Some(StoredState::Complete(_)) => Stage::Complete,
        Some(StoredState::Partial { request, .. }) => Stage::Partial(request),
        None => Stage::Absent,
    }
}

fn title(row: &ModelRow) -> String {
    row.entry.as_ref().map_or_else(|| row.name.clone(), |entry| entry.title.clone())
}

fn badges(stores: Stores, row: &ModelRow, state: Option<StoredState>) -> impl IntoView + use<> {
    let is_complete = matches!(state, Some(StoredState::Complete(_)));
    let ready = is_complete.then(|| view! { <Badge tone=Tone::Accent>"Ready"</Badge> });
    let fit = row.entry.as_ref().and_then(|entry| match fit(stores, entry, state.as_ref()) {
        DeviceFit::Fits(_) if is_complete => None,
        DeviceFit::Fits(reason) => Some((Tone::Good, "Fits this device", reason)),
        DeviceFit::Tight(reason) => Some((Tone::Warning, "Tight on this device", reason)),
        DeviceFit::DoesNotFit(reason) => Some((Tone::Danger, "Too large for this device", reason)),
        DeviceFit::Unknown(_) => None,
    });
    let fit = fit.map(|(tone, words, reason)| {
        view! {
            <span title=reason>
                <Badge tone=tone>{words}</Badge>
            </span>
        }
    });
    view! {
        {ready}
        {fit}
    }
}

fn facts(row: &ModelRow, state: Option<StoredState>) -> impl IntoView + use<> {
    let mut parts = Vec::new();
    let mut licence = None;
    match (&row.entry, state) {
        (Some(entry), _) => {
            parts.push(format!("{} parameters", quantities::parameters(entry.parameter_count)));
            parts.push(entry.quantization.clone());
            parts.push(quantities::bytes(entry.size_bytes));
            parts.push(format!("{} tokens of context", quantities::grouped(entry.context_tokens.into())));
            licence = Some(entry.licence.clone());
        }
        (None, Some(StoredState::Complete(record))) => {
            let ModelFacts { name, architecture, quantization, parameter_count, context_tokens, .. } = record.facts;
            parts.push(name);
            parts.push(architecture);
            parts.push(format!("{} parameters", quantities::parameters(parameter_count)));
            parts.push(quantization);
            parts.push(quantities::bytes(record.size_bytes));
            parts.push(format!("{} tokens of context", quantities::grouped(context_tokens.into())));
        }
        (None, _) => {}
    }
    view! {
        <p class="model-facts">
            {parts.into_iter().map(|part| view! { <span>{part}</span> }).collect_view()}
            {licence
                .map(|licence| {
                    view! {
                        <a href=licence.url target="_blank" rel="noopener noreferrer">
                            {licence.id}
                            " licence"
                        </a>
                    }
                })}
        </p>
    }
}

#[component]
fn AbsentActions(entry: Option<CatalogEntry>, on_download: Callback<CatalogEntry>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    entry.map(|entry| {
        let size = quantities::bytes(entry.size_bytes);
        let is_default = entry.tags.iter().any(|tag| tag == "default");
        // With nothing stored yet, the first model is the one thing to do here.
        let is_first = Memo::new(move |_| is_default && stores.models.complete_names().is_empty());
        let entry = StoredValue::new(entry);
        move || {
            let words = format!("Download · {size}");
            let kind = if is_first.get() { ButtonKind::Primary } else { ButtonKind::Secondary };
            view! {
                <Button
                    kind=kind
                    icon=IconName::Download
                    testid="download"
                    on_press=move |()| on_download.run(entry.get_value())
                >
                    {words}
                </Button>
            }
        }
    })
}

#[component]
fn UnderWayActions(name: String, on_delete: Callback<String>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let to_pause = name.clone();
    view! {
        <Button icon=IconName::Pause testid="pause" on_press=move |()| stores.models.pause(&to_pause)>"Pause"</Button>
        <DeleteButton name=name on_delete=on_delete />
    }
}

#[component]
fn PartialActions(
    row: StoredValue<ModelRow>,
    request: Option<DownloadRequest>,
    on_download: Callback<CatalogEntry>,
    on_delete: Callback<String>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let ModelRow { name, entry } = row.get_value();
    let resume = match (entry, request) {
        (Some(entry), _) => Some(Callback::new(move |()| on_download.run(entry.clone()))),
        (None, Some(request)) => Some(Callback::new(move |()| stores.models.resume(request.clone()))),
        // A copy that was interrupted can't go on by itself; the file must be chosen again.
        (None, None) => None,
    };
    view! {
        {resume
            .map(|resume| {
                view! {
                    <Button kind=ButtonKind::Primary icon=IconName::Resume testid="resume" on_press=resume>
                        "Resume"
                    </Button>
                }
            })}
        <DeleteButton name=name on_delete=on_delete />
    }
}

#[component]
fn CompleteActions(name: String, on_delete: Callback<String>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let navigate = use_navigate();
    let model = name.clone();
    let chat = move |()| {
        let model = model.clone();
        stores.settings.change(|data| data.runs_on = Some(ModelReference::browser(model)));
        navigate(Page::Chat.path(), Default::default());
    };
    view! {
        <Button kind=ButtonKind::Primary icon=IconName::Chat testid="use-model" on_press=chat>"Chat"</Button>
        <DeleteButton name=name on_delete=on_delete />
    }
}

#[component]
fn DeleteButton(name: String, on_delete: Callback<String>) -> impl IntoView {
    let label = format!("Delete {name}");
    view! {
        <IconButton
            icon=IconName::Delete
            label=label
            testid="delete"
            on_press=move |()| on_delete.run(name.clone())
        />
    }
}

#[component]
fn TransferLine(transfer: Memo<Option<Transfer>>) -> impl IntoView {
    let words =
        Signal::derive(move || transfer.get().map(|transfer| words(transfer.step)).unwrap_or_default().to_owned());
    let fraction = Signal::derive(move || transfer.get().and_then(|transfer| transfer.fraction()));
    let amount = move || transfer.get().map(|transfer| amount(transfer.done_bytes, transfer.total_bytes));
    let pace = move || {
        let transfer = transfer.get()?;
        let speed = transfer.bytes_per_second?;
        let left = transfer.seconds_left().map(quantities::time_left).unwrap_or_default();
        Some(format!("{}/s · {left}", quantities::bytes(speed as u64)))
    };
    view! {
        <div class="model-transfer">
            <ProgressBar label=words fraction=fraction />
            <p class="model-transfer-words" data-testid="transfer-words">
                <span>{move || words.get()} " · " {amount}</span>
                <span>{pace}</span>
            </p>
        </div>
    }
}

#[component]
fn PausedLine(done_bytes: u64, total_bytes: Option<u64>) -> impl IntoView {
    let fraction = total_bytes.map(|total| done_bytes as f64 / total.max(1) as f64);
    view! {
        <div class="model-transfer">
            <ProgressBar label="Paused" fraction=Signal::derive(move || fraction.or(Some(0.0))) />
            <p class="model-transfer-words" data-testid="transfer-words">
                <span class="row">
                    <Icon name=IconName::Pause />
                    {format!("Paused · {}", amount(done_bytes, total_bytes))}
                </span>
            </p>
        </div>
    }
}

fn words(step: TransferStep) -> &'static str {
    match step {
        TransferStep::Starting => "Starting",
        TransferStep::CompanionFetches => "The companion fetches the file",
        TransferStep::CheckingEarlierPart => "Checking what is here already",
        TransferStep::Receiving => "Saving in this browser",
        TransferStep::Copying => "Copying into this browser",
    }
}

fn amount(done_bytes: u64, total_bytes: Option<u64>) -> String {
    match total_bytes {
        Some(total) => format!("{} of {}", quantities::bytes(done_bytes), quantities::bytes(total)),
        None => quantities::bytes(done_bytes),
    }
}
