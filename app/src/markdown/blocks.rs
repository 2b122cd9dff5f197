//! A growing Markdown text as a list of top-level blocks, of which only the last ones change.
//!
//! A paragraph that is followed by another block does not change any more, so its HTML is made once; while an answer
//! streams in, only its end is parsed again. Without this every token would parse and lay out the whole answer.

use pulldown_cmark::{Event, Parser};

use super::html::{options, render};

/// So many blocks at the end may still change: the one that grows and the one before it.
const UNSETTLED: usize = 2;

/// Blocks of a text that grows.
#[derive(Debug, Default)]
pub struct MarkdownBlocks {
    /// HTML of the blocks that don't change any more.
    settled: Vec<String>,
    /// Where in the text they end.
    settled_bytes: usize,
    /// A copy of what is settled, to notice a text that is not a continuation.
    settled_text: String,
}

/// How the list of blocks changes.
#[derive(Debug, PartialEq, Eq)]
pub struct BlocksChange {
    /// Blocks before this index stay as they are.
    pub first_changed: usize,
    /// HTML of the blocks from there on.
    pub changed: Vec<String>,
}

impl MarkdownBlocks {
    /// Takes the text as it is now, usually a continuation of the one before.
    pub fn update(&mut self, text: &str) -> BlocksChange {
        if !text.starts_with(&self.settled_text) {
            *self = Self::default();
        }
        let first_changed = self.settled.len();
        let tail = &text[self.settled_bytes..];
        let starts = block_starts(tail);
        let blocks = starts.iter().enumerate().map(|(index, &start)| {
            let end = starts.get(index + 1).copied().unwrap_or(tail.len());
            render(&tail[start..end])
        });
        let changed: Vec<String> = blocks.collect();
        if starts.len() > UNSETTLED {
            let settled = starts.len() - UNSETTLED;
            self.settled.extend_from_slice(&changed[..settled]);
            self.settled_bytes += starts[settled];
            self.settled_text = text[..self.settled_bytes].to_owned();
        }
        BlocksChange { first_changed, changed }
    }
}

/// Where the top-level blocks of `text` begin.
fn block_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(_) => {
                if depth == 0 {
                    starts.push(range.start);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule | Event::Html(_) if depth == 0 => starts.push(range.start),
            _ => {}
        }
    }
    // Spaces before the first block belong to it (indented code needs them).
    if let Some(first) = starts.first_mut() {
        *first = 0;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\nA paragraph\nof two lines.\n\n- one\n- two\n\n  still two\n\n```rust\nfn main() {}\n\n// more\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n> quoted\n\nThe *end*.\n";

    /// What the page shows after feeding `text` in pieces.
    fn streamed(text: &str, piece: usize) -> String {
        let mut blocks = MarkdownBlocks::default();
        let mut shown: Vec<String> = Vec::new();
        let mut end = 0;
        while end < text.len() {
            end = (end + piece).min(text.len());
            let change = blocks.update(&text[..end]);
            shown.truncate(change.first_changed);
            shown.extend(change.changed);
        }
        shown.concat()
    }

    #[test]
    fn streaming_ends_with_the_html_of_the_whole() {
        for piece in [1, 2, 3, 7, 31, TEXT.len()] {
            assert_eq!(streamed(TEXT, piece), render(TEXT), "pieces of {piece}");
        }
    }

    #[test]
    fn early_blocks_are_not_made_again() {
        let mut blocks = MarkdownBlocks::default();
        let long = "A paragraph.\n\n".repeat(500);
        blocks.update(&long);
        let change = blocks.update(&format!("{long}And"));
        assert_eq!(change.first_changed, 498);
        assert_eq!(change.changed.len(), 3);
    }

    #[test]
    fn another_text_starts_over() {
        let mut blocks = MarkdownBlocks::default();
        blocks.update(TEXT);
        let change = blocks.update("Edited.");
        assert_eq!(change, BlocksChange { first_changed: 0, changed: vec!["<p>Edited.</p>\n".to_owned()] });
    }
}
