//! Answers that stop in the middle: they were cut off where they were made.

use super::{About, Known, answers, change_answers};
use crate::dataset::documents::sentences;
use crate::dataset::row::Row;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Cut-off answers",
    explanation: "Long answers that stop in the middle of a sentence or of a block of code were cut off where they were made, and a \
                  model learns to stop so.",
    repair: Some("Cut the answer behind its last whole sentence"),
};

pub(super) struct TruncatedAnswer;

/// Shorter answers may be names, numbers, headings: they end as they like.
const LEAST_WORDS: usize = 12;

/// The same in Chinese and Japanese, which have no spaces between words.
const LEAST_SIGNS: usize = 24;

/// What ends a sentence, in most scripts.
const ENDS: [char; 21] =
    ['.', '!', '?', '…', ':', ';', '。', '！', '？', '।', '۔', '؟', '։', '።', ')', ']', '}', '"', '”', '»', '`'];

impl Known for TruncatedAnswer {
    fn find(&self, row: &Row) -> Option<&'static str> {
        answers(&row.sample).iter().filter_map(|answer| answer.text()).find_map(fault)
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        self.find(row)?;
        let mut repaired = row.clone();
        change_answers(&mut repaired.sample, &mut |text| {
            if fault(text).is_some() {
                text.truncate(whole_sentences(text).len());
            }
        });
        let is_whole =
            self.find(&repaired).is_none() && answers(&repaired.sample).iter().all(|answer| !answer.is_empty());
        is_whole.then_some(repaired)
    }
}

/// The beginning of a text up to its last whole sentence.
fn whole_sentences(text: &str) -> &str {
    let (mut end, mut at) = (0, 0);
    for sentence in sentences(text) {
        at += sentence.len();
        // What leads to the next sentence is none without it.
        if sentence.trim_end().ends_with(ENDS) && !sentence.trim_end().ends_with([':', ';']) {
            end = at;
        }
    }
    text[..end].trim_end()
}

/// Whether it is as long as several sentences are.
fn is_long(text: &str) -> bool {
    let has_no_spaces = |letter: &char| matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    text.split_whitespace().count() >= LEAST_WORDS || text.chars().filter(has_no_spaces).count() >= LEAST_SIGNS
}

fn fault(text: &str) -> Option<&'static str> {
    let text = text.trim_end();
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    if fences % 2 == 1 {
        return Some("a block of code in an answer has no end");
    }
    let last_line = text.lines().last().unwrap_or_default().trim_start();
    // Code, lists, tables, addresses and verse end without a full stop.
    let is_prose = is_long(last_line)
        && !last_line.starts_with(['-', '*', '|', '#', '>', '<', '$', '\\'])
        && !last_line.starts_with(|first: char| first.is_ascii_digit());
    let ends_openly = text.ends_with([',', '，', '、']) && is_long(text);
    let stops = text.chars().next_back().is_some_and(|last| last.is_alphanumeric() && !ENDS.contains(&last));
    (ends_openly || (is_prose && stops)).then_some("an answer stops in the middle of a sentence")
}

#[cfg(test)]
mod tests {
    use super::{fault, whole_sentences};

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
        let (chinese, stops) = (
            "夏天的花园里最重要的事情是要在傍晚给植物浇水因为中午的太阳",
            Some("an answer stops in the middle of a sentence"),
        );
        assert_eq!(fault(chinese), stops);
        assert_eq!(fault(&format!("{chinese}，")), stops);
        assert_eq!(fault(&format!("{chinese}太强。")), None);
        assert_eq!(fault("北京市"), None);
        assert_eq!(whole_sentences("It rains. Then, as follows: and"), "It rains.");
        assert_eq!(whole_sentences("今日は。明日"), "今日は。");
        assert_eq!(whole_sentences("No end here"), "");
        assert_eq!(
            fault("Bring one two three four five six seven eight nine ten eleven twelve,"),
            Some("an answer stops in the middle of a sentence")
        );
    }
}
