//! Prompts as a person writes them: templates with typed variables and examples, rendered to the messages that a
//! model is asked with.

mod answering;
pub mod chain;
mod dialect;
mod diff;
pub mod few_shot;
mod files;
mod preview;
mod render;
pub mod self_consistency;
pub mod tasks;
mod template;
mod versions;

pub use answering::Written;
pub(crate) use dialect::environment as template_environment;
pub use diff::{DiffLine, DiffPiece, DiffSide, diff};
pub use files::InvalidPromptFile;
pub use preview::{Preview, PreviewToken, preview};
pub use render::{PromptError, Remark, TextError};
pub use template::{Example, MessageTemplate, PromptTemplate, Variable, VariableKind, Variables};
pub use versions::{PromptVersion, UnknownVersion, VersionHistory, VersionScore};
