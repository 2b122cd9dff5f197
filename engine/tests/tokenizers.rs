//! Tokenizers agree token for token with the reference implementations, and give back the text.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::gguf::{GgufFile, vocabulary};
use engine::source::FileSource;
use shared::tokenizer::{SpecialTokens, Tokenizer};
use support::reference_models::{GEMMA3, Reference, SMOLLM2};

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    text: String,
    special: bool,
    ids: Vec<u32>,
}

fn tokenizer(reference: Reference) -> Tokenizer {
    let mut file = GgufFile::read(&FileSource::open(&reference.path()).unwrap()).unwrap();
    vocabulary::tokenizer(&mut file.metadata).unwrap()
}

fn check(reference: Reference) {
    let tokenizer = tokenizer(reference);
    let cases: Vec<Case> = serde_json::from_str(reference.tokens).unwrap();
    assert!(cases.len() > 20);
    for Case { name, text, special, ids } in cases {
        let special = if special { SpecialTokens::Parse } else { SpecialTokens::AsText };
        assert_eq!(tokenizer.encode(&text, special), ids, "{name}: {text:?}");
        assert_eq!(tokenizer.decode_with_special(&ids), text, "{name} comes back");
    }
}

#[test]
fn smollm2_agrees() {
    check(SMOLLM2);
}

#[test]
fn gemma3_agrees() {
    check(GEMMA3);
}

/// Bytes that SmolLM2's vocabulary has no token for: control characters, and the first byte of characters that nobody
/// has assigned yet. Its reference implementation drops them too.
const BYTES_WITHOUT_TOKEN: [u8; 8] = [0x04, 0x06, 0x13, 0x14, 0x16, 0x1d, 0xf1, 0xf2];

fn has_tokens(character: &char) -> bool {
    !character.encode_utf8(&mut [0; 4]).bytes().any(|byte| BYTES_WITHOUT_TOKEN.contains(&byte))
}

#[test]
fn any_text_comes_back() {
    for reference in [SMOLLM2, GEMMA3] {
        let tokenizer = tokenizer(reference);
        proptest::proptest!(proptest::test_runner::Config::with_cases(300), |(text in ".*")| {
            let text: String = text.chars().filter(has_tokens).collect();
            let ids = tokenizer.encode(&text, SpecialTokens::AsText);
            proptest::prop_assert_eq!(tokenizer.decode_with_special(&ids), text);
        });
    }
}
