//! `quern tokenize`.

use serde_json::{Value, json};

use crate::quern::{Quern, Ran, text};
use crate::tiny_model::tiny_model;

fn tokenize(options: &[&str], input: &[u8]) -> Ran {
    let quern = Quern::new();
    let model = quern.file("tiny.gguf", &tiny_model());
    quern.run_with_input(&[&["tokenize", "--model", text(&model)], options].concat(), input)
}

#[test]
fn ids_come_as_prompt_ids_are_given() {
    assert_eq!(tokenize(&[], b"abba").good(), "3,2,1\n");
    assert_eq!(tokenize(&[], b"").good(), "\n");
}

#[test]
fn special_tokens_are_read_only_on_demand() {
    // The tiny vocabulary has no letters for the spelled-out token: nothing but `ab` is left of it.
    assert_eq!(tokenize(&[], b"ab<|end|>").good(), "3\n");
    assert_eq!(tokenize(&["--special"], b"ab<|end|>").good(), "3,0\n");
}

#[test]
fn programs_get_the_text_of_each_token() {
    let printed: Value =
        serde_json::from_str(&tokenize(&["--json", "--special"], "abé<|end|>".as_bytes()).good()).unwrap();
    assert_eq!(printed, json!({"ids": [3, 4, 5, 0], "tokens": ["ab", [0xC3], [0xA9], "<|end|>"]}));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let errors = tokenize(&[], b"ab\xE9b").bad();
    assert!(errors.contains("not UTF-8") && errors.contains("0xe9 at offset 2"), "{errors}");
}

#[test]
fn a_file_that_is_no_model_is_named() {
    let quern = Quern::new();
    let model = quern.file("notes.gguf", b"These are notes.");
    let errors = quern.run_with_input(&["tokenize", "--model", text(&model)], b"ab").bad();
    assert!(errors.contains("notes.gguf") && errors.contains("not a usable GGUF file"), "{errors}");
}
