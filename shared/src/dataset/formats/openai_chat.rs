//! OpenAI's chat fine-tuning: `{"messages": [...], "tools": [...]}`, where `weight` 0 keeps an assistant's message from
//! being learned. TRL's conversational datasets are the same.
//!
//! <https://platform.openai.com/docs/guides/supervised-fine-tuning>

use super::super::json::{Kind, Value};
use super::super::row::{Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, tools};
use super::messages::{ArgumentStyle, read_messages, write_messages};

pub(super) struct OpenAiChat;

impl Known for OpenAiChat {
    fn title(&self) -> &'static str {
        "OpenAI chat"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["messages", "tools"]
    }

    fn key(&self) -> &'static str {
        "messages"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        row.get("messages").is_some_and(|messages| matches!(messages.kind(), Kind::List | Kind::Text))
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let messages = list(row, "messages", read_messages)?;
        Ok(Row { tools: tools(row)?, ..Row::new(Sample::Conversation(messages)) })
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        match row.sample {
            Sample::Conversation(_) => None,
            _ => Some(row.sample.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        if let Sample::Conversation(messages) = &row.sample {
            out.field("messages", |out| write_messages(out, messages, ArgumentStyle::Text));
        }
        if let Some(tools) = &row.tools {
            out.json("tools", tools.as_str());
        }
    }
}
