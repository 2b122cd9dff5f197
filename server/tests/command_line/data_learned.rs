//! `quern data learned`: what a model learns of rows.

use crate::quern::{Quern, Ran, text};
use crate::tiny_model::tiny_model;

/// Two texts that are four tokens each, their end included, and an answer of two after a prompt of one.
const ROWS: &str = r#"{"text": "abba"}
{"prompt": "ab", "completion": "b", "source": "x"}
{"text": "baab"}
"#;

/// The tiny model knows `a`, `b` and `ab`.
fn learned(rows: &str, options: &[&str]) -> Ran {
    let quern = Quern::new();
    let model = quern.file("tiny.gguf", &tiny_model());
    quern.file("rows.jsonl", rows.as_bytes());
    quern.run(&[&["data", "learned", "rows.jsonl", "--model", text(&model)], options].concat())
}

#[test]
fn tokens_are_counted_by_kind_and_their_training_is_priced() {
    let told = learned(ROWS, &["--epochs", "3", "--price-per-million-tokens", "1000"]).good();
    for part in [
        "rows.jsonl, as tiny learns it: 3 rows, 11 tokens, 10 of them learned\n",
        "  of a plain text and how it goes on: 1 row, 3 tokens, 2 of them learned\n",
        "  of plain text: 2 rows, 8 tokens, 8 of them learned\n",
        "training on 33 tokens in 3 epochs costs 0.0330 at 1000 for a million tokens",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn rows_that_teach_nothing_are_named_and_fail() {
    let rows = format!("{ROWS}{{\"prompt\": \"abab\", \"completion\": \"\"}}\n{{\"prompt\": \"a\"}}\n");
    let ran = learned(&rows, &["--context-length", "3"]);
    assert_eq!(ran.code, Some(1), "{}", ran.errors);
    for part in [
        "4 rows, 9 tokens, 8 of them learned, 2 tokens cut off, 2 rows too long, 1 of which nothing is learned",
        "1 set aside",
        "rows.jsonl:1: 4 tokens",
        "rows.jsonl:4: nothing of the row is learned",
    ] {
        assert!(ran.output.contains(part), "{part}: {}", ran.output);
    }
    // An answer that is cut off is one of those too.
    let ran = learned("{\"prompt\": \"abab\", \"completion\": \"b\"}\n", &["--context-length", "2"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.output.contains("rows.jsonl:1: 4 tokens, and nothing that is learned is left"), "{}", ran.output);
    assert_eq!(learned(ROWS, &["--row", "9"]).code, Some(2));
}

#[test]
fn a_row_is_shown_in_tokens() {
    let told = learned(ROWS, &["--row", "2"]).good();
    assert_eq!(told, "rows.jsonl:2: 3 tokens, 2 of them learned\nab│⟦b│<|end|>⟧\n");
    let told = learned(ROWS, &["--row", "1", "--context-length", "2"]).good();
    assert_eq!(told, "rows.jsonl:1: 2 tokens, 2 of them learned, 2 cut off\n⟦ab│b⟧\n");
}
