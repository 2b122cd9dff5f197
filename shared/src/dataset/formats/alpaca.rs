//! Stanford Alpaca's instructions, as LLaMA-Factory extends them: `instruction`, `input`, `output`, and perhaps `system`,
//! `history` (earlier questions and answers, learned too), `chosen` and `rejected` in place of the output, or `kto_tag`.
//! The input follows the instruction after a line break, as LLaMA-Factory joins them.
//!
//! <https://github.com/tatsu-lab/stanford_alpaca>, <https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>

use super::super::json::{Kind, Value, write_text};
use super::super::row::{Comparison, Judged, Message, Role, Row, Sample};
use super::Known;
use super::fields::{RowFault, Writer, list, optional_text, text, truth, write_list};

pub(super) struct Alpaca;

impl Known for Alpaca {
    fn title(&self) -> &'static str {
        "Alpaca"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["instruction", "input", "output", "system", "history", "chosen", "rejected", "kto_tag"]
    }

    fn key(&self) -> &'static str {
        "instruction"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        let has = |name: &str| row.get(name).is_some();
        has("instruction") && (has("output") || (has("chosen") && has("rejected")))
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let mut prompt = Vec::new();
        if let Some(system) = optional_text(row, "system")?.filter(|system| !system.is_empty()) {
            prompt.push(Message::new(Role::System, system));
        }
        if row.get("history").is_some_and(|history| history.as_text() != Some("")) {
            prompt.extend(list(row, "history", read_history)?);
        }
        let (instruction, input) = (text(row, "instruction")?, optional_text(row, "input")?.unwrap_or_default());
        let question = match (instruction, input) {
            (instruction, "") => instruction.to_owned(),
            ("", input) => input.to_owned(),
            (instruction, input) => format!("{instruction}\n{input}"),
        };
        prompt.push(Message::new(Role::User, question));
        let answer = |name: &str| Ok::<_, RowFault>(vec![Message::new(Role::Assistant, text(row, name)?)]);
        let is_there = |name: &str| row.get(name).is_some_and(|value| value.as_text() != Some(""));
        Ok(Row::new(if is_there("chosen") {
            Sample::Preference(Comparison { prompt, chosen: answer("chosen")?, rejected: answer("rejected")? })
        } else if is_there("kto_tag") {
            let is_good = truth(row, "kto_tag")?;
            Sample::Feedback(Judged { prompt, completion: answer("output")?, is_good })
        } else {
            prompt.extend(answer("output")?);
            Sample::Conversation(prompt)
        }))
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        let one_answer = |answer: &[Message]| match answer {
            [message] if message.role == Role::Assistant => message.beyond_text(),
            _ => Some("an answer that is not one message of the assistant"),
        };
        if row.tools.is_some() {
            return Some("tools");
        }
        match &row.sample {
            Sample::Conversation(messages) => match messages.split_last() {
                Some((answer, prompt)) => lacks_of_prompt(prompt).or_else(|| one_answer(std::slice::from_ref(answer))),
                None => Some("a conversation without messages"),
            },
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                let is_empty = chosen.first().and_then(Message::plain_text) == Some("");
                lacks_of_prompt(prompt)
                    .or_else(|| one_answer(chosen))
                    .or_else(|| one_answer(rejected))
                    .or(is_empty.then_some("a chosen answer that is empty"))
            }
            Sample::Feedback(Judged { prompt, completion, .. }) => {
                lacks_of_prompt(prompt).or_else(|| one_answer(completion))
            }
            other => Some(other.kind()),
        }
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        let text = |messages: &[Message]| messages.last().and_then(Message::plain_text).unwrap_or_default().to_owned();
        match &row.sample {
            Sample::Conversation(messages) => {
                let (prompt, answer) = messages.split_at(messages.len().saturating_sub(1));
                write_prompt(out, prompt);
                out.text("output", &text(answer));
                write_before(out, prompt);
            }
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                write_prompt(out, prompt);
                out.text("chosen", &text(chosen));
                out.text("rejected", &text(rejected));
                write_before(out, prompt);
            }
            Sample::Feedback(Judged { prompt, completion, is_good }) => {
                write_prompt(out, prompt);
                out.text("output", &text(completion));
                out.truth("kto_tag", *is_good);
                write_before(out, prompt);
            }
            _ => {}
        }
    }
}

/// Earlier questions and answers: `[["question", "answer"], ...]`.
fn read_history(history: Value<'_>) -> Result<Vec<Message>, RowFault> {
    let mut messages = Vec::new();
    for (index, pair) in history.items().enumerate() {
        let mut texts = pair.items().map(|item| item.as_text().filter(|_| pair.kind() == Kind::List));
        let (Some(Some(question)), Some(Some(answer)), None) = (texts.next(), texts.next(), texts.next()) else {
            return Err(RowFault::at("", "there is no list of a question and an answer").in_item(index));
        };
        messages.extend([Message::new(Role::User, question), Message::new(Role::Assistant, answer)]);
    }
    Ok(messages)
}

/// What of a prompt can't be written: it must be a system message perhaps, then questions and answers in turn, then a
/// question.
fn lacks_of_prompt(prompt: &[Message]) -> Option<&'static str> {
    let turns = match prompt {
        [first, turns @ ..] if first.role == Role::System => {
            if first.plain_text() == Some("") {
                return Some("a system message that is empty");
            }
            turns
        }
        turns => turns,
    };
    let roles = [Role::User, Role::Assistant];
    let is_in_turn = turns.iter().zip(roles.iter().cycle()).all(|(message, role)| message.role == *role);
    if !is_in_turn || turns.len().is_multiple_of(2) {
        return Some("other turns than questions and answers, one after the other");
    }
    prompt.iter().find_map(Message::beyond_text)
}

fn write_prompt(out: &mut Writer<'_>, prompt: &[Message]) {
    out.text("instruction", prompt.last().and_then(Message::plain_text).unwrap_or_default());
    out.text("input", "");
}

/// What comes before the question.
fn write_before(out: &mut Writer<'_>, prompt: &[Message]) {
    let turns = match prompt {
        [first, turns @ ..] if first.role == Role::System => {
            out.text("system", first.plain_text().unwrap_or_default());
            turns
        }
        turns => turns,
    };
    let earlier = turns.len().saturating_sub(1);
    if earlier > 0 {
        out.field("history", |out| {
            write_list(out, turns[..earlier].chunks(2), |out, pair| {
                write_list(out, pair, |out, message| write_text(out, message.plain_text().unwrap_or_default()));
            });
        });
    }
}
