//! A prompt template: what it is made of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model_call::OutputConstraint;

/// Values of variables, by name.
pub type Variables = Map<String, Value>;

/// A prompt with variables, ready to be filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptTemplate {
    /// The name it is chosen by.
    pub name: String,
    /// The variables that it may use.
    pub variables: Vec<Variable>,
    /// The turns, in order. Their texts are Jinja templates.
    pub messages: Vec<MessageTemplate>,
    /// Worked examples, shown to the model as turns before the last message.
    pub examples: Vec<Example>,
    /// What the answer must look like, enforced while it is written.
    pub output: Option<OutputConstraint>,
}

/// One variable of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The name in the texts.
    pub name: String,
    /// What values it takes.
    #[serde(flatten)]
    pub kind: VariableKind,
    /// The value where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// It must have a value: given, or by default.
    #[serde(default)]
    pub required: bool,
    /// What it is for, in a person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What values a variable takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum VariableKind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// One of these texts.
    Choice {
        /// The texts.
        options: Vec<String>,
    },
    /// A list of anything.
    List,
    /// An object of anything.
    Object,
}

/// One turn of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplate {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The turn's text, a Jinja template.
    pub text: String,
}

/// A worked example: the last message with these values, and the answer to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Values of the variables.
    pub variables: Variables,
    /// The right answer.
    pub answer: String,
}
