use super::super::json::{JsonText, Tape};
use super::super::random_rows::{assistant, row, system, user};
use super::super::row::{Arguments, Comparison, Judged, Message, Role, Row, Sample, ToolCall};
use super::*;
use proptest::prelude::*;

/// What is written of a row, and its format by its columns.
fn read(source: &str) -> (Format, Row) {
    let mut tape = Tape::default();
    let value = tape.read(source).unwrap();
    let format = detect(value).unwrap_or_else(|| panic!("of no format: {source}"));
    (format, format.read(value).unwrap_or_else(|fault| panic!("{fault}: {source}")))
}

fn fault(format: Format, source: &str) -> String {
    let mut tape = Tape::default();
    format.read(tape.read(source).unwrap()).unwrap_err().to_string()
}

fn unlearned(text: &str) -> Message {
    Message { is_learned: Some(false), ..assistant(text) }
}

#[test]
fn rows_as_others_publish_them() {
    let rows = [
        (
            r#"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0}], "rating": 5}"#,
            Format::OpenAiChat,
            Row {
                columns: vec![("rating".to_owned(), JsonText::parse("5").unwrap())],
                ..Row::new(Sample::Conversation(vec![system("s"), user("q"), unlearned("a")]))
            },
        ),
        (
            r#"{"instruction": "Translate.", "input": "sea", "output": "mer", "system": "", "history": [["q", "a"]]}"#,
            Format::Alpaca,
            Row::new(Sample::Conversation(vec![user("q"), assistant("a"), user("Translate.\nsea"), assistant("mer")])),
        ),
        (
            r#"{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "s", "tools": ""}"#,
            Format::ShareGpt,
            Row::new(Sample::Conversation(vec![system("s"), user("q"), assistant("a")])),
        ),
        (
            r#"{"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}}"#,
            Format::ShareGpt,
            Row::new(Sample::Preference(Comparison {
                prompt: vec![user("q")],
                chosen: vec![assistant("a")],
                rejected: vec![assistant("b")],
            })),
        ),
        (
            r#"{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "kto_tag": false}"#,
            Format::ShareGpt,
            Row::new(Sample::Feedback(Judged {
                prompt: vec![user("q")],
                completion: vec![assistant("a")],
                is_good: false,
            })),
        ),
        (
            r#"{"prompt": "It is", "completion": " late."}"#,
            Format::TrlPromptCompletion,
            Row::new(Sample::TextCompletion { prompt: "It is".to_owned(), completion: " late.".to_owned() }),
        ),
        (
            r#"{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "r"}], "completion": [{"role": "assistant", "content": "a"}]}"#,
            Format::TrlPromptCompletion,
            Row::new(Sample::Conversation(vec![user("q"), unlearned("x"), user("r"), assistant("a")])),
        ),
        (
            r#"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}"#,
            Format::TrlPreference,
            Row::new(Sample::Preference(Comparison {
                prompt: vec![user("q")],
                chosen: vec![assistant("a")],
                rejected: vec![assistant("b")],
            })),
        ),
        (
            r#"{"prompt": "q", "completion": "a", "label": true}"#,
            Format::TrlFeedback,
            Row::new(Sample::TextFeedback(Judged {
                prompt: "q".to_owned(),
                completion: "a".to_owned(),
                is_good: true,
            })),
        ),
        (
            r#"{"input": {"messages": [{"role": "user", "content": "q"}], "parallel_tool_calls": true}, "preferred_output": [{"role": "assistant", "content": "a"}], "non_preferred_output": [{"role": "assistant", "content": "b"}]}"#,
            Format::OpenAiPreference,
            Row {
                columns: vec![("input.parallel_tool_calls".to_owned(), JsonText::parse("true").unwrap())],
                ..Row::new(Sample::Preference(Comparison {
                    prompt: vec![user("q")],
                    chosen: vec![assistant("a")],
                    rejected: vec![assistant("b")],
                }))
            },
        ),
        (
            r#"{"text": "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na\n<|im_end|>\n"}"#,
            Format::ChatMl,
            Row::new(Sample::Conversation(vec![user("q"), assistant("a\n")])),
        ),
        (r#"{"text": "Once."}"#, Format::TrlText, Row::new(Sample::Text("Once.".to_owned()))),
    ];
    for (source, format, row) in rows {
        assert_eq!(read(source), (format, row), "{source}");
    }
}

#[test]
fn what_an_openai_preference_has_within_its_input_goes_back_there() {
    let source = r#"{"input":{"messages":[],"parallel_tool_calls":true},"preferred_output":[],"non_preferred_output":[],"source":"web"}"#;
    let (format, row) = read(source);
    let mut written = String::new();
    format.write(&row, &mut written).unwrap();
    assert_eq!(written, source);
}

#[test]
fn calls_of_tools_come_over_in_each_way_of_writing_them() {
    let call = ToolCall {
        id: None,
        name: "weather".to_owned(),
        arguments: Arguments::Json(JsonText::parse(r#"{"city":"Oslo"}"#).unwrap()),
    };
    let calling = Message { tool_calls: vec![call], ..Message::empty(Role::Assistant) };
    let row = Row {
        tools: Some(JsonText::parse(r#"[{"name":"weather"}]"#).unwrap()),
        ..Row::new(Sample::Conversation(vec![user("q"), calling, Message::new(Role::Tool, "3"), assistant("cold")]))
    };
    let sources = [
        r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]}, {"role": "tool", "content": "3"}, {"role": "assistant", "content": "cold"}], "tools": [{"name": "weather"}]}"#,
        r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}]}, {"role": "tool", "content": "3"}, {"role": "assistant", "content": "cold"}], "tools": "[{\"name\": \"weather\"}]"}"#,
        r#"{"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}"}, {"from": "observation", "value": "3"}, {"from": "gpt", "value": "cold"}], "tools": "[{\"name\": \"weather\"}]"}"#,
    ];
    for source in sources {
        assert_eq!(read(source).1, row, "{source}");
    }
}

#[test]
fn what_is_wrong_with_a_row_is_told_with_its_place() {
    let chat = |messages: &str| fault(Format::OpenAiChat, &format!("{{\"messages\": {messages}}}"));
    assert_eq!(
        chat("[{\"role\": \"usr\"}]"),
        "messages[0].role: \"usr\" is no role; the roles are system, developer, user, assistant, tool"
    );
    assert_eq!(chat("[{\"content\": \"a\"}]"), "messages[0]: role is missing");
    assert_eq!(
        chat("[{\"role\": \"user\", \"content\": 3}]"),
        "messages[0].content: there is a number where a text or a list of parts should be"
    );
    assert_eq!(chat("{}"), "messages: there is an object where a list should be");
    assert_eq!(
        chat("[{\"role\": \"assistant\", \"weight\": 0.5}]"),
        "messages[0].weight: it is 0.5; OpenAI's format knows 0 and 1"
    );
    assert!(
        chat("\"[{'role': 'user'}]\"")
            .starts_with("messages: there is a text where a list or object should be, and it holds no JSON")
    );
    assert_eq!(fault(Format::Alpaca, r#"{"instruction": "a", "output": null}"#), "output is missing");
    assert_eq!(
        fault(Format::Alpaca, r#"{"instruction": "a", "output": "b", "history": [["q"]]}"#),
        "history[0]: there is no list of a question and an answer"
    );
    assert!(
        fault(Format::ShareGpt, r#"{"conversations": [{"from": "me", "value": ""}]}"#)
            .starts_with("conversations[0].from: \"me\" is nobody")
    );
    assert_eq!(
        fault(Format::ChatMl, "{\"text\": \"<|im_start|>user\\nq\"}"),
        "text: message 1 has no <|im_end|>: it may be cut off"
    );
}

#[test]
fn a_mixed_file_is_told_as_one() {
    let mut detected = Detected::default();
    let mut tape = Tape::default();
    for source in [r#"{"text": "a"}"#, r#"{"messages": []}"#, r#"{"text": "b"}"#, r#"{"question": "a", "reply": "b"}"#]
    {
        match detect(tape.read(source).unwrap()) {
            Some(format) => detected.note(format),
            None => detected.note_unknown(source),
        }
    }
    assert_eq!((detected.format(), detected.confidence()), (Some(Format::TrlText), 0.5));
    assert_eq!(detected.guess().unwrap().mapping.to_string(), "prompt=question,answer=reply");
    assert_eq!(
        detected.reason(),
        "2 of 4 rows look like Plain text (TRL); 1 of 4 rows look like OpenAI chat; 1 like no format known here (columns: question, reply)"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Each format gives back each row that it can hold, so any that two can hold comes over from one to the other.
    #[test]
    fn nothing_is_lost_in_a_format_that_can_hold_a_row(row in row()) {
        let mut held = 0;
        for format in Format::ALL {
            let mut written = String::new();
            if format.write(&row, &mut written).is_err() {
                continue;
            }
            held += 1;
            let mut tape = Tape::default();
            let value = tape.read(&written).unwrap();
            let read = format.read(value);
            prop_assert_eq!(read.as_ref(), Ok(&row), "{}: {}", format.name(), written);
        }
        // Plain text has no tools in any format, and columns can't have the name of a format's own.
        let is_odd = row.columns.iter().any(|(name, _)| !name.ends_with("source")) || matches!(row.sample, Sample::Text(_));
        prop_assert!(held > 0 || is_odd, "no format can hold it");
    }
}

#[test]
fn columns_mean_what_a_person_says() {
    let read = |mapping: &str, source: &str| {
        let mapping: Mapping = mapping.parse().unwrap();
        let mut tape = Tape::default();
        mapping.read(tape.read(source).unwrap()).map_err(|fault| fault.to_string())
    };
    let row =
        read("prompt=question,answer=reply,system=role", r#"{"question": "q", "reply": 4, "role": "s", "source": 1}"#);
    let conversation = Sample::Conversation(vec![system("s"), user("q"), assistant("4")]);
    let source = vec![("source".to_owned(), JsonText::parse("1").unwrap())];
    assert_eq!(row, Ok(Row { columns: source, ..Row::new(conversation) }));
    let turns = r#"{"turns": [{"who": "me", "says": "q"}, {"who": "gpt", "says": "a", "weight": 0}], "role": ""}"#;
    assert_eq!(
        read("messages=turns,role=who,content=says,roles.me=user,system=role", turns),
        Ok(Row::new(Sample::Conversation(vec![user("q"), unlearned("a")])))
    );
    assert_eq!(
        read("messages=turns,role=who,content=says", turns).unwrap_err(),
        "turns[0].who: \"me\" is no role; the roles are system, developer, user, assistant, tool"
    );
    assert_eq!(
        read("prompt=q,answer=a,label=ok", r#"{"q": "q", "a": "a", "ok": "True"}"#),
        Ok(Row::new(Sample::Feedback(Judged {
            prompt: vec![user("q")],
            completion: vec![assistant("a")],
            is_good: true
        })))
    );
    assert_eq!(read("prompt=q,answer=a", r#"{"q": "q"}"#).unwrap_err(), "a is missing");
    assert_eq!(read("text=body", r#"{"body": ["q"]}"#).unwrap_err(), "body: there is a list where a text should be");
}

#[test]
fn a_mapping_is_written_in_plain_words() {
    let text = "messages=turns,system=persona,role=who,content=says,roles.me=user";
    let mapping: Mapping = text.parse().unwrap();
    assert_eq!(mapping.to_string(), text);
    let yaml = serde_saphyr::to_string(&mapping).unwrap();
    assert_eq!(yaml, "messages: turns\nsystem: persona\nrole: who\ncontent: says\nroles:\n  me: user\n");
    assert_eq!(serde_saphyr::from_str::<Mapping>(&yaml).unwrap(), mapping);
    let fault = |text: &str| text.parse::<Mapping>().unwrap_err().to_string();
    assert!(fault("prompt=q").ends_with("There is prompt"));
    assert!(fault("prompt=q,anwser=a").starts_with("\"anwser\" is no part of a mapping"));
    assert!(fault("prompt").starts_with("\"prompt\" should be a part and its column"));
    assert_eq!(fault("text=a,text=b"), "text comes twice");
    assert!(fault("text=a,roles.me=boss").contains("\"boss\", which is no role"));
}

#[test]
fn what_columns_may_mean_is_guessed_by_their_names_and_what_is_in_them() {
    let guess = |rows: &[&str]| {
        let rows: Vec<JsonText> = rows.iter().map(|row| JsonText::parse(row).unwrap()).collect();
        Mapping::guess(&rows).map(|guess| (guess.mapping.to_string(), guess.confidence))
    };
    let mapping = |rows: &[&str]| guess(rows).unwrap().0;
    assert_eq!(
        mapping(&[r#"{"id": 1, "Question": "q", "context": "c", "Answer": "a"}"#]),
        "prompt=Question,answer=Answer,system=context"
    );
    assert_eq!(
        mapping(&[r#"{"query": "q", "response": "a", "is_good": 1}"#]),
        "prompt=query,answer=response,label=is_good"
    );
    assert_eq!(mapping(&[r#"{"query": "q", "response": "a", "label": "news"}"#]), "prompt=query,answer=response");
    assert_eq!(
        mapping(&[r#"{"question": "q", "better": "a", "worse": "b"}"#]),
        "prompt=question,chosen=better,rejected=worse"
    );
    assert_eq!(
        mapping(&[r#"{"dialog": [{"speaker": "human", "text": "q"}]}"#]),
        "messages=dialog,role=speaker,content=text"
    );
    assert_eq!(mapping(&[r#"{"title": "t", "body": "b"}"#]), "text=body");
    assert_eq!(guess(&[r#"{"a": 1}"#]), None);
    let (_, confidence) = guess(&[r#"{"prompt": "q", "answer": "a"}"#, r#"{"prompt": "q"}"#]).unwrap();
    assert!((confidence - 0.5).abs() < 1e-9, "{confidence}");
}
