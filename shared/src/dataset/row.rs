//! What a row is, whatever file it came in.

use super::json::{JsonText, Value};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is learned from it.
    pub sample: Sample,
    /// The tools that the model is offered, as OpenAI writes them.
    pub tools: Option<JsonText>,
    /// What no format knows, kept in order: a source, a rating.
    pub columns: Vec<(String, JsonText)>,
}

impl Row {
    /// A row without more.
    pub fn new(sample: Sample) -> Self {
        Self { sample, tools: None, columns: Vec::new() }
    }

    /// The value of a column that no format knows: a text as it is, all else as JSON; `null` counts as missing.
    pub fn column_text(&self, column: &str) -> Option<String> {
        let (_, value) = self.columns.iter().find(|(name, _)| name == column)?;
        value.with(|value| (!value.is_null()).then(|| value.as_text().map_or_else(|| value.to_string(), str::to_owned)))
    }
}

/// What is learned from a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// The assistant's answers in a conversation.
    Conversation(Vec<Message>),
    /// To prefer one answer to another.
    Preference(Comparison<Vec<Message>>),
    /// Whether an answer is a good one (KTO).
    Feedback(Judged<Vec<Message>>),
    /// Plain text, all of it; no chat template is put around it.
    Text(String),
    /// How a plain text goes on.
    TextCompletion {
        /// Its beginning, which is not learned.
        prompt: String,
        /// What is.
        completion: String,
    },
    /// To prefer one continuation of a plain text to another.
    TextPreference(Comparison<String>),
    /// Whether a continuation of a plain text is a good one.
    TextFeedback(Judged<String>),
}

impl Sample {
    /// Its kind in a word or two.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Conversation(_) => "a conversation",
            Self::Preference(_) => "a preference",
            Self::Feedback(_) => "feedback",
            Self::Text(_) => "plain text",
            Self::TextCompletion { .. } => "a plain text and how it goes on",
            Self::TextPreference(_) => "a preference between plain texts",
            Self::TextFeedback(_) => "feedback on a plain text",
        }
    }

    /// All its messages, in order; none of plain texts.
    pub fn messages(&self) -> Vec<&Message> {
        match self {
            Self::Conversation(messages) => messages.iter().collect(),
            Self::Preference(Comparison { prompt, chosen, rejected }) => {
                prompt.iter().chain(chosen).chain(rejected).collect()
            }
            Self::Feedback(Judged { prompt, completion, .. }) => prompt.iter().chain(completion).collect(),
            Self::Text(_) | Self::TextCompletion { .. } | Self::TextPreference(_) | Self::TextFeedback(_) => Vec::new(),
        }
    }
}

/// Two answers to the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison<T> {
    /// What both answer.
    pub prompt: T,
    /// The better one.
    pub chosen: T,
    /// The worse one.
    pub rejected: T,
}

/// An answer and whether it is a good one.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<T> {
    /// What it answers.
    pub prompt: T,
    /// The answer.
    pub completion: T,
    /// Whether it is a good one.
    pub is_good: bool,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What the assistant is told to be.
    System,
    /// The same, as newer models of OpenAI call it.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// What a tool gave back.
    Tool,
}

impl Role {
    /// As OpenAI, and chat templates, name them.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("system", Self::System),
        ("developer", Self::Developer),
        ("user", Self::User),
        ("assistant", Self::Assistant),
        ("tool", Self::Tool),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(other, _)| *other == name).map(|&(_, role)| role)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said; a message that calls tools may say nothing.
    pub content: Option<Content>,
    /// The tools that the assistant calls.
    pub tool_calls: Vec<ToolCall>,
    /// The call that a tool's message answers.
    pub tool_call_id: Option<String>,
    /// Who of several, or which tool.
    pub name: Option<String>,
    /// Whether an assistant's message is learned; where nothing is said, it is.
    pub is_learned: Option<bool>,
    /// What no format knows, kept in order: reasoning, a refusal.
    pub more: Vec<(String, JsonText)>,
}

impl Message {
    /// A message of text.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { content: Some(Content::Text(text.into())), ..Self::empty(role) }
    }

    /// A message that says nothing.
    pub fn empty(role: Role) -> Self {
        Self {
            role,
            content: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
            is_learned: None,
            more: Vec::new(),
        }
    }

    /// The text, if it is nothing else.
    pub fn plain_text(&self) -> Option<&str> {
        match &self.content {
            Some(Content::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is what the assistant is told to be.
    pub fn is_instruction(&self) -> bool {
        matches!(self.role, Role::System | Role::Developer)
    }

    /// Whether it says and does nothing; parts of text may all be blank.
    pub fn is_blank(&self) -> bool {
        let is_blank = |text: &str| text.trim().is_empty();
        self.tool_calls.is_empty()
            && match &self.content {
                None => true,
                Some(Content::Text(text)) => is_blank(text),
                Some(Content::Parts(parts)) => parts.with(|parts| {
                    parts.items().all(|part| part.get("text").and_then(Value::as_text).is_some_and(is_blank))
                }),
            }
    }

    /// Whether there is more to it than a role and a text, and what: then not every format can hold it.
    pub fn beyond_text(&self) -> Option<&'static str> {
        if !self.tool_calls.is_empty() {
            Some("calls of tools")
        } else if self.tool_call_id.is_some() {
            Some("the id of a tool's call")
        } else if self.name.is_some() {
            Some("a name beside a role")
        } else if self.is_learned.is_some() {
            Some("whether a message is learned")
        } else if !self.more.is_empty() {
            Some("more fields of a message")
        } else if self.plain_text().is_none() {
            Some("a message without plain text")
        } else {
            None
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A list of parts as OpenAI writes them: texts, images.
    Parts(JsonText),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// What the tool's answer names it by.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// What it is called with.
    pub arguments: Arguments,
}

/// What a tool is called with.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// An object.
    Json(JsonText),
    /// What a model wrote that is no JSON, or is spaced in its own way.
    Text(String),
}

impl Arguments {
    /// From a text, as OpenAI's format has it.
    pub fn from_text(text: &str) -> Self {
        match JsonText::parse(text) {
            // Others are spaced as the model wrote them, and a model learns that too.
            Ok(json) if json.as_str() == text && text.starts_with('{') => Self::Json(json),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// From a value, as templates have it.
    pub fn from_value(value: Value<'_>) -> Self {
        value.as_text().map_or_else(|| Self::Json(value.into()), Self::from_text)
    }

    /// As a text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Json(json) => json.as_str(),
            Self::Text(text) => text,
        }
    }
}

impl Row {
    /// Gives everything of the row that may hold words or digits to `look`: what is said and by whom, what tools are called
    /// with, other columns; of JSON, numbers and names of fields too.
    pub fn for_each_leaf(&self, look: &mut dyn FnMut(&str)) {
        match &self.sample {
            Sample::Conversation(_) | Sample::Preference(_) | Sample::Feedback(_) => {
                self.sample.messages().into_iter().for_each(|message| message.for_each_leaf(look));
            }
            plain => plain.for_each_text(look),
        }
        for json in self.tools.iter().chain(self.columns.iter().map(|(_, value)| value)) {
            json.for_each_leaf(look);
        }
    }

    /// Lets `change` put another text in the place of any that [`for_each_leaf`](Self::for_each_leaf) gives; says how many it
    /// did.
    pub fn change_texts(&mut self, change: &mut dyn FnMut(&str) -> Option<String>) -> u64 {
        let mut changed = 0;
        let mut replace = |text: &mut String| {
            if let Some(other) = change(text) {
                *text = other;
                changed += 1;
            }
        };
        match &mut self.sample {
            Sample::Text(text) => replace(text),
            Sample::TextCompletion { prompt, completion } | Sample::TextFeedback(Judged { prompt, completion, .. }) => {
                replace(prompt);
                replace(completion);
            }
            Sample::TextPreference(Comparison { prompt, chosen, rejected }) => {
                replace(prompt);
                replace(chosen);
                replace(rejected);
            }
            Sample::Conversation(_) | Sample::Preference(_) | Sample::Feedback(_) => {
                self.sample.messages_mut().into_iter().for_each(|message| message.change_texts(&mut replace));
            }
        }
        for json in self.tools.iter_mut().chain(self.columns.iter_mut().map(|(_, value)| value)) {
            json.change_leaves(&mut replace);
        }
        changed
    }
}

impl Sample {
    /// Gives every text of the sample to `look`.
    pub fn for_each_text(&self, look: &mut dyn FnMut(&str)) {
        match self {
            Self::Text(text) => look(text),
            Self::TextCompletion { prompt, completion } | Self::TextFeedback(Judged { prompt, completion, .. }) => {
                look(prompt);
                look(completion);
            }
            Self::TextPreference(Comparison { prompt, chosen, rejected }) => {
                look(prompt);
                look(chosen);
                look(rejected);
            }
            Self::Conversation(_) | Self::Preference(_) | Self::Feedback(_) => {
                self.messages().into_iter().for_each(|message| message.for_each_text(look));
            }
        }
    }

    /// All its messages, to be changed.
    pub(super) fn messages_mut(&mut self) -> Vec<&mut Message> {
        match self {
            Self::Conversation(messages) => messages.iter_mut().collect(),
            Self::Preference(Comparison { prompt, chosen, rejected }) => {
                prompt.iter_mut().chain(chosen).chain(rejected).collect()
            }
            Self::Feedback(Judged { prompt, completion, .. }) => prompt.iter_mut().chain(completion).collect(),
            Self::Text(_) | Self::TextCompletion { .. } | Self::TextPreference(_) | Self::TextFeedback(_) => Vec::new(),
        }
    }
}

impl Message {
    fn for_each_text(&self, look: &mut dyn FnMut(&str)) {
        match &self.content {
            Some(Content::Text(text)) => look(text),
            Some(Content::Parts(parts)) => parts.for_each_text(look),
            None => {}
        }
        for call in &self.tool_calls {
            match &call.arguments {
                Arguments::Json(json) => json.for_each_text(look),
                Arguments::Text(text) => look(text),
            }
        }
        self.more.iter().for_each(|(_, value)| value.for_each_text(look));
    }

    fn for_each_leaf(&self, look: &mut dyn FnMut(&str)) {
        match &self.content {
            Some(Content::Text(text)) => look(text),
            Some(Content::Parts(parts)) => parts.for_each_leaf(look),
            None => {}
        }
        for call in &self.tool_calls {
            match &call.arguments {
                Arguments::Json(json) => json.for_each_leaf(look),
                Arguments::Text(text) => look(text),
            }
        }
        self.name.iter().for_each(|name| look(name));
        self.more.iter().for_each(|(_, value)| value.for_each_leaf(look));
    }

    fn change_texts(&mut self, replace: &mut dyn FnMut(&mut String)) {
        match &mut self.content {
            Some(Content::Text(text)) => replace(text),
            Some(Content::Parts(parts)) => parts.change_leaves(replace),
            None => {}
        }
        for call in &mut self.tool_calls {
            match &mut call.arguments {
                Arguments::Json(json) => json.change_leaves(replace),
                Arguments::Text(text) => replace(text),
            }
        }
        self.name.iter_mut().for_each(&mut *replace);
        self.more.iter_mut().for_each(|(_, value)| value.change_leaves(replace));
    }
}

impl Sample {
    /// Lets `change` change what the person says. Of a plain text that is nothing: all of it is learned.
    pub fn change_prompts(&mut self, change: &mut dyn FnMut(&mut String)) {
        let messages: &mut [Message] = match self {
            Self::Text(_) => &mut [],
            Self::TextCompletion { prompt, .. } | Self::TextFeedback(Judged { prompt, .. }) => {
                change(prompt);
                &mut []
            }
            Self::TextPreference(Comparison { prompt, .. }) => {
                change(prompt);
                &mut []
            }
            Self::Conversation(messages) => messages,
            Self::Preference(Comparison { prompt, .. }) | Self::Feedback(Judged { prompt, .. }) => prompt,
        };
        for message in messages.iter_mut().filter(|message| message.role == Role::User) {
            if let Some(Content::Text(text)) = &mut message.content {
                change(text);
            }
        }
    }

    /// Gives every text to `look`, with whether it is learned. Of two answers that are compared, both are.
    pub fn for_each_part(&self, look: &mut dyn FnMut(&str, bool)) {
        self.for_each_part_of(|_| true, look);
    }

    /// The same, of such messages only.
    pub fn for_each_part_of(&self, is_meant: impl Fn(&Message) -> bool, look: &mut dyn FnMut(&str, bool)) {
        let mut messages = |messages: &[Message], can_be_learned: bool| {
            for message in messages.iter().filter(|message| is_meant(message)) {
                let is_learned = can_be_learned && message.role == Role::Assistant && message.is_learned != Some(false);
                message.for_each_text(&mut |text| look(text, is_learned));
            }
        };
        match self {
            Self::Conversation(all) => messages(all, true),
            Self::Preference(Comparison { prompt, chosen, rejected }) => {
                messages(prompt, false);
                messages(chosen, true);
                messages(rejected, true);
            }
            Self::Feedback(Judged { prompt, completion, .. }) => {
                messages(prompt, false);
                messages(completion, true);
            }
            Self::Text(text) => look(text, true),
            Self::TextCompletion { prompt, completion } | Self::TextFeedback(Judged { prompt, completion, .. }) => {
                look(prompt, false);
                look(completion, true);
            }
            Self::TextPreference(Comparison { prompt, chosen, rejected }) => {
                look(prompt, false);
                look(chosen, true);
                look(rejected, true);
            }
        }
    }

    /// How often the person speaks.
    pub fn turns(&self) -> usize {
        match self {
            Self::Conversation(_) | Self::Preference(_) | Self::Feedback(_) => {
                self.messages().iter().filter(|message| message.role == Role::User).count()
            }
            Self::Text(_) => 0,
            Self::TextCompletion { .. } | Self::TextPreference(_) | Self::TextFeedback(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_null_is_missing() {
        let column = |json: &str| {
            let columns = vec![("source".to_owned(), JsonText::parse(json).unwrap())];
            Row { columns, ..Row::new(Sample::Text(String::new())) }.column_text("source")
        };
        assert_eq!(column("null"), None);
        assert_eq!(column("\"null\"").as_deref(), Some("null"));
        assert_eq!(column("[1]").as_deref(), Some("[1]"));
    }
}
