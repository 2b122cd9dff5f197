//! Pages of a long list.

use std::ops::Range;

use leptos::prelude::*;

use super::icon::IconName;
use super::icon_button::IconButton;

/// Rows on a page: as many as a person scrolls through.
const PAGE_ROWS: usize = 50;

/// The rows of a page.
pub fn paged(count: usize, page: usize) -> Range<usize> {
    let first = (page * PAGE_ROWS).min(count.saturating_sub(1) / PAGE_ROWS * PAGE_ROWS);
    first..(first + PAGE_ROWS).min(count)
}

/// Goes from page to page; not there where one page holds all.
#[component]
pub fn Pager(
    /// What it is for, in words.
    label: &'static str,
    /// All rows.
    #[prop(into)]
    count: Signal<usize>,
    /// The page in sight, from 0.
    page: RwSignal<usize>,
) -> impl IntoView {
    let rows = move || paged(count.get(), page.get());
    let is_long = move || count.get() > PAGE_ROWS;
    view! {
        <Show when=is_long>
            <nav class="row" aria-label=label>
                <IconButton
                    icon=IconName::Back
                    label="Earlier"
                    disabled=Signal::derive(move || rows().start == 0)
                    on_press=move |()| page.set((rows().start / PAGE_ROWS).saturating_sub(1))
                />
                <span class="muted small numbers">
                    {move || format!("{} to {} of {}", rows().start + 1, rows().end, count.get())}
                </span>
                <IconButton
                    icon=IconName::Forward
                    label="Later"
                    disabled=Signal::derive(move || rows().end == count.get())
                    on_press=move |()| page.set(rows().start / PAGE_ROWS + 1)
                />
            </nav>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_past_the_end_is_the_last() {
        assert_eq!(paged(0, 0), 0..0);
        assert_eq!(paged(50, 0), 0..50);
        assert_eq!(paged(51, 1), 50..51);
        assert_eq!(paged(50, 3), 0..50);
    }
}
