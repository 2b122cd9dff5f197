//! TRL's prompts and completions, each a text or a list of messages. Only the completion is learned, so a conversation
//! can be written so if what is learned of it comes last.
//!
//! <https://huggingface.co/docs/trl/dataset_formats>

use super::super::json::{Kind, Value};
use super::super::row::{Message, Role, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, text, tools};
use super::messages::{ArgumentStyle, read_messages, write_messages};

pub(super) struct TrlPromptCompletion;

impl Known for TrlPromptCompletion {
    fn title(&self) -> &'static str {
        "Prompt and completion (TRL)"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["prompt", "completion", "tools"]
    }

    fn key(&self) -> &'static str {
        "completion"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        ["prompt", "completion"].iter().all(|name| row.get(name).is_some())
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let sample = if is_of_messages(row, "completion") {
            let mut messages = list(row, "prompt", read_messages)?;
            for message in messages.iter_mut().filter(|message| message.role == Role::Assistant) {
                message.is_learned = Some(false);
            }
            messages.extend(list(row, "completion", read_messages)?);
            Sample::Conversation(messages)
        } else {
            let (prompt, completion) = (text(row, "prompt")?.to_owned(), text(row, "completion")?.to_owned());
            Sample::TextCompletion { prompt, completion }
        };
        Ok(Row { tools: tools(row)?, ..Row::new(sample) })
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        match &row.sample {
            Sample::TextCompletion { .. } => None,
            Sample::Conversation(messages) => {
                let Some(completion) = completion_begins_at(messages) else {
                    return Some("a conversation of which nothing is learned");
                };
                let is_learned = |message: &Message| message.role != Role::Assistant || message.is_learned.is_none();
                let ends_well = messages[completion..].iter().all(is_learned);
                (!ends_well).then_some("a conversation of which parts in the middle are learned")
            }
            other => Some(other.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        match &row.sample {
            Sample::TextCompletion { prompt, completion } => {
                out.text("prompt", prompt);
                out.text("completion", completion);
            }
            Sample::Conversation(messages) => {
                let (prompt, completion) = messages.split_at(completion_begins_at(messages).unwrap_or_default());
                let unmarked = |message: &Message| match message.role {
                    Role::Assistant => Message { is_learned: None, ..message.clone() },
                    _ => message.clone(),
                };
                let prompt: Vec<Message> = prompt.iter().map(unmarked).collect();
                out.field("prompt", |out| write_messages(out, &prompt, ArgumentStyle::Object));
                out.field("completion", |out| write_messages(out, completion, ArgumentStyle::Object));
            }
            _ => {}
        }
        if let Some(tools) = &row.tools {
            out.json("tools", tools.as_str());
        }
    }
}

/// The first message that is learned.
fn completion_begins_at(messages: &[Message]) -> Option<usize> {
    messages.iter().position(|message| message.role == Role::Assistant && message.is_learned != Some(false))
}

/// Whether a column holds messages and no text; in a table these are JSON in a cell.
pub(super) fn is_of_messages(row: Value<'_>, name: &str) -> bool {
    row.get(name).is_some_and(|value| match (value.kind(), value.as_text()) {
        (Kind::List, _) => true,
        (_, Some(text)) => text.starts_with("[{\"role\""),
        _ => false,
    })
}
