//! TRL's preferences: a prompt, a chosen and a rejected completion, each a text or a list of messages. Without a prompt,
//! what both conversations begin with is the prompt.
//!
//! <https://huggingface.co/docs/trl/dataset_formats>

use super::super::json::Value;
use super::super::row::{Comparison, Message, Role, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, optional_text, text, tools};
use super::messages::{ArgumentStyle, read_messages, write_messages};
use super::trl_prompt_completion::is_of_messages;

pub(super) struct TrlPreference;

impl Known for TrlPreference {
    fn title(&self) -> &'static str {
        "Preference (TRL)"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["prompt", "chosen", "rejected", "tools"]
    }

    fn key(&self) -> &'static str {
        "chosen"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        ["chosen", "rejected"].iter().all(|name| row.get(name).is_some())
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let sample = if is_of_messages(row, "chosen") {
            let (chosen, rejected) = (list(row, "chosen", read_messages)?, list(row, "rejected", read_messages)?);
            Sample::Preference(if is_of_messages(row, "prompt") {
                Comparison { prompt: list(row, "prompt", read_messages)?, chosen, rejected }
            } else {
                without_shared_beginning(optional_text(row, "prompt")?, chosen, rejected)
            })
        } else {
            Sample::TextPreference(Comparison {
                prompt: optional_text(row, "prompt")?.unwrap_or_default().to_owned(),
                chosen: text(row, "chosen")?.to_owned(),
                rejected: text(row, "rejected")?.to_owned(),
            })
        };
        Ok(Row { tools: tools(row)?, ..Row::new(sample) })
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        match row.sample {
            Sample::Preference(_) | Sample::TextPreference(_) => None,
            _ => Some(row.sample.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        match &row.sample {
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                for (name, messages) in [("prompt", prompt), ("chosen", chosen), ("rejected", rejected)] {
                    out.field(name, |out| write_messages(out, messages, ArgumentStyle::Object));
                }
            }
            Sample::TextPreference(Comparison { prompt, chosen, rejected }) => {
                for (name, text) in [("prompt", prompt), ("chosen", chosen), ("rejected", rejected)] {
                    out.text(name, text);
                }
            }
            _ => {}
        }
        if let Some(tools) = &row.tools {
            out.json("tools", tools.as_str());
        }
    }
}

/// Takes what both conversations begin with for the prompt; where there is no such thing, the prompt's text.
fn without_shared_beginning(
    prompt: Option<&str>,
    mut chosen: Vec<Message>,
    mut rejected: Vec<Message>,
) -> Comparison<Vec<Message>> {
    let shared = chosen.iter().zip(&rejected).take_while(|(one, other)| one == other).count();
    let beginning: Vec<Message> = chosen.drain(..shared).collect();
    rejected.drain(..shared);
    let asked = prompt.filter(|_| beginning.is_empty()).map(|text| Message::new(Role::User, text));
    Comparison { prompt: if shared == 0 { asked.into_iter().collect() } else { beginning }, chosen, rejected }
}
