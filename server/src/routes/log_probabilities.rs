//! Log-probabilities as OpenAI writes them: one shape for chat, an older one for plain completions.

use serde_json::{Map, Value, json};
use shared::model_call::TokenLogProbability;

/// What OpenAI writes for a token that is as good as impossible; JSON knows no infinity.
const LEAST_LOG_PROBABILITY: f32 = -9999.0;

/// `logprobs` of a chat's choice: null where none were asked for.
pub(super) fn chat_log_probabilities(tokens: &[TokenLogProbability]) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let content = tokens.iter().map(|token| {
        let top = token.top.iter().map(|top| entry(&top.bytes, Some(top.log_probability)));
        let mut entry = entry(&token.bytes, token.log_probability);
        entry["top_logprobs"] = top.collect();
        entry
    });
    json!({"content": content.collect::<Vec<_>>(), "refusal": null})
}

fn entry(bytes: &[u8], log_probability: Option<f32>) -> Value {
    json!({"token": written(bytes, ""), "logprob": log_probability.map(finite), "bytes": bytes})
}

/// `logprobs` of a completion's choice. Null where none were asked for.
pub(super) fn completion_log_probabilities(tokens: &[TokenLogProbability], offsets: &mut TextOffsets) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    json!({
        "tokens": tokens.iter().map(|token| completion_token(&token.bytes)).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(|token| token.log_probability.map(finite)).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>(),
        "text_offset": tokens.iter().map(|token| offsets.next(&token.bytes)).collect::<Vec<_>>(),
    })
}

/// The most probable texts at a place and the one that is there; null for a first token, which nothing precedes.
fn top(token: &TokenLogProbability) -> Value {
    let Some(log_probability) = token.log_probability else { return Value::Null };
    let mut by_text = Map::new();
    let there = (&token.bytes, log_probability);
    for (bytes, log_probability) in token.top.iter().map(|top| (&top.bytes, top.log_probability)).chain([there]) {
        // Of tokens with the same text the most probable one comes first.
        by_text.entry(completion_token(bytes)).or_insert_with(|| finite(log_probability).into());
    }
    Value::Object(by_text)
}

fn completion_token(bytes: &[u8]) -> String {
    written(bytes, "bytes:")
}

/// A token's text. One that is only part of a character has its bytes spelled out, after `mark`.
fn written(bytes: &[u8], mark: &str) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("{mark}{bytes}")
        }
    }
}

fn finite(log_probability: f32) -> f32 {
    log_probability.max(LEAST_LOG_PROBABILITY)
}

/// Where tokens begin, in characters from the beginning of the prompt, whether it is echoed or not.
#[derive(Clone, Debug, Default)]
pub(super) struct TextOffsets {
    /// What of the prompt the tokens still have to cover.
    prompt: Vec<u8>,
    characters: usize,
}

impl TextOffsets {
    /// For tokens that begin with those of `prompt`.
    pub(super) fn of_prompt(prompt: &str) -> Self {
        Self { prompt: prompt.as_bytes().to_vec(), characters: 0 }
    }

    /// For tokens that follow `prompt`.
    pub(super) fn after(prompt: &str) -> Self {
        Self { prompt: Vec::new(), characters: prompt.chars().count() }
    }

    /// Where the next token begins: it has these `bytes`.
    fn next(&mut self, bytes: &[u8]) -> usize {
        // Tokenizers of one family put a space before the text.
        let without_space = bytes.strip_prefix(b" ").unwrap_or(bytes);
        let covered = if self.prompt.is_empty() || self.prompt.starts_with(bytes) {
            bytes
        } else if self.prompt.starts_with(without_space) {
            without_space
        } else {
            // The beginning-of-sequence token, which the text does not have.
            &[]
        };
        self.prompt.drain(..covered.len().min(self.prompt.len()));
        let is_amid_character = covered.first().is_some_and(|&byte| continues_character(byte));
        let offset = self.characters.saturating_sub(usize::from(is_amid_character));
        self.characters += covered.iter().filter(|&&byte| !continues_character(byte)).count();
        offset
    }
}

fn continues_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model_call::TopToken;

    #[track_caller]
    fn check(mut offsets: TextOffsets, tokens: &[&[u8]], expected: &[usize]) {
        let found: Vec<usize> = tokens.iter().map(|bytes| offsets.next(bytes)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn offsets_count_characters_from_the_prompt_on() {
        check(TextOffsets::of_prompt("Zoë is"), &["Zo".as_bytes(), "ë".as_bytes(), b" is", b" here"], &[0, 2, 3, 6]);
        check(TextOffsets::of_prompt("a b"), &[b"<s>", b" a", b" b", b"c"], &[0, 0, 1, 3]);
        check(TextOffsets::after("Zoë"), &[b" is", b" here"], &[3, 6]);
        // A character in two tokens.
        check(TextOffsets::after(""), &[b"x", b"\xe2\x80", b"\x99", b"s"], &[0, 1, 1, 2]);
    }

    #[test]
    fn tokens_amid_a_character_are_told_apart() {
        let top = |bytes: &[u8], log_probability| TopToken { id: 0, bytes: bytes.to_vec(), log_probability };
        let token = TokenLogProbability {
            id: 1,
            bytes: b"\xe2".to_vec(),
            log_probability: Some(f32::NEG_INFINITY),
            top: vec![top(b"a", -0.5), top(b"\xe3", -1.0), top(b"a", -2.0)],
        };
        let tokens = [token];
        let completion = completion_log_probabilities(&tokens, &mut TextOffsets::default());
        assert_eq!(completion["tokens"], json!(["bytes:\\xe2"]));
        assert_eq!(completion["top_logprobs"], json!([{"a": -0.5, "bytes:\\xe3": -1.0, "bytes:\\xe2": -9999.0}]));
        let chat = chat_log_probabilities(&tokens);
        assert_eq!(chat["content"][0]["token"], "\\xe2");
        assert_eq!(chat["content"][0]["top_logprobs"][1], json!({"token": "\\xe3", "logprob": -1.0, "bytes": [227]}));
    }
}
