//! One case, edited in a dialog.

use std::collections::BTreeSet;

use leptos::prelude::*;
use serde_json::Value;
use shared::evaluation::{Case, EvaluationSuite};
use shared::prompt::{VariableKind, Variables};

use super::check_list::{CheckDraft, CheckList, to_checks};
use super::page::OpenSuite;
use crate::components::{Button, ButtonKind, Dialog, Notice, TextArea, TextField, Tone, open_while};
use crate::pages::prompts::value_field::to_text;

/// Which case is edited: its place, or a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The case at this place.
    At(usize),
    /// One that is not there yet.
    New,
}

/// The dialog; open while there is something to edit.
#[component]
pub fn CaseDialog(
    /// The open evaluation.
    draft: OpenSuite,
    /// Which case.
    edited: RwSignal<Option<Edited>>,
) -> impl IntoView {
    let open = open_while(edited);
    let title = Signal::derive(move || match edited.get() {
        Some(Edited::At(index)) => format!("Case {}", index + 1),
        _ => "New case".to_owned(),
    });
    view! {
        <Dialog open=open title=title testid="case-dialog">
            {move || edited.get().map(|edited| view! { <CaseForm draft=draft edited=edited on_done=move |()| open.set(false) /> })}
        </Dialog>
    }
}

#[component]
fn CaseForm(draft: OpenSuite, edited: Edited, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let suite = draft.value.get_untracked();
    let case = match edited {
        Edited::At(index) => suite.cases.get(index).cloned().unwrap_or_default(),
        Edited::New => like_the_last(&suite),
    };
    let names = variable_names(&suite, &case);
    let texts: Vec<(String, RwSignal<String>)> = names
        .iter()
        .map(|name| (name.clone(), RwSignal::new(case.variables.get(name).map(to_text).unwrap_or_default())))
        .collect();
    let description = RwSignal::new(case.description.clone().unwrap_or_default());
    let tags = RwSignal::new(case.tags.join(", "));
    let checks = RwSignal::new(case.checks.iter().map(CheckDraft::of).collect::<Vec<_>>());
    let fault = RwSignal::new(None::<String>);
    let fields = texts.clone();
    let save = move |()| {
        let checks = match to_checks(&checks.get_untracked()) {
            Ok(checks) => checks,
            Err(found) => return fault.set(Some(found)),
        };
        let mut variables = Variables::new();
        for (name, text) in &fields {
            let text = text.get_untracked();
            if !text.is_empty() {
                variables.insert(name.clone(), value_of(&suite, name, text));
            }
        }
        let words = description.get_untracked();
        let changed = Case {
            description: (!words.trim().is_empty()).then_some(words),
            variables,
            checks,
            tags: tags
                .get_untracked()
                .split(',')
                .map(|tag| tag.trim().to_owned())
                .filter(|tag| !tag.is_empty())
                .collect(),
            ..case.clone()
        };
        draft.value.update(|suite| match edited {
            Edited::At(index) if index < suite.cases.len() => suite.cases[index] = changed,
            _ => suite.cases.push(changed),
        });
        on_done.run(());
    };
    view! {
        {(texts.is_empty())
            .then(|| view! { <p class="muted">"Add a prompt with variables first; a case gives them values."</p> })}
        {texts
            .into_iter()
            .map(|(name, text)| {
                view! {
                    <TextArea
                        id=format!("case-variable-{name}")
                        label=name
                        hint=""
                        rows=2
                        value=text
                        on_input=move |typed| text.set(typed)
                    />
                }
            })
            .collect_view()}
        <h3>"What is expected of the answer"</h3>
        <CheckList id="case-check" checks=checks />
        <TextField
            id="case-tags"
            label="Tags"
            placeholder="Comma between them; results are grouped by these"
            value=tags
            on_input=move |text| tags.set(text)
        />
        <TextField
            id="case-description"
            label="Description"
            placeholder="Shown in place of the values"
            value=description
            on_input=move |text| description.set(text)
        />
        {move || fault.get().map(|fault| view! { <Notice tone=Tone::Danger><p>{fault}</p></Notice> })}
        <div class="dialog-actions">
            <Button kind=ButtonKind::Quiet on_press=on_done>"Cancel"</Button>
            <Button kind=ButtonKind::Primary testid="save-case" on_press=save>"Save"</Button>
        </div>
    }
}

/// A new case expects what the last one does, with no values yet.
fn like_the_last(suite: &EvaluationSuite) -> Case {
    suite.cases.last().map_or_else(Case::default, |last| Case {
        checks: last.checks.clone(),
        threshold: last.threshold,
        ..Case::default()
    })
}

/// Names of the prompts' variables, then of those that only cases have.
fn variable_names(suite: &EvaluationSuite, case: &Case) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let of_prompts = suite.prompts.iter().flat_map(|prompt| prompt.variables.iter().map(|variable| &variable.name));
    let of_cases = suite.cases.first().into_iter().chain([case]).flat_map(|case| case.variables.keys());
    of_prompts.chain(of_cases).filter(|name| seen.insert((*name).clone())).cloned().collect()
}

/// A text, or JSON where the prompts' variable is no text.
fn value_of(suite: &EvaluationSuite, name: &str, text: String) -> Value {
    let variables = suite.prompts.iter().flat_map(|prompt| &prompt.variables);
    let is_text = variables
        .filter(|variable| variable.name == name)
        .all(|variable| matches!(variable.kind, VariableKind::Text | VariableKind::Choice { .. }));
    if is_text {
        return Value::String(text);
    }
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
