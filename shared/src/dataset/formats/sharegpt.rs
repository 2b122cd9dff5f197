//! ShareGPT's conversations, as LLaMA-Factory extends them: `conversations` of `from` and `value`, and perhaps `system`,
//! `tools` (JSON in a text), `chosen` and `rejected` (a message each), or `kto_tag`. A `function_call` is what the
//! assistant asks of a tool, an `observation` what the tool gives back.
//!
//! <https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>

use super::super::json::{JsonText, Kind, Value, write_text};
use super::super::row::{Arguments, Comparison, Judged, Message, Role, Row, Sample, ToolCall};
use super::Known;
use super::fields::{RowFault, Writer, list, optional_text, text, tools, truth, value_or_text, write_list};
use super::messages::read_messages;

const CALL: &str = "function_call";

pub(super) struct ShareGpt;

impl Known for ShareGpt {
    fn title(&self) -> &'static str {
        "ShareGPT"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["conversations", "system", "tools", "chosen", "rejected", "kto_tag"]
    }

    fn key(&self) -> &'static str {
        "conversations"
    }

    fn suits(&self, row: Value<'_>) -> bool {
        row.get("conversations").is_some_and(|turns| matches!(turns.kind(), Kind::List | Kind::Text))
    }

    fn read(&self, row: Value<'_>) -> Result<Row, RowFault> {
        let mut messages = Vec::new();
        if let Some(system) = optional_text(row, "system")?.filter(|system| !system.is_empty()) {
            messages.push(Message::new(Role::System, system));
        }
        messages.extend(list(row, "conversations", read_turns)?);
        let is_there = |name: &str| row.get(name).is_some_and(|value| value.as_text() != Some(""));
        let sample = if is_there("chosen") {
            let one = |name: &str| value_or_text(row, name, read_turn).map(|message| vec![message]);
            Sample::Preference(Comparison { prompt: messages, chosen: one("chosen")?, rejected: one("rejected")? })
        } else if is_there("kto_tag") {
            let is_good = truth(row, "kto_tag")?;
            let completion = messages.pop().into_iter().collect();
            Sample::Feedback(Judged { prompt: messages, completion, is_good })
        } else {
            Sample::Conversation(messages)
        };
        Ok(Row { tools: tools(row)?, ..Row::new(sample) })
    }

    fn lacks(&self, row: &Row) -> Option<&'static str> {
        let one = |messages: &[Message]| (messages.len() != 1).then_some("an answer that is not one message");
        let of_pair = match &row.sample {
            Sample::Conversation(_) => None,
            Sample::Preference(Comparison { chosen, rejected, .. }) => one(chosen).or_else(|| one(rejected)),
            Sample::Feedback(Judged { completion, .. }) => one(completion),
            other => Some(other.kind()),
        };
        let messages = row.sample.messages();
        let is_empty_system =
            messages.first().is_some_and(|first| first.role == Role::System && first.plain_text() == Some(""));
        let is_single_system = matches!(&row.sample, Sample::Feedback(it) if it.prompt.is_empty())
            && messages.first().is_some_and(|first| first.role == Role::System);
        of_pair
            .or(is_empty_system.then_some("a system message that is empty"))
            .or(is_single_system.then_some("an answer of the system's"))
            .or_else(|| messages.iter().find_map(|message| lacks_of_turn(message)))
    }

    fn write(&self, row: &Row, out: &mut Writer<'_>) {
        match &row.sample {
            Sample::Conversation(messages) => write_conversation(out, messages.iter().collect(), row),
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                write_conversation(out, prompt.iter().collect(), row);
                for (name, messages) in [("chosen", chosen), ("rejected", rejected)] {
                    for message in messages {
                        out.field(name, |out| write_turn(out, message));
                    }
                }
            }
            Sample::Feedback(Judged { prompt, completion, is_good }) => {
                write_conversation(out, prompt.iter().chain(completion).collect(), row);
                out.truth("kto_tag", *is_good);
            }
            _ => {}
        }
    }
}

fn read_turns(turns: Value<'_>) -> Result<Vec<Message>, RowFault> {
    // Some files have OpenAI's messages under this name.
    if turns.items().next().is_some_and(|first| first.get("role").is_some() && first.get("from").is_none()) {
        return read_messages(turns);
    }
    turns.items().enumerate().map(|(index, turn)| read_turn(turn).map_err(|fault| fault.in_item(index))).collect()
}

fn read_turn(turn: Value<'_>) -> Result<Message, RowFault> {
    if turn.kind() != Kind::Object {
        return Err(RowFault::at("", format!("there is {} where a turn should be", turn.kind())));
    }
    let from = text(turn, "from")?;
    let value = text(turn, "value")?;
    let role = match from {
        "human" | "user" => Role::User,
        "gpt" | "assistant" | "chatgpt" | "bing" | "bard" | "model" => Role::Assistant,
        "system" => Role::System,
        "observation" | "tool" | "function" => Role::Tool,
        CALL => {
            let tool_calls = read_calls(value).map_err(|reason| RowFault::at("value", reason))?;
            return Ok(Message { tool_calls, ..with_more(Message::empty(Role::Assistant), turn) });
        }
        other => {
            let reason = format!("{other:?} is nobody; turns are from human, gpt, system, {CALL} or observation");
            return Err(RowFault::at("from", reason));
        }
    };
    Ok(with_more(Message::new(role, value), turn))
}

fn with_more(message: Message, turn: Value<'_>) -> Message {
    let others = turn.entries().filter(|(name, value)| !["from", "value"].contains(name) && !value.is_null());
    Message { more: others.map(|(name, value)| (name.to_owned(), value.into())).collect(), ..message }
}

/// One call, or a list of them, as JSON.
fn read_calls(text: &str) -> Result<Vec<ToolCall>, String> {
    let json = JsonText::parse(text).map_err(|fault| format!("a {CALL} is written as JSON: {fault}"))?;
    json.with(|value| match value.kind() {
        Kind::List => value.items().map(read_call).collect(),
        _ => read_call(value).map(|call| vec![call]),
    })
}

fn read_call(value: Value<'_>) -> Result<ToolCall, String> {
    let name = text(value, "name").map_err(|fault| format!("a {CALL} has a name and arguments: {fault}"))?.to_owned();
    let arguments = value.get("arguments").map_or_else(|| Arguments::Text(String::new()), Arguments::from_value);
    Ok(ToolCall { id: None, name, arguments })
}

fn lacks_of_turn(message: &Message) -> Option<&'static str> {
    if message.role == Role::Developer {
        return Some("a message of the developer's");
    }
    if message.more.iter().any(|(name, _)| ["from", "value", "role"].contains(&&**name)) {
        return Some("a field of a message that has the name of one of its own");
    }
    let plain = Message { more: Vec::new(), ..message.clone() };
    if message.tool_calls.is_empty() {
        return plain.beyond_text();
    }
    let is_bare = message.role == Role::Assistant && message.content.is_none();
    if !is_bare || message.tool_calls.iter().any(|call| call.id.is_some()) {
        return Some("calls of tools with ids or beside a text");
    }
    Message { tool_calls: Vec::new(), content: Message::new(Role::User, "").content, ..plain }.beyond_text()
}

/// The turns, with the first system message beside them.
fn write_conversation(out: &mut Writer<'_>, messages: Vec<&Message>, row: &Row) {
    let (system, turns) = match messages.split_first() {
        Some((first, turns)) if first.role == Role::System && first.more.is_empty() => (first.plain_text(), turns),
        _ => (None, &messages[..]),
    };
    out.field("conversations", |out| write_list(out, turns, |out, message| write_turn(out, message)));
    if let Some(system) = system {
        out.text("system", system);
    }
    if let Some(tools) = &row.tools {
        out.text("tools", tools.as_str());
    }
}

fn write_turn(out: &mut String, message: &Message) {
    let mut writer = Writer::new(out);
    let from = match message.role {
        _ if !message.tool_calls.is_empty() => CALL,
        Role::User => "human",
        Role::Assistant => "gpt",
        Role::Tool => "observation",
        Role::System | Role::Developer => "system",
    };
    writer.text("from", from);
    writer.field("value", |out| match &*message.tool_calls {
        [] => write_text(out, message.plain_text().unwrap_or_default()),
        calls => {
            let mut json = String::new();
            match calls {
                [call] => write_call(&mut json, call),
                calls => write_list(&mut json, calls, write_call),
            }
            write_text(out, &json);
        }
    });
    for (name, value) in &message.more {
        writer.json(name, value.as_str());
    }
    writer.end();
}

fn write_call(out: &mut String, call: &ToolCall) {
    let mut writer = Writer::new(out);
    writer.text("name", &call.name);
    match &call.arguments {
        Arguments::Json(json) => writer.json("arguments", json.as_str()),
        Arguments::Text(text) => writer.text("arguments", text),
    }
    writer.end();
}
