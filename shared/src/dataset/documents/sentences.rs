//! Where sentences end.

use unicode_segmentation::UnicodeSegmentation;

/// Whether a text ends where a sentence does, or what leads to the next.
pub(super) fn ends_sentence(text: &str) -> bool {
    const CLOSING: [char; 10] = ['"', '\'', ')', ']', '\u{bb}', '\u{2019}', '\u{201d}', '」', '』', '）'];
    const ENDS: [char; 10] = ['.', '!', '?', ':', '…', '。', '！', '？', '۔', '।'];
    text.trim_end().trim_end_matches(CLOSING).ends_with(ENDS)
}

/// The sentences of a text, with the white space behind each. A line's end alone ends none: many texts are broken into lines.
pub(in crate::dataset) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut bounds = text.split_sentence_bound_indices().peekable();
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = loop {
            let (at, unit) = bounds.next()?;
            if ends_sentence(unit) || bounds.peek().is_none() {
                break at + unit.len();
            }
        };
        let sentence = &text[start..end];
        start = end;
        Some(sentence)
    })
}
