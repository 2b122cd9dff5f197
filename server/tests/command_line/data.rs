//! `quern data`: files of training data.

use serde_json::Value;

use crate::quern::{Quern, text};

const MIXED: &str = r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
{"instruction": "q", "input": "", "output": "b"}
{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "c"}], "source": "web"}
{"prompt": "q", "chosen": "c", "rejected": "d"}
{"messages": [{"role": "user", "content": "cut o
"#;

#[test]
fn a_mixed_file_is_told_and_converted_and_nothing_of_it_is_lost() {
    let quern = Quern::new();
    let file = quern.file("mixed.jsonl", MIXED.as_bytes());
    let told = quern.run(&["data", "inspect", text(&file)]).good();
    for part in ["4 rows, and 1 that are none", "1 in Alpaca (alpaca)", "3 of a conversation", "line 5, column 49"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let found: Value = serde_json::from_str(&quern.run(&["data", "inspect", "--json", text(&file)]).good()).unwrap();
    assert_eq!((&found["rows"], &found["formats"]["sharegpt"]), (&4.into(), &1.into()));

    let arguments = ["--to", "openai-chat", "--output", "chat.jsonl", "--set-aside", "bad.jsonl"];
    let ran = quern.run(&[&["data", "convert", text(&file)], &arguments[..]].concat());
    assert!(ran.success && ran.errors.contains("3 rows are in chat.jsonl"), "{}", ran.errors);
    let chat = std::fs::read_to_string(quern.path("chat.jsonl")).unwrap();
    let answer = |answer: &str, more: &str| {
        format!(r#"{{"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":"{answer}"}}]{more}}}"#)
    };
    let expected = [answer("a", ""), answer("b", ""), answer("c", r#","source":"web""#)];
    assert_eq!(chat.lines().collect::<Vec<_>>(), expected);
    let aside: Vec<Value> = std::fs::read_to_string(quern.path("bad.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&aside[0]["line"], &aside[1]["line"], &aside[1]["column"]), (&4.into(), &5.into(), &49.into()));
    assert_eq!(aside[0]["text"], r#"{"prompt":"q","chosen":"c","rejected":"d"}"#);
    assert!(aside[1]["text"].as_str().unwrap().ends_with("cut o"));
    assert!(!quern.path("chat.jsonl.part").exists());
}

#[test]
fn what_holds_no_rows_is_explained() {
    let quern = Quern::new();
    let file = quern.file("a.pdf", b"%PDF-1.7");
    assert!(quern.run(&["data", "inspect", text(&file)]).bad().contains("a PDF document"));
    let errors = quern.run(&["data", "convert", text(&file), "--to", "csv", "--output", "a.jsonl"]).bad();
    assert!(errors.contains("csv is no format; the formats are openai-preference"), "{errors}");
    assert!(quern.run(&["data", "inspect", "nothing.jsonl"]).bad().contains("opening nothing.jsonl"));
}
