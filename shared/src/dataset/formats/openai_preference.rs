//! OpenAI's preference fine-tuning (DPO): `{"input": {"messages": [...], "tools": [...]}, "preferred_output": [...],
//! "non_preferred_output": [...]}`.
//!
//! <https://platform.openai.com/docs/guides/direct-preference-optimization>

use super::super::json::{Kind, Value};
use super::super::row::{Comparison, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, tools, value_or_text};
use super::messages::{ArgumentStyle, read_messages, write_messages};

/// What `input` has beside messages and tools is kept in columns with this before their names.
const WITHIN_INPUT: &str = "input.";

pub(super) struct OpenAiPreference;

impl Known for OpenAiPreference {
    fn title(&self) -> &'static str {
        "OpenAI preference"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["input", "preferred_output", "non_preferred_output"]
    }

    fn key(&self) -> &'static str {
        "preferred_output"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        ["preferred_output", "non_preferred_output"].iter().all(|name| row.get(name).is_some())
    }

    fn places(&self, column: &str) -> bool {
        column.starts_with(WITHIN_INPUT)
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let mut read = value_or_text(row, "input", |input| {
            if input.kind() != Kind::Object {
                return Err(RowFault::at("", format!("there is {} where an object should be", input.kind())));
            }
            let prompt = list(input, "messages", read_messages)?;
            let comparison = Comparison { prompt, chosen: Vec::new(), rejected: Vec::new() };
            let mut read = Row { tools: tools(input)?, ..Row::new(Sample::Preference(comparison)) };
            let others = input.entries().filter(|(name, _)| !["messages", "tools"].contains(name));
            read.columns.extend(others.map(|(name, value)| (format!("{WITHIN_INPUT}{name}"), value.into())));
            Ok(read)
        })?;
        if let Sample::Preference(comparison) = &mut read.sample {
            comparison.chosen = list(row, "preferred_output", read_messages)?;
            comparison.rejected = list(row, "non_preferred_output", read_messages)?;
        }
        Ok(read)
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        let is_own = |name: &str| matches!(name.strip_prefix(WITHIN_INPUT), Some("messages" | "tools"));
        if row.columns.iter().any(|(name, _)| is_own(name)) {
            return Some("a column that has the name of one of its own");
        }
        match row.sample {
            Sample::Preference(_) => None,
            _ => Some(row.sample.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        let Sample::Preference(Comparison { prompt, chosen, rejected }) = &row.sample else { return };
        out.field("input", |out| {
            let mut input = Writer::new(out);
            input.field("messages", |out| write_messages(out, prompt, ArgumentStyle::Text));
            if let Some(tools) = &row.tools {
                input.json("tools", tools.as_str());
            }
            for (name, value) in &row.columns {
                if let Some(name) = name.strip_prefix(WITHIN_INPUT) {
                    input.json(name, value.as_str());
                }
            }
            input.end();
        });
        out.field("preferred_output", |out| write_messages(out, chosen, ArgumentStyle::Text));
        out.field("non_preferred_output", |out| write_messages(out, rejected, ArgumentStyle::Text));
    }
}
