//! What a model will learn of the rows: tokens in colours, and how many there are, before anything is trained.

use leptos::prelude::*;
use shared::dataset::loss_mask::{MaskProblem, MaskTotals, MaskedRow, MaskedTokens};
use wasm_bindgen_futures::spawn_local;

use crate::components::{
    Button, ButtonKind, Card, Field, IconName, Notice, NumberField, OptionalNumberField, Select, SelectGroup,
    SelectOption, Tone,
};
use crate::quantities::grouped;
use crate::stores::Stores;
use crate::stores::datasets::RowMask;

/// Tokens that are drawn of a row.
const MOST_SHOWN_TOKENS: usize = 2000;

/// What is learned of all rows, by the model that is chosen.
#[component]
pub fn LearnedView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let kept = move || datasets.overview.with(|overview| overview.as_ref().map_or(0, |overview| overview.kept));
    view! {
        <Card
            title="What is learned"
            lead="Every row goes through the model's own chat template and tokenizer, as the trainer does it. Coloured tokens are learned; the others are only read."
        >
            <ModelChoice />
            <NumberField
                label="Longest row in tokens"
                id="mask-context"
                value=datasets.mask_context
                min=16
                on_change=move |value| datasets.mask_context.set(value)
                hint="What is longer is cut at its end."
            />
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Evaluate
                    testid="count-learned"
                    disabled=Signal::derive(move || datasets.mask_model.with(Option::is_none))
                    on_press=move |()| datasets.count_learned()
                >
                    "Count all rows"
                </Button>
            </div>
            {move || datasets.mask_totals.get().map(|totals| view! { <Totals totals=totals /> })}
        </Card>
        <Show when=move || { kept() > 0 }>
            <Card title="A row in tokens">
                <RowInTokens />
            </Card>
        </Show>
    }
}

/// One of the rows that are kept, in tokens.
#[component]
pub fn RowInTokens() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let first_row = RwSignal::new(1_u64);
    let kept = move || datasets.overview.with(|overview| overview.as_ref().map_or(0, |overview| overview.kept));
    let row = Memo::new(move |_| first_row.get().saturating_sub(1).min(kept().saturating_sub(1)));
    view! {
        <NumberField
            label="Which of the kept rows"
            id="mask-row"
            value=first_row
            min=1
            on_change=move |value| first_row.set(value)
        />
        <KeptRowMask place=row />
    }
}

/// The models whose tokens can be shown.
#[component]
pub fn ModelChoice() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let datasets = stores.datasets;
    let groups = Signal::derive(move || {
        let mut options: Vec<SelectOption> =
            stores.models.complete_names().into_iter().map(|name| SelectOption::new(name.clone(), name)).collect();
        let none = if options.is_empty() { "No model is in this browser yet" } else { "Choose a model" };
        options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", none) });
        vec![SelectGroup { heading: String::new(), options }]
    });
    view! {
        <Field label="Model" control_id="mask-model">
            <Select
                id="mask-model"
                groups=groups
                value=Signal::derive(move || datasets.mask_model.get().unwrap_or_default())
                on_change=move |name: String| datasets.choose_mask_model(name)
            />
        </Field>
    }
}

/// What is learned of all rows.
#[component]
fn Totals(totals: MaskTotals) -> impl IntoView {
    let count = |number: usize| grouped(number as u64);
    let share = if totals.tokens == 0 { 0.0 } else { totals.learned_tokens as f64 / totals.tokens as f64 * 100.0 };
    let words = format!(
        "{} tokens, of which {} ({share:.0} %) are learned, in {} rows.",
        count(totals.tokens),
        count(totals.learned_tokens),
        count(totals.rows)
    );
    let problems = [
        (
            totals.rows_with_nothing_learned,
            "rows of which nothing is learned: that is an error",
            Some(MaskProblem::NothingLearned),
        ),
        (totals.rows_with_errors, "rows that the model's template refuses", Some(MaskProblem::Refused)),
        (totals.rows_over_context_length, "rows that are longer, and would be cut", Some(MaskProblem::TooLong)),
        (totals.rows_without_end, "rows with an answer after which the model does not learn to stop", None),
    ];
    let problems: Vec<_> = problems.into_iter().filter(|(rows, _, _)| *rows > 0).collect();
    let tone = if totals.rows_with_nothing_learned > 0 { Tone::Danger } else { Tone::Warning };
    view! {
        <p data-testid="learned-totals">{words}</p>
        {(totals.cut_tokens > 0)
            .then(|| view! { <p class="small muted">{format!("{} tokens are cut off.", count(totals.cut_tokens))}</p> })}
        <Cost totals=totals.clone() />
        {(!problems.is_empty())
            .then(|| {
                let problems = problems
                    .into_iter()
                    .map(|(rows, words, problem)| {
                        view! { <Problem rows=rows because=words problem=problem /> }
                    });
                let problems = problems.collect_view();
                view! {
                    <Notice tone=tone testid="learned-problems">
                        <ul class="findings">{problems}</ul>
                    </Notice>
                }
            })}
    }
}

/// What training on them takes, and costs where somebody is paid for it.
#[component]
fn Cost(totals: MaskTotals) -> impl IntoView {
    let (epochs, price) = (RwSignal::new(3_u64), RwSignal::new(None::<f64>));
    let words = move || {
        let epochs = u32::try_from(epochs.get()).unwrap_or(u32::MAX);
        let tokens = grouped(totals.tokens as u64 * u64::from(epochs));
        match price.get() {
            Some(price) => {
                format!("{tokens} tokens are trained on, which costs {:.2}.", totals.training_cost(epochs, price))
            }
            None => format!("{tokens} tokens are trained on. On your own device that costs its time only."),
        }
    };
    view! {
        <div class="form-grid">
            <NumberField
                label="Times that every row is seen"
                id="cost-epochs"
                value=epochs
                min=1
                max=1000
                on_change=move |value| epochs.set(value)
            />
            <OptionalNumberField
                label="Price of a million tokens"
                id="cost-price"
                value=price
                on_input=move |value| price.set(value)
                placeholder="none"
                hint="Where somebody else trains: providers count all tokens, also those that are only read."
            />
        </div>
        <p data-testid="training-cost">{words}</p>
    }
}

/// Rows with a problem, and dropping them where that is what helps.
#[component]
fn Problem(rows: usize, because: &'static str, problem: Option<MaskProblem>) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let words = format!("{}: {because}", grouped(rows as u64));
    view! {
        <li class="row">
            <span>{words}</span>
            {problem
                .map(|problem| {
                    view! {
                        <Button
                            kind=ButtonKind::Quiet
                            testid=format!("show-{}", key_of(problem))
                            on_press=move |()| datasets.show_unlearnable(problem, because)
                        >
                            "Show them"
                        </Button>
                        <Button
                            kind=ButtonKind::Quiet
                            icon=IconName::Delete
                            testid=format!("drop-{}", key_of(problem))
                            on_press=move |()| datasets.drop_unlearnable(problem)
                        >
                            "Drop them"
                        </Button>
                    }
                })}
        </li>
    }
}

fn key_of(problem: MaskProblem) -> &'static str {
    match problem {
        MaskProblem::NothingLearned => "nothing-learned",
        MaskProblem::Refused => "refused",
        MaskProblem::TooLong => "too-long",
    }
}

/// What is learned of one of the rows that are kept, by its place among them.
#[component]
fn KeptRowMask(#[prop(into)] place: Signal<u64>) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let mask = RwSignal::new(None::<Result<RowMask, String>>);
    Effect::new(move |_| {
        let (place, model) = (place.get(), datasets.mask_model.get());
        datasets.overview.with(|_| ());
        let Some(model) = model else {
            mask.set(None);
            return;
        };
        spawn_local(async move {
            let found = datasets.mask(place, model).await;
            mask.try_set(Some(found));
        });
    });
    move || match mask.get() {
        None => view! { <p class="muted">"Choose a model above."</p> }.into_any(),
        Some(Err(problem)) => view! {
            <Notice tone=Tone::Danger testid="mask-problem">
                <p>{problem}</p>
            </Notice>
        }
        .into_any(),
        Some(Ok(mask)) => view! { <Mask mask=mask /> }.into_any(),
    }
}

#[component]
fn Mask(mask: RowMask) -> impl IntoView {
    let sequences: Vec<(&'static str, MaskedTokens)> = match mask.row {
        MaskedRow::Text(tokens) => vec![("", tokens)],
        MaskedRow::Preference { chosen, rejected } => {
            vec![("The better answer", chosen), ("The worse answer", rejected)]
        }
        MaskedRow::Feedback { answer, is_good: true } => vec![("A good answer", answer)],
        MaskedRow::Feedback { answer, is_good: false } => vec![("A bad answer", answer)],
    };
    view! {
        <p class="small muted">{mask.name}</p>
        {sequences.into_iter().map(|(title, tokens)| view! { <Tokens title=title tokens=tokens /> }).collect_view()}
    }
}

/// A text as its tokens.
#[component]
fn Tokens(title: &'static str, tokens: MaskedTokens) -> impl IntoView {
    let (count, learned) = (tokens.tokens.len(), tokens.learned_tokens());
    let text = tokens.text;
    let shown = tokens.tokens.iter().take(MOST_SHOWN_TOKENS).map(|token| {
        // A token may hold a part of a character: then its bytes are shown as far as they are text.
        let bytes = text.as_bytes().get(token.bytes.clone()).unwrap_or_default();
        let words = String::from_utf8_lossy(bytes).replace('\n', "⏎\n");
        let class = if token.is_learned { "token is-learned" } else { "token" };
        view! {
            <span class=class title=token.id.to_string()>
                {words}
            </span>
        }
    });
    let shown = shown.collect_view();
    view! {
        {(!title.is_empty()).then(|| view! { <h3 class="small">{title}</h3> })}
        <p class="small numbers" data-testid="mask-count">
            {format!("{} tokens, {} learned", grouped(count as u64), grouped(learned as u64))}
        </p>
        <pre class="text-block mask" data-testid="mask">{shown}</pre>
        <p class="small mask">
            <span class="token is-learned">"learned"</span>
            " "
            <span class="token">"only read"</span>
        </p>
        {(count > MOST_SHOWN_TOKENS).then(|| view! { <p class="small muted">"The rest is not drawn."</p> })}
    }
}
