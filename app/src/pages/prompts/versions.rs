//! Versions: what was kept of a prompt, what changed from one to the next, and what each scored.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::prompt::{DiffLine, DiffSide, PromptTemplate, PromptVersion, VersionScore, diff};
use shared::workspace::{DocumentKind, PromptRecord, RunRecord};
use wasm_bindgen_futures::spawn_local;

use super::page::OpenPrompt;
use crate::browser::clock::{local_day, now_iso};
use crate::components::{
    Badge, Button, ButtonKind, Card, EmptyState, Field, IconName, Notice, Select, SelectGroup, SelectOption, TextField,
    Tone,
};
use crate::stores::Stores;

/// What the prompt as it is edited now is called in comparisons.
const NOW: &str = "now";

/// Keeping versions, comparing them, going back to one.
#[component]
pub fn VersionsView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let record = draft.value;
    let ids = Memo::new(move |_| {
        record.with(|record| record.versions.versions().iter().rev().map(|it| it.id.clone()).collect::<Vec<_>>())
    });
    view! {
        <KeepCard draft=draft />
        <Show
            when=move || !ids.with(Vec::is_empty)
            fallback=|| {
                view! {
                    <EmptyState icon=IconName::History title="No version yet">
                        <p>"Keep one before you change much: you can compare with it, and go back to it."</p>
                    </EmptyState>
                }
            }
        >
            <ComparisonCard draft=draft />
            <ScoresButton draft=draft />
            <ul class="items">
                <For each=move || ids.get() key=|id| id.clone() let:id>
                    <VersionItem draft=draft id=id />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn KeepCard(draft: OpenPrompt) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let record = draft.value;
    let note = RwSignal::new(String::new());
    let is_kept = Memo::new(move |_| record.with(|record| record.versions.of(&record.template).is_some()));
    let keep = move |()| {
        let kept = record.try_update(|record| {
            let note = note.get_untracked();
            record
                .versions
                .add(record.template.clone(), record.base.as_deref(), &now_iso(), note.trim())
                .map(|id| record.base = Some(id))
        });
        match kept {
            Some(Err(error)) => stores.toaster.warn(error.to_string()),
            _ => note.set(String::new()),
        }
    };
    view! {
        <Card>
            <TextField
                id="version-note"
                label="What is new in this version"
                placeholder="For example: shorter instruction"
                value=note
                on_input=move |text| note.set(text)
            />
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Check
                    testid="keep-version"
                    disabled=is_kept
                    on_press=keep
                >
                    {move || if is_kept.get() { "This text is kept" } else { "Keep this version" }}
                </Button>
            </div>
        </Card>
    }
}

/// What a version is called: its place, its day, its note.
fn version_words(record: &PromptRecord, id: &str) -> String {
    let versions = record.versions.versions();
    let Some(at) = versions.iter().position(|version| version.id == id) else { return id.to_owned() };
    let note = &versions[at].note;
    let day = local_day(&versions[at].created_at);
    if note.is_empty() {
        format!("Version {} · {day}", at + 1)
    } else {
        format!("Version {} · {day} · {note}", at + 1)
    }
}

#[component]
fn ComparisonCard(draft: OpenPrompt) -> impl IntoView {
    let record = draft.value;
    let last = record.with_untracked(|it| it.versions.versions().last().map(|it| it.id.clone()).unwrap_or_default());
    let before = RwSignal::new(record.with_untracked(|record| record.base.clone()).unwrap_or(last));
    let after = RwSignal::new(NOW.to_owned());
    let groups = Signal::derive(move || {
        record.with(|record| {
            let now = SelectOption::new(NOW, "As it is now");
            let kept = record.versions.versions().iter().rev();
            let kept = kept.map(|it| SelectOption::new(it.id.clone(), version_words(record, &it.id)));
            vec![SelectGroup { heading: String::new(), options: std::iter::once(now).chain(kept).collect() }]
        })
    });
    let template = move |id: &str| -> Option<PromptTemplate> {
        record.with(|record| match id {
            NOW => Some(record.template.clone()),
            id => record.versions.get(id).map(|version| version.template.clone()),
        })
    };
    let lines = Memo::new(move |_| {
        let (before, after) = (template(&before.get())?, template(&after.get())?);
        Some(diff(&before, &after))
    });
    let is_same = move || lines.with(|lines| lines.iter().flatten().all(|line| line.side == DiffSide::Both));
    view! {
        <Card title="What changed">
            <div class="form-grid">
                <Field label="From" control_id="compare-before">
                    <Select id="compare-before" groups=groups value=before on_change=move |id| before.set(id) />
                </Field>
                <Field label="To" control_id="compare-after">
                    <Select id="compare-after" groups=groups value=after on_change=move |id| after.set(id) />
                </Field>
            </div>
            <Show when=move || !is_same() fallback=|| view! { <p class="muted">"Nothing: they are the same."</p> }>
                <pre class="text-block diff" data-testid="diff" tabindex="0">
                    {move || lines.get().into_iter().flatten().map(diff_line).collect_view()}
                </pre>
            </Show>
        </Card>
    }
}

fn diff_line(line: DiffLine) -> impl IntoView {
    let (class, mark) = match line.side {
        DiffSide::Both => ("diff-line", "  "),
        DiffSide::Before => ("diff-line is-before", "- "),
        DiffSide::After => ("diff-line is-after", "+ "),
    };
    let pieces = line.pieces.into_iter().map(|piece| {
        if piece.is_changed { view! { <mark>{piece.text}</mark> }.into_any() } else { piece.text.into_any() }
    });
    view! { <span class=class>{mark}{pieces.collect_view()}"\n"</span> }
}

#[component]
fn VersionItem(draft: OpenPrompt, id: String) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let record = draft.value;
    let id = StoredValue::new(id);
    let version = Memo::new(move |_| record.with(|record| record.versions.get(&id.get_value()).cloned()));
    let get = move |part: fn(&PromptVersion) -> String| {
        Signal::derive(move || version.with(|version| version.as_ref().map(part).unwrap_or_default()))
    };
    let title = move || record.with(|record| version_words(record, &id.get_value()));
    let is_now =
        move || record.with(|record| version.with(|it| it.as_ref().is_some_and(|it| it.template == record.template)));
    let tags_typed = RwSignal::new(get(|it| it.tags.iter().cloned().collect::<Vec<_>>().join(", ")).get_untracked());
    let go_back = move |()| {
        record.update(|record| {
            if let Some(version) = record.versions.get(&id.get_value()) {
                record.template = version.template.clone();
                record.base = Some(id.get_value());
            }
        });
        stores.toaster.say("The prompt is as it was in this version.");
    };
    let scores = move || version.with(|version| version.as_ref().map(|it| it.scores.clone()).unwrap_or_default());
    view! {
        <li class="item is-stacked" data-testid="version">
            <div class="item-head">
                <strong>{title}</strong>
                <span class="row">
                    <Show when=is_now>
                        <Badge tone=Tone::Accent>"as it is now"</Badge>
                    </Show>
                </span>
            </div>
            <div class="form-grid">
                <TextField
                    id=format!("version-note-{}", id.get_value())
                    label="Note"
                    value=get(|version| version.note.clone())
                    on_input=move |text: String| {
                        record
                            .update(|record| {
                                // One that is listed is there.
                                let _ = record.versions.set_note(&id.get_value(), &text);
                            });
                    }
                />
                <TextField
                    id=format!("version-tags-{}", id.get_value())
                    label="Tags"
                    placeholder="Comma between them"
                    value=tags_typed
                    on_input=move |text: String| {
                        let tags: BTreeSet<String> = text
                            .split(',')
                            .map(|tag| tag.trim().to_owned())
                            .filter(|tag| !tag.is_empty())
                            .collect();
                        tags_typed.set(text);
                        record
                            .update(|record| {
                                let _ = record.versions.set_tags(&id.get_value(), tags);
                            });
                    }
                />
            </div>
            {move || {
                let scores = scores();
                (!scores.is_empty()).then(|| view! { <ScoreTable scores=scores /> })
            }}
            <div class="row">
                <Button testid="restore-version" disabled=Signal::derive(is_now) on_press=go_back>
                    "Go back to it"
                </Button>
            </div>
        </li>
    }
}

#[component]
fn ScoreTable(scores: Vec<VersionScore>) -> impl IntoView {
    let row = |score: VersionScore| {
        let interval = score.interval.map(|it| format!("{:.2} to {:.2}", it.low, it.high));
        view! {
            <tr>
                <td>{score.model.to_string()}</td>
                <td class="is-number">{format!("{:.2}", score.score)}</td>
                <td class="is-number">{interval.unwrap_or_else(|| "too few cases".to_owned())}</td>
                <td class="is-number">{score.cases}</td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll">
            <table class="table" data-testid="version-scores">
                <caption class="visually-hidden">"What evaluations gave this version"</caption>
                <thead>
                    <tr>
                        <th>"Model"</th>
                        <th class="is-number">"Score"</th>
                        <th class="is-number">"95 % interval"</th>
                        <th class="is-number">"Cases"</th>
                    </tr>
                </thead>
                <tbody>{scores.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// Takes over what finished evaluations gave the versions.
#[component]
fn ScoresButton(draft: OpenPrompt) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let said = RwSignal::new(None::<String>);
    let is_looking = RwSignal::new(false);
    let look = move |()| {
        is_looking.set(true);
        spawn_local(async move {
            let looked = async {
                let mut count = 0;
                for head in stores.workspace.heads(DocumentKind::Run).await? {
                    let Some(opened) = stores.workspace.open::<RunRecord>(&head.id).await? else { continue };
                    if opened.value.is_finished {
                        let mut taken = 0;
                        draft.value.update(|record| taken = record.take_scores(&head.id, &opened.value));
                        count += taken;
                    }
                }
                Ok::<usize, crate::workspace::WorkspaceError>(count)
            };
            said.set(Some(match looked.await {
                Ok(0) => {
                    "No finished evaluation asked one of these versions. Add the prompt to one on the Evaluate page."
                        .to_owned()
                }
                Ok(count) => format!("{count} scores were found."),
                Err(error) => error.to_string(),
            }));
            is_looking.set(false);
        });
    };
    view! {
        <div class="row">
            <Button icon=IconName::Evaluate testid="take-scores" disabled=is_looking on_press=look>
                "Take scores from evaluations"
            </Button>
        </div>
        {move || said.get().map(|said| view! { <Notice><p>{said}</p></Notice> })}
    }
}
