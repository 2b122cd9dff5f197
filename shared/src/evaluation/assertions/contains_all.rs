//! `contains-all` and `icontains-all`: the answer has each of several texts in it.

use super::contains::Haystack;
use super::observation::{Observation, quoted};

pub(super) fn observe(answer: &str, texts: &[String], ignores_case: bool) -> Observation {
    let haystack = Haystack::new(answer, ignores_case);
    let missing: Vec<String> = texts.iter().filter(|text| !haystack.has(text)).cloned().collect();
    let reason = if missing.is_empty() {
        format!("the answer contains all of {}", quoted(&texts.join(", ")))
    } else {
        format!("the answer does not contain {}", quoted(&missing.join(", ")))
    };
    Observation::whether(missing.is_empty(), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_missing_are_named() {
        let texts = ["a".to_owned(), "X".to_owned(), "y".to_owned()];
        let seen = observe("a b x", &texts, false);
        assert_eq!((seen.holds, seen.reason.as_str()), (false, "the answer does not contain “X, y”"));
        assert!(observe("A b x Y", &texts, true).holds);
    }
}
