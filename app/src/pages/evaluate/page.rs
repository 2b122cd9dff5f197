//! The Evaluate page: the open evaluation in four views.

use leptos::prelude::*;
use shared::evaluation::EvaluationSuite;

use super::cases::CasesView;
use super::chooser::Chooser;
use super::optimize::OptimizeView;
use super::results::ResultsView;
use super::setup::SetupView;
use crate::components::{Button, ButtonKind, EmptyState, IconName, Notice, PageHeader, Tab, Tabs, Tone};
use crate::pages::save_notice::SaveNotice;
use crate::stores::Stores;
use crate::workspace::Draft;

/// The evaluation that is open.
pub type OpenSuite = Draft<EvaluationSuite>;

/// The Evaluate page.
#[component]
pub fn EvaluatePage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let evaluation = stores.evaluation;
    view! {
        <div class="page is-wide">
            <PageHeader
                title="Evaluate"
                lead="Ask models the same cases with one or more prompts, see which answers are good enough, and let a search make a prompt better within a budget."
            />
            <Chooser />
            {move || {
                evaluation
                    .suite
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
            {move || match evaluation.suite.draft.get() {
                Some(draft) => view! { <OpenEvaluation draft=draft /> }.into_any(),
                None => {
                    view! {
                        <EmptyState icon=IconName::Evaluate title="No evaluation is open">
                            <p>
                                "An evaluation has prompts, models and cases. Begin one, or bring a file: a promptfoo \
                                 configuration, or cases as CSV or JSON Lines."
                            </p>
                            <Button
                                kind=ButtonKind::Primary
                                icon=IconName::Plus
                                testid="first-evaluation"
                                on_press=move |()| evaluation.suite.create(EvaluationSuite::default())
                            >
                                "New evaluation"
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
fn OpenEvaluation(draft: OpenSuite) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let shown = stores.evaluation.tab;
    let tabs = Signal::derive(move || {
        let count = draft.value.with(|suite| suite.cases.len());
        vec![
            Tab::new("setup", "Prompts and models"),
            Tab::new("cases", format!("Cases ({count})")),
            Tab::new("results", "Results"),
            Tab::new("optimize", "Optimize"),
        ]
    });
    view! {
        <SaveNotice draft=draft />
        <Tabs
            label="Views of the evaluation"
            id="evaluation"
            tabs=tabs
            value=shown
            on_change=move |key| shown.set(key)
        />
        <div id="evaluation-panel" role="tabpanel" class="stack">
            {move || match shown.get().as_str() {
                "cases" => view! { <CasesView draft=draft /> }.into_any(),
                "results" => view! { <ResultsView draft=draft /> }.into_any(),
                "optimize" => view! { <OptimizeView draft=draft /> }.into_any(),
                _ => view! { <SetupView draft=draft /> }.into_any(),
            }}
        </div>
    }
}
