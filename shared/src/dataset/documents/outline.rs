//! The headings that a place in a document stands under.

use std::sync::Arc;

/// Longest heading in a path. Every chunk has the path, and no title is longer.
const MOST_HEADING_CHARACTERS: usize = 200;

/// Headings from the outside in.
pub(super) type HeadingPath = Arc<[String]>;

/// The headings so far.
#[derive(Default)]
pub(super) struct Outline {
    open: Vec<(u8, String)>,
    path: HeadingPath,
}

impl Outline {
    /// Goes under a heading: those of its level and below it are over.
    pub(super) fn enter(&mut self, level: u8, title: &str) {
        self.open.retain(|(other, _)| *other < level);
        let words = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = match words.char_indices().nth(MOST_HEADING_CHARACTERS) {
            Some((end, _)) => format!("{}…", &words[..end]),
            None => words,
        };
        if !shown.is_empty() {
            self.open.push((level, shown));
        }
        self.path = self.open.iter().map(|(_, title)| title.clone()).collect();
    }

    /// The headings here.
    pub(super) fn path(&self) -> HeadingPath {
        self.path.clone()
    }
}
