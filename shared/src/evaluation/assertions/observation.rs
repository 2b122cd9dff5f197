//! What was seen in an answer, before `not-` and weights.

/// Whether something holds for an answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::evaluation) struct Observation {
    /// It holds.
    pub(in crate::evaluation) holds: bool,
    /// How much, from 0 to 1.
    pub(in crate::evaluation) score: f64,
    /// What was seen, true whether it should hold or not.
    pub(in crate::evaluation) reason: String,
}

impl Observation {
    /// Something that holds or doesn't.
    pub(super) fn whether(holds: bool, reason: String) -> Self {
        Self { holds, score: if holds { 1.0 } else { 0.0 }, reason }
    }

    /// A score that should reach `least`; `name` begins the sentence.
    pub(super) fn at_least(name: &str, score: f64, least: f64) -> Self {
        // A text is as similar to itself as can be, whatever rounding says.
        let holds = score >= least - f64::EPSILON;
        let reason = format!("{name} is {score:.4}, {} {least}", if holds { "at least" } else { "below" });
        Self { holds, score: score.clamp(0.0, 1.0), reason }
    }

    /// An amount that should not exceed `most`; both are written out.
    pub(super) fn at_most(name: &str, (amount, shown): (f64, String), (most, shown_most): (f64, String)) -> Self {
        let holds = amount <= most;
        Self::whether(holds, format!("{name} is {shown}, {} {shown_most}", if holds { "at most" } else { "above" }))
    }
}

/// Why an answer could not be judged, in a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::evaluation) struct JudgeError(String);

impl JudgeError {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// The first characters of `text`, in quotes, for a sentence.
pub(super) fn quoted(text: &str) -> String {
    const MOST_CHARACTERS: usize = 120;
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("“{}…”", &text[..end]),
        None => format!("“{text}”"),
    }
}
