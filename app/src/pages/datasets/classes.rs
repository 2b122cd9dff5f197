//! How many rows each class has, and keeping fewer of the large ones.

use leptos::prelude::*;
use shared::dataset::classes::{ClassOf, Classes};
use shared::dataset::steps::{Balance, Step};

use crate::components::{Button, ButtonKind, Card, IconName, NumberField, Segmented, TextField};
use crate::quantities::grouped;
use crate::stores::Stores;

const BY_ANSWER: &str = "answer";
const BY_COLUMN: &str = "column";

/// Classes that are drawn.
const MOST_SHOWN: usize = 20;

/// Classes and how many rows they have.
#[component]
pub fn ClassesCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let by = RwSignal::new(BY_ANSWER.to_owned());
    let column = RwSignal::new(String::new());
    let (most, seed) = (RwSignal::new(1000_u64), RwSignal::new(0_u64));
    let class_of = Memo::new(move |_| match by.get().as_str() {
        BY_COLUMN => Some(ClassOf::Column(column.get().trim().to_owned())).filter(|_| !column.get().trim().is_empty()),
        _ => Some(ClassOf::Answer),
    });
    let counted = Memo::new(move |_| {
        datasets.classes.with(|classes| {
            let (by, classes) = classes.as_ref()?;
            (Some(by) == class_of.get().as_ref()).then(|| classes.clone())
        })
    });
    Effect::new(move |_| {
        // As many as the middle one has is a usual choice.
        if let Some(classes) = counted.get()
            && let Some((_, middle)) = classes.rows.get(classes.rows.len() / 2)
        {
            most.set(*middle);
        }
    });
    view! {
        <Card
            title="Balance classes"
            lead="A model that sees one answer far more often than another learns to guess it. See how often each comes, then keep at most so many rows of each."
        >
            <Segmented
                label="What a row's class is"
                name="class-of"
                options=[(BY_ANSWER, "Its last answer"), (BY_COLUMN, "A column")]
                    .map(|(key, words)| (key.to_owned(), words.to_owned()))
                    .to_vec()
                value=by
                on_change=move |key| by.set(key)
            />
            <Show when=move || by.with(|by| by == BY_COLUMN)>
                <TextField
                    label="Column"
                    id="class-column"
                    value=column
                    on_input=move |name| column.set(name)
                    hint="As its file names it, such as label."
                />
            </Show>
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Evaluate
                    testid="count-classes"
                    disabled=Signal::derive(move || class_of.with(Option::is_none))
                    on_press=move |()| {
                        if let Some(by) = class_of.get_untracked() {
                            datasets.count_classes(by);
                        }
                    }
                >
                    "Count classes"
                </Button>
            </div>
            {move || {
                counted
                    .get()
                    .map(|classes| {
                        view! {
                            <ClassBars classes=classes most=most />
                            <div class="form-grid">
                                <NumberField
                                    label="Rows of a class, at most"
                                    id="class-most"
                                    value=most
                                    min=1
                                    on_change=move |value| most.set(value)
                                />
                                <NumberField label="Seed" id="class-seed" value=seed on_change=move |value| seed.set(value) />
                            </div>
                            <div class="row">
                                <Button
                                    testid="balance-classes"
                                    on_press=move |()| {
                                        if let Some(by) = class_of.get_untracked() {
                                            let most_rows = most.get_untracked();
                                            let seed = seed.get_untracked();
                                            datasets.run(Step::Balance(Balance { by, most_rows, seed }));
                                        }
                                    }
                                >
                                    "Drop what is more"
                                </Button>
                            </div>
                        }
                    })
            }}
        </Card>
    }
}

/// A bar for each of the largest classes; what would be dropped of them is pale.
#[component]
fn ClassBars(classes: Classes, most: RwSignal<u64>) -> impl IntoView {
    let total = classes.rows.iter().map(|(_, rows)| rows).sum::<u64>().max(1) as f64;
    let largest = classes.rows.first().map_or(1, |(_, rows)| (*rows).max(1)) as f64;
    let count = classes.rows.len();
    let words = match (count, classes.without) {
        (0, _) => "No row has a class.".to_owned(),
        (_, 0) => format!("{} classes.", grouped(count as u64)),
        (_, without) => format!("{} classes; {} rows have none and stay.", grouped(count as u64), grouped(without)),
    };
    let bars = classes.rows.into_iter().take(MOST_SHOWN).map(|(class, rows)| {
        let percent = move |rows: u64| format!("{:.2}%", rows as f64 / largest * 100.0);
        let kept = move || percent(rows.min(most.get()));
        let name = if class.is_empty() { "(empty)".to_owned() } else { class };
        view! {
            <li class="class-bar" data-testid="class">
                <span class="class-name">{name}</span>
                <span class="class-track" aria-hidden="true">
                    <span class="class-fill is-dropped" style:width=percent(rows)></span>
                    <span class="class-fill" style:width=kept></span>
                </span>
                <span class="numbers small">{format!("{} ({:.1} %)", grouped(rows), rows as f64 / total * 100.0)}</span>
            </li>
        }
    });
    let bars = bars.collect_view();
    view! {
        <p class="small" data-testid="class-count">{words}</p>
        <ul class="class-bars">{bars}</ul>
        {(count > MOST_SHOWN)
            .then(|| view! { <p class="small muted">{format!("The {MOST_SHOWN} largest are drawn.")}</p> })}
    }
}
