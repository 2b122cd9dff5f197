//! Conversations as ChatML's text, `<|im_start|>role\n...<|im_end|>\n` for each message, in a column `text`.

use super::super::json::Value;
use super::super::row::{Message, Role, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, text};

const START: &str = "<|im_start|>";
const END: &str = "<|im_end|>";

pub(super) struct ChatMl;

impl Known for ChatMl {
    fn title(&self) -> &'static str {
        "ChatML text"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["text"]
    }

    fn key(&self) -> &'static str {
        "text"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        row.get("text").and_then(Value::as_text).is_some_and(|text| text.trim_start().starts_with(START))
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let messages = parse(text(row, "text")?).map_err(|reason| RowFault::at("text", reason))?;
        Ok(Row::new(Sample::Conversation(messages)))
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        let Sample::Conversation(messages) = &row.sample else { return Some(row.sample.kind()) };
        if row.tools.is_some() {
            return Some("tools");
        }
        let has_mark =
            |message: &Message| message.plain_text().is_some_and(|text| text.contains(START) || text.contains(END));
        if messages.is_empty() {
            return Some("a conversation without messages");
        }
        if messages.iter().any(has_mark) {
            return Some("a text that holds ChatML's own marks");
        }
        messages.iter().find_map(Message::beyond_text)
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        if let Sample::Conversation(messages) = &row.sample {
            out.text("text", &render(messages));
        }
    }
}

/// The text of plain messages.
pub(super) fn render(messages: &[Message]) -> String {
    let message = |message: &Message| {
        format!("{START}{}\n{}{END}\n", message.role.name(), message.plain_text().unwrap_or_default())
    };
    messages.iter().map(message).collect()
}

/// The messages of a text, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Message>, String> {
    let mut messages = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let nth = messages.len() + 1;
        let Some(message) = rest.strip_prefix(START) else {
            return Err(format!("there is text outside of {START} and {END} before message {nth}"));
        };
        let Some((role, body)) = message.split_once('\n') else {
            return Err(format!("message {nth} has no line break after its role"));
        };
        let Some(role) = Role::from_name(role.trim()) else {
            let known = Role::NAMES.map(|(name, _)| name).join(", ");
            return Err(format!("message {nth} is of {:?}, which is no role; the roles are {known}", role.trim()));
        };
        let Some((body, after)) = body.split_once(END) else {
            return Err(format!("message {nth} has no {END}: it may be cut off"));
        };
        if body.contains(START) {
            return Err(format!("message {nth} has no {END} before the next begins"));
        }
        messages.push(Message::new(role, body));
        rest = after.trim_start();
    }
    Ok(messages)
}
