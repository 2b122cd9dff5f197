//! Prompts as a person writes them: templates with typed variables and examples, rendered to the messages that a
//! model is asked with.

mod dialect;
mod render;
mod template;

pub(crate) use dialect::environment as template_environment;
pub use render::{PromptError, Remark, TextError};
pub use template::{Example, MessageTemplate, PromptTemplate, Variable, VariableKind, Variables};
