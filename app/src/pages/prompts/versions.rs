//! The versions of a prompt: kept with a note, compared, taken up again.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::prompt::{DiffSide, PromptVersion, diff};

use super::page::OpenPrompt;
use crate::browser::clock::now_iso;
use crate::components::{Badge, Button, ButtonKind, Card, Disclosure, TextField};
use crate::stores::Stores;

/// What was kept, the newest first.
#[component]
pub fn VersionsView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let prompt = draft.value;
    let note = RwSignal::new(String::new());
    let is_kept = Memo::new(move |_| {
        prompt.with(|prompt| prompt.versions.versions().iter().any(|version| version.template == prompt.template))
    });
    let keep = move |()| {
        let kept = prompt.try_update(|prompt| {
            let parent = prompt.versions.versions().last().map(|version| version.id.clone());
            prompt.versions.add(prompt.template.clone(), parent.as_deref(), &now_iso(), &note.get_untracked())
        });
        match kept {
            Some(Ok(_)) => note.set(String::new()),
            Some(Err(error)) => stores.toaster.warn(error.to_string()),
            None => {}
        }
    };
    let ids = Memo::new(move |_| {
        prompt.with(|prompt| {
            prompt.versions.versions().iter().rev().map(|version| version.id.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <Card title="Keep this version" lead="The text as it is now, to come back to or to compare with.">
            <TextField
                id="version-note"
                label="What is new about it"
                value=note
                on_input=move |text| note.set(text)
            />
            <div class="row">
                <Button kind=ButtonKind::Primary testid="keep-version" disabled=is_kept on_press=keep>
                    {move || if is_kept.get() { "This text is kept" } else { "Keep it" }}
                </Button>
            </div>
        </Card>
        <For
            each=move || ids.get()
            key=Clone::clone
            children=move |id| view! { <VersionCard draft=draft id=id /> }
        />
    }
}

#[component]
fn VersionCard(
    /// The open prompt.
    draft: OpenPrompt,
    /// Which version.
    id: String,
) -> impl IntoView {
    let prompt = draft.value;
    let id = StoredValue::new(id);
    let version = Memo::new(move |_| id.with_value(|id| prompt.with(|prompt| prompt.versions.get(id).cloned())));
    let is_current = Memo::new(move |_| {
        version.with(|version| version.as_ref().is_some_and(|it| prompt.with(|prompt| prompt.template == it.template)))
    });
    let take_up = move |()| {
        if let Some(version) = version.get_untracked() {
            prompt.update(|prompt| prompt.template = version.template);
        }
    };
    let tags = Signal::derive(move || version.with(|version| version.as_ref().map(tags_text)).unwrap_or_default());
    let set_tags = move |text: String| {
        let tags: BTreeSet<String> =
            text.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        // The version is in sight, so it is there.
        prompt.update(|prompt| drop(id.with_value(|id| prompt.versions.set_tags(id, tags))));
    };
    let set_note = move |text: String| {
        prompt.update(|prompt| drop(id.with_value(|id| prompt.versions.set_note(id, &text))));
    };
    let changes = move || {
        let version = version.get()?;
        let now = prompt.with(|prompt| prompt.template.clone());
        Some(diff(&version.template, &now))
    };
    let heading = move || version.get().map(|version| version.created_at).unwrap_or_default();
    let scores = move || version.get().map(|version| version.scores).unwrap_or_default();
    view! {
        <Card>
            <div class="row spread">
                <div class="row">
                    <strong>{heading}</strong>
                    {move || is_current.get().then(|| view! { <Badge>"as it is now"</Badge> })}
                </div>
                <Button testid="take-up-version" disabled=is_current on_press=take_up>"Take it up again"</Button>
            </div>
            <div class="form-grid">
                <TextField
                    id=id.with_value(|id| format!("note-{}", &id[..8.min(id.len())]))
                    label="Note"
                    value=Signal::derive(move || version.get().map(|version| version.note).unwrap_or_default())
                    on_input=set_note
                />
                <TextField
                    id=id.with_value(|id| format!("tags-{}", &id[..8.min(id.len())]))
                    label="Tags"
                    placeholder="Comma between them"
                    value=tags
                    on_input=set_tags
                />
            </div>
            {move || {
                scores()
                    .into_iter()
                    .map(|score| {
                        let interval = score.interval.map(|it| format!(" ({:.2} to {:.2})", it.low, it.high));
                        let words = format!(
                            "{:.3}{} over {} cases by {}",
                            score.score,
                            interval.unwrap_or_default(),
                            score.cases,
                            score.model,
                        );
                        view! { <p class="small numbers">{words}</p> }
                    })
                    .collect_view()
            }}
            <Disclosure summary=move || "What changed since">
                <pre class="text-block diff">
                    {move || {
                        changes()
                            .into_iter()
                            .flatten()
                            .map(|line| {
                                let (class, mark) = match line.side {
                                    DiffSide::Both => ("diff-line", "  "),
                                    DiffSide::Before => ("diff-line is-before", "− "),
                                    DiffSide::After => ("diff-line is-after", "+ "),
                                };
                                let pieces = line
                                    .pieces
                                    .into_iter()
                                    .map(|piece| view! { <span class:is-changed=piece.is_changed>{piece.text}</span> })
                                    .collect_view();
                                view! { <span class=class>{mark} {pieces} "\n"</span> }
                            })
                            .collect_view()
                    }}
                </pre>
            </Disclosure>
        </Card>
    }
}

fn tags_text(version: &PromptVersion) -> String {
    version.tags.iter().cloned().collect::<Vec<_>>().join(", ")
}
