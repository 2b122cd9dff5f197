//! `levenshtein`: few edits turn the answer into a text.

use super::observation::{Observation, quoted};
use crate::evaluation::metrics::levenshtein::distance;

pub(super) fn observe(answer: &str, text: &str, most_edits: f64) -> Observation {
    let edits = distance(answer, text);
    let name = format!("the number of edits from the answer to {}", quoted(text));
    Observation::at_most(&name, (edits as f64, edits.to_string()), (most_edits, most_edits.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_edits_are_allowed() {
        assert!(observe("kitten", "sitting", 3.0).holds);
        let seen = observe("kitten", "sitting", 2.0);
        assert!(!seen.holds);
        assert_eq!(seen.reason, "the number of edits from the answer to “sitting” is 3, above 2");
    }
}
