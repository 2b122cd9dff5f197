//! Cases by prompts and models: each answer in a cell, also while it is written.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::evaluation::{Cell, CellIndex, Run};

use crate::components::{Pager, Segmented, paged};

/// The cells of a run; a press on one shows it whole.
#[component]
pub fn Matrix(
    /// The run.
    run: Signal<Option<Run>>,
    /// Texts that are being written.
    texts: Signal<BTreeMap<CellIndex, String>>,
    /// A cell is wanted whole.
    #[prop(into)]
    on_open: Callback<CellIndex>,
) -> impl IntoView {
    let filter = RwSignal::new("all".to_owned());
    let page = RwSignal::new(0_usize);
    // Finished cells by place: a run has thousands, and each row asks for a few.
    let cells = Memo::new(move |_| {
        run.with(|run| {
            let cells = run.iter().flat_map(|run| run.cells.iter().cloned());
            cells.map(|cell| (cell.index, cell)).collect::<BTreeMap<_, _>>()
        })
    });
    let columns = Memo::new(move |_| {
        let mut columns = run.with(|run| run.as_ref().map(all_columns).unwrap_or_default());
        let used = cells.with(|cells| cells.keys().map(|index| (index.model, index.prompt)).collect::<Vec<_>>());
        let writing = texts.with(|texts| texts.keys().map(|index| (index.model, index.prompt)).collect::<Vec<_>>());
        // A model that is asked only some prompts has no column for the others.
        columns.retain(|column| used.contains(column) || writing.contains(column));
        columns
    });
    let rows = Memo::new(move |_| {
        let count = run.with(|run| run.as_ref().map_or(0, |run| run.cases.len()));
        let keep = filter.get();
        cells.with(|cells| {
            let is_kept = |case: &usize| {
                keep == "all"
                    || columns.with(|columns| {
                        columns.iter().any(|&(model, prompt)| {
                            let cell = cells.get(&CellIndex { model, prompt, case: *case });
                            cell.is_some_and(|cell| if keep == "errors" { cell.is_error() } else { !cell.is_passed() })
                        })
                    })
            };
            (0..count).filter(is_kept).collect::<Vec<_>>()
        })
    });
    let count = Memo::new(move |_| rows.with(Vec::len));
    let heading = move |(model, prompt): (usize, usize)| {
        run.with(|run| run.as_ref().map(|run| (run.prompts[prompt].clone(), run.models[model].clone())))
            .map(|(prompt, model)| view! { <th scope="col">{prompt}<br /><span class="muted">{model}</span></th> })
    };
    let row = move |case: usize| {
        let title =
            run.with_untracked(|run| run.as_ref().and_then(|run| run.cases.get(case)).map(|it| it.title.clone()));
        view! {
            <tr>
                <th scope="row" class="is-text">{title}</th>
                {columns
                    .get()
                    .into_iter()
                    .map(|(model, prompt)| {
                        let index = CellIndex { model, prompt, case };
                        view! { <MatrixCell index=index cells=cells texts=texts on_open=on_open /> }
                    })
                    .collect_view()}
            </tr>
        }
    };
    view! {
        <Segmented
            label="Which cases are shown"
            name="matrix-filter"
            options=[("all", "All"), ("failed", "Failed"), ("errors", "Errors")]
                .map(|(value, words)| (value.to_owned(), words.to_owned()))
                .into()
            value=filter
            on_change=move |value: String| {
                filter.set(value);
                page.set(0);
            }
        />
        <div class="table-scroll">
            <table class="table is-lines matrix" data-testid="matrix">
                <caption class="visually-hidden">"Answers by case, prompt and model"</caption>
                <thead>
                    <tr>
                        <th>"Case"</th>
                        {move || columns.get().into_iter().map(heading).collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {move || {
                        let rows = rows.get();
                        rows[paged(rows.len(), page.get())].iter().copied().map(row).collect_view()
                    }}
                </tbody>
            </table>
        </div>
        <Pager label="Pages of cells" count=count page=page />
    }
}

fn all_columns(run: &Run) -> Vec<(usize, usize)> {
    (0..run.models.len()).flat_map(|model| (0..run.prompts.len()).map(move |prompt| (model, prompt))).collect()
}

#[component]
fn MatrixCell(
    index: CellIndex,
    cells: Memo<BTreeMap<CellIndex, Cell>>,
    texts: Signal<BTreeMap<CellIndex, String>>,
    on_open: Callback<CellIndex>,
) -> impl IntoView {
    let cell = Memo::new(move |_| cells.with(|cells| cells.get(&index).cloned()));
    let text = Memo::new(move |_| texts.with(|texts| texts.get(&index).cloned()));
    let content = move || match (cell.get(), text.get()) {
        (_, Some(text)) => view! { <span class="cell-text is-writing">{text}"▍"</span> }.into_any(),
        (Some(cell), None) => {
            let (class, words) = match (cell.is_error(), cell.is_passed()) {
                (true, _) => ("cell is-error", "error"),
                (false, true) => ("cell is-passed", "passed"),
                (false, false) => ("cell is-failed", "failed"),
            };
            let cost = cell.answer().and_then(|answer| answer.cost.as_ref()).filter(|cost| cost.amount > 0.0);
            let cost = cost.map(ToString::to_string);
            let text = cell.answer().map_or_else(|| cell.reason().to_owned(), |answer| answer.text.clone());
            view! {
                <button type="button" class=class data-testid="cell" on:click=move |_| on_open.run(index)>
                    <span class="cell-verdict">{words}{cost.map(|cost| format!(" · {cost}"))}</span>
                    <span class="cell-text">{beginning(&text)}</span>
                </button>
            }
            .into_any()
        }
        (None, None) => view! { <span class="muted">"–"</span> }.into_any(),
    };
    view! { <td>{content}</td> }
}

/// As much of a text as a cell shows.
fn beginning(text: &str) -> String {
    const MOST_CHARACTERS: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_CHARACTERS {
        return line;
    }
    line.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}
