//! Answers that stop in the middle: they were cut off where they were made.

use super::{About, Known, answers};
use crate::dataset::row::Row;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Cut-off answers",
    explanation: "Long answers that stop in the middle of a sentence or of a block of code were cut off where they were made, and a \
                  model learns to stop so.",
    repair: None,
};

pub(super) struct TruncatedAnswer;

/// Shorter answers may be names, numbers, headings: they end as they like.
const LEAST_WORDS: usize = 12;

/// What ends a sentence, in most scripts.
const ENDS: [char; 21] =
    ['.', '!', '?', '…', ':', ';', '。', '！', '？', '।', '۔', '؟', '։', '።', ')', ']', '}', '"', '”', '»', '`'];

impl Known for TruncatedAnswer {
    fn find(&self, row: &Row) -> Option<&'static str> {
        answers(&row.sample).iter().filter_map(|answer| answer.text()).find_map(fault)
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let text = text.trim_end();
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    if fences % 2 == 1 {
        return Some("a block of code in an answer has no end");
    }
    let last_line = text.lines().last().unwrap_or_default().trim_start();
    // Code, lists, tables, addresses and verse end without a full stop.
    let is_prose = last_line.split_whitespace().count() >= LEAST_WORDS
        && !last_line.starts_with(['-', '*', '|', '#', '>', '<', '$', '\\'])
        && !last_line.starts_with(|first: char| first.is_ascii_digit());
    let ends_openly = text.ends_with([',', '，', '、']) && text.split_whitespace().count() >= LEAST_WORDS;
    let stops = text.chars().next_back().is_some_and(|last| last.is_alphanumeric() && !ENDS.contains(&last));
    (ends_openly || (is_prose && stops)).then_some("an answer stops in the middle of a sentence")
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn what_stops_in_the_middle_is_found() {
        let cut = "The most important thing about a garden in summer is that you water it in the";
        assert_eq!(fault(cut), Some("an answer stops in the middle of a sentence"));
        assert_eq!(fault(&format!("{cut} evening.")), None);
        assert_eq!(fault("Paris"), None);
        assert_eq!(fault("- milk\n- bread and butter for all of us who come on Sunday to the lake early"), None);
        assert_eq!(fault("So:\n```rust\nfn main() {"), Some("a block of code in an answer has no end"));
        assert_eq!(fault("So:\n```rust\nfn main() {}\n```"), None);
        assert_eq!(fault("今日は天気がいいですね。"), None);
        assert_eq!(
            fault("Bring one two three four five six seven eight nine ten eleven twelve,"),
            Some("an answer stops in the middle of a sentence")
        );
    }
}
