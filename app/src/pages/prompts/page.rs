//! The Prompts page: the open prompt in four views, beside what models see of it.

use leptos::prelude::*;
use shared::prompt::PromptTemplate;
use shared::workspace::PromptRecord;

use super::chain::ChainsView;
use super::chooser::{Chooser, Library};
use super::editor::EditorView;
use super::examples::ExamplesView;
use super::preview::PreviewPanel;
use super::try_out::TryOutView;
use super::versions::VersionsView;
use crate::components::{Button, ButtonKind, EmptyState, IconName, Notice, PageHeader, Segmented, Tab, Tabs, Tone};
use crate::pages::save_notice::SaveNotice;
use crate::stores::Stores;
use crate::workspace::Draft;

/// The prompt that is open.
pub type OpenPrompt = Draft<PromptRecord>;

/// The Prompts page.
#[component]
pub fn PromptsPage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let shows = stores.prompts.shows;
    view! {
        <div class="page is-wide">
            <PageHeader
                title="Prompts"
                lead="Write a prompt with variables and examples, and see while you type what exactly each model gets: the text, its tokens, their number."
            />
            <Segmented
                label="What to work on"
                name="prompts-or-chains"
                options=[("prompts", "Prompts"), ("chains", "Chains")]
                    .map(|(value, words)| (value.to_owned(), words.to_owned()))
                    .into()
                value=shows
                on_change=move |value| shows.set(value)
            />
            {move || match shows.get().as_str() {
                "chains" => view! { <ChainsView /> }.into_any(),
                _ => view! { <PromptsView /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn PromptsView() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let prompt = stores.prompts.prompt;
    let is_choosing_task = RwSignal::new(false);
    view! {
            <Chooser on_library=move |()| is_choosing_task.set(true) />
            {move || {
                prompt
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
            {move || match prompt.draft.get() {
                Some(draft) => view! { <OpenPromptView draft=draft /> }.into_any(),
                None => {
                    view! {
                        <EmptyState icon=IconName::Prompts title="No prompt is open">
                            <p>"Begin with one of the library's prompts for everyday tasks, or with an empty one."</p>
                            <div class="row">
                                <Button
                                    kind=ButtonKind::Primary
                                    testid="from-library"
                                    on_press=move |()| is_choosing_task.set(true)
                                >
                                    "From the library"
                                </Button>
                                <Button
                                    testid="empty-prompt"
                                    on_press=move |()| stores.prompts.create(PromptTemplate::default())
                                >
                                    "Empty prompt"
                                </Button>
                            </div>
                        </EmptyState>
                    }
                        .into_any()
                }
            }}
            <Library open=is_choosing_task />
    }
}

#[component]
fn OpenPromptView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let shown = stores.prompts.tab;
    let tabs = Signal::derive(move || {
        let (examples, versions) =
            draft.value.with(|prompt| (prompt.template.examples.len(), prompt.versions.versions().len()));
        vec![
            Tab::new("write", "Write"),
            Tab::new("examples", format!("Examples ({examples})")),
            Tab::new("try", "Try"),
            Tab::new("versions", format!("Versions ({versions})")),
        ]
    });
    view! {
        <SaveNotice draft=draft />
        <Tabs label="Views of the prompt" id="prompt" tabs=tabs value=shown on_change=move |key| shown.set(key) />
        <div class="side-by-side">
            <div id="prompt-panel" role="tabpanel" class="stack">
                {move || match shown.get().as_str() {
                    "examples" => view! { <ExamplesView draft=draft /> }.into_any(),
                    "try" => view! { <TryOutView draft=draft /> }.into_any(),
                    "versions" => view! { <VersionsView draft=draft /> }.into_any(),
                    _ => view! { <EditorView draft=draft /> }.into_any(),
                }}
            </div>
            <PreviewPanel draft=draft />
        </div>
    }
}
