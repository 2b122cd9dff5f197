//! What is wrong with a text that should be JSON, and where.

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// The byte of the source, from 0.
    pub byte: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text ends too early.
    #[error("the line ends in the middle of {0}: it may be half-written")]
    Ends(&'static str),
    /// Something else was due.
    #[error("there is {found:?} where {expected} should be")]
    Expected {
        /// What was due.
        expected: &'static str,
        /// What is there.
        found: char,
    },
    /// The value is over, the text is not.
    #[error("there is more after the end of the value, beginning with {0:?}: each line holds one value")]
    More(char),
    /// A control character in a text.
    #[error("a control character (U+{0:04X}) is in a text; JSON writes it as an escape")]
    Control(u32),
    /// A `\` that begins no escape.
    #[error("\\{0} is no escape of JSON")]
    Escape(char),
    /// Half a character.
    #[error("\\u{0:04x} is half of a character (a lone surrogate): the text was cut in the middle of it")]
    LoneSurrogate(u32),
    /// A number that JSON doesn't have.
    #[error("{0:?} is no number of JSON")]
    Number(String),
    /// An object has the same name twice.
    #[error("the name {0:?} comes twice in one object, and which of the two is meant can't be known")]
    Twice(String),
    /// Too many values within values.
    #[error("values are nested more than {} levels deep", super::MOST_LEVELS)]
    Nested,
    /// Too long for a row.
    #[error("the value is longer than 4 GiB")]
    TooLong,
}
