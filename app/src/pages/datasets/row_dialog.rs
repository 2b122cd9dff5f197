//! All of a row: what it says, what is wrong with it, and changing it.

use leptos::prelude::*;
use shared::dataset::answer_pair::AnswerPair;
use shared::dataset::json::laid_out;
use shared::dataset::steps::{DropRows, Edit, KeepRows, Rate, Step, read_edited};
use shared::dataset::table::RowDetail;
use wasm_bindgen_futures::spawn_local;

use crate::components::{
    Button, ButtonKind, Dialog, Disclosure, IconName, Notice, Segmented, TextArea, Tone, open_while,
};
use crate::stores::Stores;

/// Ratings, and none.
const RATINGS: [(&str, &str); 5] = [("1", "1"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5")];

/// The row of that number, while there is one.
#[component]
pub fn RowDialog(
    /// The row's number.
    opened: RwSignal<Option<u32>>,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let open = open_while(opened);
    let detail = RwSignal::new(None::<Result<RowDetail, String>>);
    Effect::new(move |_| {
        let Some(row) = opened.get() else { return };
        detail.set(None);
        spawn_local(async move {
            let found = datasets.detail(row).await;
            if opened.try_get_untracked() == Some(Some(row)) {
                detail.try_set(Some(found));
            }
        });
    });
    let title = Signal::derive(move || {
        detail.with(|detail| match detail {
            Some(Ok(detail)) => detail.line.name.clone(),
            _ => "Row".to_owned(),
        })
    });
    view! {
        <Dialog open=open title=title class="is-wide" testid="row-dialog">
            {move || match detail.get() {
                None => view! { <p class="muted">"Reading …"</p> }.into_any(),
                Some(Err(problem)) => {
                    view! {
                        <Notice tone=Tone::Danger>
                            <p>{problem}</p>
                        </Notice>
                    }
                        .into_any()
                }
                Some(Ok(detail)) => view! { <Detail detail=detail close=move |()| open.set(false) /> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Detail(detail: RowDetail, #[prop(into)] close: Callback<()>) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let name = StoredValue::new(detail.line.name.clone());
    let text = RwSignal::new(laid_out(&detail.json));
    let before = StoredValue::new(text.get_untracked());
    let fault = Memo::new(move |_| text.with(|text| read_edited(text).err()));
    let has_changed = Memo::new(move |_| text.with(|text| before.with_value(|before| text != before)));
    let run = move |step: Step| {
        // What was written stays until it can be kept.
        if datasets.is_busy() {
            return;
        }
        close.run(());
        datasets.run(step);
    };
    let is_kept = detail.line.is_kept;
    let rating = detail.line.rating.map(|rating| rating.to_string()).unwrap_or_default();
    let findings = detail.findings.clone();
    view! {
        {detail
            .why_dropped
            .map(|why| {
                view! {
                    <Notice tone=Tone::Warning testid="why-dropped">
                        <p>{format!("It was dropped: {why}.")}</p>
                    </Notice>
                }
            })}
        <ul class="findings small" data-testid="row-findings">
            {findings.into_iter().map(|finding| view! { <li>{finding}</li> }).collect_view()}
        </ul>
        <PairEditor text=text />
        <TextArea
            label="The row"
            id="row-json"
            value=text
            on_input=move |changed| text.set(changed)
            hint="As JSON, in any format that Quern reads."
            rows=14
        />
        {move || {
            fault
                .get()
                .filter(|_| has_changed.get())
                .map(|fault| view! { <p class="field-fault" data-testid="row-fault">{fault}</p> })
        }}
        {detail
            .original_json
            .map(|original| {
                let original = laid_out(&original);
                view! {
                    <Disclosure summary=|| "As its file had it" testid="row-original">
                        <pre class="text-block">{original}</pre>
                    </Disclosure>
                }
            })}
        <div class="row">
            <span class="small muted" aria-hidden="true">"How good it is"</span>
            <Segmented
                label="How good it is"
                name="row-rating"
                options=RATINGS.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec()
                value=Signal::derive(move || rating.clone())
                on_change=move |key: String| {
                    if let Ok(rating) = key.parse() {
                        run(Step::Rate(Rate { row: name.get_value(), rating }));
                    }
                }
            />
        </div>
        <div class="dialog-actions">
            <Show
                when=move || is_kept
                fallback=move || {
                    view! {
                        <Button
                            icon=IconName::Again
                            testid="keep-row"
                            on_press=move |()| run(Step::KeepRows(KeepRows { rows: vec![name.get_value()] }))
                        >
                            "Take back"
                        </Button>
                    }
                }
            >
                <Button
                    icon=IconName::Delete
                    testid="drop-row"
                    on_press=move |()| {
                        let reason = "dropped by hand".to_owned();
                        run(Step::DropRows(DropRows { rows: vec![name.get_value()], reason }));
                    }
                >
                    "Drop"
                </Button>
            </Show>
            <Button
                kind=ButtonKind::Primary
                testid="save-row"
                disabled=Signal::derive(move || fault.with(Option::is_some) || !has_changed.get())
                on_press=move |()| run(Step::Edit(Edit { row: name.get_value(), to: text.get_untracked() }))
            >
                "Save"
            </Button>
        </div>
    }
}

/// The two answers of a preference side by side; nothing for other rows.
#[component]
fn PairEditor(
    /// The row as JSON.
    text: RwSignal<String>,
) -> impl IntoView {
    let pair = Memo::new(move |_| text.with(|text| AnswerPair::of(&read_edited(text).ok()?)));
    let change = move |change: &dyn Fn(AnswerPair) -> AnswerPair| {
        let Some(pair) = pair.get_untracked() else { return };
        text.update(|text| {
            if let Ok(mut row) = read_edited(text) {
                change(pair).write_into(&mut row);
                let mut json = String::new();
                // What was read has a place in the format of its kind.
                let _ = row.sample.own_format().write(&row, &mut json);
                *text = laid_out(&json);
            }
        });
    };
    let answer = move |of: fn(AnswerPair) -> String| Signal::derive(move || pair.get().map(of).unwrap_or_default());
    let is_pair = Memo::new(move |_| pair.with(Option::is_some));
    view! {
        <Show when=move || is_pair.get()>
            <div class="answer-pair" data-testid="answer-pair">
                <TextArea
                    label="The better answer"
                    id="pair-chosen"
                    value=answer(|pair| pair.chosen)
                    on_input=move |chosen: String| change(&|pair| AnswerPair { chosen: chosen.clone(), ..pair })
                    hint="A model learns to prefer it."
                    rows=6
                />
                <TextArea
                    label="The worse answer"
                    id="pair-rejected"
                    value=answer(|pair| pair.rejected)
                    on_input=move |rejected: String| change(&|pair| AnswerPair { rejected: rejected.clone(), ..pair })
                    hint="A model learns to avoid it."
                    rows=6
                />
                <div class="row">
                    <Button
                        kind=ButtonKind::Quiet
                        icon=IconName::Again
                        testid="swap-pair"
                        on_press=move |()| {
                            change(&|AnswerPair { chosen, rejected }| AnswerPair { chosen: rejected, rejected: chosen });
                        }
                    >
                        "Swap them"
                    </Button>
                </div>
            </div>
        </Show>
    }
}
