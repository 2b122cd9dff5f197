//! TRL's plain text for language modelling: `{"text": "..."}`.
//!
//! <https://huggingface.co/docs/trl/dataset_formats>

use super::super::json::{Kind, Value};
use super::super::row::{Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, text};

pub(super) struct TrlText;

impl Known for TrlText {
    fn title(&self) -> &'static str {
        "Plain text (TRL)"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["text"]
    }

    fn key(&self) -> &'static str {
        "text"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        row.get("text").is_some_and(|text| text.kind() == Kind::Text)
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        Ok(Row::new(Sample::Text(text(row, "text")?.to_owned())))
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        match row.sample {
            Sample::Text(_) if row.tools.is_none() => None,
            Sample::Text(_) => Some("tools"),
            _ => Some(row.sample.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        if let Sample::Text(text) = &row.sample {
            out.text("text", text);
        }
    }
}
