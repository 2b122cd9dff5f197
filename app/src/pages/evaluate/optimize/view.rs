//! The search: what is asked for, how it goes, what it found.

use leptos::prelude::*;
use shared::workspace::{DocumentHead, DocumentKind, OptimizationRecord};
use wasm_bindgen_futures::spawn_local;

use super::form::SearchForm;
use super::outcome::OutcomeView;
use super::progress::SearchProgress;
use crate::components::{Button, IconButton, IconName, Notice, Select, SelectGroup, Tone};
use crate::pages::document_chooser::dated;
use crate::pages::evaluate::page::OpenSuite;
use crate::stores::Stores;

/// The search for a better prompt.
#[component]
pub fn OptimizeView(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let optimization = stores.optimization;
    let heads = stores.workspace.heads_signal(DocumentKind::Optimization);
    let suite_id = draft.id.get_value();
    let own = Memo::new(move |_| {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        heads.into_iter().filter(|head| head.belongs_to.as_ref() == Some(&suite_id)).collect::<Vec<DocumentHead>>()
    });
    let shown_id = Memo::new(move |_| {
        let chosen = optimization.shown.get().filter(|id| own.with(|own| own.iter().any(|head| head.id == *id)));
        chosen.or_else(|| own.with(|own| own.first().map(|head| head.id.clone())))
    });
    let record = RwSignal::new(None::<OptimizationRecord>);
    let problem = RwSignal::new(None::<String>);
    let revision = Memo::new(move |_| {
        let shown = shown_id.get()?;
        own.with(|own| own.iter().find(|head| head.id == shown).map(|head| (head.id.clone(), head.revision)))
    });
    Effect::new(move |_| {
        let Some((id, _)) = revision.get() else { return record.set(None) };
        spawn_local(async move {
            let read = stores.workspace.open::<OptimizationRecord>(&id).await;
            if shown_id.try_get_untracked().flatten().as_deref() == Some(&*id) {
                match read {
                    Ok(opened) => record.set(opened.map(|opened| opened.value)),
                    Err(error) => problem.set(Some(error.to_string())),
                }
            }
        });
    });
    let is_under_way = Memo::new(move |_| optimization.under_way.with(Option::is_some));
    let groups = Signal::derive(move || {
        let options = own.get().into_iter().map(dated).collect();
        vec![SelectGroup { heading: String::new(), options }]
    });
    let can_go_on =
        move || !is_under_way.get() && record.with(|record| record.as_ref().is_some_and(|it| it.outcome.is_none()));
    view! {
        <Show when=move || !is_under_way.get()>
            <SearchForm draft=draft />
        </Show>
        {move || optimization.under_way.get().map(|search| view! { <SearchProgress search=search /> })}
        {move || {
            optimization
                .problem
                .get()
                .or_else(|| problem.get())
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger testid="search-problem">
                            <p>{problem}</p>
                        </Notice>
                    }
                })
        }}
        <Show when=move || own.with(|own| !own.is_empty()) && !is_under_way.get()>
            <div class="chooser">
                <Select
                    id="shown-search"
                    aria_label="Search"
                    groups=groups
                    value=Signal::derive(move || shown_id.get().unwrap_or_default())
                    on_change=move |id: String| optimization.shown.set(Some(id))
                />
                <Show when=can_go_on>
                    <Button
                        icon=IconName::Resume
                        testid="resume-search"
                        on_press=move |()| {
                            if let Some(id) = shown_id.get_untracked() {
                                optimization.resume(id);
                            }
                        }
                    >
                        "Go on"
                    </Button>
                </Show>
                <IconButton
                    icon=IconName::Delete
                    label="Delete this search"
                    on_press=move |()| {
                        if let Some(id) = shown_id.get_untracked() {
                            optimization.delete(id);
                        }
                    }
                />
            </div>
        </Show>
        {move || {
            let record = record.get().filter(|_| !is_under_way.get())?;
            let outcome = record.outcome.clone()?;
            Some(view! { <OutcomeView draft=draft record=record outcome=outcome /> })
        }}
    }
}
