//! What of a client's request goes to a provider, and the name that its model has in the answer.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::model::ProviderModel;

/// The body that asks for `model`: what the client sent, without what asks for nothing, so that nobody is
/// bothered with fields that only Quern knows, or that some models refuse any word about.
pub(crate) fn request_body(request: &impl Serialize, model: &ProviderModel) -> serde_json::Result<Vec<u8>> {
    // By way of text: as a `Value`, an f32 of 0.7 would become 0.699999988079071.
    let mut fields: Map<String, Value> = serde_json::from_slice(&serde_json::to_vec(request)?)?;
    let is_greedy = fields.get("temperature").and_then(Value::as_f64) == Some(0.0);
    fields.retain(|field, value| !(asks_for_nothing(field, value) || is_greedy && field == "seed"));
    // OpenAI's newer models refuse the old name, and most others ignore the new one: an answer without a limit.
    if !model.provider.base_url.is_open_ai()
        && let Some(most_tokens) = fields.remove("max_completion_tokens")
    {
        fields.insert("max_tokens".to_owned(), most_tokens);
    }
    fields.insert("model".to_owned(), model.id.as_str().into());
    for message in fields.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(message) = message {
            message.retain(|_, value| !is_nothing(value));
        }
    }
    serde_json::to_vec(&fields)
}

fn asks_for_nothing(field: &str, value: &Value) -> bool {
    match field {
        "logprobs" | "echo" | "stream" => *value == Value::Bool(false) || value.is_null(),
        "top_k" | "min_p" => value.is_null() || value.as_f64() == Some(0.0),
        "temperature" | "top_p" | "repetition_penalty" => value.is_null() || value.as_f64() == Some(1.0),
        _ => is_nothing(value),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// The parts of an answer that are looked at.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

/// A provider's answer, or a piece of one, with another model's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// Everything else as it came.
    pub(crate) json: String,
    /// It says why the answer ends.
    pub(crate) has_finish_reason: bool,
}

/// A provider's answer with another model's name. `None` where it is no JSON object, or tells of an error.
pub(crate) fn with_model(answer: &str, model: &str) -> Option<Renamed> {
    // An array would be taken for the fields in their order.
    if !answer.trim_start().starts_with('{') {
        return None;
    }
    let head: Head<'_> = serde_json::from_str(answer).ok()?;
    if head.error.is_some() {
        return None;
    }
    let has_finish_reason = head.choices.iter().flatten().any(|choice| choice.finish_reason.is_some());
    let Some(old) = head.model.map(RawValue::get) else {
        return Some(Renamed { json: answer.to_owned(), has_finish_reason });
    };
    // The value is a part of the answer, not a copy.
    let start = old.as_ptr().addr().checked_sub(answer.as_ptr().addr())?;
    let (before, after) = (answer.get(..start)?, answer.get(start + old.len()..)?);
    Some(Renamed { json: format!("{before}{}{after}", Value::from(model)), has_finish_reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{BaseUrl, Provider};
    use serde_json::json;
    use shared::api::chat::ChatCompletionRequest;
    use shared::api::completions::CompletionRequest;

    const OPEN_AI: &str = "https://api.openai.com/v1";

    #[track_caller]
    fn check<T: Serialize + for<'a> Deserialize<'a>>(base_url: &str, sent: Value, forwarded: Value) {
        let provider = Provider {
            name: "p".to_owned(),
            base_url: BaseUrl::parse(base_url).unwrap(),
            key: None,
            models: Vec::new(),
            changed_at_unix_s: 0,
        };
        let request: T = serde_json::from_value(sent).unwrap();
        let body: Value = serde_json::from_slice(
            &request_body(&request, &ProviderModel { provider, id: "gpt-x".to_owned() }).unwrap(),
        )
        .unwrap();
        assert_eq!(body, forwarded);
    }

    #[test]
    fn neutral_extensions_are_left_out_and_others_sent() {
        let messages = json!([{"role": "user", "content": "Hi"}]);
        check::<ChatCompletionRequest>(
            OPEN_AI,
            json!({"model": "p/gpt-x", "temperature": 1, "top_p": 1.0, "messages": [{"role": "user", "content": "Hi", "name": null}], "top_k": 0,
                "min_p": 0.0, "repetition_penalty": 1, "logprobs": false, "stream": false, "tools": [], "stop": null}),
            json!({"model": "gpt-x", "messages": messages}),
        );
        let all = json!({"model": "gpt-x", "messages": messages, "temperature": 0.7, "top_p": 0.95, "top_k": 5,
            "min_p": 0.1, "repetition_penalty": 1.1, "max_completion_tokens": 9, "logprobs": true, "top_logprobs": 2,
            "stop": ["a"], "seed": -1, "stream": true, "stream_options": {"include_usage": true},
            "response_format": {"type": "json_object"}, "user": "me", "store": false});
        check::<ChatCompletionRequest>(OPEN_AI, all.clone(), all);
        let old_name = json!({"model": "gpt-x", "messages": messages, "max_tokens": 9});
        check::<ChatCompletionRequest>(OPEN_AI, old_name.clone(), old_name);
        let plain = json!({"model": "gpt-x", "prompt": "Hi", "max_tokens": 0, "echo": true, "logprobs": 0});
        check::<CompletionRequest>(OPEN_AI, plain.clone(), plain);
    }

    #[test]
    fn the_limit_has_the_name_that_the_address_understands_and_a_seed_is_sent_where_there_is_chance() {
        let messages = json!([{"role": "user", "content": "Hi"}]);
        let asked = |temperature: f64| {
            json!({"model": "p/gpt-x", "messages": messages, "temperature": temperature,
            "max_completion_tokens": 9, "seed": 3})
        };
        check::<ChatCompletionRequest>(
            OPEN_AI,
            asked(0.0),
            json!({"model": "gpt-x", "messages": messages, "temperature": 0.0, "max_completion_tokens": 9}),
        );
        check::<ChatCompletionRequest>(
            "https://router.example/v1",
            asked(0.5),
            json!({"model": "gpt-x", "messages": messages, "temperature": 0.5, "max_tokens": 9, "seed": 3}),
        );
    }

    #[test]
    fn an_answer_gets_its_models_name_and_stays_what_it_was() {
        let answer = "{\"id\": 1, \"model\" : \"gpt-x\" ,\"n\": 1.10, \"choices\": [{\"model\": \"inner\"}]}";
        let expected = "{\"id\": 1, \"model\" : \"p/gpt-x\" ,\"n\": 1.10, \"choices\": [{\"model\": \"inner\"}]}";
        let renamed = |answer: &str| with_model(answer, "p/gpt-x").unwrap();
        assert_eq!(renamed(answer).json, expected);
        for same in ["{\"a\":1}", "{\"model\":null,\"error\":null}"] {
            assert_eq!(renamed(same).json, same);
        }
        let last = "{\"choices\": [{\"finish_reason\": null}, {\"finish_reason\": \"stop\"}]}";
        assert!(renamed(last).has_finish_reason);
        assert!(!renamed("{\"choices\": [{\"finish_reason\": null}, {}]}").has_finish_reason);
        for none in ["", "[]", "[\"m\", null]", "<html>", "{\"model\":", "{} {}", "{\"error\":{\"message\":\"no\"}}"] {
            assert_eq!(with_model(none, "p/m"), None, "{none}");
        }
    }
}
