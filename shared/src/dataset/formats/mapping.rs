//! Columns whose meaning a person says: which holds the question, which the answer.
//!
//! As text, in recipes (YAML) and on the command line, it is flat: `prompt=question,answer=reply`, or
//! `messages=turns,role=speaker,content=words,roles.me=user,roles.bot=assistant`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::json::{Kind, Value};
use super::super::row::{Comparison, Judged, Message, Role, Row, Sample};
use super::fields::{RowFault, list, required, tools, truth};
use super::messages::{MessageFields, read_messages_by};

/// What the columns of rows mean. Columns that it does not name are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenMapping", into = "WrittenMapping")]
pub struct Mapping {
    /// What is learned, and from which columns.
    pub sample: MappedSample,
    /// The column of what the assistant is told to be; rows in which it is empty have no such message.
    pub system: Option<String>,
    /// How messages are written, wherever a column holds a list of them.
    pub messages: MappedMessages,
}

/// What is learned, and from which columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappedSample {
    /// A conversation: a list of messages.
    Messages {
        /// The column.
        messages: String,
    },
    /// A conversation of a question, or messages, and an answer.
    Answer {
        /// The column of the question.
        prompt: String,
        /// The column of the answer.
        answer: String,
    },
    /// Whether an answer is a good one.
    Feedback {
        /// The column of the question.
        prompt: String,
        /// The column of the answer.
        answer: String,
        /// The column that says true or false, 1 or 0.
        label: String,
    },
    /// A better and a worse answer.
    Preference {
        /// The column of the question.
        prompt: String,
        /// The column of the better answer.
        chosen: String,
        /// The column of the worse answer.
        rejected: String,
    },
    /// Plain text.
    Text {
        /// The column.
        text: String,
    },
}

/// How a message in a list is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedMessages {
    /// The field that says who speaks.
    pub role: String,
    /// The field of what is said.
    pub content: String,
    /// What that field says of each role; it may also say the role's own name, or one that many datasets use.
    pub roles: BTreeMap<String, Role>,
}

impl Default for MappedMessages {
    fn default() -> Self {
        Self { role: "role".to_owned(), content: "content".to_owned(), roles: BTreeMap::new() }
    }
}

impl MappedMessages {
    /// Names of roles that many datasets use.
    const USUAL: [(&'static str, Role); 7] = [
        ("human", Role::User),
        ("gpt", Role::Assistant),
        ("bot", Role::Assistant),
        ("model", Role::Assistant),
        ("chatgpt", Role::Assistant),
        ("observation", Role::Tool),
        ("function", Role::Tool),
    ];

    fn role_named(&self, name: &str) -> Option<Role> {
        let usual = || Self::USUAL.iter().find(|(other, _)| *other == name).map(|&(_, role)| role);
        self.roles.get(name).copied().or_else(|| Role::from_name(name)).or_else(usual)
    }
}

/// A mapping as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenMapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<String, String>,
}

/// Why a text is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// Not what is needed for any kind of row.
    #[error(
        "the columns of one kind of row are needed: messages; prompt and answer, perhaps with label; prompt, chosen and \
         rejected; or text. There is {0}"
    )]
    Parts(String),
    /// No such part.
    #[error(
        "{0:?} is no part of a mapping; the parts are messages, prompt, answer, chosen, rejected, label, text, system, role, \
         content and roles.NAME"
    )]
    Unknown(String),
    /// Not a part with its column.
    #[error("{0:?} should be a part and its column, as in prompt=question")]
    NoColumn(String),
    /// A part twice.
    #[error("{0} comes twice")]
    Twice(String),
    /// No such role.
    #[error("roles.{name} is {role:?}, which is no role; the roles are system, developer, user, assistant and tool")]
    Role {
        /// What a file calls it.
        name: String,
        /// What it should be.
        role: String,
    },
}

impl TryFrom<WrittenMapping> for Mapping {
    type Error = MappingFault;

    fn try_from(written: WrittenMapping) -> Result<Self, MappingFault> {
        let WrittenMapping { messages, prompt, answer, chosen, rejected, label, text, system, role, content, roles } =
            written;
        let sample = match (messages, prompt, answer, chosen, rejected, label, text) {
            (Some(messages), None, None, None, None, None, None) => MappedSample::Messages { messages },
            (None, Some(prompt), Some(answer), None, None, None, None) => MappedSample::Answer { prompt, answer },
            (None, Some(prompt), Some(answer), None, None, Some(label), None) => {
                MappedSample::Feedback { prompt, answer, label }
            }
            (None, Some(prompt), None, Some(chosen), Some(rejected), None, None) => {
                MappedSample::Preference { prompt, chosen, rejected }
            }
            (None, None, None, None, None, None, Some(text)) if system.is_none() => MappedSample::Text { text },
            (messages, prompt, answer, chosen, rejected, label, text) => {
                let parts = [
                    ("messages", &messages),
                    ("prompt", &prompt),
                    ("answer", &answer),
                    ("chosen", &chosen),
                    ("rejected", &rejected),
                    ("label", &label),
                    ("text", &text),
                    ("system", &system),
                ];
                let there: Vec<&str> = parts.iter().filter(|(_, it)| it.is_some()).map(|&(name, _)| name).collect();
                let there = if there.is_empty() { "none of them".to_owned() } else { there.join(", ") };
                return Err(MappingFault::Parts(there));
            }
        };
        let usual = MappedMessages::default();
        let roles = roles.into_iter().map(|(name, role)| match Role::from_name(&role) {
            Some(role) => Ok((name, role)),
            None => Err(MappingFault::Role { name, role }),
        });
        let messages = MappedMessages {
            role: role.unwrap_or(usual.role),
            content: content.unwrap_or(usual.content),
            roles: roles.collect::<Result<_, _>>()?,
        };
        Ok(Self { sample, system, messages })
    }
}

impl From<Mapping> for WrittenMapping {
    fn from(mapping: Mapping) -> Self {
        let Mapping { sample, system, messages: MappedMessages { role, content, roles } } = mapping;
        let usual = MappedMessages::default();
        let rest = Self {
            system,
            role: Some(role).filter(|role| *role != usual.role),
            content: Some(content).filter(|content| *content != usual.content),
            roles: roles.into_iter().map(|(name, role)| (name, role.name().to_owned())).collect(),
            ..Self::default()
        };
        match sample {
            MappedSample::Messages { messages } => Self { messages: Some(messages), ..rest },
            MappedSample::Answer { prompt, answer } => Self { prompt: Some(prompt), answer: Some(answer), ..rest },
            MappedSample::Feedback { prompt, answer, label } => {
                Self { prompt: Some(prompt), answer: Some(answer), label: Some(label), ..rest }
            }
            MappedSample::Preference { prompt, chosen, rejected } => {
                Self { prompt: Some(prompt), chosen: Some(chosen), rejected: Some(rejected), ..rest }
            }
            MappedSample::Text { text } => Self { text: Some(text), ..rest },
        }
    }
}

impl WrittenMapping {
    /// The place of each part that is a column or a field.
    fn part(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "messages" => &mut self.messages,
            "prompt" => &mut self.prompt,
            "answer" => &mut self.answer,
            "chosen" => &mut self.chosen,
            "rejected" => &mut self.rejected,
            "label" => &mut self.label,
            "text" => &mut self.text,
            "system" => &mut self.system,
            "role" => &mut self.role,
            "content" => &mut self.content,
            _ => return None,
        })
    }
}

impl FromStr for Mapping {
    type Err = MappingFault;

    fn from_str(text: &str) -> Result<Self, MappingFault> {
        let mut written = WrittenMapping::default();
        for part in text.split(',') {
            let (name, column) = part
                .split_once('=')
                .map(|(name, column)| (name.trim(), column.trim().to_owned()))
                .filter(|(_, column)| !column.is_empty())
                .ok_or_else(|| MappingFault::NoColumn(part.to_owned()))?;
            let earlier = match name.strip_prefix("roles.") {
                Some(role) => written.roles.insert(role.to_owned(), column),
                None => {
                    let place = written.part(name).ok_or_else(|| MappingFault::Unknown(name.to_owned()))?;
                    place.replace(column)
                }
            };
            if earlier.is_some() {
                return Err(MappingFault::Twice(name.to_owned()));
            }
        }
        written.try_into()
    }
}

impl fmt::Display for Mapping {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = WrittenMapping::from(self.clone());
        let names =
            ["messages", "prompt", "answer", "chosen", "rejected", "label", "text", "system", "role", "content"];
        let mut parts = Vec::new();
        for name in names {
            if let Some(column) = written.part(name).and_then(Option::take) {
                parts.push(format!("{name}={column}"));
            }
        }
        parts.extend(written.roles.iter().map(|(name, role)| format!("roles.{name}={role}")));
        formatter.write_str(&parts.join(","))
    }
}

impl Mapping {
    /// Reads a row.
    ///
    /// # Errors
    /// A column is missing, or holds something else.
    pub fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let mut prompt = Vec::new();
        if let Some(column) = &self.system
            && row.get(column).is_some_and(|value| value.as_text() != Some(""))
        {
            prompt.push(Message::new(Role::System, scalar(row, column)?));
        }
        let mut ask = |column: &str| {
            prompt.extend(self.messages_of(row, column, Role::User)?);
            Ok::<_, RowFault>(std::mem::take(&mut prompt))
        };
        let say = |column: &str| self.messages_of(row, column, Role::Assistant);
        let sample = match &self.sample {
            MappedSample::Messages { messages } => Sample::Conversation(ask(messages)?),
            MappedSample::Answer { prompt, answer } => Sample::Conversation([ask(prompt)?, say(answer)?].concat()),
            MappedSample::Feedback { prompt, answer, label } => {
                Sample::Feedback(Judged { prompt: ask(prompt)?, completion: say(answer)?, is_good: truth(row, label)? })
            }
            MappedSample::Preference { prompt, chosen, rejected } => {
                Sample::Preference(Comparison { prompt: ask(prompt)?, chosen: say(chosen)?, rejected: say(rejected)? })
            }
            MappedSample::Text { text } => Sample::Text(scalar(row, text)?),
        };
        let has_tools = !matches!(self.sample, MappedSample::Text { .. });
        let mut read = Row { tools: if has_tools { tools(row)? } else { None }, ..Row::new(sample) };
        let own = self.columns();
        let others = row.entries().filter(|(name, _)| !(own.contains(name) || has_tools && *name == "tools"));
        read.columns.extend(others.map(|(name, value)| (name.to_owned(), value.into())));
        Ok(read)
    }

    /// The columns that it names.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = match &self.sample {
            MappedSample::Messages { messages } => vec![messages],
            MappedSample::Answer { prompt, answer } => vec![prompt, answer],
            MappedSample::Feedback { prompt, answer, label } => vec![prompt, answer, label],
            MappedSample::Preference { prompt, chosen, rejected } => vec![prompt, chosen, rejected],
            MappedSample::Text { text } => vec![text],
        };
        columns.extend(self.system.as_deref());
        columns
    }

    /// A list of messages, or a text that is one message of `role`.
    fn messages_of(&self, row: Value<'_>, column: &str, role: Role) -> Result<Vec<Message>, RowFault> {
        let value = required(row, column)?;
        let is_json = value.as_text().is_some_and(|text| text.trim_start().starts_with("[{\""));
        let is_list = matches!(self.sample, MappedSample::Messages { .. }) || value.kind() == Kind::List || is_json;
        if !is_list {
            return Ok(vec![Message::new(role, scalar(row, column)?)]);
        }
        let fields = MessageFields {
            role: &self.messages.role,
            content: &self.messages.content,
            role_named: &|name| self.messages.role_named(name),
        };
        list(row, column, |list| read_messages_by(list, &fields))
    }
}

/// A text, or a number or truth as one.
fn scalar(row: Value<'_>, column: &str) -> Result<String, RowFault> {
    let value = required(row, column)?;
    match (value.as_text(), value.kind()) {
        (Some(text), _) => Ok(text.to_owned()),
        (None, Kind::Number | Kind::Bool) => Ok(value.to_string()),
        (None, found) => Err(RowFault::at(column, format!("there is {found} where a text should be"))),
    }
}
