//! `starts-with`: the answer begins with a text.

use super::observation::{JudgeError, Observation, quoted};

pub(super) fn observe(answer: &str, start: &str) -> Result<Observation, JudgeError> {
    if start.is_empty() {
        return Err(JudgeError::new(
            "the text that the answer should start with is empty, which every answer does; give one",
        ));
    }
    let holds = answer.starts_with(start);
    let verb = if holds { "starts" } else { "does not start" };
    Ok(Observation::whether(holds, format!("the answer {verb} with {}", quoted(start))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_counts() {
        assert!(observe("Yes, sir", "Yes").unwrap().holds);
        assert!(!observe(" Yes", "Yes").unwrap().holds);
        assert!(observe("Yes", "").is_err());
    }
}
