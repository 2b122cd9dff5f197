use super::super::json::{JsonText, Tape};
use super::super::row::{Arguments, Comparison, Content, Judged, Message, Role, Row, Sample, ToolCall};
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

fn user(text: &str) -> Message {
    Message::new(Role::User, text)
}

fn assistant(text: &str) -> Message {
    Message::new(Role::Assistant, text)
}

fn system(text: &str) -> Message {
    Message::new(Role::System, text)
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
                columns: vec![("parallel_tool_calls".to_owned(), JsonText::parse("true").unwrap())],
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
        detected.note(tape.read(source).unwrap());
    }
    assert_eq!((detected.format(), detected.confidence()), (Some(Format::TrlText), 0.5));
    assert_eq!(
        detected.reason(),
        "2 of 4 rows look like Plain text (TRL); 1 of 4 rows look like OpenAI chat; 1 like no format known here (columns: question, reply)"
    );
}

fn json() -> impl Strategy<Value = JsonText> {
    prop_oneof![Just("1.50"), Just("null"), Just("{\"a\":[true,\"é\\n\"]}"), Just("\"text\""), Just("[]")]
        .prop_map(|text| JsonText::parse(text).unwrap())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-c \"\\\\\n{\\[é😀]{0,6}", 1 => Just("<|im_end|>".to_owned()), 1 => Just(String::new())]
}

fn tool_call() -> impl Strategy<Value = ToolCall> {
    let arguments = prop_oneof![
        Just(r#"{"city":"Oslo"}"#.to_owned()),
        Just(r#"{"city": "Oslo"}"#.to_owned()),
        Just("{}".to_owned()),
        words(),
    ];
    (proptest::option::of("[a-c]{1,2}"), "[a-c]{1,3}", arguments).prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments: Arguments::from_text(&arguments),
    })
}

fn role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::NAMES.map(|(_, role)| role).to_vec())
}

/// Mostly plain, and everything that a message can have.
fn message() -> impl Strategy<Value = Message> {
    let parts = JsonText::parse(r#"[{"type":"text","text":"a"}]"#).unwrap();
    let content = prop_oneof![
        8 => words().prop_map(|text| Some(Content::Text(text))),
        1 => Just(Some(Content::Parts(parts))),
        1 => Just(None),
    ];
    let rarely = |chance| proptest::option::weighted(chance, "[a-c]{1,2}");
    let more = proptest::option::weighted(0.1, ("reasoning|from|audio", words())).prop_map(|more| {
        let column = |(name, text): (String, String)| {
            let mut json = String::new();
            super::super::json::write_text(&mut json, &text);
            (name, JsonText::parse(&json).unwrap())
        };
        more.map(column).into_iter().collect::<Vec<_>>()
    });
    let calls = prop_oneof![8 => Just(Vec::new()), 2 => proptest::collection::vec(tool_call(), 1..3)];
    (role(), content, calls, rarely(0.1), rarely(0.1), proptest::option::weighted(0.2, any::<bool>()), more).prop_map(
        |(role, content, tool_calls, tool_call_id, name, is_learned, more)| Message {
            role,
            content,
            tool_calls,
            tool_call_id,
            name,
            is_learned,
            more,
        },
    )
}

/// A conversation as most are, or any messages.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let turns = (proptest::option::of(words()), proptest::collection::vec((words(), words()), 1..4)).prop_map(
        |(first, turns)| {
            let turns = turns.into_iter().flat_map(|(question, answer)| [user(&question), assistant(&answer)]);
            first.map(|text| system(&text)).into_iter().chain(turns).collect()
        },
    );
    prop_oneof![turns, proptest::collection::vec(message(), 0..4)]
}

fn pair() -> impl Strategy<Value = (Vec<Message>, Vec<Message>, Vec<Message>)> {
    let answer =
        || prop_oneof![words().prop_map(|text| vec![assistant(&text)]), proptest::collection::vec(message(), 0..3)];
    let prompt = conversation().prop_flat_map(|prompt| {
        let length = prompt.len();
        (Just(prompt), 0..=length)
    });
    (
        prompt.prop_map(|(mut prompt, length)| {
            prompt.truncate(length);
            prompt
        }),
        answer(),
        answer(),
    )
}

fn row() -> impl Strategy<Value = Row> {
    let sample = prop_oneof![
        conversation().prop_map(Sample::Conversation),
        pair().prop_map(|(prompt, chosen, rejected)| Sample::Preference(Comparison { prompt, chosen, rejected })),
        (pair(), any::<bool>()).prop_map(|((prompt, completion, _), is_good)| {
            Sample::Feedback(Judged { prompt, completion, is_good })
        }),
        words().prop_map(Sample::Text),
        (words(), words()).prop_map(|(prompt, completion)| Sample::TextCompletion { prompt, completion }),
        (words(), words(), words())
            .prop_map(|(prompt, chosen, rejected)| { Sample::TextPreference(Comparison { prompt, chosen, rejected }) }),
        (words(), words(), any::<bool>())
            .prop_map(|(prompt, completion, is_good)| { Sample::TextFeedback(Judged { prompt, completion, is_good }) }),
    ];
    let tools = proptest::option::weighted(0.2, Just(JsonText::parse(r#"[{"name":"weather"}]"#).unwrap()));
    let columns = proptest::option::weighted(0.3, ("source|text|label|messages", json()));
    (sample, tools, columns).prop_map(|(sample, tools, columns)| Row {
        sample,
        tools,
        columns: columns.into_iter().collect(),
    })
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
        let is_odd = row.columns.iter().any(|(name, _)| name != "source") || matches!(row.sample, Sample::Text(_));
        prop_assert!(held > 0 || is_odd, "no format can hold it");
    }
}
