//! The rows as a table of which only what is in sight exists, so that a million scroll as ten do.

use std::collections::HashMap;
use std::num::NonZeroU8;

use leptos::html;
use leptos::prelude::*;
use shared::dataset::preparation::Part;
use shared::dataset::table::{Query, RatingQuery, RowLine, Status};
use wasm_bindgen_futures::spawn_local;

use super::row_dialog::RowDialog;
use crate::components::{
    Badge, Button, Field, IconName, Segmented, Select, SelectGroup, SelectOption, TextField, Tone,
};
use crate::quantities::grouped;
use crate::stores::Stores;

/// Height of a row in pixels; the style sheet has the same.
const ROW_PIXELS: f64 = 56.0;

/// Browsers draw nothing beyond some tens of millions of pixels: longer tables scroll in proportion.
const MOST_PIXELS: f64 = 8_000_000.0;

/// Rows that are asked for at a time.
const CHUNK: usize = 64;

/// How good rows are that are shown.
const RATED: [(&str, &str); 4] =
    [("any", "Any"), ("good", "4 or better"), ("bad", "2 or worse"), ("none", "Not rated")];

fn rated(key: &str) -> Option<RatingQuery> {
    match key {
        "good" => NonZeroU8::new(4).map(RatingQuery::AtLeast),
        "bad" => NonZeroU8::new(2).map(RatingQuery::AtMost),
        "none" => Some(RatingQuery::Unrated),
        _ => None,
    }
}

fn rated_key(rating: Option<RatingQuery>) -> &'static str {
    match rating {
        None => "any",
        Some(RatingQuery::AtLeast(_)) => "good",
        Some(RatingQuery::AtMost(_)) => "bad",
        Some(RatingQuery::Unrated) => "none",
    }
}

/// The rows.
#[component]
pub fn RowsView() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    Effect::new(move |_| {
        let is_known = datasets.overview.with(|overview| overview.as_ref().is_some_and(|it| it.rows > 0));
        if is_known && datasets.found.with(Option::is_none) && datasets.work.with_untracked(Option::is_none) {
            datasets.find();
        }
    });
    let words = RwSignal::new(datasets.query.with_untracked(|query| query.text.clone()));
    let ask = move |change: &dyn Fn(&mut Query)| {
        datasets.query.update(|query| change(query));
        datasets.find();
    };
    let status = Signal::derive(move || {
        datasets
            .query
            .with(|query| match query.status {
                Status::Kept => "kept",
                Status::Dropped(_) => "dropped",
                Status::Any => "any",
            })
            .to_owned()
    });
    let part = Signal::derive(move || datasets.query.with(|query| query.part.map_or("all", Part::name)).to_owned());
    let condition = move || {
        datasets.query.with(|query| {
            let check = query.check.as_ref().map(|check| check.title().to_owned());
            let measure = query.measure.map(|(measure, from, _)| format!("{} from {from}", measure.title()));
            check.or(measure)
        })
    };
    let condition = move || datasets.found_because.get().map(str::to_owned).or_else(condition);
    let choices =
        |keys: &[(&str, &str)]| keys.iter().map(|(key, words)| ((*key).to_owned(), (*words).to_owned())).collect();
    view! {
        <form
            class="row table-tools"
            on:submit=move |event| {
                event.prevent_default();
                let text = words.get_untracked();
                ask(&|query| query.text.clone_from(&text));
            }
        >
            <Segmented
                label="Which rows"
                name="row-status"
                options=choices(&[("kept", "Kept"), ("dropped", "Dropped"), ("any", "All")])
                value=status
                on_change=move |key: String| {
                    let status = match key.as_str() {
                        "dropped" => Status::Dropped(None),
                        "any" => Status::Any,
                        _ => Status::Kept,
                    };
                    ask(&|query| query.status = status);
                }
            />
            <Segmented
                label="Which part"
                name="row-part"
                options=choices(&[("all", "All"), ("train", "Train"), ("validation", "Validation"), ("test", "Test")])
                value=part
                on_change=move |key: String| {
                    let part = Part::ALL.into_iter().find(|part| part.name() == key);
                    ask(&|query| query.part = part);
                }
            />
            <Field label="Rating" control_id="row-rated">
                <Select
                    id="row-rated"
                    groups=Signal::derive(|| {
                        let options = RATED.map(|(key, words)| SelectOption::new(key, words)).to_vec();
                        vec![SelectGroup { heading: String::new(), options }]
                    })
                    value=Signal::derive(move || datasets.query.with(|query| rated_key(query.rating)).to_owned())
                    on_change=move |key: String| ask(&|query| query.rating = rated(&key))
                />
            </Field>
            <TextField label="Says" id="row-search" value=words on_input=move |text| words.set(text) />
            <button type="submit" class="button" data-testid="search-rows">"Find"</button>
        </form>
        {move || {
            condition()
                .map(|condition| {
                    view! {
                        <div class="row">
                            <Badge>{condition}</Badge>
                            <Button
                                icon=IconName::Close
                                testid="clear-condition"
                                on_press=move |()| {
                                    ask(
                                        &|query| {
                                            query.check = None;
                                            query.measure = None;
                                        },
                                    );
                                }
                            >
                                "Without this condition"
                            </Button>
                        </div>
                    }
                })
        }}
        <p class="small muted numbers" data-testid="found-rows">
            {move || datasets.found.get().map(|count| if count == 1 { "One row".to_owned() } else { format!("{} rows", grouped(count as u64)) })}
        </p>
        {move || datasets.found.get().filter(|count| *count > 0).map(|count| view! { <Table count=count /> })}
    }
}

/// A table of so many rows.
#[component]
fn Table(count: usize) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let scroller = NodeRef::<html::Div>::new();
    let scroll_top = RwSignal::new(0.0);
    let height = RwSignal::new(560.0);
    let chosen = RwSignal::new(0_usize);
    let opened = RwSignal::new(None::<u32>);
    let loaded = RwSignal::new(HashMap::<usize, Vec<RowLine>>::new());
    let asked = StoredValue::new(std::collections::HashSet::<usize>::new());
    let total = count as f64 * ROW_PIXELS;
    let spacer = total.min(MOST_PIXELS);
    let in_sight = move || (height.get() / ROW_PIXELS).ceil() as usize + 1;
    // The first row in sight: by pixels, or in proportion where there are too many.
    let first = Memo::new(move |_| {
        let fully = (height.get() / ROW_PIXELS).floor();
        let last_first = (count as f64 - fully).max(0.0);
        let reach = (spacer - height.get()).max(1.0);
        ((scroll_top.get() / reach).clamp(0.0, 1.0) * last_first).round() as usize
    });
    Effect::new(move |_| {
        let (first, last) = (first.get(), (first.get() + in_sight()).min(count));
        for chunk in first / CHUNK..=last.saturating_sub(1) / CHUNK {
            let is_new = asked.try_update_value(|asked| asked.insert(chunk)).unwrap_or(false);
            if is_new {
                spawn_local(async move {
                    let lines = datasets.lines(chunk * CHUNK, CHUNK).await;
                    loaded.try_update(|loaded| {
                        // What was in sight long ago is not kept.
                        if loaded.len() > 64 {
                            asked.update_value(|asked| asked.retain(|other| *other == chunk));
                            loaded.clear();
                        }
                        loaded.insert(chunk, lines);
                    });
                });
            }
        }
    });
    let line_at = move |place: usize| loaded.with(|loaded| loaded.get(&(place / CHUNK))?.get(place % CHUNK).cloned());
    let measure = move || {
        if let Some(scroller) = scroller.get_untracked() {
            height.set(f64::from(scroller.client_height()).max(ROW_PIXELS));
            scroll_top.set(f64::from(scroller.scroll_top()));
        }
    };
    Effect::new(move |_| {
        if scroller.get().is_some() {
            measure();
        }
    });
    let show = move |place: usize| {
        chosen.set(place);
        let Some(scroller) = scroller.get_untracked() else { return };
        let fully = (height.get_untracked() / ROW_PIXELS).floor().max(1.0) as usize;
        let first = first.get_untracked();
        let wanted = if place < first {
            place
        } else if place >= first + fully {
            place + 1 - fully
        } else {
            return;
        };
        let last_first = (count as f64 - fully as f64).max(1.0);
        let reach = (spacer - height.get_untracked()).max(1.0);
        scroller.set_scroll_top((wanted as f64 / last_first * reach).round() as i32);
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let page = (height.get_untracked() / ROW_PIXELS) as usize;
        let now = chosen.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" => now + 1,
            "ArrowUp" => now.saturating_sub(1),
            "PageDown" => now + page,
            "PageUp" => now.saturating_sub(page),
            "Home" => 0,
            "End" => count - 1,
            "Enter" => {
                event.prevent_default();
                opened.set(line_at(now).map(|line| line.number));
                return;
            }
            _ => return,
        };
        event.prevent_default();
        show(next.min(count - 1));
    };
    let places = move || (first.get()..(first.get() + in_sight()).min(count)).collect::<Vec<_>>();
    view! {
        <div
            node_ref=scroller
            class="rows-table"
            role="table"
            aria-label="Rows"
            aria-rowcount=count.to_string()
            aria-describedby="rows-keys"
            tabindex="0"
            data-testid="rows-table"
            on:scroll=move |_| measure()
            on:keydown=on_key
        >
            <div class="rows-spacer" style:height=format!("{spacer}px")>
                <div class="rows-window" style:height=move || format!("{}px", height.get())>
                    <For
                        each=places
                        key=|place| *place
                        children=move |place| {
                            view! {
                                <div
                                    class="rows-line"
                                    class:is-chosen=move || chosen.get() == place
                                    role="row"
                                    aria-rowindex=(place + 1).to_string()
                                    data-testid="row"
                                    on:click=move |_| {
                                        chosen.set(place);
                                        opened.set(line_at(place).map(|line| line.number));
                                    }
                                >
                                    {move || line_at(place).map(|line| view! { <Line line=line /> })}
                                </div>
                            }
                        }
                    />
                </div>
            </div>
        </div>
        <p id="rows-keys" class="small muted">"Arrow keys, Page and Home go along the rows; Enter opens one."</p>
        <RowDialog opened=opened />
    }
}

/// A row of the table.
#[component]
fn Line(line: RowLine) -> impl IntoView {
    let part = line.part.map(|part| view! { <Badge>{part.name()}</Badge> });
    let rating = line.rating.map(|rating| view! { <Badge tone=Tone::Good>{format!("★ {rating}")}</Badge> });
    let dropped = (!line.is_kept).then(|| view! { <Badge tone=Tone::Warning>"dropped"</Badge> });
    view! {
        <span role="cell" class="rows-name small muted is-breakable">{line.name}</span>
        <span role="cell" class="rows-text">{line.prompt}</span>
        <span role="cell" class="rows-text">{line.answer}</span>
        <span role="cell" class="rows-marks">{dropped} {part} {rating}</span>
    }
}
