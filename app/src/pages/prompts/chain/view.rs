//! The open chain: inputs, steps, and how they run.

use leptos::prelude::*;
use shared::model_pool::ModelReference;
use shared::prompt::chain::{Chain, Step, StepOutput};
use shared::prompt::{MessageTemplate, PromptTemplate, Variable, VariableKind};
use shared::sampling::SamplingParameters;
use shared::workspace::ChainRecord;

use super::chooser::ChainChooser;
use super::inputs::InputsCard;
use super::run_view::RunCard;
use super::step_editor::StepEditor;
use crate::components::{Button, ButtonKind, Card, EmptyState, IconName, Notice, TextField, Tone};
use crate::pages::save_notice::SaveNotice;
use crate::stores::Stores;
use crate::workspace::Draft;

/// The chain that is open.
pub type OpenChain = Draft<ChainRecord>;

/// Chains.
#[component]
pub fn ChainsView() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chain = stores.chains.chain;
    view! {
        <ChainChooser />
        {move || {
            chain
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
        {move || match chain.draft.get() {
            Some(draft) => view! { <OpenChainView draft=draft /> }.into_any(),
            None => {
                view! {
                    <EmptyState icon=IconName::Prompts title="No chain is open">
                        <p>"A chain asks one prompt after the other: what one step answers is a value for the next ones."</p>
                        <Button
                            kind=ButtonKind::Primary
                            icon=IconName::Plus
                            testid="first-chain"
                            on_press=move |()| chain.create(beginning(first_model(stores)))
                        >
                            "New chain"
                        </Button>
                    </EmptyState>
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn OpenChainView(
    /// The open chain.
    draft: OpenChain,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let record = draft.value;
    let count = Memo::new(move |_| record.with(|record| record.chain.steps.len()));
    let add = move |()| {
        let model = untrack(|| first_model(stores));
        record.update(|record| {
            let number = record.chain.steps.len() + 1;
            let name = (number..).map(|number| format!("step_{number}"));
            let is_taken = |name: &String| {
                let inputs = record.chain.inputs.iter().map(|input| &input.name);
                record.chain.steps.iter().map(|step| &step.name).chain(inputs).any(|taken| taken == name)
            };
            let name = { name }.find(|name| !is_taken(name)).unwrap_or_default();
            record.chain.steps.push(step(&name, "", model.clone()));
        });
    };
    view! {
        <SaveNotice draft=draft />
        <div class="side-by-side">
            <div class="stack">
                <Card>
                    <TextField
                        id="chain-name"
                        label="Name"
                        placeholder="What it does, in a few words"
                        value=Signal::derive(move || record.with(|record| record.chain.name.clone()))
                        on_input=move |name| record.update(|record| record.chain.name = name)
                    />
                </Card>
                <InputsCard draft=draft />
                <Card title="Steps" lead="{{ name }} in a text stands for the input or the step's answer of that name. Steps that need no answer of each other can be in any order.">
                    <ol class="items">
                        {move || {
                            (0..count.get())
                                .map(|index| view! { <StepEditor draft=draft index=index count=count /> })
                                .collect_view()
                        }}
                    </ol>
                    <div class="row">
                        <Button icon=IconName::Plus testid="add-step" on_press=add>"Add a step"</Button>
                    </div>
                </Card>
            </div>
            <RunCard draft=draft />
        </div>
    }
}

/// The model that steps begin with: the first there is; tracked.
pub(super) fn first_model(stores: Stores) -> ModelReference {
    let known = stores.prompts.models_to_preview(stores).into_iter().next();
    // Where there is none yet, the first of the catalogue: it is what the Models page offers first.
    let offered = || crate::stores::catalogue::entries(stores.companion).into_iter().next();
    known.unwrap_or_else(|| ModelReference::browser(offered().map(|entry| entry.name).unwrap_or_default()))
}

fn step(name: &str, text: &str, model: ModelReference) -> Step {
    let message = MessageTemplate { role: "user".to_owned(), text: text.to_owned() };
    let template = PromptTemplate { name: name.to_owned(), messages: vec![message], ..PromptTemplate::default() };
    let mut step = Step {
        name: name.to_owned(),
        model,
        template,
        sources: Default::default(),
        output: StepOutput::Text,
        sampling: SamplingParameters::GREEDY,
        limits: Default::default(),
    };
    step.limits.max_tokens = Some(USUAL_MAX_TOKENS);
    step.declare_used_names();
    step
}

/// Enough for a paragraph.
const USUAL_MAX_TOKENS: u32 = 256;

/// A small chain to begin with.
pub(super) fn beginning(model: ModelReference) -> ChainRecord {
    let text = Variable {
        name: "text".to_owned(),
        kind: VariableKind::Text,
        default: None,
        required: true,
        description: String::new(),
    };
    let chain = Chain {
        name: String::new(),
        inputs: vec![text],
        steps: vec![
            step("summary", "Summarize this text in one sentence:\n{{ text }}", model.clone()),
            step("title", "Write a short title for this text:\n{{ summary }}", model),
        ],
    };
    ChainRecord { chain, ..ChainRecord::default() }
}
