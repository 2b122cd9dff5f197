//! TRL's unpaired preferences (KTO): a prompt, a completion, and a label that says whether it is a good one.
//!
//! <https://huggingface.co/docs/trl/dataset_formats>

use super::super::json::Value;
use super::super::row::{Judged, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, text, tools, truth};
use super::messages::{ArgumentStyle, read_messages, write_messages};
use super::trl_prompt_completion::is_of_messages;

pub(super) struct TrlFeedback;

impl Known for TrlFeedback {
    fn title(&self) -> &'static str {
        "Good and bad answers (TRL, KTO)"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["prompt", "completion", "label", "tools"]
    }

    fn key(&self) -> &'static str {
        "completion"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        ["prompt", "completion"].iter().all(|name| row.get(name).is_some()) && truth(row, "label").is_ok()
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let is_good = truth(row, "label")?;
        let sample = if is_of_messages(row, "completion") {
            let (prompt, completion) = (list(row, "prompt", read_messages)?, list(row, "completion", read_messages)?);
            Sample::Feedback(Judged { prompt, completion, is_good })
        } else {
            let (prompt, completion) = (text(row, "prompt")?.to_owned(), text(row, "completion")?.to_owned());
            Sample::TextFeedback(Judged { prompt, completion, is_good })
        };
        Ok(Row { tools: tools(row)?, ..Row::new(sample) })
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        match row.sample {
            Sample::Feedback(_) | Sample::TextFeedback(_) => None,
            _ => Some(row.sample.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        match &row.sample {
            Sample::Feedback(Judged { prompt, completion, is_good }) => {
                out.field("prompt", |out| write_messages(out, prompt, ArgumentStyle::Object));
                out.field("completion", |out| write_messages(out, completion, ArgumentStyle::Object));
                out.truth("label", *is_good);
            }
            Sample::TextFeedback(Judged { prompt, completion, is_good }) => {
                out.text("prompt", prompt);
                out.text("completion", completion);
                out.truth("label", *is_good);
            }
            _ => {}
        }
        if let Some(tools) = &row.tools {
            out.json("tools", tools.as_str());
        }
    }
}
