//! What was set aside while files were read, for people to look at before they write anything.

use serde::{Deserialize, Serialize};

use super::preparation::{Preparation, PreparationFault, StoredFile};
use super::records::FaultPlace;

/// So much of what was set aside is looked through for the first lines; a line may be longer than a screen.
const LOOKED_AT_BYTES: u64 = 1 << 20;

/// Characters that are shown of a text.
const SHOWN_CHARACTERS: usize = 400;

/// A line of the file in which broken rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideLine {
    /// The file that it came from.
    pub file: String,
    /// The line in it, from 1, where it has lines.
    #[serde(default)]
    pub line: Option<u64>,
    /// The column in that line, from 1, where one is to blame.
    #[serde(default)]
    pub column: Option<u64>,
    /// The row, from 1, in a file that has no lines.
    #[serde(default)]
    pub row: Option<u64>,
    /// The page of a document, from 1.
    #[serde(default)]
    pub page: Option<u64>,
    /// Why it is no row.
    pub reason: String,
    /// How it begins.
    pub text: String,
}

impl SetAsideLine {
    /// The first ones of all that was set aside.
    ///
    /// # Errors
    /// The storage fails.
    pub fn first<F: StoredFile>(preparation: &Preparation<F>, most: usize) -> Result<Vec<Self>, PreparationFault> {
        let bytes = preparation.beginning_of_aside(LOOKED_AT_BYTES)?;
        let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        // All of them were written by this program; a damaged one is left out here and stays in the file.
        let mut lines: Vec<Self> = whole.take(most).filter_map(|line| serde_json::from_slice(line).ok()).collect();
        for line in &mut lines {
            if let Some((end, _)) = line.text.char_indices().nth(SHOWN_CHARACTERS) {
                line.text.truncate(end);
                line.text.push('…');
            }
        }
        Ok(lines)
    }

    /// Where it is, as editors write it.
    pub fn place(&self) -> String {
        let line = self.line.map(|line| FaultPlace::Line { line, column: self.column });
        let row = self.row.map(|row| FaultPlace::Row { row });
        let page = self.page.map(|page| FaultPlace::Page { page });
        line.or(row).or(page).map_or_else(|| self.file.clone(), |at| at.in_file(&self.file))
    }
}

#[cfg(test)]
mod tests {
    use super::super::preparation::tests::prepared;
    use super::SetAsideLine;

    #[test]
    fn the_first_lines_say_where_and_why() {
        let long = "x".repeat(500);
        let file = format!("{{\"text\":\"good\"}}\n{{\"text\":\n{{\"text\":\"{long}\n");
        let preparation = prepared(&file);
        let lines = SetAsideLine::first(&preparation, 10).unwrap();
        let places: Vec<String> = lines.iter().map(SetAsideLine::place).collect();
        assert_eq!(places, ["a.jsonl:2:9", "a.jsonl:3:510"]);
        assert!(lines.iter().all(|line| !line.reason.is_empty()));
        assert_eq!(lines[0].text, "{\"text\":");
        assert!(lines[1].text.ends_with("x…") && lines[1].text.chars().count() == 401);
        assert_eq!(SetAsideLine::first(&preparation, 1).unwrap(), lines[..1]);
        assert_eq!(SetAsideLine::first(&prepared("{\"text\":\"good\"}\n"), 10).unwrap(), []);
    }
}
