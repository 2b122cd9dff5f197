//! Messages as chat templates want them, which is as `transformers` gives them.

use minijinja::Value as TemplateValue;
use minijinja::value::Serde;
use serde_json::{Map, Value};

use super::super::json::JsonText;
use super::super::row::{Arguments, Content, Message, Role, ToolCall};
use super::MaskError;

/// A conversation for a template.
pub(super) struct Conversation {
    pub(super) messages: Vec<TemplateMessage>,
    pub(super) tools: TemplateValue,
}

/// One of its messages.
pub(super) struct TemplateMessage {
    /// All its fields; those that are null are left out.
    pub(super) fields: Map<String, Value>,
    pub(super) is_assistant: bool,
    pub(super) is_learned: bool,
}

impl Conversation {
    /// A prompt, of which nothing is learned, and what follows.
    pub(super) fn new(prompt: &[Message], answer: &[Message], tools: Option<&JsonText>) -> Result<Self, MaskError> {
        let messages = prompt.iter().map(|it| (it, false)).chain(answer.iter().map(|it| (it, true)));
        let messages = messages.enumerate().map(|(index, (message, can_be_learned))| {
            let fields = fields(message)
                .map_err(|reason| MaskError::Json { place: format!("message {}", index + 1), reason })?;
            let is_assistant = message.role == Role::Assistant;
            let is_learned = can_be_learned && is_assistant && message.is_learned != Some(false);
            Ok(TemplateMessage { fields, is_assistant, is_learned })
        });
        let tools = match tools {
            Some(tools) => {
                let tools =
                    value(tools).map_err(|reason| MaskError::Json { place: "the list of tools".to_owned(), reason })?;
                TemplateValue::from(Serde(tools))
            }
            None => TemplateValue::from(()),
        };
        Ok(Self { messages: messages.collect::<Result<_, MaskError>>()?, tools })
    }

    /// The messages as values.
    pub(super) fn values(&self) -> Vec<TemplateValue> {
        self.messages.iter().map(|message| TemplateValue::from(Serde(&message.fields))).collect()
    }
}

fn fields(message: &Message) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    fields.insert("role".to_owned(), message.role.name().into());
    match &message.content {
        Some(Content::Text(text)) => {
            fields.insert("content".to_owned(), text.as_str().into());
        }
        Some(Content::Parts(parts)) => {
            fields.insert("content".to_owned(), value(parts)?);
        }
        None => {}
    }
    if !message.tool_calls.is_empty() {
        let calls: Result<_, String> = message.tool_calls.iter().map(call).collect();
        fields.insert("tool_calls".to_owned(), Value::Array(calls?));
    }
    for (name, text) in [("tool_call_id", &message.tool_call_id), ("name", &message.name)] {
        if let Some(text) = text {
            fields.insert(name.to_owned(), text.as_str().into());
        }
    }
    for (name, json) in &message.more {
        fields.insert(name.clone(), value(json)?);
    }
    Ok(fields)
}

fn call(call: &ToolCall) -> Result<Value, String> {
    let arguments = match &call.arguments {
        Arguments::Json(json) => value(json)?,
        // Templates want an object and write it in their own way, however OpenAI's text of it was spaced.
        Arguments::Text(text) => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => object,
            _ => text.as_str().into(),
        },
    };
    let mut fields = Map::new();
    if let Some(id) = &call.id {
        fields.insert("id".to_owned(), id.as_str().into());
    }
    fields.insert("type".to_owned(), "function".into());
    fields.insert("function".to_owned(), serde_json::json!({ "name": call.name, "arguments": arguments }));
    Ok(Value::Object(fields))
}

fn value(json: &JsonText) -> Result<Value, String> {
    serde_json::from_str(json.as_str()).map_err(|error| error.to_string())
}
