//! One model that meets the requirements: its score, what matters at a glance, and what the score is made of.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use shared::catalog::{Candidate, CandidatePlace, FactSource, Factor, FactorKind, Ranked, Ranking};
use shared::model_pool::ModelReference;

use super::factor_table::FactorTable;
use super::memory_table::MemoryTable;
use crate::app::Page;
use crate::components::{Badge, Button, Disclosure, IconName, Tone};
use crate::pages::destination::Destination;
use crate::stores::Stores;

/// What is shown without opening the card.
const AT_A_GLANCE: [FactorKind; 4] = [FactorKind::Quality, FactorKind::Memory, FactorKind::Speed, FactorKind::Cost];

/// One model that meets the requirements.
#[component]
pub fn CandidateCard(
    /// All candidates, judged.
    ranking: Memo<Ranking>,
    /// Which one, as `PLACE:NAME`.
    reference: String,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let ranked = {
        let reference = reference.clone();
        Memo::new(move |_| {
            ranking.with(|ranking| {
                let is_this = |ranked: &&Ranked| ranked.candidate.reference().to_string() == reference;
                ranking.ranked.iter().find(is_this).cloned()
            })
        })
    };
    let heading = move || {
        ranked.get().map(|Ranked { candidate, score, .. }| {
            let percent = (score * 100.0).round();
            let state = state_words(stores, &candidate);
            view! {
                <div class="candidate-name">
                    <h2>{candidate.title.clone()}</h2>
                    <Badge tone=Tone::Accent>{candidate.place.title()}</Badge>
                    {state.map(|(tone, words)| view! { <Badge tone=tone>{words}</Badge> })}
                </div>
                <p class="candidate-score">
                    <strong data-testid="score">{percent}</strong>
                    <span class="muted">" of 100"</span>
                </p>
            }
        })
    };
    let glance = move || {
        ranked.get().map(|ranked| {
            let factors = ranked.factors.iter().filter(|factor| AT_A_GLANCE.contains(&factor.kind));
            factors.map(glance).collect_view()
        })
    };
    let actions = move || ranked.get().map(|ranked| view! { <CandidateAction candidate=ranked.candidate /> });
    view! {
        <li class="card candidate" data-testid=format!("candidate-{reference}")>
            <div class="candidate-head">{heading}</div>
            <dl class="candidate-glance">{glance}</dl>
            <Disclosure summary=|| "Why, and where that is known from" testid="why">
                <div class="stack">
                    {move || ranked.get().map(|ranked| view! { <FactorTable factors=ranked.factors /> })}
                    {move || ranked.get().and_then(|ranked| memory(stores, ranked.candidate))}
                </div>
            </Disclosure>
            <div class="row">{actions}</div>
        </li>
    }
}

/// One factor in a few words.
fn glance(factor: &Factor) -> impl IntoView + use<> {
    let certainty = match &factor.source {
        FactSource::Measured { .. } => Some((Tone::Good, "measured")),
        FactSource::Estimated { .. } => Some((Tone::Neutral, "estimated")),
        FactSource::Unknown => Some((Tone::Warning, "unknown")),
        FactSource::Stated { .. } | FactSource::PriceList { .. } | FactSource::Place => None,
    };
    view! {
        <div>
            <dt>
                {factor.kind.title()} " "
                {certainty.map(|(tone, words)| view! { <Badge tone=tone>{words}</Badge> })}
            </dt>
            <dd>{factor.value.clone()}</dd>
        </div>
    }
}

/// What it takes of its device's memory, where both are known; tracked.
fn memory(stores: Stores, candidate: Candidate) -> Option<impl IntoView + use<>> {
    let file = candidate.file?;
    let limits = match candidate.place {
        CandidatePlace::Browser => stores.device.limits(),
        CandidatePlace::Companion { .. } => stores.companion.limits()?,
        CandidatePlace::External { .. } => return None,
    };
    let (context_tokens, training) =
        stores.requirements.get(|data| (data.requirements.needed_context_tokens(), data.training.clone()));
    let most_context_tokens = candidate.facts.context_tokens.unwrap_or(context_tokens);
    Some(view! {
        <MemoryTable
            file=file
            most_context_tokens=most_context_tokens
            limits=limits
            context_tokens=context_tokens
            training=training
        />
    })
}

/// It can answer now; tracked.
fn is_there(stores: Stores, candidate: &Candidate) -> bool {
    match candidate.place {
        CandidatePlace::External { .. } => {
            let name = candidate.reference().name;
            stores.companion.models.with(|models| models.contains(&name))
        }
        CandidatePlace::Browser | CandidatePlace::Companion { .. } => candidate.file.is_none_or(|file| file.is_stored),
    }
}

/// Whether it can be used now, where that does not go without saying; tracked.
fn state_words(stores: Stores, candidate: &Candidate) -> Option<(Tone, &'static str)> {
    let is_external = matches!(candidate.place, CandidatePlace::External { .. });
    match (is_external, is_there(stores, candidate)) {
        (true, true) => Some((Tone::Good, "usable now")),
        (true, false) | (false, true) => None,
        (false, false) => Some((Tone::Neutral, "not downloaded yet")),
    }
}

/// What can be done with it here: chat, or bring it.
#[component]
fn CandidateAction(candidate: Candidate) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let navigate = use_navigate();
    let reference: ModelReference = candidate.reference();
    let model = Signal::stored(Some(reference.clone()));
    let is_there = is_there(stores, &candidate);
    match candidate.place {
        _ if is_there => {
            let chat = move |()| {
                stores.settings.change(|data| data.runs_on = Some(reference.clone()));
                navigate(Page::Chat.path(), Default::default());
            };
            view! {
                <Button icon=IconName::Chat on_press=chat>"Chat with it"</Button>
                <Destination model=model />
            }
            .into_any()
        }
        CandidatePlace::External { .. } => view! {
            <p class="field-hint">
                "Answers through the companion, once its provider and this model are added under "
                <A href=Page::Settings.path()>"Settings, External APIs"</A> "."
            </p>
        }
        .into_any(),
        CandidatePlace::Browser => {
            let show = move |()| stores.requirements.change(|data| data.is_finding = false);
            view! { <Button icon=IconName::Download on_press=show>"Get it under Your models"</Button> }.into_any()
        }
        CandidatePlace::Companion { .. } => view! {
            <p class="field-hint">"In a terminal: " <code>{format!("quern models pull {}", reference.name)}</code></p>
        }
        .into_any(),
    }
}
