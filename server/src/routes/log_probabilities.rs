//! Log-probabilities as OpenAI writes them: one shape for chat, an older one for plain completions.

use serde_json::{Map, Value, json};
use shared::model_call::TokenLogProbability;

/// `logprobs` of a chat's choice: null where none were asked for.
pub(super) fn chat_log_probabilities(tokens: &[TokenLogProbability]) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let content = tokens.iter().map(|token| {
        let top = token.top.iter().map(|top| entry(&top.text, Some(top.log_probability)));
        let mut entry = entry(&token.text, token.log_probability);
        entry["top_logprobs"] = top.collect();
        entry
    });
    json!({"content": content.collect::<Vec<_>>(), "refusal": null})
}

fn entry(text: &str, log_probability: Option<f32>) -> Value {
    // A token that is a part of a character has no bytes that its text could give.
    let bytes = (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text.as_bytes());
    json!({"token": text, "logprob": log_probability, "bytes": bytes})
}

/// `logprobs` of a completion's choice; offsets count the characters of the tokens before. Null where none were asked
/// for.
pub(super) fn completion_log_probabilities(tokens: &[TokenLogProbability]) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let mut next = 0;
    let offsets: Vec<usize> = tokens
        .iter()
        .map(|token| {
            let offset = next;
            next += token.text.chars().count();
            offset
        })
        .collect();
    json!({
        "tokens": tokens.iter().map(|token| &token.text).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(|token| token.log_probability).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>(),
        "text_offset": offsets,
    })
}

/// The most probable texts at a place and the one that is there; null for a first token, which nothing precedes.
fn top(token: &TokenLogProbability) -> Value {
    let Some(log_probability) = token.log_probability else { return Value::Null };
    let mut by_text = Map::new();
    let there = (&token.text, log_probability);
    for (text, log_probability) in token.top.iter().map(|top| (&top.text, top.log_probability)).chain([there]) {
        // Of tokens with the same text the most probable one comes first.
        by_text.entry(text.clone()).or_insert_with(|| log_probability.into());
    }
    Value::Object(by_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model_call::TopToken;

    fn token(text: &str, log_probability: Option<f32>, top: &[(&str, f32)]) -> TokenLogProbability {
        let top =
            top.iter().map(|&(text, log_probability)| TopToken { id: Some(0), text: text.into(), log_probability });
        TokenLogProbability { id: Some(0), text: text.into(), log_probability, top: top.collect() }
    }

    #[test]
    fn completions_have_the_older_shape() {
        let tokens = [
            token("Hé", None, &[]),
            token(" a", Some(-1.5), &[(" b", -0.5)]),
            token(".", Some(-0.25), &[(".", -0.25)]),
        ];
        let expected = json!({
            "tokens": ["Hé", " a", "."],
            "token_logprobs": [null, -1.5, -0.25],
            "top_logprobs": [null, {" b": -0.5, " a": -1.5}, {".": -0.25}],
            "text_offset": [0, 2, 4],
        });
        assert_eq!(completion_log_probabilities(&tokens), expected);
        assert_eq!(completion_log_probabilities(&[]), Value::Null);
    }

    #[test]
    fn chats_tell_bytes_and_alternatives() {
        let tokens = [token("a", Some(-1.0), &[("b", -0.5)]), token("\u{fffd}", Some(-2.0), &[])];
        let expected = json!({
            "content": [
                {
                    "token": "a", "logprob": -1.0, "bytes": [97],
                    "top_logprobs": [{"token": "b", "logprob": -0.5, "bytes": [98]}],
                },
                {"token": "\u{fffd}", "logprob": -2.0, "bytes": null, "top_logprobs": []},
            ],
            "refusal": null,
        });
        assert_eq!(chat_log_probabilities(&tokens), expected);
        assert_eq!(chat_log_probabilities(&[]), Value::Null);
    }
}
