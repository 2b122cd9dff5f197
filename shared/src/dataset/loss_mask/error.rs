//! Why it can't be said which tokens of a row are learned.

use crate::chat_template::TemplateError;

/// Why it can't be said which tokens of a row are learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// A conversation for a model without a chat template.
    #[error(
        "the model has no chat template, so it can't learn conversations; choose a model that has one, or rows of plain text"
    )]
    NoTemplate,
    /// The template refuses the row, or fails.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Nothing is learned.
    #[error(
        "nothing of the row is learned: it has no answer of the assistant that is, or the template writes none; drop the row, or give it an answer"
    )]
    NothingLearned,
    /// Where an answer is in the text can't be said with certainty.
    #[error(
        "which text the chat template makes of message {message} can't be said for certain: {reason}; leave the row out, or give the template {{% generation %}} marks"
    )]
    Uncertain {
        /// The message, from 1.
        message: usize,
        /// Why not.
        reason: &'static str,
    },
    /// The template marks what the assistant generates in a way that can't be used.
    #[error("the chat template's {{% generation %}} marks can't be used: {0}")]
    Marks(String),
    /// JSON that no template can be given, such as a number beyond what computers count with.
    #[error("{place} can't be given to the chat template: {reason}")]
    Json {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}
