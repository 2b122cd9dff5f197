//! Messages as OpenAI writes them, which most formats share.

use super::super::json::{Kind, Value};
use super::super::row::{Arguments, Content, Message, Role, ToolCall};
use super::fields::{RowFault, Writer, optional_text, text, write_list};

/// How a format writes the arguments of a tool's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArgumentStyle {
    /// As a text, as OpenAI does.
    Text,
    /// As an object, as chat templates want them.
    Object,
}

/// What a file calls the parts of a message.
pub(super) struct MessageFields<'a> {
    pub(super) role: &'a str,
    pub(super) content: &'a str,
    /// Who is meant by what the role's field says.
    pub(super) role_named: &'a dyn Fn(&str) -> Option<Role>,
}

/// Messages from a list.
pub(super) fn read_messages(list: Value<'_>) -> Result<Vec<Message>, RowFault> {
    read_messages_by(list, &MessageFields { role: "role", content: "content", role_named: &Role::from_name })
}

/// Messages from a list that calls their parts otherwise.
pub(super) fn read_messages_by(list: Value<'_>, fields: &MessageFields<'_>) -> Result<Vec<Message>, RowFault> {
    let read = |(index, item)| read_message(item, fields).map_err(|fault| fault.in_item(index));
    list.items().enumerate().map(read).collect()
}

fn read_message(value: Value<'_>, fields: &MessageFields<'_>) -> Result<Message, RowFault> {
    if value.kind() != Kind::Object {
        return Err(RowFault::at("", format!("there is {} where a message should be", value.kind())));
    }
    // Looked at once: most of the time that reading rows takes would else be looking for fields.
    let [mut content, mut tool_calls, mut tool_call_id, mut name, mut weight] = [None; 5];
    let mut more = Vec::new();
    for (field, value) in value.entries().filter(|(_, value)| !value.is_null()) {
        match field {
            _ if field == fields.role => {}
            _ if field == fields.content => content = Some(value),
            "tool_calls" => tool_calls = Some(value),
            "tool_call_id" => tool_call_id = Some(value),
            "name" => name = Some(value),
            "weight" => weight = Some(value),
            _ => more.push((field.to_owned(), value.into())),
        }
    }
    let role_name = text(value, fields.role)?;
    let role = (fields.role_named)(role_name).ok_or_else(|| {
        let known = Role::NAMES.map(|(name, _)| name).join(", ");
        RowFault::at(fields.role, format!("{role_name:?} is no role; the roles are {known}"))
    })?;
    let mut message = Message { more, ..Message::empty(role) };
    message.content = match content {
        None => None,
        Some(content) => match (content.as_text(), content.kind()) {
            (Some(text), _) => Some(Content::Text(text.to_owned())),
            (None, Kind::List) => Some(Content::Parts(content.into())),
            (None, found) => {
                return Err(RowFault::at(
                    fields.content,
                    format!("there is {found} where a text or a list of parts should be"),
                ));
            }
        },
    };
    let as_text = |name: &str, field: Option<Value<'_>>| match field {
        None => Ok(None),
        Some(_) => optional_text(value, name).map(|text| text.map(str::to_owned)),
    };
    message.tool_call_id = as_text("tool_call_id", tool_call_id)?;
    message.name = as_text("name", name)?;
    message.is_learned = match weight {
        None => None,
        Some(weight) => match weight.as_number().and_then(|number| number.parse::<f64>().ok()) {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => return Err(RowFault::at("weight", format!("it is {weight}; OpenAI's format knows 0 and 1"))),
        },
    };
    if let Some(calls) = tool_calls {
        if calls.kind() != Kind::List {
            return Err(RowFault::at("tool_calls", format!("there is {} where a list should be", calls.kind())));
        }
        for (index, call) in calls.items().enumerate() {
            let call = read_call(call).map_err(|fault| fault.in_item(index).within("tool_calls"))?;
            message.tool_calls.push(call);
        }
    }
    Ok(message)
}

fn read_call(value: Value<'_>) -> Result<ToolCall, RowFault> {
    // Templates' own data leaves out the function around it.
    let (function, path) = value.get("function").map_or((value, ""), |function| (function, "function"));
    let within = |fault: RowFault| if path.is_empty() { fault } else { fault.within(path) };
    let name = text(function, "name").map_err(within)?.to_owned();
    let arguments = match function.get("arguments") {
        Some(arguments) => Arguments::from_value(arguments),
        None => Arguments::Text(String::new()),
    };
    Ok(ToolCall { id: optional_text(value, "id")?.map(str::to_owned), name, arguments })
}

/// A list of messages.
pub(super) fn write_messages(out: &mut String, messages: &[Message], style: ArgumentStyle) {
    write_list(out, messages, |out, message| write_message(out, message, style));
}

fn write_message(out: &mut String, message: &Message, style: ArgumentStyle) {
    let mut writer = Writer::new(out);
    writer.text("role", message.role.name());
    match &message.content {
        Some(Content::Text(text)) => writer.text("content", text),
        Some(Content::Parts(parts)) => writer.json("content", parts.as_str()),
        None => writer.json("content", "null"),
    }
    if !message.tool_calls.is_empty() {
        writer.field("tool_calls", |out| {
            write_list(out, &message.tool_calls, |out, call| write_call(out, call, style));
        });
    }
    if let Some(id) = &message.tool_call_id {
        writer.text("tool_call_id", id);
    }
    if let Some(name) = &message.name {
        writer.text("name", name);
    }
    if let Some(is_learned) = message.is_learned {
        writer.json("weight", if is_learned { "1" } else { "0" });
    }
    for (name, value) in &message.more {
        writer.json(name, value.as_str());
    }
    writer.end();
}

fn write_call(out: &mut String, call: &ToolCall, style: ArgumentStyle) {
    let mut writer = Writer::new(out);
    if let Some(id) = &call.id {
        writer.text("id", id);
    }
    writer.text("type", "function");
    writer.field("function", |out| {
        let mut writer = Writer::new(out);
        writer.text("name", &call.name);
        match (&call.arguments, style) {
            (Arguments::Json(json), ArgumentStyle::Object) => writer.json("arguments", json.as_str()),
            (arguments, _) => writer.text("arguments", arguments.as_str()),
        }
        writer.end();
    });
    writer.end();
}
